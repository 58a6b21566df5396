/** Process ids, and who belongs to a process group or session. */
import type { Kernel } from '../kernel.ts';
import type { Task } from './task.ts';

/** Ids go up to here and then start again after the reserved ones (PID_MAX_LIMIT, RESERVED_PIDS). */
export const PID_MAX = 4194304;
const RESERVED_PIDS = 300;

/** The id is a task's, a process group's or a session's. */
export const isPidInUse = (kernel: Kernel, pid: number): boolean => {
  if (kernel.tasks.has(pid)) return true;
  for (const task of kernel.tasks.values()) {
    if (task.group.pgid === pid || task.group.sid === pid) return true;
  }
  return false;
};

/** The next free id. */
export const allocPid = (kernel: Kernel): number => {
  do {
    kernel.lastPid++;
    if (kernel.lastPid >= PID_MAX) kernel.lastPid = RESERVED_PIDS;
  } while (isPidInUse(kernel, kernel.lastPid));
  return kernel.lastPid;
};

/** The leader of the process with this id, zombies included. */
export const findProcess = (kernel: Kernel, pid: number): Task | undefined => {
  const task = kernel.tasks.get(pid);
  return task !== undefined && task.group.leader === task ? task : undefined;
};

/** Leaders of all processes, oldest first. */
export function* processes(kernel: Kernel): Generator<Task> {
  for (const task of kernel.tasks.values()) if (task.group.leader === task) yield task;
}

/** Leaders of the processes in a process group. */
export const processGroup = (kernel: Kernel, pgid: number): Task[] => {
  const members: Task[] = [];
  for (const task of kernel.tasks.values()) {
    if (task.group.leader === task && task.group.pgid === pgid) members.push(task);
  }
  return members;
};

const isZombie = (task: Task): boolean => task.state === 'zombie' || task.state === 'dead';

/** Nobody in the group has a parent outside of it in the same session (will_become_orphaned_pgrp). */
export const willBecomeOrphaned = (kernel: Kernel, pgid: number, ignored: Task | null): boolean => {
  for (const member of processGroup(kernel, pgid)) {
    const { parent } = member;
    if (member === ignored || isZombie(member) || parent === null || parent === kernel.init) continue;
    if (parent.group.pgid !== pgid && parent.group.sid === member.group.sid) return false;
  }
  return true;
};

/** is_current_pgrp_orphaned. */
export const isOrphaned = (kernel: Kernel, pgid: number): boolean => willBecomeOrphaned(kernel, pgid, null);

/** A process of the group is stopped (has_stopped_jobs). */
export const hasStoppedJobs = (kernel: Kernel, pgid: number): boolean =>
  processGroup(kernel, pgid).some((member) => member.group.stopped);
