/** Descriptors of processes: pidfd_open(2), pidfd_send_signal(2), pidfd_getfd(2). */
import { CAP } from '../abi/capability.ts';
import { ERRNO } from '../abi/errno.ts';
import { O } from '../abi/fcntl.ts';
import { PIDFD_SELF, PIDFD_SIGNAL } from '../abi/process.ts';
import { getFile, installFile } from '../fs/descriptors.ts';
import { newProcessFile, processOf } from '../fs/pidfd.ts';
import { processOfDirectory } from '../fs/procfs.ts';
import type { Kernel } from '../kernel.ts';
import { getUser32 } from '../mm/user.ts';
import { sendToPidfd } from '../signal/kill.ts';
import { capable } from '../task/capability.ts';
import type { Task } from '../task/task.ts';
import * as arg from './args.ts';
import { type SyscallRow, syscall } from './row.ts';
import { getInfo } from './signal.ts';

/** PIDFD_NONBLOCK and PIDFD_THREAD. */
const FLAGS = O.NONBLOCK | O.EXCL;

const pidfdOpen = (kernel: Kernel, task: Task, pid: number, flags: number): number => {
  if (flags & ~FLAGS || pid <= 0) return -ERRNO.EINVAL;
  const target = kernel.tasks.get(pid);
  if (target === undefined) return -ERRNO.ESRCH;
  const thread = (flags & O.EXCL) !== 0;
  if (!thread && target.group.leader !== target) return -ERRNO.ENOENT;
  return installFile(kernel, task, newProcessFile(kernel, target, thread, flags), true);
};

/** Whom pidfd_send_signal(2) means: oneself, or the process of a descriptor or of a directory in /proc (pidfd_to_pid). */
const signalled = (kernel: Kernel, task: Task, pidfd: number): { task: Task; thread: boolean } | number => {
  if (pidfd === PIDFD_SELF.THREAD) return { task, thread: true };
  if (pidfd === PIDFD_SELF.THREAD_GROUP) return { task: task.group.leader, thread: false };
  const file = getFile(task, pidfd);
  const found = processOf(file);
  if (file === undefined || typeof found !== 'number') return found;
  const process = processOfDirectory(kernel, file);
  return typeof process === 'number' ? process : { task: process, thread: false };
};

const pidfdSendSignal = (
  kernel: Kernel,
  task: Task,
  pidfd: number,
  signo: number,
  address: number,
  flags: number,
): number => {
  const all = PIDFD_SIGNAL.THREAD | PIDFD_SIGNAL.THREAD_GROUP | PIDFD_SIGNAL.PROCESS_GROUP;
  if (flags & ~all || (flags & (flags - 1)) !== 0) return -ERRNO.EINVAL;
  const found = signalled(kernel, task, pidfd);
  if (typeof found === 'number') return found;
  const scope = flags !== 0 ? flags : found.thread ? PIDFD_SIGNAL.THREAD : PIDFD_SIGNAL.THREAD_GROUP;
  const info = address === 0 ? null : getInfo(task, signo, address);
  if (typeof info === 'number') return info;
  // Here the number is no second source of the same fact: it must be that of the siginfo.
  if (info !== null && getUser32(task.mm, address) !== signo) return -ERRNO.EINVAL;
  return sendToPidfd(kernel, found.task, signo, info, scope);
};

const pidfdGetfd = (kernel: Kernel, task: Task, pidfd: number, fd: number, flags: number): number => {
  if (flags !== 0) return -ERRNO.EINVAL;
  const found = processOf(getFile(task, pidfd));
  if (typeof found === 'number') return found;
  const { task: target } = found;
  if (target.state === 'dead' || target.exiting) return -ERRNO.ESRCH;
  const { uid, suid, euid } = target.cred;
  if (!capable(task.cred, CAP.SYS_PTRACE) && [uid, suid, euid].some((id) => id !== task.cred.uid)) return -ERRNO.EPERM;
  const file = getFile(target, fd, true);
  if (file === undefined) return -ERRNO.EBADF;
  file.refs++;
  return installFile(kernel, task, file, true);
};

/** Takes a dying process's memory away at once: its pages went when it was killed, so there is nothing left to be done. */
const processMrelease = (_kernel: Kernel, task: Task, pidfd: number, flags: number): number => {
  if (flags !== 0) return -ERRNO.EINVAL;
  const isSelf = pidfd === PIDFD_SELF.THREAD || pidfd === PIDFD_SELF.THREAD_GROUP;
  const found = isSelf ? { task } : processOf(getFile(task, pidfd));
  if (typeof found === 'number') return found;
  const { group } = found.task;
  if (group.threads.every((thread) => thread.exiting)) return -ERRNO.ESRCH;
  return group.groupExiting ? 0 : -ERRNO.EINVAL;
};

export const pidfdSyscalls: readonly SyscallRow[] = [
  syscall(
    448,
    'process_mrelease',
    [
      ['pidfd', arg.fd],
      ['flags', arg.flags],
    ],
    processMrelease,
  ),
  syscall(
    424,
    'pidfd_send_signal',
    [
      ['pidfd', arg.fd],
      ['sig', arg.signal],
      ['info', arg.siginfo],
      ['flags', arg.pidfdSignalFlags],
    ],
    pidfdSendSignal,
  ),
  syscall(
    434,
    'pidfd_open',
    [
      ['pid', arg.pid],
      ['flags', arg.pidfdFlags],
    ],
    pidfdOpen,
  ),
  syscall(
    438,
    'pidfd_getfd',
    [
      ['pidfd', arg.fd],
      ['targetfd', arg.fd],
      ['flags', arg.flags],
    ],
    pidfdGetfd,
  ),
];
