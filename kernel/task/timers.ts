/**
 * Timers on the monotonic clock: sleeps and interval timers. Plain data, in order of expiry.
 */
import type { Task, ThreadGroup } from './task.ts';
import type { Wait } from './wait.ts';

/** What happens at a time: the end of a sleep (`wait` tells whether it is still the same one), or ITIMER_REAL. */
export type Timer = { expires: number } & (
  | { kind: 'sleep'; task: Task; wait: Wait }
  | { kind: 'itimer'; group: ThreadGroup }
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

/** Takes away the timer that would end a task's sleep. */
export const cancelSleep = (queue: TimerQueue, task: Task): void => {
  const at = queue.timers.findIndex((timer) => timer.kind === 'sleep' && timer.task === task);
  if (at >= 0) queue.timers.splice(at, 1);
};

/** Takes away a process's ITIMER_REAL. */
export const cancelItimer = (queue: TimerQueue, group: ThreadGroup): void => {
  const at = queue.timers.findIndex((timer) => timer.kind === 'itimer' && timer.group === group);
  if (at >= 0) queue.timers.splice(at, 1);
};
