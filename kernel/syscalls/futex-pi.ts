/** The commands of futex(2) with priority inheritance (kernel/futex/pi.c, requeue.c). */
import { ERRNO, RESTART } from '../abi/errno.ts';
import { FUTEX } from '../abi/process.ts';
import type { Kernel } from '../kernel.ts';
import { getUser32 } from '../mm/user.ts';
import {
  dropFutexQueue,
  type FutexSleep,
  type FutexWaiter,
  futexKey,
  MATCH_ANY,
  sleepOnFutexes,
} from '../process/futex.ts';
import { ACQUIRED, adjustOwner, adjustPriority, lockPiAtomic, unlockPi, wouldDeadlock } from '../process/futex-pi.ts';
import type { Task } from '../task/task.ts';

/** A word, and until when to wait for it on `Kernel.now`. */
interface Target {
  readonly address: number;
  readonly isPrivate: boolean;
  readonly deadline: number;
}

/** Whoever has the lock that the task sleeps for inherits its priority. */
const sleepFor = (kernel: Kernel, task: Task, waiter: FutexWaiter, deadline: number): number => {
  const result = sleepOnFutexes(kernel, task, { waiters: [waiter], deadline }, RESTART.ERESTARTNOINTR);
  adjustOwner(kernel, waiter.key);
  return result;
};

/** The task is among the sleepers no more, and its priority with those who have the lock. */
const giveUp = (kernel: Kernel, key: string): void => {
  const owner = kernel.futexes.get(key)?.pi?.owner;
  dropFutexQueue(kernel, key);
  if (owner !== undefined) adjustPriority(kernel, owner);
};

/** FUTEX_LOCK_PI, FUTEX_LOCK_PI2, FUTEX_TRYLOCK_PI (futex_lock_pi). A signal makes the call start again. */
export const futexLockPi = (kernel: Kernel, task: Task, target: Target, tryOnly: boolean): number => {
  const { address, isPrivate, deadline } = target;
  const earlier = task.wait?.data as FutexSleep | undefined;
  if (earlier !== undefined) {
    const [waiter] = earlier.waiters;
    giveUp(kernel, waiter!.key);
    if (waiter!.woken) return 0;
    if (task.wait!.timedOut) return -ERRNO.ETIMEDOUT;
    if (task.sigpending) return -RESTART.ERESTARTNOINTR;
  }
  const key = futexKey(kernel, task.mm, address, isPrivate);
  if (typeof key === 'number') return key;
  const locked = lockPiAtomic(kernel, task.mm, address, key, task, false);
  if (locked === ACQUIRED) return 0;
  const refusal = locked < 0 ? locked : tryOnly ? -ERRNO.EAGAIN : wouldDeadlock(kernel, task, key) ? -ERRNO.EDEADLK : 0;
  if (refusal !== 0 || kernel.now() >= deadline) {
    dropFutexQueue(kernel, key);
    return refusal !== 0 ? refusal : -ERRNO.ETIMEDOUT;
  }
  const waiter = { key, address, bitset: MATCH_ANY, woken: false, pi: true, requeueTo: null };
  return sleepFor(kernel, task, waiter, deadline);
};

export const futexUnlockPi = (kernel: Kernel, task: Task, address: number, isPrivate: boolean): number => {
  if ((getUser32(task.mm, address) & FUTEX.TID_MASK) !== task.pid) return -ERRNO.EPERM;
  const key = futexKey(kernel, task.mm, address, isPrivate);
  return typeof key === 'number' ? key : unlockPi(kernel, task, address, key);
};

/** What the sleep of FUTEX_WAIT_REQUEUE_PI came to. */
const afterRequeuePi = (kernel: Kernel, task: Task, waiter: FutexWaiter, deadline: number): number => {
  if (waiter.woken) return 0;
  if (task.wait!.timedOut) {
    giveUp(kernel, waiter.key);
    return -ERRNO.ETIMEDOUT;
  }
  if (task.sigpending) {
    giveUp(kernel, waiter.key);
    // Once it waits for the lock the call cannot begin again: the word it first slept on has changed.
    return waiter.pi ? -ERRNO.EAGAIN : -RESTART.ERESTARTNOINTR;
  }
  if (waiter.pi) return sleepFor(kernel, task, waiter, deadline);
  dropFutexQueue(kernel, waiter.key);
  return -ERRNO.EAGAIN;
};

/** FUTEX_WAIT_REQUEUE_PI: sleeps on one word, to come back with the lock of another (futex_wait_requeue_pi). */
export const futexWaitRequeuePi = (
  kernel: Kernel,
  task: Task,
  target: Target,
  value: number,
  address2: number,
): number => {
  const { address, isPrivate, deadline } = target;
  const earlier = task.wait?.data as FutexSleep | undefined;
  if (earlier !== undefined) return afterRequeuePi(kernel, task, earlier.waiters[0]!, deadline);
  if (address === address2) return -ERRNO.EINVAL;
  const lock = futexKey(kernel, task.mm, address2, isPrivate);
  if (typeof lock === 'number') return lock;
  const key = futexKey(kernel, task.mm, address, isPrivate);
  if (typeof key === 'number') return key;
  if (getUser32(task.mm, address) !== value) return -ERRNO.EAGAIN;
  if (key === lock) return -ERRNO.EINVAL;
  if (kernel.now() >= deadline) return -ERRNO.ETIMEDOUT;
  const requeueTo = { key: lock, address: address2 };
  return sleepFor(kernel, task, { key, address, bitset: MATCH_ANY, woken: false, pi: false, requeueTo }, deadline);
};
