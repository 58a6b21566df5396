/** SCHED_DEADLINE: a time by which each activation shall be served, and what it may use until then (kernel/sched/deadline.c). */
import type { SchedAttributes, Task } from './task.ts';

/** What a task with SCHED_DEADLINE has at the moment (struct sched_dl_entity). Nanoseconds. */
export interface DeadlineEntity {
  /** CPU time that it has left. */
  left: number;
  /** Its deadline, on `Kernel.now`; the earliest is served first. */
  until: number;
  /** It used up its time: it is not in the queue until a timer puts it there. */
  throttled: boolean;
}

export const newDeadline = ({ runtime, deadline }: SchedAttributes, now: number): DeadlineEntity => ({
  left: runtime,
  until: now + deadline,
  throttled: false,
});

/** It wakes: what is left holds if it is no more than its share of the time left (update_dl_entity). */
export const refreshDeadline = (entity: DeadlineEntity, { runtime, deadline }: SchedAttributes, now: number): void => {
  const time = entity.until - now;
  if (time > 0 && entity.left * deadline <= time * runtime) return;
  entity.until = now + deadline;
  entity.left = runtime;
};

/** When a task that used up its time gets more. */
export const nextPeriod = ({ sched, deadline }: Task): number => deadline!.until - sched.deadline + sched.period;

/** More time, for later deadlines (replenish_dl_entity). */
export const replenish = (
  entity: DeadlineEntity,
  { runtime, deadline, period }: SchedAttributes,
  now: number,
): void => {
  entity.throttled = false;
  while (entity.left <= 0) {
    entity.until += period;
    entity.left += runtime;
  }
  if (entity.until >= now) return;
  entity.until = now + deadline;
  entity.left = runtime;
};
