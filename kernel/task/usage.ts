/** CPU time and other usage of tasks and processes. */
import { noUsage, type Task, type ThreadGroup, type Usage } from './task.ts';

/** What entering and leaving the kernel counts, in instructions: for time slices and the split of user and system time. */
export const TRAP_COST = 200;

export const addUsage = (to: Usage, from: Usage): void => {
  to.utime += from.utime;
  to.stime += from.stime;
  to.minflt += from.minflt;
  to.majflt += from.majflt;
  to.nvcsw += from.nvcsw;
  to.nivcsw += from.nivcsw;
  to.maxrss = Math.max(to.maxrss, from.maxrss);
};

/** Of all threads, dead and alive (thread_group_cputime). Times up to the last `Kernel.account`. */
export const groupUsage = (group: ThreadGroup): Usage => {
  const sum = noUsage();
  addUsage(sum, group.usage);
  for (const thread of group.threads) addUsage(sum, taskUsage(thread));
  return sum;
};

/** Of one thread, with the most memory its process ever had. */
export const taskUsage = (task: Task): Usage => {
  task.usage.maxrss = Math.max(task.usage.maxrss, task.mm.maxRss);
  return task.usage;
};
