/** /proc/PID: what can be seen of a process (proc_pid(5)). */

import { DT } from '../abi/dirent.ts';
import { ERRNO } from '../abi/errno.ts';
import { O } from '../abi/fcntl.ts';
import { RLIMIT } from '../abi/resource.ts';
import type { Task } from '../task/task.ts';
import { taskUsage } from '../task/usage.ts';
import { pathOf } from './namei.ts';
import { fromBytes } from './names.ts';
import { followNamespace, NAMESPACE_LINKS, namespaceLink } from './nsfs.ts';
import { cmdlineText, environText } from './procargs.ts';
import { frozenRow, type ProcContext, type ProcRow } from './procfs.ts';
import { fdLockLines } from './proclocks.ts';
import { mapsText, smapsRollupText, smapsText } from './procmaps.ts';
import { memoryFile, memoryOf } from './procmem.ts';
import { mountInfoText, mountStatsText, mountsText } from './procmounts.ts';
import { netDirectory } from './procnet.ts';
import { oomAdjText, oomScoreAdjText, oomScoreText, setOomAdj, setOomScoreAdj } from './procoom.ts';
import { statmText, statText, statusText } from './procstatus.ts';
import { setTimerSlack, syscallText, timerSlackText, timersText } from './proctask.ts';
import { isGone, shownPath } from './procview.ts';
import type { Location, OpenFile } from './types.ts';

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
    return `${name.padEnd(25)} ${show(soft)} ${show(hard)} ${unit === '' ? '' : unit.padEnd(10)}\n`;
  });
  return `${'Limit'.padEnd(25)} ${'Soft Limit'.padEnd(20)} ${'Hard Limit'.padEnd(20)} ${'Units'.padEnd(10)}\n${rows.join('')}`;
};

const directoryPath = (at: Location, reader: Task): string => {
  const found = pathOf(at.inode, reader.fs.root.inode);
  return found === null ? `${at.path} (deleted)` : found.path;
};

const executable = ({ task }: ProcContext): OpenFile | number =>
  isGone(task) ? -ERRNO.ENOENT : (task.mm.exeFile ?? -ERRNO.ENOENT);

/** Up to its AT_NULL. */
const auxvText = (auxv: Uint8Array): string => {
  const { buffer, byteOffset, length } = auxv;
  const view = new DataView(buffer, byteOffset, length);
  let end = 0;
  while (end + 16 < length && view.getBigUint64(end, true) !== 0n) end += 16;
  return fromBytes(auxv.subarray(0, end + 16));
};

const fdRow: ProcRow = {
  name: '',
  guarded: true,
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
  text: ({ kernel, task, fd }) => {
    const entry = task.files.entries[fd];
    if (entry === undefined) return -ERRNO.ENOENT;
    const { file } = entry;
    const flags = file.flags | (entry.closeOnExec ? O.CLOEXEC : 0);
    return `pos:\t${file.position}\nflags:\t0${flags.toString(8)}\nmnt_id:\t${file.inode.sb.mountId}\nino:\t${file.inode.ino}\n${fdLockLines(file, task.files)}${file.ops.describe?.(kernel, file) ?? ''}`;
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

const setCoredumpFilter = ({ task }: ProcContext, text: string): number => {
  const value = text.trim();
  if (!/^(0x[0-9a-f]+|0[0-7]*|[1-9][0-9]*)$/i.test(value)) return -ERRNO.EINVAL;
  // Nine bits of it mean something (MMF_DUMP_FILTER_BITS).
  task.mm.coredumpFilter = Number(value.startsWith('0') && !/^0x/i.test(value) ? `0o${value}` : value) & 0x1ff;
  return 0;
};

/** The first user namespace: every id is itself. */
const ID_MAP = `${'0'.padStart(10)} ${'0'.padStart(10)} 4294967295\n`;

const namespaceRow = ([name, kind]: (typeof NAMESPACE_LINKS)[number]): ProcRow => ({
  name,
  link: ({ reader, task }) => namespaceLink(reader, task, name, kind),
  follow: ({ kernel, reader, task }) => followNamespace(kernel, reader, task, name, kind),
});

/** Nanoseconds on the processor, waiting for it (not counted), and time slices. */
const schedStatText = ({ task }: ProcContext): string => {
  const usage = taskUsage(task);
  return `${Math.floor(usage.utime + usage.stime)} 0 ${usage.nvcsw + usage.nivcsw}\n`;
};

const processRows: readonly ProcRow[] = [
  {
    name: 'auxv',
    guarded: true,
    access: 'own',
    mode: 0o400,
    text: ({ task }) => (isGone(task) ? '' : auxvText(task.mm.auxv)),
  },
  { name: 'cgroup', text: () => '0::/\n' },
  { name: 'cpuset', text: () => '/\n' },
  { name: 'cmdline', access: 'own', text: cmdlineText },
  {
    name: 'coredump_filter',
    access: 'own',
    mode: 0o644,
    text: ({ task }) => (isGone(task) ? '' : `${task.mm.coredumpFilter.toString(16).padStart(8, '0')}\n`),
    write: setCoredumpFilter,
  },
  { name: 'comm', mode: 0o644, text: ({ task }) => `${task.comm}\n`, write: setComm },
  {
    name: 'cwd',
    guarded: true,
    link: ({ task, reader }) => (isGone(task) ? -ERRNO.ENOENT : directoryPath(task.fs.cwd, reader)),
    follow: ({ task }) => (isGone(task) ? -ERRNO.ENOENT : task.fs.cwd),
  },
  { name: 'environ', guarded: true, access: 'own', mode: 0o400, text: environText },
  {
    name: 'exe',
    guarded: true,
    link: (context) => {
      const file = executable(context);
      return typeof file === 'number' ? file : shownPath(file);
    },
    follow: (context) => {
      const file = executable(context);
      return typeof file === 'number' ? file : { inode: file.inode, path: file.path };
    },
  },
  { name: 'fd', mode: 0o500, ownAlways: true, dynamic: descriptors(fdRow, DT.LNK)! },
  { name: 'fdinfo', mode: 0o555, guarded: true, dynamic: descriptors(fdInfoRow, DT.REG)! },
  { name: 'gid_map', text: () => ID_MAP },
  { name: 'limits', text: limitsText },
  { name: 'loginuid', access: 'own', text: () => '4294967295' },
  { name: 'maps', guarded: true, text: mapsText },
  { name: 'mem', guarded: true, mode: 0o600, file: { ops: memoryFile, state: memoryOf } },
  { name: 'mountinfo', access: 'iter', text: mountInfoText },
  { name: 'mounts', access: 'iter', text: mountsText },
  { name: 'mountstats', access: 'iter', mode: 0o400, text: mountStatsText },
  netDirectory,
  { name: 'ns', mode: 0o511, children: NAMESPACE_LINKS.map(namespaceRow) },
  { name: 'oom_adj', mode: 0o644, access: 'own', text: oomAdjText, write: setOomAdj },
  { name: 'oom_score', text: oomScoreText },
  { name: 'oom_score_adj', mode: 0o644, access: 'own', text: oomScoreAdjText, write: setOomScoreAdj },
  { name: 'personality', mode: 0o400, text: ({ task }) => `${task.personality.toString(16).padStart(8, '0')}\n` },
  { name: 'projid_map', text: () => ID_MAP },
  {
    name: 'root',
    guarded: true,
    link: ({ task, reader }) => (isGone(task) ? -ERRNO.ENOENT : directoryPath(task.fs.root, reader)),
    follow: ({ task }) => (isGone(task) ? -ERRNO.ENOENT : task.fs.root),
  },
  { name: 'schedstat', text: schedStatText },
  { name: 'sessionid', access: 'own', text: () => '4294967295' },
  { name: 'setgroups', text: () => 'allow\n' },
  { name: 'smaps', guarded: true, text: smapsText },
  { name: 'smaps_rollup', guarded: true, text: smapsRollupText },
  { name: 'stat', text: statText },
  { name: 'statm', text: statmText },
  { name: 'status', text: statusText },
  { name: 'syscall', mode: 0o400, text: syscallText },
  { name: 'uid_map', text: () => ID_MAP },
  { name: 'wchan', text: ({ task }) => (task.state === 'sleeping' ? (task.wait?.what ?? '0') : '0') },
];

/** A thread's directory below `task`. */
const threadRow = frozenRow({ name: '', children: processRows });

/** A process's directory. */
export const processRow = frozenRow({
  name: '',
  children: [
    ...processRows,
    { name: 'timers', guarded: true, text: timersText },
    { name: 'timerslack_ns', mode: 0o666, text: timerSlackText, write: setTimerSlack },
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
