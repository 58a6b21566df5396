/**
 * Timers on the monotonic clock: sleeps and interval timers. Plain data, in order of expiry.
 */
import type { TcpSocket } from '../net/inet/types.ts';
import type { PosixTimer, Task, ThreadGroup } from './task.ts';
import type { Wait, WaitQueue } from './wait.ts';

/** The timer inside an open file (timerfd(2)). */
export interface FileAlarm {
  /** When it goes off, or went off last; Infinity when it is not armed. */
  expires: number;
  interval: number;
  /** It went off, and is armed again when someone reads. */
  expired: boolean;
  /** Expirations that were not read. */
  ticks: number;
  wait: WaitQueue;
}

/** What happens at a time: the end of a sleep (`wait` tells whether it is still the same one), or a timer goes off. */
export type Timer = { expires: number } & (
  | { kind: 'sleep'; task: Task; wait: Wait }
  | { kind: 'itimer'; group: ThreadGroup }
  | { kind: 'posix'; timer: PosixTimer }
  | { kind: 'file'; alarm: FileAlarm }
  | { kind: 'deadline'; task: Task }
  | { kind: 'cork'; sock: TcpSocket }
);

export interface TimerQueue {
  /** Soonest first; of equal times the one added first. Nanoseconds of `Kernel.now`. */
  timers: Timer[];
}

export const timerQueue = (): TimerQueue => ({ timers: [] });

export const addTimer = (queue: TimerQueue, timer: Timer): void => {
  const { timers } = queue;
  let low = 0;
  let high = timers.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (timers[middle]!.expires <= timer.expires) low = middle + 1;
    else high = middle;
  }
  timers.splice(low, 0, timer);
};

/** Time of the first timer, Infinity if there is none. */
export const nextExpiry = (queue: TimerQueue): number => queue.timers[0]?.expires ?? Number.POSITIVE_INFINITY;

/** Takes the first timer if its time has come. */
export const takeExpired = (queue: TimerQueue, now: number): Timer | undefined =>
  nextExpiry(queue) <= now ? queue.timers.shift() : undefined;

const cancel = (queue: TimerQueue, is: (timer: Timer) => boolean): void => {
  const at = queue.timers.findIndex(is);
  if (at >= 0) queue.timers.splice(at, 1);
};

/** Takes away the timer that would end a task's sleep. */
export const cancelSleep = (queue: TimerQueue, task: Task): void =>
  cancel(queue, (timer) => timer.kind === 'sleep' && timer.task === task);

/** Takes away a process's ITIMER_REAL. */
export const cancelItimer = (queue: TimerQueue, group: ThreadGroup): void =>
  cancel(queue, (timer) => timer.kind === 'itimer' && timer.group === group);

export const cancelPosixTimer = (queue: TimerQueue, which: PosixTimer): void =>
  cancel(queue, (timer) => timer.kind === 'posix' && timer.timer === which);

export const cancelAlarm = (queue: TimerQueue, alarm: FileAlarm): void =>
  cancel(queue, (timer) => timer.kind === 'file' && timer.alarm === alarm);

/** Takes away the timer that would let a task with SCHED_DEADLINE go on. */
export const cancelDeadline = (queue: TimerQueue, task: Task): void =>
  cancel(queue, (timer) => timer.kind === 'deadline' && timer.task === task);
