/** Readiness of open files, for poll(2) and select(2) (vfs_poll). */
import { DEFAULT_POLLMASK } from '../abi/poll.ts';
import type { Kernel } from '../kernel.ts';
import type { WaitQueue } from '../task/wait.ts';
import type { OpenFile } from './types.ts';

/** POLLIN | POLLOUT | ... now. What never makes anyone wait is always ready. */
export const readiness = (kernel: Kernel, file: OpenFile): number => file.ops.poll?.(kernel, file) ?? DEFAULT_POLLMASK;

/** Adds the queues which tell that readiness may have changed. */
export const addQueues = (kernel: Kernel, file: OpenFile, queues: Set<WaitQueue>): void => {
  for (const queue of file.ops.pollQueues?.(kernel, file) ?? []) queues.add(queue);
};
