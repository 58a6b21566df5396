/** Which SCHED_DEADLINE parameters are accepted, and what happens when their time is used up (kernel/sched/deadline.c). */
import { SCHED, SCHED_FLAG } from '../abi/sched.ts';
import { SIG } from '../abi/signal.ts';
import type { Kernel } from '../kernel.ts';
import { kernelInfo, sendSignal } from '../signal/send.ts';
import { newDeadline, nextPeriod, replenish } from '../task/deadline.ts';
import { makeRunnable } from '../task/scheduler.ts';
import type { SchedAttributes, Task } from '../task/task.ts';
import { addTimer, cancelDeadline } from '../task/timers.ts';

/** Nanoseconds of CPU time below which nothing can be asked for (1 << DL_SCALE). */
const LEAST_RUNTIME = 1024n;
/** /proc/sys/kernel/sched_deadline_period_min_us and its counterpart, in nanoseconds. */
const LEAST_PERIOD = 100_000n;
const MOST_PERIOD = 4_194_304_000n;
const TOP_BIT = 1n << 63n;

/** What sched_setattr(2) was given, in 64 bits. */
export interface DeadlineWanted {
  runtime: bigint;
  deadline: bigint;
  /** 0 is that of `deadline`. */
  period: bigint;
}

/** __checkparam_dl. */
export const areDeadlineParams = ({ runtime, deadline, period }: DeadlineWanted): boolean => {
  if (deadline === 0n || runtime < LEAST_RUNTIME || ((deadline | period) & TOP_BIT) !== 0n) return false;
  const whole = period || deadline;
  return whole >= deadline && deadline >= runtime && whole >= LEAST_PERIOD && whole <= MOST_PERIOD;
};

/** Shares of the CPU that deadlines may take, of which the fair class has its own (sysctl_sched_rt_runtime, fair_server). */
const MOST_SHARE = 0.95;
const FAIR_SHARE = 0.05;

/** Whether there is CPU enough for the task's new parameters beside all others (sched_dl_overflow). */
export const fitsDeadline = (kernel: Kernel, target: Task, runtime: number, period: number): boolean => {
  let share = FAIR_SHARE + runtime / period;
  for (const task of kernel.tasks.values()) {
    const { policy, runtime, period } = task.sched;
    if (task !== target && !task.exiting && policy === SCHED.DEADLINE) share += runtime / period;
  }
  return share <= MOST_SHARE;
};

/** The task's policy is now another one, or its parameters. */
export const switchDeadline = (kernel: Kernel, task: Task, old: SchedAttributes): void => {
  const { deadline, sched } = task;
  if (sched.policy === SCHED.DEADLINE) {
    if (old.policy !== SCHED.DEADLINE) task.deadline = newDeadline(sched, kernel.now());
  } else if (deadline !== null) {
    cancelDeadline(kernel.timers, task);
    task.deadline = null;
    if (deadline.throttled) makeRunnable(kernel, task);
  }
};

/** After a task with a deadline ran: without time left it has to wait for its next period (dl_throttled). */
export const throttleDeadline = (kernel: Kernel, task: Task): void => {
  const { deadline } = task;
  const at = kernel.runQueue.indexOf(task);
  if (deadline === null || deadline.left > 0 || at < 0) return;
  if (!task.yielded && task.sched.deadlineFlags & SCHED_FLAG.DL_OVERRUN) {
    sendSignal(kernel, kernelInfo(SIG.SIGXCPU), task, false);
  }
  kernel.runQueue.splice(at, 1);
  deadline.throttled = true;
  addTimer(kernel.timers, { kind: 'deadline', expires: nextPeriod(task), task });
};

/** The timer of `throttleDeadline` went off (dl_task_timer). */
export const endThrottling = (kernel: Kernel, task: Task): void => {
  const { deadline } = task;
  if (deadline === null || !deadline.throttled) return;
  replenish(deadline, task.sched, kernel.now());
  makeRunnable(kernel, task);
};
