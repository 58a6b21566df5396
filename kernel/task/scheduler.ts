/**
 * Which tasks run: the queue of runnable ones, falling asleep and waking up.
 *
 * Invariant: a task whose state is `running` is in `kernel.runQueue` exactly once, or is the one that executes now.
 */
import type { Kernel } from '../kernel.ts';
import type { Task } from './task.ts';
import { addTimer, cancelSleep } from './timers.ts';
import { leaveQueues } from './wait.ts';

/** Puts a task that slept, was stopped or is new at the end of the queue. */
export const makeRunnable = (kernel: Kernel, task: Task): void => {
  task.state = 'running';
  kernel.runQueue.push(task);
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
