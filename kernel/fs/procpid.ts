/** /proc/PID: what can be seen of a process (proc_pid(5)). */
import { PAGE_SIZE } from '../../emulator/api.ts';
import { DT } from '../abi/dirent.ts';
import { ERRNO } from '../abi/errno.ts';
import { O } from '../abi/fcntl.ts';
import { RLIMIT } from '../abi/resource.ts';
import { NSIG, SIG_DFL, SIG_IGN, SIGBIT } from '../abi/signal.ts';
import { majorOf, minorOf } from '../abi/stat.ts';
import { NSEC_PER_SEC, USER_HZ } from '../abi/time.ts';
import { copyFromUser, UserFault } from '../mm/user.ts';
import { VM, type Vma } from '../mm/vma.ts';
import type { Task } from '../task/task.ts';
import { groupUsage } from '../task/usage.ts';
import { pathOf } from './namei.ts';
import { fromBytes } from './names.ts';
import { frozenRow, type ProcContext, type ProcRow } from './procfs.ts';
import { mountInfoText, mountsText } from './procmounts.ts';
import type { Location, OpenFile } from './types.ts';

/** Dead, but not yet waited for: memory and files are gone. */
const isGone = (task: Task): boolean => task.state === 'zombie' || task.state === 'dead';

const STATE_LETTERS = { running: 'R', sleeping: 'S', stopped: 'T', zombie: 'Z', dead: 'X' } as const;
const STATE_WORDS: Record<string, string> = {
  R: 'R (running)',
  S: 'S (sleeping)',
  D: 'D (disk sleep)',
  T: 'T (stopped)',
  Z: 'Z (zombie)',
  X: 'X (dead)',
};

const stateLetter = (task: Task): string =>
  task.state === 'sleeping' && task.wait?.uninterruptible ? 'D' : STATE_LETTERS[task.state];

const userText = (task: Task, start: number, end: number): string => {
  if (isGone(task) || end <= start) return '';
  try {
    return fromBytes(copyFromUser(task.mm, start, end - start));
  } catch (error) {
    if (error instanceof UserFault) return '';
    throw error;
  }
};

const ticks = (nanoseconds: number): number => Math.floor((nanoseconds * USER_HZ) / NSEC_PER_SEC);
const kilobytes = (pages: number): number => (pages * PAGE_SIZE) / 1024;

const statText = ({ task }: ProcContext): string => {
  const { group, mm } = task;
  const usage = groupUsage(group);
  const child = group.childUsage;
  const gone = isGone(task);
  const fields = [
    task.pid,
    `(${task.comm})`,
    stateLetter(task),
    task.parent?.group.tgid ?? 0,
    group.pgid,
    group.sid,
    0, // tty_nr
    -1, // tpgid
    0x400000,
    usage.minflt,
    child.minflt,
    usage.majflt,
    child.majflt,
    ticks(usage.utime),
    ticks(usage.stime),
    ticks(child.utime),
    ticks(child.stime),
    20, // priority
    0, // nice
    group.threads.length,
    0,
    ticks(task.startTime),
    gone ? 0 : mm.totalVm * PAGE_SIZE,
    gone ? 0 : mm.rss,
    group.rlimits[RLIMIT.RSS]!.soft === Number.POSITIVE_INFINITY
      ? '18446744073709551615'
      : group.rlimits[RLIMIT.RSS]!.soft,
    gone ? 0 : mm.startCode,
    gone ? 0 : mm.endCode,
    gone ? 0 : mm.startStack,
    0, // kstkesp, kstkeip
    0,
    task.pending.signal & 0x7fffffffn,
    task.blocked & 0x7fffffffn,
    handlers(task, SIG_IGN) & 0x7fffffffn,
    handlers(task, null) & 0x7fffffffn,
    gone ? 0 : 1, // wchan
    0,
    0,
    task.exitSignal,
    0, // processor
    0, // rt_priority
    0, // policy
    0,
    0,
    0,
    gone ? 0 : mm.startData,
    gone ? 0 : mm.endData,
    gone ? 0 : mm.startBrk,
    gone ? 0 : mm.argStart,
    gone ? 0 : mm.argEnd,
    gone ? 0 : mm.envStart,
    gone ? 0 : mm.envEnd,
    task.exitCode,
  ];
  return `${fields.join(' ')}\n`;
};

/** Signals whose handler is `handler`; null for any function. */
const handlers = (task: Task, handler: number | null): bigint => {
  let set = 0n;
  for (let signo = 1; signo <= NSIG; signo++) {
    const at = task.sighand.action[signo]!.handler;
    if (handler === null ? at !== SIG_DFL && at !== SIG_IGN : at === handler) set |= SIGBIT[signo]!;
  }
  return set;
};

const mask = (set: bigint): string => set.toString(16).padStart(16, '0');

const statusText = ({ task }: ProcContext): string => {
  const { cred, group, mm } = task;
  const usage = groupUsage(group);
  const line = (name: string, value: string | number) => `${name}:\t${value}\n`;
  const size = (name: string, pages: number) => line(name, `${String(kilobytes(pages)).padStart(8)} kB`);
  const memory = isGone(task)
    ? ''
    : size('VmPeak', mm.totalVm) +
      size('VmSize', mm.totalVm) +
      size('VmLck', mm.lockedVm) +
      size('VmHWM', mm.maxRss) +
      size('VmRSS', mm.rss) +
      size('VmData', mm.dataVm) +
      size('VmStk', mm.stackVm);
  const capabilities = cred.euid === 0 ? '000001ffffffffff' : '0000000000000000';
  return (
    line('Name', task.comm) +
    line('Umask', task.fs.umask.toString(8).padStart(4, '0')) +
    line('State', STATE_WORDS[stateLetter(task)]!) +
    line('Tgid', group.tgid) +
    line('Ngid', 0) +
    line('Pid', task.pid) +
    line('PPid', task.parent?.group.tgid ?? 0) +
    line('TracerPid', 0) +
    line('Uid', [cred.uid, cred.euid, cred.suid, cred.fsuid].join('\t')) +
    line('Gid', [cred.gid, cred.egid, cred.sgid, cred.fsgid].join('\t')) +
    line('FDSize', Math.max(64, 2 ** Math.ceil(Math.log2(Math.max(1, task.files.entries.length))))) +
    line('Groups', `${cred.groups.join(' ')} `) +
    memory +
    line('Threads', group.threads.length) +
    line('SigQ', `${task.pending.queue.length + group.sharedPending.queue.length}/${sigpendingLimit(task)}`) +
    line('SigPnd', mask(task.pending.signal)) +
    line('ShdPnd', mask(group.sharedPending.signal)) +
    line('SigBlk', mask(task.blocked)) +
    line('SigIgn', mask(handlers(task, SIG_IGN))) +
    line('SigCgt', mask(handlers(task, null))) +
    line('CapInh', mask(0n)) +
    line('CapPrm', capabilities) +
    line('CapEff', capabilities) +
    line('CapBnd', '000001ffffffffff') +
    line('CapAmb', mask(0n)) +
    line('NoNewPrivs', task.noNewPrivs ? 1 : 0) +
    line('Seccomp', 0) +
    line('Cpus_allowed', 1) +
    line('Cpus_allowed_list', 0) +
    line('voluntary_ctxt_switches', usage.nvcsw) +
    line('nonvoluntary_ctxt_switches', usage.nivcsw)
  );
};

const sigpendingLimit = (task: Task): string => {
  const { soft } = task.group.rlimits[RLIMIT.SIGPENDING]!;
  return soft === Number.POSITIVE_INFINITY ? '18446744073709551615' : String(soft);
};

const hex = (value: number, width: number): string => value.toString(16).padStart(width, '0');

const vmaName = (task: Task, vma: Vma): string => {
  const { mm } = task;
  if (vma.file !== null) return shownPath(vma.file);
  if (vma.mapping?.object) return vma.mapping.object.name;
  if (vma.start < mm.brk && vma.end > mm.startBrk && mm.brk > mm.startBrk) return '[heap]';
  return vma.start <= mm.startStack && vma.end > mm.startStack ? '[stack]' : '';
};

const vmaLine = (task: Task, vma: Vma): string => {
  const inode = vma.file?.inode;
  const flags =
    (vma.flags & VM.READ ? 'r' : '-') +
    (vma.flags & VM.WRITE ? 'w' : '-') +
    (vma.flags & VM.EXEC ? 'x' : '-') +
    (vma.flags & VM.MAYSHARE ? 's' : 'p');
  const object = vma.mapping?.object;
  const device =
    inode === undefined ? (object ? '00:01' : '00:00') : `${hex(majorOf(inode.dev), 2)}:${hex(minorOf(inode.dev), 2)}`;
  const offset = inode === undefined && !object ? 0 : vma.offset;
  const line = `${hex(vma.start, 8)}-${hex(vma.end, 8)} ${flags} ${hex(offset, 8)} ${device} ${inode?.ino ?? object?.ino ?? 0} `;
  const name = vmaName(task, vma).replaceAll('\n', '\\012');
  return name === '' ? `${line}\n` : `${line.padEnd(73)}${name}\n`;
};

const mapsText = ({ task }: ProcContext): string =>
  isGone(task) ? '' : task.mm.vmas.map((vma) => vmaLine(task, vma)).join('');

const statmText = ({ task }: ProcContext): string => {
  if (isGone(task)) return '0 0 0 0 0 0 0\n';
  const { mm } = task;
  return `${mm.totalVm} ${mm.rss} 0 ${mm.execVm} 0 ${mm.dataVm + mm.stackVm} 0\n`;
};

const LIMIT_NAMES: readonly (readonly [name: string, resource: number, unit: string])[] = [
  ['Max cpu time', RLIMIT.CPU, 'seconds'],
  ['Max file size', RLIMIT.FSIZE, 'bytes'],
  ['Max data size', RLIMIT.DATA, 'bytes'],
  ['Max stack size', RLIMIT.STACK, 'bytes'],
  ['Max core file size', RLIMIT.CORE, 'bytes'],
  ['Max resident set', RLIMIT.RSS, 'bytes'],
  ['Max processes', RLIMIT.NPROC, 'processes'],
  ['Max open files', RLIMIT.NOFILE, 'files'],
  ['Max locked memory', RLIMIT.MEMLOCK, 'bytes'],
  ['Max address space', RLIMIT.AS, 'bytes'],
  ['Max file locks', RLIMIT.LOCKS, 'locks'],
  ['Max pending signals', RLIMIT.SIGPENDING, 'signals'],
  ['Max msgqueue size', RLIMIT.MSGQUEUE, 'bytes'],
  ['Max nice priority', RLIMIT.NICE, ''],
  ['Max realtime priority', RLIMIT.RTPRIO, ''],
  ['Max realtime timeout', RLIMIT.RTTIME, 'us'],
];

const limitsText = ({ task }: ProcContext): string => {
  const show = (value: number) => (value === Number.POSITIVE_INFINITY ? 'unlimited' : String(value)).padEnd(20);
  const rows = LIMIT_NAMES.map(([name, resource, unit]) => {
    const { soft, hard } = task.group.rlimits[resource]!;
    return `${name.padEnd(25)} ${show(soft)} ${show(hard)} ${unit.padEnd(10)}\n`;
  });
  return `${'Limit'.padEnd(25)} ${'Soft Limit'.padEnd(20)} ${'Hard Limit'.padEnd(20)} ${'Units'.padEnd(10)}\n${rows.join('')}`;
};

/** The path as links of /proc show it. */
export const shownPath = (file: OpenFile): string =>
  file.inode.nlink === 0 && !file.path.endsWith(' (deleted)') ? `${file.path} (deleted)` : file.path;

const directoryPath = (at: Location, reader: Task): string => {
  const found = pathOf(at.inode, reader.fs.root.inode);
  return found === null ? `${at.path} (deleted)` : found.path;
};

const executable = ({ task }: ProcContext): OpenFile | number =>
  isGone(task)
    ? -ERRNO.ENOENT
    : (task.mm.vmas.find((vma) => vma.file?.path === task.executable)?.file ?? -ERRNO.ENOENT);

const fdRow: ProcRow = {
  name: '',
  link: ({ task, fd }) => {
    const file = task.files.entries[fd]?.file;
    return file === undefined ? -ERRNO.ENOENT : shownPath(file);
  },
  follow: ({ task, fd }) => {
    const file = task.files.entries[fd]?.file;
    return file === undefined ? -ERRNO.ENOENT : { inode: file.inode, path: file.path };
  },
};

const fdInfoRow: ProcRow = frozenRow({
  name: '',
  text: ({ task, fd }) => {
    const entry = task.files.entries[fd];
    if (entry === undefined) return -ERRNO.ENOENT;
    const { file } = entry;
    const flags = file.flags | (entry.closeOnExec ? O.CLOEXEC : 0);
    return `pos:\t${file.position}\nflags:\t0${flags.toString(8)}\nmnt_id:\t${file.inode.sb.mountId}\nino:\t${file.inode.ino}\n`;
  },
});

const descriptors = (row: ProcRow, type: number): ProcRow['dynamic'] => ({
  list: ({ task }) =>
    [...task.files.entries.keys()]
      .filter((fd) => task.files.entries[fd] !== undefined)
      .map((fd) => ({ name: String(fd), type })),
  find: ({ task }, name) => {
    const fd = Number(name);
    if (String(fd) !== name || task.files.entries[fd] === undefined) return null;
    return { row: linkMode(row, task.files.entries[fd]!.file), task, fd };
  },
});

/** A descriptor's link shows in its permissions how it was opened. */
const linkMode = (row: ProcRow, file: OpenFile): ProcRow => {
  if (row !== fdRow) return row;
  if (file.flags & O.PATH) return fdNoneRow;
  return [fdReadRow, fdWriteRow, fdBothRow, fdNoneRow][file.flags & O.ACCMODE]!;
};

const fdNoneRow = frozenRow({ ...fdRow, mode: 0 });
const fdReadRow = frozenRow({ ...fdRow, mode: 0o500 });
const fdWriteRow = frozenRow({ ...fdRow, mode: 0o300 });
const fdBothRow = frozenRow({ ...fdRow, mode: 0o700 });

const setComm = ({ task, reader }: ProcContext, text: string): number => {
  if (task.group !== reader.group) return -ERRNO.EINVAL;
  task.comm = text.replace(/\n$/, '').slice(0, 15);
  return 0;
};

const processRows: readonly ProcRow[] = [
  { name: 'auxv', mode: 0o400, text: ({ task }) => (isGone(task) ? '' : fromBytes(task.mm.auxv)) },
  { name: 'cgroup', text: () => '0::/\n' },
  { name: 'cmdline', text: ({ task }) => (isGone(task) ? '' : userText(task, task.mm.argStart, task.mm.argEnd)) },
  { name: 'comm', mode: 0o644, text: ({ task }) => `${task.comm}\n`, write: setComm },
  {
    name: 'cwd',
    link: ({ task, reader }) => (isGone(task) ? -ERRNO.ENOENT : directoryPath(task.fs.cwd, reader)),
    follow: ({ task }) => (isGone(task) ? -ERRNO.ENOENT : task.fs.cwd),
  },
  {
    name: 'environ',
    mode: 0o400,
    text: ({ task }) => (isGone(task) ? '' : userText(task, task.mm.envStart, task.mm.envEnd)),
  },
  {
    name: 'exe',
    link: (context) => {
      const file = executable(context);
      return typeof file === 'number' ? file : shownPath(file);
    },
    follow: (context) => {
      const file = executable(context);
      return typeof file === 'number' ? file : { inode: file.inode, path: file.path };
    },
  },
  { name: 'fd', mode: 0o500, dynamic: descriptors(fdRow, DT.LNK)! },
  { name: 'fdinfo', mode: 0o555, dynamic: descriptors(fdInfoRow, DT.REG)! },
  { name: 'limits', text: limitsText },
  { name: 'loginuid', text: () => '4294967295' },
  { name: 'maps', text: mapsText },
  { name: 'mountinfo', text: mountInfoText },
  { name: 'mounts', text: mountsText },
  { name: 'oom_score', text: () => '0\n' },
  { name: 'oom_score_adj', text: () => '0\n' },
  {
    name: 'root',
    link: ({ task, reader }) => (isGone(task) ? -ERRNO.ENOENT : directoryPath(task.fs.root, reader)),
    follow: ({ task }) => (isGone(task) ? -ERRNO.ENOENT : task.fs.root),
  },
  { name: 'stat', text: statText },
  { name: 'statm', text: statmText },
  { name: 'status', text: statusText },
  { name: 'wchan', text: ({ task }) => (task.state === 'sleeping' ? (task.wait?.what ?? '0') : '0') },
];

/** A thread's directory below `task`. */
const threadRow = frozenRow({ name: '', children: processRows });

/** A process's directory. */
export const processRow = frozenRow({
  name: '',
  children: [
    ...processRows,
    {
      name: 'task',
      dynamic: {
        list: ({ task }) => task.group.threads.map((thread) => ({ name: String(thread.pid), type: DT.DIR })),
        find: ({ task }, name) => {
          const thread = task.group.threads.find((other) => String(other.pid) === name);
          return thread === undefined ? null : { row: threadRow, task: thread, fd: -1 };
        },
      },
    },
  ],
});
