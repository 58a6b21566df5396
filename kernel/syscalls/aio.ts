/** io_setup(2), io_destroy(2), io_cancel(2), io_getevents(2), io_pgetevents(2) (fs/aio.c). */
import { AIO_SIGSET, IO_EVENT, IOCB, KIOCB_KEY } from '../abi/aio.ts';
import { ERRNO, RESTART } from '../abi/errno.ts';
import { NSEC_PER_SEC, TIMESPEC } from '../abi/time.ts';
import { type AioContext, destroyContext, findContext, newContext, takeEvents } from '../fs/aio.ts';
import { cancelPoll } from '../fs/aio-poll.ts';
import type { Kernel } from '../kernel.ts';
import { copyToUser, getUser32, getUser64, putUserLong, readStruct, UserFault } from '../mm/user.ts';
import { restoreSavedSigmask } from '../signal/mask.ts';
import type { Task } from '../task/task.ts';
import { BLOCKED, block } from '../task/wait.ts';
import { ioSubmit } from './aio-submit.ts';
import * as arg from './args.ts';
import { maskSignals } from './poll.ts';
import { type SyscallRow, syscall } from './row.ts';

const ioSetup = (kernel: Kernel, task: Task, requests: number, address: number): number => {
  const before = getUser64(task.mm, address);
  if (before !== 0n || requests === 0) return -ERRNO.EINVAL;
  const context = newContext(kernel, task.mm, requests);
  if (typeof context === 'number') return context;
  try {
    putUserLong(task.mm, address, context.address);
  } catch (thrown) {
    destroyContext(kernel, task.mm, context);
    throw thrown;
  }
  return 0;
};

/** Waits for requests that another thread sleeps in; polls are cancelled. */
const ioDestroy = (kernel: Kernel, task: Task, address: number): number => {
  let context: AioContext | null = task.wait?.data?.destroyed ?? null;
  if (context === null) {
    context = findContext(task.mm, address);
    if (context === null) return -ERRNO.EINVAL;
    destroyContext(kernel, task.mm, context);
  }
  if (context.inFlight === 0) return 0;
  const data = { destroyed: context };
  return block(kernel, task, { what: 'io_destroy', queues: [context.idle], uninterruptible: true, data });
};

const ioCancel = (kernel: Kernel, task: Task, address: number, iocb: number): number => {
  if (getUser32(task.mm, iocb + IOCB.offsets.aio_key) !== KIOCB_KEY) return -ERRNO.EINVAL;
  const context = findContext(task.mm, address);
  const poll = context?.polls.find(({ request }) => request.object === iocb);
  if (poll === undefined) return -ERRNO.EINVAL;
  cancelPoll(kernel, poll);
  return -ERRNO.EINPROGRESS;
};

/** What a wait for events keeps between tries. */
interface Waiting {
  context: AioContext;
  /** Events that the guest has already. */
  got: number;
  deadline: number;
}

/** Moves events to the guest. Whether the wait is over; `result` is what it ends with (aio_read_events). */
const readEvents = (
  kernel: Kernel,
  task: Task,
  waiting: Waiting,
  least: number,
  most: number,
  events: number,
): { done: boolean; result: number } => {
  const { context, got } = waiting;
  let error = 0;
  try {
    waiting.got += takeEvents(kernel, context, most - got, (index, event) =>
      copyToUser(task.mm, events + (got + index) * IO_EVENT.size, event),
    );
  } catch (thrown) {
    if (!(thrown instanceof UserFault)) throw thrown;
    error = -ERRNO.EFAULT;
  }
  if (context.dead) error = -ERRNO.EINVAL;
  return { done: error < 0 || waiting.got >= least, result: waiting.got > 0 ? waiting.got : error };
};

/** do_io_getevents: a count, 0 after a timeout or a signal, -errno, or BLOCKED. `timeout` in nanoseconds. */
const getEvents = (
  kernel: Kernel,
  task: Task,
  address: number,
  least: number,
  most: number,
  events: number,
  timeout: number,
): number => {
  let waiting: Waiting | undefined = task.wait?.data?.waiting;
  if (waiting === undefined) {
    const context = findContext(task.mm, address);
    if (context === null || least > most || least < 0) return -ERRNO.EINVAL;
    waiting = { context, got: 0, deadline: kernel.now() + timeout };
  }
  const { done, result } = readEvents(kernel, task, waiting, least, most, events);
  if (done || timeout === 0 || task.sigpending || task.wait?.timedOut || waiting.deadline <= kernel.now())
    return result;
  const { context, deadline, got } = waiting;
  const data = { waiting, aioMin: least - got };
  return block(kernel, task, { what: 'read_events', queues: [context.wait], deadline, data });
};

/** The guest's span in nanoseconds, which is not checked; Infinity without one, and for a negative one (ktime_add_safe). */
const readTimeout = (task: Task, address: number): number => {
  if (address === 0) return Number.POSITIVE_INFINITY;
  const { tv_sec, tv_nsec } = readStruct(task.mm, TIMESPEC, address);
  const nanoseconds = Number(tv_sec) * NSEC_PER_SEC + Number(tv_nsec);
  return nanoseconds < 0 ? Number.POSITIVE_INFINITY : nanoseconds;
};

const ioGetevents = (
  kernel: Kernel,
  task: Task,
  context: number,
  least: number,
  most: number,
  events: number,
  time: number,
): number => {
  const result = getEvents(kernel, task, context, least, most, events, readTimeout(task, time));
  return result === 0 && task.sigpending ? -ERRNO.EINTR : result;
};

const ioPgetevents = (
  kernel: Kernel,
  task: Task,
  context: number,
  least: number,
  most: number,
  events: number,
  time: number,
  signals: number,
): number => {
  const timeout = readTimeout(task, time);
  const set = signals === 0 ? { sigmask: 0, sigsetsize: 0 } : readStruct(task.mm, AIO_SIGSET, signals);
  const error = maskSignals(kernel, task, set.sigmask, set.sigsetsize);
  if (error < 0) return error;
  const result = getEvents(kernel, task, context, least, most, events, timeout);
  if (result === BLOCKED) return result;
  // A signal that this mask lets through is delivered, whatever came of the call.
  if (!task.sigpending) restoreSavedSigmask(kernel, task);
  else if (result === 0) return -RESTART.ERESTARTNOHAND;
  return result;
};

export const aioSyscalls: readonly SyscallRow[] = [
  syscall(
    206,
    'io_setup',
    [
      ['nr_events', arg.unsigned],
      ['ctx_idp', arg.outPointer],
    ],
    ioSetup,
  ),
  syscall(207, 'io_destroy', [['ctx_id', arg.pointer]], ioDestroy),
  syscall(
    208,
    'io_getevents',
    [
      ['ctx_id', arg.pointer],
      ['min_nr', arg.long],
      ['nr', arg.long],
      ['events', arg.outIoEvents],
      ['timeout', arg.timespec],
    ],
    ioGetevents,
  ),
  syscall(
    209,
    'io_submit',
    [
      ['ctx_id', arg.pointer],
      ['nr', arg.long],
      ['iocbpp', arg.iocbs],
    ],
    ioSubmit,
  ),
  syscall(
    210,
    'io_cancel',
    [
      ['ctx_id', arg.pointer],
      ['iocb', arg.iocb],
      ['result', arg.pointer],
    ],
    ioCancel,
  ),
  {
    ...syscall(
      333,
      'io_pgetevents',
      [
        ['ctx_id', arg.pointer],
        ['min_nr', arg.long],
        ['nr', arg.long],
        ['events', arg.outIoEvents],
        ['timeout', arg.timespec],
        ['usig', arg.aioSigset],
      ],
      ioPgetevents,
    ),
    ownMask: true,
  },
];
