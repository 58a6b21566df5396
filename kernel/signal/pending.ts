/**
 * Queues of pending signals: what is in them, which signal comes next, taking one out (kernel/signal.c).
 */
import { RLIMIT } from '../abi/resource.ts';
import { SI, SIG } from '../abi/signal.ts';
import {
  inSet,
  intersection,
  intersects,
  isEmpty,
  isWithin,
  lowestSignal,
  NO_SIGNALS,
  type SigSet,
  SYNCHRONOUS,
  without,
  withoutSignal,
} from '../abi/sigset.ts';
import type { Kernel } from '../kernel.ts';
import { timerSignalFlushed, timerSignalTaken } from '../task/posix-timers.ts';
import type { SigInfo, SigPending, Task } from '../task/task.ts';
import { addTimer } from '../task/timers.ts';
import { hasTrap } from '../task/trace.ts';

export const newPending = (): SigPending => ({ signal: NO_SIGNALS, queue: [], head: 0, timers: 0 });

/** Longer queues are not moved for each signal that is taken. */
const LONG_QUEUE = 1024;

/** What is in the queue, oldest first. */
export const queued = ({ queue, head }: SigPending): readonly SigInfo[] => (head === 0 ? queue : queue.slice(head));

/** Something waits for the task: an unblocked signal, a group stop, a stop for its tracer, the end of the group. */
const hasPending = (task: Task): boolean =>
  task.stopPending ||
  hasTrap(task) ||
  !isWithin(task.pending.signal, task.blocked) ||
  !isWithin(task.group.sharedPending.signal, task.blocked);

/** Sets or clears TIF_SIGPENDING of the current task by what is pending now. */
export const recalcSigpending = (task: Task): void => {
  task.sigpending = hasPending(task);
};

/** Sets TIF_SIGPENDING of any task when there is reason; never clears it (recalc_sigpending_and_wake). */
export const noteSigpending = (task: Task): boolean => {
  if (!hasPending(task)) return false;
  task.sigpending = true;
  return true;
};

const ofTimer = (info: SigInfo): boolean => info.kind === 'timer' && info.origin !== undefined;

/** Appends to the queue; who calls says that the signal is pending. */
export const enqueue = (pending: SigPending, info: SigInfo): void => {
  pending.queue.push(info);
  if (ofTimer(info)) pending.timers++;
};

const removeAt = (pending: SigPending, at: number): SigInfo => {
  const { queue } = pending;
  const info = queue[at]!;
  if (at === pending.head && queue.length > LONG_QUEUE) {
    pending.head++;
    if (pending.head * 2 > queue.length) {
      queue.splice(0, pending.head);
      pending.head = 0;
    }
  } else if (at === queue.length - 1) {
    queue.pop();
  } else {
    queue.splice(at, 1);
  }
  if (ofTimer(info)) pending.timers--;
  return info;
};

const sentSignals = ({ queue, head, timers }: SigPending): number => queue.length - head - timers;

/** Queued signals of a user, in all processes: what RLIMIT_SIGPENDING bounds. */
export const queuedSignals = (kernel: Kernel, uid: number): number => {
  let count = 0;
  for (const task of kernel.tasks.values()) {
    if (task.cred.uid !== uid) continue;
    count += sentSignals(task.pending);
    // A timer has an entry of its own, whether it is in a queue or not.
    if (task.group.leader === task) count += sentSignals(task.group.sharedPending) + task.group.posixTimers.size;
  }
  return count;
};

/**
 * Whether there may be one more entry under the target's RLIMIT_SIGPENDING; the caller makes it then. `override`: there may
 * in any case (__sigqueue_alloc). Queues are not counted for each: once counted, there is room for so many entries, whoever
 * they are for, and more when some were taken meanwhile.
 */
export const mayQueue = (kernel: Kernel, target: Task, override: boolean): boolean => {
  const { sigqueueRoom: room } = kernel;
  const { uid } = target.cred;
  const limit = target.group.rlimits[RLIMIT.SIGPENDING]!.soft;
  if (!override && (room.left <= 0 || room.uid !== uid || room.limit !== limit)) {
    room.uid = uid;
    room.limit = limit;
    room.left = limit - queuedSignals(kernel, uid);
    if (room.left <= 0) return false;
  }
  room.left--;
  return true;
};

/** Entries came about otherwise than by `mayQueue`: they are counted again before the next. */
export const recountQueued = (kernel: Kernel): void => {
  kernel.sigqueueRoom.left = 0;
};

/** Throws away the signals of `mask` (flush_sigqueue_mask). */
export const flushSignals = (kernel: Kernel, pending: SigPending, mask: SigSet): void => {
  if (!intersects(pending.signal, mask)) return;
  kernel.observers.signalsFlushed?.(pending, mask);
  pending.signal = without(pending.signal, mask);
  const before = queued(pending);
  for (const info of before) if (inSet(mask, info.signo)) timerSignalFlushed(info);
  pending.queue = before.filter((info) => !inSet(mask, info.signo));
  pending.head = 0;
  pending.timers = pending.queue.filter(ofTimer).length;
};

/** A signal of which only the bit was kept. */
const lostInfo = (signo: number): SigInfo => ({ kind: 'kill', signo, errno: 0, code: SI.USER, pid: 0, uid: 0 });

/** Takes the oldest entry of a pending signal; its bit goes with the last one (collect_signal). */
const collectSignal = (pending: SigPending, signo: number): SigInfo => {
  const { queue } = pending;
  let found = -1;
  for (let i = pending.head; i < queue.length; i++) {
    if (queue[i]!.signo !== signo) continue;
    if (found >= 0) {
      // Another one stays pending.
      return removeAt(pending, found);
    }
    found = i;
  }
  pending.signal = withoutSignal(pending.signal, signo);
  if (found < 0) return lostInfo(signo);
  return removeAt(pending, found);
};

/** The signal of a set to take first: synchronous ones, then the lowest; 0 if there is none. */
const firstOf = (set: SigSet): number => {
  if (isEmpty(set)) return 0;
  const synchronous = intersection(set, SYNCHRONOUS);
  return lowestSignal(isEmpty(synchronous) ? set : synchronous);
};

/**
 * Takes the next signal that is not blocked, or of those `wanted`: of the thread first, then of the process; null if there is
 * none (dequeue_signal).
 */
export const dequeueSignal = (kernel: Kernel, task: Task, wanted: SigSet | null = null): SigInfo | null => {
  for (;;) {
    const info = dequeue(kernel, task, wanted);
    const stale = info !== null && !timerSignalTaken(kernel, info);
    if (info !== null) kernel.observers.signalDequeued?.(task, info, stale);
    if (stale) continue;
    recalcSigpending(task);
    return info;
  }
};

const dequeue = (kernel: Kernel, task: Task, wanted: SigSet | null): SigInfo | null => {
  const own = task.pending;
  const first = firstOf(wanted === null ? without(own.signal, task.blocked) : intersection(own.signal, wanted));
  if (first !== 0) return collectSignal(own, first);
  const shared = task.group.sharedPending;
  const signo = firstOf(wanted === null ? without(shared.signal, task.blocked) : intersection(shared.signal, wanted));
  if (signo === 0) return null;
  if (signo === SIG.SIGALRM) rearmItimer(kernel, task);
  return collectSignal(shared, signo);
};

/**
 * Takes the oldest signal that the thread's own instruction caused, so that rip in its frame is that instruction's; null
 * if there is none (dequeue_synchronous_signal).
 */
export const dequeueSynchronous = (task: Task): SigInfo | null => {
  const { pending } = task;
  if (!intersects(pending.signal, SYNCHRONOUS)) return null;
  if (!intersects(without(pending.signal, task.blocked), SYNCHRONOUS)) return null;
  const { queue } = pending;
  for (let at = pending.head; at < queue.length; at++) {
    const { code, signo } = queue[at]!;
    if (code <= SI.USER || !inSet(SYNCHRONOUS, signo)) continue;
    const info = removeAt(pending, at);
    if (!holds(pending, signo)) pending.signal = withoutSignal(pending.signal, signo);
    recalcSigpending(task);
    return info;
  }
  return null;
};

const holds = ({ queue, head }: SigPending, signo: number): boolean => {
  for (let at = head; at < queue.length; at++) if (queue[at]!.signo === signo) return true;
  return false;
};

/** ITIMER_REAL with an interval goes on when its signal is taken, not before (posixtimer_rearm_itimer). */
const rearmItimer = (kernel: Kernel, task: Task): void => {
  const { real } = task.group.itimers;
  if (real.interval === 0 || real.expires !== Number.POSITIVE_INFINITY) return;
  const now = kernel.now();
  // The next multiple of the interval after the last expiry (hrtimer_forward).
  const missed = Math.max(0, Math.floor((now - real.lastExpiry) / real.interval));
  real.expires = real.lastExpiry + (missed + 1) * real.interval;
  addTimer(kernel.timers, { kind: 'itimer', expires: real.expires, group: task.group });
};
