/** eventfd(2), eventfd2(2) (fs/eventfd.c). */
import { ERRNO } from '../abi/errno.ts';
import { EFD_SEMAPHORE } from '../abi/events.ts';
import { O } from '../abi/fcntl.ts';
import { installFile } from '../fs/descriptors.ts';
import { newEventFile } from '../fs/eventfd.ts';
import type { Kernel } from '../kernel.ts';
import type { Task } from '../task/task.ts';
import * as arg from './args.ts';
import { type SyscallRow, syscall } from './row.ts';

const eventfd2 = (kernel: Kernel, task: Task, initial: number, flags: number): number => {
  if (flags & ~(EFD_SEMAPHORE | O.CLOEXEC | O.NONBLOCK)) return -ERRNO.EINVAL;
  const file = newEventFile(kernel, initial, (flags & EFD_SEMAPHORE) !== 0, flags & O.NONBLOCK);
  return installFile(kernel, task, file, (flags & O.CLOEXEC) !== 0);
};

export const eventfdSyscalls: readonly SyscallRow[] = [
  syscall(284, 'eventfd', [['initval', arg.unsigned]], (kernel, task, initial) => eventfd2(kernel, task, initial, 0)),
  syscall(
    290,
    'eventfd2',
    [
      ['initval', arg.unsigned],
      ['flags', arg.eventfdFlags],
    ],
    eventfd2,
  ),
];
