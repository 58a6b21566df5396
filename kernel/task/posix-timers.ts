/**
 * POSIX timers (kernel/time/posix-timers.c): arming them, and what happens when their signal is taken.
 *
 * A timer owns one queue entry. With an interval it is armed again only when its signal is taken, and then tells how many
 * expirations were missed meanwhile; so a signal that nobody takes costs nothing. An entry that lies in a queue when its
 * timer is set again or deleted is void: it is dropped when its turn comes.
 */
import type { Kernel } from '../kernel.ts';
import type { PosixTimer, SigInfo, Task, ThreadGroup } from './task.ts';
import { addTimer, cancelPosixTimer } from './timers.ts';
import { groupUsage } from './usage.ts';

const OVERRUN_MAX = 0x7fffffff;
const NEVER = Number.POSITIVE_INFINITY;

/** CPU time of a process or thread up to the last `Kernel.account`, nanoseconds. */
export const cpuTime = ({ group, thread, virtual }: NonNullable<PosixTimer['cpu']>): number => {
  const usage = thread?.usage ?? groupUsage(group);
  return virtual ? usage.utime : usage.utime + usage.stime;
};

/** Nanoseconds of the clock it runs on: `Kernel.now`, or CPU time. */
export const timerNow = (kernel: Kernel, { cpu }: Pick<PosixTimer, 'cpu'>): number => {
  if (cpu === null) return kernel.now();
  kernel.account();
  return cpuTime(cpu);
};

/** A timer that is not armed. */
export const newPosixTimer = (
  owner: ThreadGroup,
  settings: Pick<PosixTimer, 'id' | 'clock' | 'cpu' | 'signo' | 'asked' | 'value' | 'thread'>,
): PosixTimer => ({
  ...settings,
  owner,
  sleeper: null,
  ...{ expires: NEVER, interval: 0, waiting: false, due: 0, ignored: false },
  ...{ overrun: -1, lastOverrun: 0, sequence: 0 },
});

/** The timer that wakes a task which sleeps on CPU time; no program knows its id. */
export const newSleepTimer = (task: Task, clock: number, cpu: PosixTimer['cpu']): PosixTimer => {
  const timer = newPosixTimer(task.group, {
    id: -1,
    clock,
    cpu,
    signo: 0,
    asked: { notify: 0, signo: 0 },
    value: 0n,
    thread: null,
  });
  timer.sleeper = task;
  return timer;
};

/** Runs from now on until `expires`, on its clock. */
const arm = (kernel: Kernel, timer: PosixTimer, expires: number): void => {
  timer.expires = expires;
  if (timer.signo === 0 && timer.sleeper === null) return;
  if (timer.cpu === null) addTimer(kernel.timers, { kind: 'posix', expires, timer });
  else if (!timer.cpu.group.cpuTimers.includes(timer)) timer.cpu.group.cpuTimers.push(timer);
};

/** It will not go off. */
export const disarm = (kernel: Kernel, timer: PosixTimer): void => {
  timer.expires = NEVER;
  if (timer.cpu === null) {
    cancelPosixTimer(kernel.timers, timer);
    return;
  }
  const { cpuTimers } = timer.cpu.group;
  const at = cpuTimers.indexOf(timer);
  if (at >= 0) cpuTimers.splice(at, 1);
};

/** timer_settime(2): `expires` on the timer's clock, or Infinity; a signal of before that nobody took is void. */
export const setPosixTimer = (kernel: Kernel, timer: PosixTimer, expires: number, interval: number): void => {
  disarm(kernel, timer);
  timer.sequence++;
  timer.waiting = false;
  timer.ignored = false;
  timer.overrun = -1;
  timer.lastOverrun = 0;
  timer.interval = expires === NEVER ? 0 : interval;
  if (expires !== NEVER) arm(kernel, timer, expires);
};

export const deletePosixTimer = (kernel: Kernel, timer: PosixTimer): void => {
  disarm(kernel, timer);
  timer.sequence++;
  timer.ignored = false;
  timer.owner.posixTimers.delete(timer.id);
};

/** exec and exit take them all (exit_itimers). */
export const deletePosixTimers = (kernel: Kernel, group: ThreadGroup): void => {
  for (const timer of [...group.posixTimers.values()]) deletePosixTimer(kernel, timer);
};

/** Moves `due` beyond now by whole intervals; how many (hrtimer_forward). */
const forward = (timer: PosixTimer, now: number): number => {
  if (now < timer.due) return 0;
  const intervals = Math.floor((now - timer.due) / timer.interval) + 1;
  timer.due += intervals * timer.interval;
  return intervals;
};

/**
 * The signal is taken from its queue: false if it is void. Otherwise the timer goes on, and the signal learns how many
 * expirations it stands for (posixtimer_deliver_signal).
 */
export const timerSignalTaken = (kernel: Kernel, info: SigInfo): boolean => {
  if (info.kind !== 'timer' || info.origin === undefined) return true;
  const timer = info.origin;
  if (info.sequence !== timer.sequence) return false;
  if (!timer.waiting) return true;
  timer.overrun += forward(timer, timerNow(kernel, timer));
  timer.waiting = false;
  timer.lastOverrun = timer.overrun;
  timer.overrun = -1;
  timer.sequence++;
  arm(kernel, timer, timer.due);
  info.overrun = Math.min(OVERRUN_MAX, timer.lastOverrun);
  return true;
};

/** A signal that is ignored from now on leaves the queue; its timer is only held up (posixtimer_sig_ignore). */
export const timerSignalFlushed = (info: SigInfo): void => {
  if (info.kind !== 'timer' || info.origin === undefined || info.sequence !== info.origin.sequence) return;
  info.origin.ignored = info.origin.waiting;
};

/** Nanoseconds until it goes off next, 0 if it is not armed; expirations that passed without a signal are counted. */
export const timeLeft = (kernel: Kernel, timer: PosixTimer): number => {
  const now = timerNow(kernel, timer);
  if (timer.waiting) {
    timer.overrun += forward(timer, now);
    return timer.due - now;
  }
  if (timer.expires === NEVER) return 0;
  const silent = timer.signo === 0;
  if (silent && timer.interval !== 0 && now >= timer.expires) {
    timer.due = timer.expires;
    forward(timer, now);
    timer.expires = timer.due;
  }
  const left = timer.expires - now;
  // One without a signal may have run out; one with is about to go off.
  return left > 0 ? left : silent ? 0 : 1;
};
