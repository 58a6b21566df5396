/**
 * Which tasks run: the queue of runnable ones, falling asleep and waking up.
 *
 * Invariant: a task whose state is `running` is in `kernel.runQueue` exactly once, or is the one that executes now, or used up
 * its time with SCHED_DEADLINE and has a timer to put it back.
 */
import type { Kernel } from '../kernel.ts';
import { refreshDeadline } from './deadline.ts';
import { enqueue, PRIO, preempts } from './priority.ts';
import type { Task } from './task.ts';
import { addTimer, cancelSleep } from './timers.ts';
import { leaveQueues } from './wait.ts';

/** Puts a task that slept, was stopped or is new into the queue: behind its equals, and it may interrupt who is less important. */
export const makeRunnable = (kernel: Kernel, task: Task): void => {
  task.state = 'running';
  if (task.prio >= PRIO.FAIR) {
    kernel.runQueue.push(task);
    return;
  }
  task.awakeSince = task.usage.utime + task.usage.stime;
  if (task.deadline !== null) {
    if (task.deadline.throttled) return;
    refreshDeadline(task.deadline, task.sched, kernel.now());
  }
  enqueue(kernel.runQueue, task);
  if (preempts(task, kernel.current)) kernel.needResched = true;
};

/** Marks the current task asleep as its `wait` says and arms the deadline. */
export const sleepTask = (kernel: Kernel, task: Task): void => {
  task.state = 'sleeping';
  const { wait } = task;
  if (wait !== null && wait.deadline !== Number.POSITIVE_INFINITY) {
    addTimer(kernel.timers, { kind: 'sleep', expires: wait.deadline, task, wait });
  }
};

/** Ends a sleep (try_to_wake_up). Tasks in other states are left alone. */
export const wakeTask = (kernel: Kernel, task: Task): void => {
  if (task.state !== 'sleeping') return;
  leaveQueues(task);
  if (task.wait !== null && task.wait.deadline !== Number.POSITIVE_INFINITY) cancelSleep(kernel.timers, task);
  makeRunnable(kernel, task);
};

/** Ends a stop of job control or for a tracer. */
export const wakeStopped = (kernel: Kernel, task: Task): void => {
  if (task.state !== 'stopped' && task.state !== 'traced') return;
  if (task.trace !== null) task.trace.stop = null;
  makeRunnable(kernel, task);
};
