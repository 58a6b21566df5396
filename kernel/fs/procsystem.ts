/** /proc outside of processes: what programs ask about the machine (proc(5)). */
import {
  ADDRESS_BITS,
  CACHE_LINE,
  CPU_BRAND,
  CPU_FAMILY,
  CPU_VENDOR,
  FEATURES,
  PAGE_SIZE,
} from '../../emulator/api.ts';
import { CORENAME_MAX_SIZE } from '../abi/core.ts';
import { DT } from '../abi/dirent.ts';
import { ERRNO } from '../abi/errno.ts';
import { SYSTEM } from '../abi/system.ts';
import { NSEC_PER_SEC } from '../abi/time.ts';
import { FIRST_PORT, LAST_PORT } from '../net/inet/ports.ts';
import { DEFAULT_BUFFER, MAX_BUFFER, SOMAXCONN } from '../net/sock.ts';
import { MAX_DGRAM_QLEN } from '../net/unix/connect.ts';
import { findProcess, processes } from '../task/pids.ts';
import { NR_OPEN } from './descriptors.ts';
import { LEASE_BREAK_TIME } from './leases.ts';
import { NOTIFY_LIMITS } from './notify.ts';
import { PIPE_MAX_SIZE, PIPE_USER_PAGES_SOFT } from './pipe-ring.ts';
import { frozenRow, type ProcAccess, type ProcContext, type ProcRow } from './procfs.ts';
import { ipcLimitRows, mqueueDirectory, sysvipcDirectory } from './procipc.ts';
import { locksText } from './proclocks.ts';
import { processRow } from './procpid.ts';

const line = (name: string, kilobytes: number): string =>
  `${`${name}:`.padEnd(16)}${String(kilobytes).padStart(8)} kB\n`;

const meminfoText = ({ kernel }: ProcContext): string => {
  const { physical } = kernel;
  const pages = PAGE_SIZE / 1024;
  const total = physical.limit * pages;
  const free = (physical.limit - physical.allocated) * pages;
  const cached = [...kernel.memory.mappings.values()].reduce((sum, mapping) => sum + mapping.pages.size, 0) * pages;
  return (
    line('MemTotal', total) +
    line('MemFree', free) +
    line('MemAvailable', free + cached) +
    line('Buffers', 0) +
    line('Cached', cached) +
    line('SwapCached', 0) +
    line('SwapTotal', 0) +
    line('SwapFree', 0) +
    line('Shmem', Math.ceil(kernel.fileBytes / 1024))
  );
};

/** The processor that CPUID describes (show_cpuinfo). */
const cpuinfoText = ({ kernel }: ProcContext): string => {
  const flags = [...kernel.cpu.features].map((name) => FEATURES[name].linux);
  const lines: readonly (readonly [name: string, value: string | number])[] = [
    ['processor\t', 0],
    ['vendor_id\t', CPU_VENDOR],
    ['cpu family\t', CPU_FAMILY],
    ['model\t\t', 0],
    ['model name\t', CPU_BRAND],
    ['stepping\t', 0],
    ['physical id\t', 0],
    ['siblings\t', 1],
    ['core id\t\t', 0],
    ['cpu cores\t', 1],
    ['apicid\t\t', 0],
    ['initial apicid\t', 0],
    ['fpu\t\t', 'yes'],
    ['fpu_exception\t', 'yes'],
    ['wp\t\t', 'yes'],
    ['flags\t\t', flags.join(' ')],
    ['clflush size\t', CACHE_LINE],
    ['cache_alignment\t', CACHE_LINE],
    ['address sizes\t', `${ADDRESS_BITS} bits physical, ${ADDRESS_BITS} bits virtual`],
    ['power management', ''],
  ];
  return `${lines.map(([name, value]) => `${name}: ${value}`.trimEnd()).join('\n')}\n\n`;
};

const seconds = (nanoseconds: number): string => (nanoseconds / NSEC_PER_SEC).toFixed(2);

const loadavgText = ({ kernel }: ProcContext): string => {
  const running = [...kernel.tasks.values()].filter((task) => task.state === 'running').length;
  return `0.00 0.00 0.00 ${running}/${kernel.tasks.size} ${kernel.lastPid}\n`;
};

const statText = ({ kernel }: ProcContext): string => {
  let user = 0;
  for (const task of kernel.tasks.values()) user += task.usage.utime + task.usage.stime;
  const ticks = Math.floor((user * 100) / NSEC_PER_SEC);
  const boot = Number(kernel.realtime() / 1_000_000_000n) - Math.floor(kernel.now() / NSEC_PER_SEC);
  const cpu = `${ticks} 0 0 0 0 0 0 0 0 0`;
  return `cpu  ${cpu}\ncpu0 ${cpu}\nintr 0\nctxt 0\nbtime ${boot}\nprocesses ${kernel.lastPid}\nprocs_running 1\nprocs_blocked 0\n`;
};

const file = (name: string, text: string | ((context: ProcContext) => string)): ProcRow => ({
  name,
  text: typeof text === 'string' ? () => text : text,
});

/** A row, and all below it, with this access. */
const withAccess = (access: ProcAccess, row: ProcRow): ProcRow => {
  const { children } = row;
  return children === undefined
    ? { ...row, access }
    : { ...row, children: children.map((child) => withAccess(access, child)) };
};
const record = (...row: Parameters<typeof file>): ProcRow => withAccess('iter', file(...row));

const uuid = ({ kernel }: ProcContext): string => {
  const bytes = new Uint8Array(16);
  kernel.random(bytes);
  bytes[6] = (bytes[6]! & 0x0f) | 0x40;
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  const text = [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
  return `${text.slice(0, 8)}-${text.slice(8, 12)}-${text.slice(12, 16)}-${text.slice(16, 20)}-${text.slice(20)}\n`;
};

/** One line; a pattern that begins with `|` asks for a program that takes the core, which there is not (proc_dostring). */
const setCorePattern = ({ kernel }: ProcContext, text: string): number => {
  const pattern = text
    .split('\n', 1)[0]!
    .split('\0', 1)[0]!
    .slice(0, CORENAME_MAX_SIZE - 1);
  if (pattern.startsWith('|')) {
    kernel.log('core_pattern: passing core dumps to a program is not supported');
    return -ERRNO.EINVAL;
  }
  kernel.corePattern = pattern;
  return 0;
};

const sysctl: ProcRow = {
  name: 'sys',
  children: [
    {
      name: 'fs',
      children: [
        file('aio-max-nr', ({ kernel }) => `${kernel.vfs.aioMaxNr}\n`),
        file('aio-nr', ({ kernel }) => `${kernel.vfs.aioNr}\n`),
        file('file-max', '9223372036854775807\n'),
        {
          name: 'inotify',
          children: [
            file('max_queued_events', `${NOTIFY_LIMITS.queued}\n`),
            file('max_user_instances', `${NOTIFY_LIMITS.instances}\n`),
            file('max_user_watches', `${NOTIFY_LIMITS.watches}\n`),
          ],
        },
        file('lease-break-time', `${LEASE_BREAK_TIME}\n`),
        file('leases-enable', '1\n'),
        mqueueDirectory,
        file('nr_open', `${NR_OPEN}\n`),
        file('pipe-max-size', `${PIPE_MAX_SIZE}\n`),
        file('pipe-user-pages-hard', '0\n'),
        file('pipe-user-pages-soft', `${PIPE_USER_PAGES_SOFT}\n`),
      ],
    },
    {
      name: 'kernel',
      children: [
        file('cap_last_cap', '40\n'),
        { name: 'core_pattern', mode: 0o644, text: ({ kernel }) => `${kernel.corePattern}\n`, write: setCorePattern },
        file('domainname', `${SYSTEM.domainname}\n`),
        ...ipcLimitRows,
        file('hostname', ({ kernel }) => `${kernel.hostname}\n`),
        file('ngroups_max', '65536\n'),
        file('osrelease', `${SYSTEM.release}\n`),
        file('ostype', `${SYSTEM.sysname}\n`),
        file('pid_max', '4194304\n'),
        { name: 'random', children: [file('uuid', uuid)] },
        file('randomize_va_space', '0\n'),
        {
          name: 'seccomp',
          children: [file('actions_avail', 'kill_process kill_thread trap errno user_notif trace log allow\n')],
        },
        file('threads-max', ({ kernel }) => `${kernel.limits.maxTasks}\n`),
        file('version', `${SYSTEM.version}\n`),
      ],
    },
    {
      name: 'net',
      children: [
        {
          name: 'core',
          children: [
            file('optmem_max', '131072\n'),
            file('rmem_default', `${DEFAULT_BUFFER}\n`),
            file('rmem_max', `${MAX_BUFFER}\n`),
            file('somaxconn', `${SOMAXCONN}\n`),
            file('wmem_default', `${DEFAULT_BUFFER}\n`),
            file('wmem_max', `${MAX_BUFFER}\n`),
          ],
        },
        {
          name: 'ipv4',
          children: [
            file('ip_local_port_range', `${FIRST_PORT}\t${LAST_PORT}\n`),
            file('ip_unprivileged_port_start', '1024\n'),
          ],
        },
        { name: 'unix', children: [file('max_dgram_qlen', `${MAX_DGRAM_QLEN}\n`)] },
      ],
    },
    {
      name: 'vm',
      children: [file('max_map_count', '65530\n'), file('mmap_min_addr', '65536\n'), file('overcommit_memory', '0\n')],
    },
  ],
};

/** Types that there are; none lives on a block device. */
const FILESYSTEMS = ['sysfs', 'tmpfs', 'proc', 'devtmpfs', 'pipefs', 'mqueue', 'overlay'] as const;

/** The root of /proc. */
export const procRoot = frozenRow({
  name: '',
  children: [
    record('cmdline', '\n'),
    record('cpuinfo', cpuinfoText),
    record('filesystems', FILESYSTEMS.map((type) => `nodev\t${type}\n`).join('')),
    record('loadavg', loadavgText),
    record('locks', locksText),
    record('meminfo', meminfoText),
    { name: 'mounts', link: () => 'self/mounts' },
    { name: 'net', link: () => 'self/net' },
    { name: 'self', link: ({ reader }) => String(reader.group.tgid) },
    record('stat', statText),
    file('swaps', 'Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n'),
    withAccess('sysctl', sysctl),
    sysvipcDirectory,
    { name: 'thread-self', link: ({ reader }) => `${reader.group.tgid}/task/${reader.pid}` },
    record('uptime', ({ kernel }) => `${seconds(kernel.now())} ${seconds(0)}\n`),
    record('version', `${SYSTEM.sysname} version ${SYSTEM.release} (signalbox) ${SYSTEM.version}\n`),
  ],
  dynamic: {
    list: ({ kernel }) =>
      [...processes(kernel)]
        .filter((task) => task !== kernel.init)
        .map((task) => ({ name: String(task.pid), type: DT.DIR })),
    find: ({ kernel }, name) => {
      const pid = Number(name);
      if (String(pid) !== name) return null;
      // Threads can be looked up, though they are not listed.
      const task = findProcess(kernel, pid) ?? kernel.tasks.get(pid);
      return task === undefined || task === kernel.init ? null : { row: processRow, task, fd: -1 };
    },
  },
});
