/**
 * Futexes with priority inheritance: locks that the kernel hands from owner to owner (kernel/futex/pi.c, kernel/locking/rtmutex.c).
 *
 * Invariant: `queue.pi` is there exactly while someone sleeps on the word for the lock, and in `piStates` of its owner, who
 * inherits the priority of the first of them.
 */
import { ERRNO } from '../abi/errno.ts';
import { FUTEX } from '../abi/process.ts';
import type { Kernel } from '../kernel.ts';
import type { Mm } from '../mm/mm.ts';
import { getUser32, putUser32, UserFault } from '../mm/user.ts';
import { PRIO, placeByPriority, updatePriority } from '../task/priority.ts';
import type { Task } from '../task/task.ts';
import {
  dropFutexQueue,
  FUTEX_WAIT_WHAT,
  type FutexQueue,
  futexQueue,
  type PiState,
  requeueFutex,
  sleepOf,
  waiterOn,
} from './futex.ts';

/** The lock is the task's now. */
export const ACQUIRED = 1;

/** The state is what the word says, as far as that can be (attach_to_pi_state). 0 or -EINVAL. */
const checkState = (queue: FutexQueue, word: number): number => {
  if (queue.pi === null) return -ERRNO.EINVAL;
  const tid = word & FUTEX.TID_MASK;
  if (word & FUTEX.OWNER_DIED && tid === 0) return 0;
  return tid === queue.pi.owner.pid ? 0 : -ERRNO.EINVAL;
};

const newPiState = (kernel: Kernel, key: string, owner: Task): void => {
  const state: PiState = { key, owner };
  futexQueue(kernel, key).pi = state;
  owner.piStates.push(state);
};

/**
 * Tries to get the lock for `task` (futex_lock_pi_atomic): `ACQUIRED`; 0 if it has to wait, with the state made; or -errno.
 * `contended` sets FUTEX_WAITERS even if it is free. Throws `UserFault`.
 */
export const lockPiAtomic = (
  kernel: Kernel,
  mm: Mm,
  address: number,
  key: string,
  task: Task,
  contended: boolean,
): number => {
  const word = getUser32(mm, address);
  const tid = word & FUTEX.TID_MASK;
  if (tid === task.pid) return -ERRNO.EDEADLK;
  const queue = kernel.futexes.get(key);
  if (queue !== undefined && queue.waiters.length > 0) return checkState(queue, word);
  if (tid === 0) {
    putUser32(mm, address, ((word & FUTEX.OWNER_DIED) | task.pid | (contended ? FUTEX.WAITERS : 0)) >>> 0);
    if (contended) newPiState(kernel, key, task);
    return ACQUIRED;
  }
  putUser32(mm, address, (word | FUTEX.WAITERS) >>> 0);
  const owner = kernel.tasks.get(tid);
  if (owner === undefined || owner.exiting) return -ERRNO.ESRCH;
  newPiState(kernel, key, owner);
  return 0;
};

/** The lock that a task sleeps for. */
const blockedOn = (kernel: Kernel, task: Task): PiState | null => {
  if (task.state !== 'sleeping' || task.wait?.what !== FUTEX_WAIT_WHAT) return null;
  const waiter = sleepOf(task).waiters.find(({ pi, woken }) => pi && !woken);
  return waiter === undefined ? null : (kernel.futexes.get(waiter.key)?.pi ?? null);
};

/** Whoever has the lock waits, at the end of a chain, for one of the task's own (rt_mutex_adjust_prio_chain). */
export const wouldDeadlock = (kernel: Kernel, task: Task, key: string): boolean => {
  let state = kernel.futexes.get(key)?.pi ?? null;
  for (let depth = 0; state !== null && depth < kernel.limits.maxTasks; depth++) {
    if (state.owner === task) return true;
    state = blockedOn(kernel, state.owner);
  }
  return false;
};

/**
 * Who waits for the task's locks changed: it inherits the best of their priorities, and so does, if that is another one, whoever
 * has the lock that it waits for itself (rt_mutex_adjust_prio_chain).
 */
export const adjustPriority = (kernel: Kernel, task: Task): void => {
  const waiting = task.piStates.map(({ key }) => kernel.futexes.get(key)!.waiters[0]?.prio ?? PRIO.NONE);
  task.inheritedPrio = Math.min(PRIO.NONE, ...waiting);
  priorityChanged(kernel, task);
};

/** The task's own priority, or what it inherits, may be another one (rt_mutex_adjust_pi). */
export const priorityChanged = (kernel: Kernel, task: Task): void => {
  if (!updatePriority(kernel, task)) return;
  const state = blockedOn(kernel, task);
  if (state === null) return;
  placeByPriority(kernel.futexes.get(state.key)!.waiters, task);
  adjustPriority(kernel, state.owner);
};

/** The same for whoever has the lock of a word. */
export const adjustOwner = (kernel: Kernel, key: string): void => {
  const owner = kernel.futexes.get(key)?.pi?.owner;
  if (owner !== undefined) adjustPriority(kernel, owner);
};

/** The first sleeper becomes the owner, and runs; the word is already, or gets, its. */
const handOver = (kernel: Kernel, queue: FutexQueue, state: PiState): Task => {
  const next = queue.waiters[0]!;
  const { owner } = state;
  owner.piStates.splice(owner.piStates.indexOf(state), 1);
  state.owner = next;
  next.piStates.push(state);
  waiterOn(next, state.key).woken = true;
  kernel.wake(next);
  adjustPriority(kernel, owner);
  adjustPriority(kernel, next);
  return next;
};

/** FUTEX_UNLOCK_PI by the current task, to which the word says the lock belongs. 0 or -errno. Throws `UserFault`. */
export const unlockPi = (kernel: Kernel, task: Task, address: number, key: string): number => {
  const queue = kernel.futexes.get(key);
  if (queue === undefined || queue.waiters.length === 0) {
    putUser32(task.mm, address, 0);
    return 0;
  }
  const { pi } = queue;
  if (pi === null || pi.owner !== task) return -ERRNO.EINVAL;
  putUser32(task.mm, address, (FUTEX.WAITERS | queue.waiters[0]!.pid) >>> 0);
  handOver(kernel, queue, pi);
  dropFutexQueue(kernel, key);
  return 0;
};

/** The locks of a task that ends go to those who wait for them (exit_pi_state_list, fixup_pi_state_owner). */
export const exitPiStates = (kernel: Kernel, task: Task): void => {
  for (const state of task.piStates.slice()) {
    const queue = kernel.futexes.get(state.key)!;
    const next = queue.waiters[0]!;
    const { address } = waiterOn(next, state.key);
    handOver(kernel, queue, state);
    try {
      putUser32(next.mm, address, (FUTEX.OWNER_DIED | FUTEX.WAITERS | next.pid) >>> 0);
    } catch (thrown) {
      if (!(thrown instanceof UserFault)) throw thrown;
    }
    dropFutexQueue(kernel, state.key);
  }
};

/** The sleeper of FUTEX_WAIT_REQUEUE_PI has the lock, and its word is the lock's. */
const wakeWithLock = (kernel: Kernel, task: Task, from: string): void => {
  const waiter = waiterOn(task, from);
  waiter.pi = true;
  waiter.woken = true;
  kernel.wake(task);
};

/**
 * FUTEX_CMP_REQUEUE_PI: the first sleeper of a plain word gets the lock if it is free, up to `count` others sleep for it from
 * now on. Returns how many it was in all, or -errno. Throws `UserFault`.
 */
export const requeuePi = (
  kernel: Kernel,
  task: Task,
  from: string,
  lock: { readonly key: string; readonly address: number },
  count: number,
): number => {
  const sleepers = kernel.futexes.get(from)?.waiters.slice() ?? [];
  const [first] = sleepers;
  if (first === undefined) return 0;
  const { requeueTo, pi } = waiterOn(first, from);
  if (requeueTo === null || pi || requeueTo.key !== lock.key) return -ERRNO.EINVAL;
  let result = lockPiAtomic(kernel, task.mm, lock.address, lock.key, first, count > 0);
  if (result < 0) return result;
  let done = 0;
  if (result === ACQUIRED) {
    sleepers.shift();
    wakeWithLock(kernel, first, from);
    done++;
  }
  result = 0;
  for (const sleeper of sleepers) {
    if (done - 1 >= count) break;
    const waiter = waiterOn(sleeper, from);
    if (waiter.requeueTo === null || waiter.pi || waiter.requeueTo.key !== lock.key) {
      result = -ERRNO.EINVAL;
      break;
    }
    if (wouldDeadlock(kernel, sleeper, lock.key)) {
      result = -ERRNO.EDEADLK;
      break;
    }
    waiter.pi = true;
    waiter.address = waiter.requeueTo.address;
    requeueFutex(kernel, sleeper, from, lock.key);
    done++;
  }
  adjustOwner(kernel, lock.key);
  dropFutexQueue(kernel, from);
  dropFutexQueue(kernel, lock.key);
  return result !== 0 ? result : done;
};
