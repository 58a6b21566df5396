/** System V semaphores: sets, operations and the order in which sleepers go on (ipc/sem.c; semop(2)). */
import { ERRNO } from '../abi/errno.ts';
import { IPC, SEM_UNDO, SEMVMX } from '../abi/ipc.ts';
import type { Kernel } from '../kernel.ts';
import type { Task } from '../task/task.ts';
import { addIpcObject, type IpcObject, ipcGet, newIpcObject, nowSeconds, removeIpcObject } from './ids.ts';
import type { SemUndo } from './undo.ts';

/** struct sem. Sleepers with one operation wait here, unless the set has complex ones. */
export interface Semaphore {
  value: number;
  /** Process that changed it last. */
  pid: number;
  otime: number;
  pendingAlter: SemSleep[];
  pendingZero: SemSleep[];
}

/** struct sem_array. */
export interface SemaphoreSet extends IpcObject {
  semaphores: Semaphore[];
  ctime: number;
  /** Sleepers with several operations, and while there are any, those with one that alters too. */
  pendingAlter: SemSleep[];
  pendingZero: SemSleep[];
  /** How many sleepers have several operations. */
  complex: number;
  undos: SemUndo[];
}

/** One operation of semop(2). */
export interface SemOperation {
  number: number;
  change: number;
  flags: number;
}

/** struct sem_queue: a call in progress, and in `wait.data` of its sleeper. */
export interface SemSleep {
  set: SemaphoreSet;
  task: Task;
  operations: SemOperation[];
  alters: boolean;
  undo: SemUndo | null;
  pid: number;
  /** The operation that could not proceed when last tried. */
  blocking: SemOperation;
  /** How the call ended, 0 or -errno; null while it sleeps. */
  status: number | null;
  /** Monotonic nanoseconds at which it ends anyway. */
  deadline: number;
}

/** The operations cannot be done now, and the sleeper may wait. */
const WAIT = 1;

const usedSemaphores = (kernel: Kernel): number => {
  let used = 0;
  for (const set of kernel.ipc.sem.slots.values()) used += set.semaphores.length;
  return used;
};

export const semget = (kernel: Kernel, task: Task, key: number, count: number, flags: number): number => {
  const { sem } = kernel.ipc;
  const limits = kernel.ipc.limits.sem;
  if (count < 0 || count > limits.msl) return -ERRNO.EINVAL;
  const create = () => {
    if (count === 0) return -ERRNO.EINVAL;
    if (sem.slots.size >= limits.mni || usedSemaphores(kernel) + count > limits.mns) return -ERRNO.ENOSPC;
    return addIpcObject<SemaphoreSet>(sem, {
      ...newIpcObject(task, key, flags),
      semaphores: Array.from({ length: count }, () => ({
        ...{ value: 0, pid: 0, otime: 0 },
        ...{ pendingAlter: [], pendingZero: [] },
      })),
      ctime: nowSeconds(kernel),
      pendingAlter: [],
      pendingZero: [],
      complex: 0,
      undos: [],
    });
  };
  return ipcGet(sem, task, key, flags, create, (set) => count <= set.semaphores.length);
};

/** The set is gone: sleepers get -EIDRM, undo entries are forgotten (freeary). */
export const removeSet = (kernel: Kernel, set: SemaphoreSet): void => {
  removeIpcObject(kernel.ipc.sem, set);
  for (const undo of set.undos) undo.set = null;
  set.undos = [];
  for (const sleep of allSleepers(set)) finish(kernel, sleep, -ERRNO.EIDRM);
};

const allSleepers = (set: SemaphoreSet): SemSleep[] => [
  ...set.pendingZero,
  ...set.pendingAlter,
  ...set.semaphores.flatMap(({ pendingZero, pendingAlter }) => [...pendingZero, ...pendingAlter]),
];

/**
 * Does all operations or none: 0, `WAIT`, or -errno. Of those done, values, adjustments and pids are stored
 * (perform_atomic_semop_slow).
 */
const perform = (sleep: SemSleep): number => {
  const { set, operations, undo } = sleep;
  let done = 0;
  let error = 0;
  for (; done < operations.length; done++) {
    const operation = operations[done]!;
    const { number, change, flags } = operation;
    const semaphore = set.semaphores[number]!;
    const result = semaphore.value + change;
    if ((change === 0 && semaphore.value !== 0) || result < 0) {
      sleep.blocking = operation;
      error = flags & IPC.NOWAIT ? -ERRNO.EAGAIN : WAIT;
      break;
    }
    if (result > SEMVMX) {
      error = -ERRNO.ERANGE;
      break;
    }
    if (flags & SEM_UNDO) {
      const adjustment = undo!.adjustments[number]! - change;
      if (adjustment < -SEMVMX - 1 || adjustment > SEMVMX) {
        error = -ERRNO.ERANGE;
        break;
      }
      undo!.adjustments[number] = adjustment;
    }
    semaphore.value = result;
  }
  if (error === 0) {
    for (const { number } of operations) set.semaphores[number]!.pid = sleep.pid;
    return 0;
  }
  while (done-- > 0) {
    const { number, change, flags } = operations[done]!;
    set.semaphores[number]!.value -= change;
    if (flags & SEM_UNDO) undo!.adjustments[number]! += change;
  }
  return error;
};

/**
 * Tries a new call: 0 or -errno, or null when it has to sleep and was put among the sleepers. `sleep.blocking` need not be
 * meaningful yet.
 */
export const trySemop = (kernel: Kernel, sleep: SemSleep): number | null => {
  const error = perform(sleep);
  if (error === 0) {
    if (sleep.alters) updateQueues(kernel, sleep.set, sleep.operations, true);
    else stampOtime(kernel, sleep.set, sleep.operations);
    return 0;
  }
  if (error !== WAIT) return error;
  enqueue(sleep);
  return null;
};

const enqueue = (sleep: SemSleep): void => {
  const { set, operations, alters } = sleep;
  if (operations.length > 1) {
    if (set.complex === 0) mergeQueues(set);
    set.complex++;
    (alters ? set.pendingAlter : set.pendingZero).push(sleep);
    return;
  }
  const semaphore = set.semaphores[operations[0]!.number]!;
  if (!alters) semaphore.pendingZero.push(sleep);
  else if (set.complex > 0) set.pendingAlter.push(sleep);
  else semaphore.pendingAlter.push(sleep);
};

/** Operations that alter wait in one queue as long as there are complex ones, for the order between them (merge_queues). */
const mergeQueues = (set: SemaphoreSet): void => {
  for (const semaphore of set.semaphores) {
    if (semaphore.pendingAlter.length === 0) continue;
    set.pendingAlter.unshift(...semaphore.pendingAlter);
    semaphore.pendingAlter = [];
  }
};

/** The last complex one is gone: back to a queue each (unmerge_queues). */
const unmergeQueues = (set: SemaphoreSet): void => {
  for (const sleep of set.pendingAlter) set.semaphores[sleep.operations[0]!.number]!.pendingAlter.push(sleep);
  set.pendingAlter = [];
};

const remove = (list: SemSleep[], sleep: SemSleep): boolean => {
  const at = list.indexOf(sleep);
  if (at >= 0) list.splice(at, 1);
  return at >= 0;
};

/** Takes a sleeper off its queue, because it goes on or gave up (unlink_queue). */
export const dequeue = (sleep: SemSleep): void => {
  const { set, operations, alters } = sleep;
  const semaphore = set.semaphores[operations[0]!.number]!;
  const found = alters
    ? remove(set.pendingAlter, sleep) || remove(semaphore.pendingAlter, sleep)
    : remove(set.pendingZero, sleep) || remove(semaphore.pendingZero, sleep);
  if (found && operations.length > 1) set.complex--;
};

const finish = (kernel: Kernel, sleep: SemSleep, status: number): void => {
  dequeue(sleep);
  sleep.status = status;
  kernel.wake(sleep.task);
};

/**
 * After values changed: lets sleepers go on. `operations` are those that changed them, or null when anything may have
 * (do_smart_update). `otime` says that it was a semop.
 */
export const updateQueues = (
  kernel: Kernel,
  set: SemaphoreSet,
  operations: readonly SemOperation[] | null,
  otime: boolean,
): void => {
  let completed = wakeZero(kernel, set, operations);
  if (set.pendingAlter.length > 0) {
    completed = updateQueue(kernel, set, -1) || completed;
  } else if (operations === null) {
    for (let number = 0; number < set.semaphores.length; number++) {
      completed = updateQueue(kernel, set, number) || completed;
    }
  } else {
    // Only an increment can let a sleeper with one operation go on.
    for (const { number, change } of operations) {
      if (change > 0) completed = updateQueue(kernel, set, number) || completed;
    }
  }
  if (set.complex === 0 && set.pendingAlter.length > 0) unmergeQueues(set);
  if (otime || completed) stampOtime(kernel, set, operations);
};

/** semotime is kept by semaphore and shown as the latest (set_semotime). */
const stampOtime = (kernel: Kernel, set: SemaphoreSet, operations: readonly SemOperation[] | null): void => {
  set.semaphores[operations?.[0]?.number ?? 0]!.otime = nowSeconds(kernel);
};

/** Those who wait for zero (do_smart_wakeup_zero, wake_const_ops). */
const wakeZero = (kernel: Kernel, set: SemaphoreSet, operations: readonly SemOperation[] | null): boolean => {
  let completed = false;
  let anyZero = false;
  const numbers = operations === null ? set.semaphores.keys() : operations.map(({ number }) => number);
  for (const number of numbers) {
    const semaphore = set.semaphores[number]!;
    if (semaphore.value !== 0) continue;
    anyZero = true;
    completed = retryAll(kernel, semaphore.pendingZero) || completed;
  }
  if (anyZero) completed = retryAll(kernel, set.pendingZero) || completed;
  return completed;
};

const retryAll = (kernel: Kernel, list: readonly SemSleep[]): boolean => {
  let completed = false;
  for (const sleep of list.slice()) {
    const error = perform(sleep);
    if (error > 0) continue;
    finish(kernel, sleep, error);
    if (error === 0) completed = true;
  }
  return completed;
};

/** Goes through the sleepers that alter, of one semaphore or (-1) of the set, in order of arrival (update_queue). */
const updateQueue = (kernel: Kernel, set: SemaphoreSet, number: number): boolean => {
  const semaphore = number < 0 ? null : set.semaphores[number]!;
  let completed = false;
  let index = 0;
  for (;;) {
    const sleep = (semaphore ?? set).pendingAlter[index];
    if (sleep === undefined || semaphore?.value === 0) return completed;
    const error = perform(sleep);
    if (error > 0) {
      index++;
      continue;
    }
    finish(kernel, sleep, error);
    if (error < 0) continue;
    completed = true;
    wakeZero(kernel, set, sleep.operations);
    // What one operation changed may be what an earlier complex one waits for (check_restart).
    if (set.pendingAlter.length > 0 || sleep.operations.length > 1) index = 0;
  }
};

/** How many sleep until the semaphore grows, or (`zero`) until it is zero (count_semcnt). */
export const sleepersOn = (set: SemaphoreSet, number: number, zero: boolean): number => {
  const { pendingAlter, pendingZero } = set.semaphores[number]!;
  const here = (sleep: SemSleep) => sleep.blocking.number === number && (sleep.blocking.change === 0) === zero;
  return [...pendingAlter, ...pendingZero, ...set.pendingAlter, ...set.pendingZero].filter(here).length;
};
