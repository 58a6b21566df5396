/** Descriptors of processes (kernel/fork.c and fs/pidfs.c; pidfd_open(2)). */
import { ERRNO } from '../abi/errno.ts';
import { O } from '../abi/fcntl.ts';
import { POLL } from '../abi/poll.ts';
import { PIDFD_COREDUMP, PIDFD_GET_INFO, PIDFD_INFO, PIDFD_INFO_LEAST, PIDFD_INFO_STRUCT } from '../abi/process.ts';
import type { Kernel } from '../kernel.ts';
import { copyToUser, getUser64 } from '../mm/user.ts';
import type { Task } from '../task/task.ts';
import { newInode, newOpenFile, releaseFile } from './inode.ts';
import { pidfdNamespace } from './nsfs.ts';
import type { FileOperations, InodeOperations, OpenFile } from './types.ts';

interface ProcessFile {
  task: Task;
  /** PIDFD_THREAD: of this thread, not of its process. */
  thread: boolean;
}

const stateOf = (file: OpenFile): ProcessFile => file.state as ProcessFile;

/** The process can be waited for, and (POLLHUP) was waited for (pidfd_poll). */
const poll = (_kernel: Kernel, file: OpenFile): number => {
  const { task, thread } = stateOf(file);
  if (task.state === 'dead') return POLL.IN | POLL.RDNORM | POLL.HUP;
  const ended = task.state === 'zombie' && (thread || task.group.threads.length === 1);
  return ended ? POLL.IN | POLL.RDNORM : 0;
};

/** pidfs_coredump_mask. */
const coredumpMask = (dumpable: number): number =>
  dumpable === 0 ? PIDFD_COREDUMP.SKIP : dumpable === 1 ? PIDFD_COREDUMP.USER : PIDFD_COREDUMP.ROOT;

/** What there is to know, with what was asked for; -ESRCH if nothing is (pidfd_info). */
const infoOf = (task: Task, asked: bigint): Parameters<typeof PIDFD_INFO_STRUCT.write>[2] | number => {
  const wants = (what: number): boolean => (asked & BigInt(what)) !== 0n;
  const { group, cred } = task;
  const nothing = { cgroupid: 0n, pid: 0, tgid: 0, ppid: 0, exit_code: 0, coredump_mask: 0, coredump_signal: 0 };
  const noCreds = { ruid: 0, rgid: 0, euid: 0, egid: 0, suid: 0, sgid: 0, fsuid: 0, fsgid: 0 };
  // The end is told when it has been waited for, and all else before.
  if (task.state === 'dead') {
    if (!wants(PIDFD_INFO.EXIT)) return -ERRNO.ESRCH;
    const exit_code = group.groupExiting ? group.groupExitCode : task.exitCode;
    return { ...nothing, ...noCreds, mask: BigInt(PIDFD_INFO.EXIT), exit_code };
  }
  const dump = wants(PIDFD_INFO.COREDUMP);
  const { uid: ruid, gid: rgid, euid, egid, suid, sgid, fsuid, fsgid } = cred;
  return {
    ...nothing,
    mask: BigInt(PIDFD_INFO.PID | PIDFD_INFO.CREDS | (dump ? PIDFD_INFO.COREDUMP : 0)),
    ...{ pid: task.pid, tgid: group.tgid, ppid: group.leader.parent?.group.tgid ?? 0 },
    ...{ ruid, rgid, euid, egid, suid, sgid, fsuid, fsgid },
    coredump_mask: dump ? coredumpMask(task.dumpable) : 0,
  };
};

const ioctl: FileOperations['ioctl'] = (kernel, task, file, request, argument) => {
  const namespace = pidfdNamespace(kernel, task, stateOf(file).task, request, argument);
  if (namespace !== null) return namespace;
  const { sizeMask, sizeShift } = PIDFD_GET_INFO;
  const size = (request & sizeMask) >>> sizeShift;
  if ((request & ~sizeMask) >>> 0 !== PIDFD_GET_INFO.request || size < PIDFD_INFO_LEAST) return -ERRNO.ENOTTY;
  if (argument === 0) return -ERRNO.EINVAL;
  const info = infoOf(stateOf(file).task, getUser64(task.mm, argument));
  if (typeof info === 'number') return info;
  // What the guest's struct has beyond ours is zero.
  const bytes = new Uint8Array(Math.max(size, PIDFD_INFO_STRUCT.size));
  PIDFD_INFO_STRUCT.write(new DataView(bytes.buffer), 0, info);
  copyToUser(task.mm, argument, bytes.subarray(0, size));
  return 0;
};

const processInode: InodeOperations = Object.freeze<InodeOperations>({
  open: () => -ERRNO.ENXIO,
  setAttributes: () => -ERRNO.EOPNOTSUPP,
  blocks: () => 0,
});

const processFile: FileOperations = Object.freeze<FileOperations>({
  kind: 'pidfd',
  poll,
  pollQueues: (_kernel, file) => [stateOf(file).task.group.endWait],
  describe: (_kernel, file) => {
    const { task } = stateOf(file);
    const pid = task.state === 'dead' ? -1 : task.pid;
    return `Pid:\t${pid}\nNSpid:\t${pid}\n`;
  },
  ioctl,
  release: releaseFile,
});

/** `flags` is O_NONBLOCK, O_EXCL (PIDFD_THREAD) or 0. All of one process have one inode number. */
export const newProcessFile = (kernel: Kernel, task: Task, thread: boolean, flags: number): OpenFile => {
  const { pidfs } = kernel.vfs;
  const inode = newInode(kernel, pidfs, processInode, 0o700);
  if (task.pidfdIno === 0) task.pidfdIno = inode.ino;
  inode.ino = task.pidfdIno;
  const state: ProcessFile = { task, thread };
  return newOpenFile(processFile, inode, 'anon_inode:[pidfd]', O.RDWR | flags, state);
};

/** Whom the descriptor stands for: -EBADF for other files. */
export const processOf = (file: OpenFile | undefined): ProcessFile | number =>
  file !== undefined && file.ops === processFile ? stateOf(file) : -ERRNO.EBADF;
