/** Priorities as the kernel counts them, less being more important (include/linux/sched/prio.h), and queues in their order. */
import { SCHED } from '../abi/sched.ts';
import type { Kernel } from '../kernel.ts';
import type { SchedAttributes, Task } from './task.ts';

/** Below `FAIR` a task is served before all others, from there on its turn comes. Nobody inherits from `NONE`. */
export const PRIO = { DEADLINE: -1, FAIR: 100, NICE_ZERO: 120, NONE: 140 } as const;
/** Highest priority of SCHED_FIFO and SCHED_RR. */
export const MAX_RT_PRIORITY = 99;

/** Served before all others until they sleep (rt_policy). */
export const isRealtime = (policy: number): boolean => policy === SCHED.FIFO || policy === SCHED.RR;

/** Of a task that asked for nothing. */
export const newSchedAttributes = (): SchedAttributes => ({
  policy: SCHED.OTHER,
  nice: 0,
  priority: 0,
  resetOnFork: false,
  runtime: 0,
  deadline: 0,
  period: 0,
  deadlineFlags: 0,
  ioprio: 0,
});

/** What a task has by its own attributes (normal_prio). */
export const normalPrio = ({ policy, nice, priority }: SchedAttributes): number => {
  if (policy === SCHED.DEADLINE) return PRIO.DEADLINE;
  return isRealtime(policy) ? MAX_RT_PRIORITY - priority : PRIO.NICE_ZERO + nice;
};

/** Where runnable tasks stand: all of the fair class alike. */
const rank = (prio: number): number => Math.min(prio, PRIO.FAIR);

/** Less than 0 if a task is more important than another: of those with deadlines, the earlier. Who inherits from one is first. */
const compare = (task: Task, other: Task): number =>
  rank(task.prio) - rank(other.prio) ||
  (task.prio < 0 ? (task.deadline?.until ?? 0) - (other.deadline?.until ?? 0) : 0);

/** Whether it has to run before another that is at work (wakeup_preempt). */
export const preempts = (task: Task, other: Task): boolean => compare(task, other) < 0;

/** Puts a task before the first that is less important; with `head` also before its equals. */
const insert = (queue: Task[], task: Task, head: boolean, by: (task: Task, other: Task) => number): void => {
  const at = queue.findIndex((other) => (head ? by(task, other) <= 0 : by(task, other) < 0));
  queue.splice(at < 0 ? queue.length : at, 0, task);
};

/** Puts a task into the queue of runnable ones, which has the more important first. */
export const enqueue = (queue: Task[], task: Task, head = false): void => {
  if (task.prio >= PRIO.FAIR && !head) queue.push(task);
  else insert(queue, task, head, compare);
};

/** Moves a sleeper to where its priority belongs: futexes are handed to the more important (plist_add). */
export const placeByPriority = (waiters: Task[], task: Task): void => {
  waiters.splice(waiters.indexOf(task), 1);
  insert(waiters, task, false, compare);
};

/** The same where nice values count too, as in queues of POSIX messages (wq_add). */
export const placeByNice = (waiters: Task[], task: Task): void => {
  waiters.splice(waiters.indexOf(task), 1);
  insert(waiters, task, false, (one, other) => one.prio - other.prio);
};

/**
 * A task's attributes, or what it inherits, changed: it takes its new place among the runnable, the first of its equals if it
 * fell (ENQUEUE_HEAD). Returns whether it is more or less important now.
 */
export const updatePriority = (kernel: Kernel, task: Task): boolean => {
  const old = task.prio;
  task.prio = Math.min(normalPrio(task.sched), task.inheritedPrio);
  // Nice values make no difference where tasks wait for each other.
  if (rank(task.prio) === rank(old)) return false;
  const { runQueue, current } = kernel;
  const at = runQueue.indexOf(task);
  if (at >= 0) {
    runQueue.splice(at, 1);
    enqueue(runQueue, task, task.prio > old);
  }
  const [first] = runQueue;
  if (first !== undefined && preempts(first, current)) kernel.needResched = true;
  return true;
};
