/** Requests of io_submit(2) to be told of a file's readiness, once (IOCB_CMD_POLL; aio_poll of fs/aio.c). */
import { ERRNO } from '../abi/errno.ts';
import { POLL } from '../abi/poll.ts';
import type { Kernel } from '../kernel.ts';
import type { WatcherOperations } from '../task/wait.ts';
import { type AioPoll, type AioRequest, completeRequest, dropPoll } from './aio.ts';
import { readiness } from './ready.ts';

const finish = (kernel: Kernel, poll: AioPoll, events: number): void => {
  dropPoll(poll);
  completeRequest(kernel, poll.request, events);
};

const pollWatcher: WatcherOperations = Object.freeze<WatcherOperations>({
  woken: (kernel, watcher, key) => {
    const poll = watcher as AioPoll;
    // A wake-up that names its events is taken at its word; otherwise the file is asked (aio_poll_wake).
    const events = key !== 0 ? key : readiness(kernel, poll.request.file) & poll.events;
    if (events !== 0) finish(kernel, poll, events);
    return false;
  },
});

/** The current task's request: completes at once, waits, or is refused with -errno. */
export const startPoll = (kernel: Kernel, request: AioRequest, wanted: number): number => {
  const { file, context } = request;
  const events = wanted | POLL.ERR | POLL.HUP;
  const now = readiness(kernel, file) & events;
  if (now !== 0) {
    completeRequest(kernel, request, now);
    return 0;
  }
  const queues = file.ops.pollQueues?.(kernel, file) ?? [];
  const [queue] = queues;
  if (queue === undefined || queues.length > 1) return -ERRNO.EINVAL;
  const poll: AioPoll = { ops: pollWatcher, exclusive: false, events, request, queue };
  queue.watchers ??= [];
  queue.watchers.unshift(poll);
  context.polls.push(poll);
  return 0;
};

/** io_cancel(2): the event comes with no events as its result. */
export const cancelPoll = (kernel: Kernel, poll: AioPoll): void => finish(kernel, poll, 0);
