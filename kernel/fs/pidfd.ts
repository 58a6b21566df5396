/** Descriptors of processes (kernel/fork.c and fs/pidfs.c; pidfd_open(2)). */
import { ERRNO } from '../abi/errno.ts';
import { POLL } from '../abi/poll.ts';
import type { Kernel } from '../kernel.ts';
import type { Task } from '../task/task.ts';
import { anonymousFile } from './anonymous.ts';
import { releaseFile } from './inode.ts';
import type { FileOperations, OpenFile } from './types.ts';

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

const processFile: FileOperations = Object.freeze<FileOperations>({
  kind: 'pidfd',
  poll,
  pollQueues: (_kernel, file) => [stateOf(file).task.group.endWait],
  describe: (_kernel, file) => {
    const { task } = stateOf(file);
    const pid = task.state === 'dead' ? -1 : task.pid;
    return `Pid:\t${pid}\nNSpid:\t${pid}\n`;
  },
  seek: () => 0,
  release: releaseFile,
});

/** `flags` is O_NONBLOCK, O_EXCL (PIDFD_THREAD) or 0. */
export const newProcessFile = (kernel: Kernel, task: Task, thread: boolean, flags: number): OpenFile =>
  anonymousFile(kernel, processFile, '[pidfd]', flags, { task, thread } satisfies ProcessFile);

/** Whom the descriptor stands for: -EBADF for other files. */
export const processOf = (file: OpenFile | undefined): ProcessFile | number =>
  file !== undefined && file.ops === processFile ? stateOf(file) : -ERRNO.EBADF;
