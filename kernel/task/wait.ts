/**
 * Blocking: wait queues and retries.
 *
 * A syscall handler validates, tries, and returns a value or `block(...)`. When woken it runs again from the top with the
 * same arguments; what must survive (an absolute deadline, bytes already moved) is plain data in `task.wait.data`. That is
 * the kernel's `prepare_to_wait / signal_pending -> -ERESTARTSYS / schedule` loop without a hidden stack.
 */
import type { OpenFile } from '../fs/types.ts';
import type { Kernel } from '../kernel.ts';
import type { Task } from './task.ts';

/** A handler's return value: the task sleeps, run the handler again when it is woken. */
export const BLOCKED = -1_000_000;

/** A handler's return value: registers are already as the guest shall see them (rt_sigreturn, execve, exit). */
export const REGISTERS_SET = -1_000_001;

/** Tasks asleep on one condition, in the order they came. Part of the object they wait for. */
export interface WaitQueue {
  waiters: Task[];
  /** Sets of events (epoll) and others which are to learn of wake-ups; absent where there never was one. */
  watchers?: Watcher[];
}

/** Who is no task and yet learns of wake-ups: an entry of an epoll set, a request of io_submit(2) to poll. */
export interface Watcher {
  readonly ops: WatcherOperations;
  /** EPOLLEXCLUSIVE: of several sets that watch, one wake-up is enough. */
  exclusive: boolean;
  /** Asked for, with EPOLLET and its like. */
  events: number;
}

export interface WatcherOperations {
  /** The queue was woken, with a key of `events` or 0. True if that woke a sleeper. */
  woken(kernel: Kernel, watcher: Watcher, key: number): boolean;
}

/** A watcher that is put among the ready ones of its set. */
export interface SetEntry extends Watcher {
  owner: EventSet;
  /** It is in `owner.ready`. */
  isReady: boolean;
}

/** The part of an epoll set that wake-ups touch. */
export interface EventSet {
  /** Entries that may have events, in order. */
  ready: SetEntry[];
  /** Who waits for events: one of them is woken. */
  wait: WaitQueue;
  /** Who polls the set itself, and sets it is in: all are woken. */
  pollWait: WaitQueue;
}

export const waitQueue = (): WaitQueue => ({ waiters: [] });

/** Why and how a task sleeps. Plain data; lives from the first `block` of a syscall until the syscall returns. */
export interface Wait {
  queues: readonly WaitQueue[];
  /** Negated restart code for when a signal ends the sleep. */
  restart: number;
  /** Monotonic nanoseconds at which the sleep ends by itself, or Infinity. */
  deadline: number;
  /** Set by the timer at the deadline. */
  timedOut: boolean;
  /** Signals do not end this sleep (vfork's parent waits killable only). */
  uninterruptible: boolean;
  /** What the handler keeps between tries; hand-offs (futex, msgsnd, semop) store their result here. */
  // biome-ignore lint/suspicious/noExplicitAny: each handler knows the shape of its own data.
  data: any;
  /** For people: what the task waits for, as `pipe_read`. Linux's /proc/PID/wchan. */
  what: string;
  /** Descriptors that the call was given, in a process of several threads. */
  descriptors?: readonly number[];
  /** Open files of theirs that others have closed since: the call goes on with them, and drops them at its end. */
  held: { fd: number; file: OpenFile }[] | null;
}

export interface BlockOptions {
  /** For people: what the task waits for. */
  what: string;
  queues?: readonly WaitQueue[];
  /** Positive restart code, default ERESTARTSYS. */
  restart?: number;
  deadline?: number;
  data?: unknown;
  uninterruptible?: boolean;
}

/**
 * Puts the current task to sleep and returns `BLOCKED`; or, with a signal pending, does not, and returns the negated restart
 * code. Call it as `return block(...)`. On the next try `task.wait` is what this call made: look at `timedOut` and `data`.
 */
export const block = (kernel: Kernel, task: Task, options: BlockOptions): number => {
  const restart = options.restart ?? 512;
  const uninterruptible = options.uninterruptible ?? false;
  if (uninterruptible ? kernel.fatalSignalPending(task) : task.sigpending) return -restart;
  const queues = options.queues ?? [];
  task.wait = {
    queues,
    restart: -restart,
    deadline: options.deadline ?? Number.POSITIVE_INFINITY,
    timedOut: false,
    uninterruptible,
    data: options.data ?? task.wait?.data,
    what: options.what,
    held: task.wait?.held ?? null,
  };
  for (const queue of queues) queue.waiters.push(task);
  kernel.sleep(task);
  return BLOCKED;
};

/** Takes the task off every queue; its `wait` stays for the retry. */
export const leaveQueues = (task: Task): void => {
  if (task.wait === null) return;
  for (const queue of task.wait.queues) {
    const at = queue.waiters.indexOf(task);
    if (at >= 0) queue.waiters.splice(at, 1);
  }
  task.wait.queues = [];
};

/**
 * Wakes all who wait; each looks for itself whether its condition holds. `key` are the events (POLLIN, ...) that may have
 * come: sets of events do not hear of others. 0 is any.
 */
export const wakeAll = (kernel: Kernel, queue: WaitQueue, key = 0): void => {
  if (queue.watchers !== undefined) tellWatchers(kernel, queue.watchers, key);
  if (queue.waiters.length === 0) return;
  for (const task of queue.waiters.slice()) kernel.wake(task);
};

/** Wakes who came first. */
export const wakeOne = (kernel: Kernel, queue: WaitQueue): void => {
  const [first] = queue.waiters;
  if (first !== undefined) kernel.wake(first);
};

/** Someone, or a set of events, would notice a wake-up. */
export const isWatched = (queue: WaitQueue): boolean =>
  queue.waiters.length > 0 || (queue.watchers !== undefined && queue.watchers.length > 0);

/** Puts the entry among those of its set that may have events (ep_poll_callback). True if a sleeper was woken. */
export const markReady = (kernel: Kernel, entry: SetEntry): boolean => {
  const { owner } = entry;
  if (!entry.isReady) {
    entry.isReady = true;
    owner.ready.push(entry);
  }
  const sleeper = owner.wait.waiters.length > 0;
  wakeOne(kernel, owner.wait);
  wakeAll(kernel, owner.pollWait);
  return sleeper;
};

const tellWatchers = (kernel: Kernel, watchers: readonly Watcher[], key: number): void => {
  let satisfied = false;
  for (const watcher of watchers.slice()) {
    if ((watcher.exclusive && satisfied) || (key !== 0 && (watcher.events & key) === 0)) continue;
    if (watcher.ops.woken(kernel, watcher, key) && watcher.exclusive) satisfied = true;
  }
};
