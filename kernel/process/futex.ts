/** Futex queues: who sleeps on which word of memory (kernel/futex/core.c, waitwake.c, requeue.c). */
import { USER_END } from '../../emulator/api.ts';
import { ERRNO } from '../abi/errno.ts';
import type { Kernel } from '../kernel.ts';
import type { Mm } from '../mm/mm.ts';
import { getUser8, UserFault } from '../mm/user.ts';
import { VM, type Vma, vmaAt } from '../mm/vma.ts';
import { PRIO, placeByPriority } from '../task/priority.ts';
import type { Task } from '../task/task.ts';
import { BLOCKED, block, leaveQueues, type WaitQueue, waitQueue } from '../task/wait.ts';

/** Every bit of a bitset (FUTEX_BITSET_MATCH_ANY). */
export const MATCH_ANY = 0xffffffff;

/** The lock of a word with priority inheritance, while someone waits for it (struct futex_pi_state). */
export interface PiState {
  readonly key: string;
  /** Who has the lock; in its `piStates`. */
  owner: Task;
}

/** Sleepers on one word, in order. */
export interface FutexQueue extends WaitQueue {
  /** Those who sleep here want this lock (LOCK_PI), or wait for its first owner; null for plain futexes. */
  pi: PiState | null;
}

/** One word that a task sleeps on (struct futex_q). */
export interface FutexWaiter {
  key: string;
  /** Where the word is in the sleeper's memory. */
  address: number;
  bitset: number;
  /** Set by the wake-up that took it off the queue; for a lock, it has been handed over. */
  woken: boolean;
  /** Waits for a lock. */
  pi: boolean;
  /** FUTEX_WAIT_REQUEUE_PI: the lock which a wake-up shall get it, and where that is in the sleeper's memory. */
  requeueTo: { key: string; address: number } | null;
}

/** What a sleeper keeps in `wait.data`. */
export interface FutexSleep {
  /** More than one for futex_waitv(2). */
  waiters: FutexWaiter[];
  deadline: number;
}

/** In the description of a sleep, `Wait.what`. */
export const FUTEX_WAIT_WHAT = 'futex';

const shared = (kernel: Kernel, vma: Vma, address: number): string => {
  const { mapping } = vma;
  const offset = vma.offset + address - vma.start;
  const inode = mapping?.inode ?? null;
  if (inode !== null) return `file ${inode.dev}:${inode.ino} ${offset}`;
  mapping!.futexId ??= ++kernel.memory.lastFutexId;
  return `memory ${mapping!.futexId} ${offset}`;
};

/**
 * What identifies the word (get_futex_key): with FUTEX_PRIVATE_FLAG address space and address, which need not even be mapped;
 * else the object behind a shared mapping and the place in it, or address space and address in private memory. The two
 * never meet on private memory. -EINVAL for an odd address; throws `UserFault`.
 */
export const futexKey = (kernel: Kernel, mm: Mm, address: number, isPrivate: boolean): string | number => {
  if ((address & 3) !== 0) return -ERRNO.EINVAL;
  if (address + 4 > USER_END) throw new UserFault(address);
  if (isPrivate) return `mm ${mm.pageTable.root} ${address}`;
  // Brings the page in.
  getUser8(mm, address);
  const vma = vmaAt(mm, address)!;
  if (vma.flags & VM.MAYSHARE) return shared(kernel, vma, address);
  // A private page that nobody may write is the file's as long as it was never written; anonymous ones are refused.
  if ((vma.flags & VM.WRITE) === 0) {
    if (vma.mapping === null) throw new UserFault(address);
    return shared(kernel, vma, address);
  }
  return `private ${mm.pageTable.root} ${address}`;
};

/** The queue of a word, made if need be. */
export const futexQueue = (kernel: Kernel, key: string): FutexQueue => {
  let queue = kernel.futexes.get(key);
  if (queue === undefined) {
    queue = { ...waitQueue(), pi: null };
    kernel.futexes.set(key, queue);
  }
  return queue;
};

/** A queue that nobody sleeps on is forgotten, and with it its lock. */
export const dropFutexQueue = (kernel: Kernel, key: string): void => {
  const queue = kernel.futexes.get(key);
  if (queue === undefined || queue.waiters.length > 0) return;
  if (queue.pi !== null) dropPiState(queue.pi);
  kernel.futexes.delete(key);
};

const dropPiState = (state: PiState): void => {
  const { piStates } = state.owner;
  piStates.splice(piStates.indexOf(state), 1);
};

export const sleepOf = (task: Task): FutexSleep => task.wait!.data as FutexSleep;

/** Puts the current task to sleep on words, before those who are less important; as `block`. */
export const sleepOnFutexes = (kernel: Kernel, task: Task, sleep: FutexSleep, restart?: number): number => {
  const queues = [...new Set(sleep.waiters.map(({ key }) => futexQueue(kernel, key)))];
  const options = { what: FUTEX_WAIT_WHAT, queues, deadline: sleep.deadline, data: sleep };
  const result = block(kernel, task, restart === undefined ? options : { ...options, restart });
  if (result !== BLOCKED) for (const { key } of sleep.waiters) dropFutexQueue(kernel, key);
  else if (task.prio < PRIO.FAIR) for (const { waiters } of queues) placeByPriority(waiters, task);
  return result;
};

/** The sleeper's entry for a queue it is in. */
export const waiterOn = (task: Task, key: string): FutexWaiter =>
  sleepOf(task).waiters.find((waiter) => waiter.key === key && !waiter.woken)!;

/** Takes a sleeper that is not going to look at its sleep again off all queues. */
export const abandonFutexes = (kernel: Kernel, task: Task): void => {
  if (task.wait?.what !== FUTEX_WAIT_WHAT) return;
  leaveQueues(task);
  for (const { key } of sleepOf(task).waiters) dropFutexQueue(kernel, key);
};

/**
 * Wakes sleepers which have a bit of `bitset`, first come first: `count` of them, at least one. Returns how many, or -EINVAL
 * where someone waits for a lock (futex_wake).
 */
export const futexWake = (kernel: Kernel, key: string, count: number, bitset = MATCH_ANY): number => {
  const queue = kernel.futexes.get(key);
  if (queue === undefined) return 0;
  let woken = 0;
  for (const task of queue.waiters.slice()) {
    const waiter = waiterOn(task, key);
    if (waiter.pi || waiter.requeueTo !== null) {
      woken = -ERRNO.EINVAL;
      break;
    }
    if ((waiter.bitset & bitset) === 0) continue;
    waiter.woken = true;
    kernel.wake(task);
    if (++woken >= count) break;
  }
  dropFutexQueue(kernel, key);
  return woken;
};

/** Puts a sleeper on another word's queue (requeue_futex). */
export const requeueFutex = (kernel: Kernel, task: Task, from: string, to: string): void => {
  const source = kernel.futexes.get(from)!;
  const target = futexQueue(kernel, to);
  const waiter = waiterOn(task, from);
  waiter.key = to;
  if (source === target) return;
  source.waiters.splice(source.waiters.indexOf(task), 1);
  target.waiters.push(task);
  if (task.prio < PRIO.FAIR) placeByPriority(target.waiters, task);
  task.wait!.queues = task.wait!.queues.map((queue) => (queue === source ? target : queue));
};

/**
 * Wakes up to `wake` sleepers of one word and moves up to `count` others to another word. Returns how many it was in all, or
 * -EINVAL where someone waits for a lock (futex_requeue).
 */
export const futexRequeue = (kernel: Kernel, from: string, to: string, wake: number, count: number): number => {
  let done = 0;
  let error = 0;
  for (const task of kernel.futexes.get(from)?.waiters.slice() ?? []) {
    if (done - wake >= count) break;
    const waiter = waiterOn(task, from);
    if (waiter.pi || waiter.requeueTo !== null) {
      error = -ERRNO.EINVAL;
      break;
    }
    if (++done <= wake) {
      waiter.woken = true;
      kernel.wake(task);
    } else {
      requeueFutex(kernel, task, from, to);
    }
  }
  dropFutexQueue(kernel, from);
  return error !== 0 ? error : done;
};

/** Wakes one sleeper on the kernel's own account: at the end of a thread. Throws `UserFault`. */
export const futexWakeShared = (kernel: Kernel, mm: Mm, address: number): void => {
  const key = futexKey(kernel, mm, address, false);
  if (typeof key === 'string') futexWake(kernel, key, 1);
};
