/** What the machine does when no task can run: it lets time pass, or waits for the host (kernel/sched/idle.c, do_idle). */
import type { Kernel } from './kernel.ts';
import type { RunEnd } from './options.ts';
import type { Clock } from './task/clock.ts';
import { nextExpiry } from './task/timers.ts';
import { isWatched, wakeAll } from './task/wait.ts';
import { awaitsSignals, describeWaiting, type Waiters } from './waiting.ts';

/** A machine as waiting sees it. */
type Idler = Waiters & { readonly clock: Clock };

/** Sleeps are left this much early, nanoseconds, for the host's timers are late; the rest is spent in short turns. */
const HOST_TIMER_SLACK = 2e6;
const NSEC_PER_MSEC = 1e6;

/** Waits for whatever comes first of the host's streams and signals; null: for as long as it takes. */
export const waitForHost = async (kernel: Idler, milliseconds: number | null): Promise<void> => {
  await kernel.host.wait(milliseconds);
  // In deterministic mode input comes when nobody can run, not when the host happens to have it.
  if (!kernel.clock.deterministic || kernel.runQueue.length === 0) wakeAll(kernel, kernel.hostWait);
};

/** Whether the world outside could wake someone: a stream of the host that someone waits for, or a signal. */
const mayBeWoken = (kernel: Idler, reportDeadlocks: boolean): boolean => {
  if (!kernel.host.mayWake()) return false;
  return !reportDeadlocks || isWatched(kernel.hostWait) || awaitsSignals(kernel);
};

/** Whether a stream of the host is still to become ready. Otherwise sleepers wait for a hang-up, which may never come. */
const hostHasMore = ({ host: { stdin, stdout, stderr } }: Kernel): boolean => {
  const input = !stdin.readable() && stdin.ended?.() !== true;
  return input || [stdout, stderr].some((stream) => !stream.writable() && stream.ended?.() !== true);
};

/** Lets time pass until a timer, or waits for the host. A deadlock when neither can help. */
export const idle = async (kernel: Idler, reportDeadlocks: boolean): Promise<RunEnd | null> => {
  const { clock, host, hostWait } = kernel;
  const expiry = nextExpiry(kernel.timers);
  const hasTimer = expiry !== Number.POSITIVE_INFINITY;
  // A pipe gives its bytes or its end some day, which a program's timeout in counted time shall not overtake.
  const forHost = isWatched(hostWait) && host.mayWake() && hostHasMore(kernel);
  if (hasTimer && clock.deterministic && !(forHost && !host.stdin.terminal)) {
    clock.offset += Math.max(0, expiry - kernel.now());
    return null;
  }
  if (!hasTimer && !mayBeWoken(kernel, reportDeadlocks)) return { kind: 'deadlock', waiting: describeWaiting(kernel) };
  const left = hasTimer && !clock.deterministic ? expiry - kernel.now() : Number.POSITIVE_INFINITY;
  if (left === Number.POSITIVE_INFINITY) await waitForHost(kernel, null);
  else await waitForHost(kernel, Math.max(0, Math.floor((left - HOST_TIMER_SLACK) / NSEC_PER_MSEC)));
  return null;
};
