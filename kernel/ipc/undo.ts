/** SEM_UNDO: what a process's semaphore operations will be corrected by at its end (ipc/sem.c, sem_undo). */
import { SEMVMX } from '../abi/ipc.ts';
import type { Kernel } from '../kernel.ts';
import type { Task } from '../task/task.ts';
import { type SemaphoreSet, updateQueues } from './sem.ts';

/** struct sem_undo: the adjustments of one process (or of those that share) to one set. */
export interface SemUndo {
  /** Null when the set was removed. */
  set: SemaphoreSet | null;
  /** By semaphore. */
  adjustments: number[];
}

/** struct sem_undo_list: shared by tasks made with CLONE_SYSVSEM. */
export interface SemUndoList {
  users: number;
  /** Newest first, the order in which they are applied. */
  undos: SemUndo[];
}

/** The list which the child of clone(2) shares: made if the parent has none (copy_semundo). */
export const shareUndoList = (task: Task): SemUndoList => {
  task.sysvsem ??= { users: 1, undos: [] };
  task.sysvsem.users++;
  return task.sysvsem;
};

/** The task's entry for a set, made if need be (find_alloc_undo). */
export const undoFor = (task: Task, set: SemaphoreSet): SemUndo => {
  task.sysvsem ??= { users: 1, undos: [] };
  const list = task.sysvsem;
  const known = list.undos.find((undo) => undo.set === set);
  if (known !== undefined) return known;
  const undo: SemUndo = { set, adjustments: set.semaphores.map(() => 0) };
  list.undos = [undo, ...list.undos.filter((each) => each.set !== null)];
  set.undos.push(undo);
  return undo;
};

/** SETVAL and SETALL make what was to be undone void. */
export const clearAdjustments = (set: SemaphoreSet, number: number): void => {
  for (const undo of set.undos) undo.adjustments[number] = 0;
};

/** The task leaves the list; the last one has its adjustments made (exit_sem). */
export const exitSem = (kernel: Kernel, task: Task): void => {
  const list = task.sysvsem;
  task.sysvsem = null;
  if (list === null || --list.users > 0) return;
  for (const undo of list.undos) {
    const { set } = undo;
    if (set === null) continue;
    set.undos.splice(set.undos.indexOf(undo), 1);
    undo.adjustments.forEach((adjustment, number) => {
      if (adjustment === 0) return;
      const semaphore = set.semaphores[number]!;
      semaphore.value = Math.min(SEMVMX, Math.max(0, semaphore.value + adjustment));
      semaphore.pid = task.group.tgid;
    });
    updateQueues(kernel, set, null, true);
  }
};
