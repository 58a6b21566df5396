/** restart_syscall(2): going on with a sleep whose time was partly spent. Only the kernel calls it. */
import { ERRNO } from '../abi/errno.ts';
import type { Kernel } from '../kernel.ts';
import type { Task } from '../task/task.ts';
import { restartFutex } from './futex.ts';
import { restartPoll } from './poll.ts';
import { type SyscallRow, syscall } from './row.ts';
import { restartNanosleep } from './time.ts';

const restartSyscall = (kernel: Kernel, task: Task): number => {
  const { restart } = task;
  switch (restart.kind) {
    case 'none':
      return -ERRNO.EINTR;
    case 'nanosleep':
      return restartNanosleep(kernel, task, restart);
    case 'futex':
      return restartFutex(kernel, task, restart);
    case 'poll':
      return restartPoll(kernel, task, restart);
  }
};

export const restartSyscalls: readonly SyscallRow[] = [syscall(219, 'restart_syscall', [], restartSyscall)];
