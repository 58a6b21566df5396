/** futex_waitv(2), futex_wait(2), futex_wake(2), futex_requeue(2) (kernel/futex/syscalls.c, waitwake.c). */
import { ERRNO, RESTART } from '../abi/errno.ts';
import { FUTEX_WAITV, FUTEX_WAITV_MAX, FUTEX2 } from '../abi/futex.ts';
import { CLOCK, TIMESPEC } from '../abi/time.ts';
import type { Kernel } from '../kernel.ts';
import { getUser32, readStruct } from '../mm/user.ts';
import {
  dropFutexQueue,
  type FutexSleep,
  type FutexWaiter,
  futexKey,
  futexRequeue,
  futexWake,
  MATCH_ANY,
  sleepOnFutexes,
} from '../process/futex.ts';
import type { Task } from '../task/task.ts';
import * as arg from './args.ts';
import { type SyscallRow, syscall } from './row.ts';
import { monotonicDeadline, timespecNanoseconds } from './timespec.ts';

const UINT_MAX = 0xffffffffn;
const KNOWN_FLAGS = FUTEX2.SIZE_MASK | FUTEX2.NUMA | FUTEX2.MPOL | FUTEX2.PRIVATE;

/** Words of 32 bits are all there is; a hint about the memory's node is refused. */
const flagsOk = (kernel: Kernel, flags: number): boolean => {
  if (flags & ~KNOWN_FLAGS || (flags & FUTEX2.SIZE_MASK) !== FUTEX2.SIZE_U32) return false;
  if ((flags & (FUTEX2.NUMA | FUTEX2.MPOL)) === 0) return true;
  kernel.log('futex: FUTEX2_NUMA and FUTEX2_MPOL are not supported');
  return false;
};

interface Wanted {
  readonly address: number;
  readonly isPrivate: boolean;
  readonly value: number;
  readonly bitset: number;
}

/** An element of futex_waitv's array, checked (futex_parse_waitv), or -errno. Throws `UserFault`. */
const parseWaitv = (kernel: Kernel, task: Task, address: number): Wanted | number => {
  const element = readStruct(task.mm, FUTEX_WAITV, address);
  if (element.__reserved !== 0 || !flagsOk(kernel, element.flags) || element.val > UINT_MAX) return -ERRNO.EINVAL;
  return {
    address: Number(element.uaddr),
    isPrivate: (element.flags & FUTEX2.PRIVATE) !== 0,
    value: Number(element.val),
    bitset: MATCH_ANY,
  };
};

/** Keys of all words, or -errno. */
const waitersOf = (kernel: Kernel, task: Task, wanted: readonly Wanted[]): FutexWaiter[] | number => {
  const waiters: FutexWaiter[] = [];
  for (const { address, isPrivate, bitset } of wanted) {
    const key = futexKey(kernel, task.mm, address, isPrivate);
    if (typeof key === 'number') return key;
    waiters.push({ key, address, bitset, woken: false, pi: false, requeueTo: null });
  }
  return waiters;
};

/** Sleeps until one of the words is woken; returns its index (futex_wait_multiple). */
const waitMultiple = (kernel: Kernel, task: Task, wanted: () => readonly Wanted[] | number, deadline: number) => {
  const earlier = task.wait?.data as FutexSleep | undefined;
  if (earlier !== undefined) {
    for (const { key } of earlier.waiters) dropFutexQueue(kernel, key);
    const woken = earlier.waiters.findLastIndex((waiter) => waiter.woken);
    if (woken >= 0) return woken;
    if (task.wait!.timedOut) return -ERRNO.ETIMEDOUT;
    if (task.sigpending) return -RESTART.ERESTARTSYS;
  }
  const words = wanted();
  if (typeof words === 'number') return words;
  const waiters = waitersOf(kernel, task, words);
  if (typeof waiters === 'number') return waiters;
  if (words.some(({ address, value }) => getUser32(task.mm, address) !== value)) return -ERRNO.EAGAIN;
  if (kernel.now() >= deadline) return -ERRNO.ETIMEDOUT;
  return sleepOnFutexes(kernel, task, { waiters, deadline });
};

/** A point in time on one of two clocks, on `Kernel.now`; -EINVAL (futex2_setup_timeout). Throws `UserFault`. */
const deadlineOf = (kernel: Kernel, task: Task, timeout: number, clock: number): number => {
  if (timeout === 0) return Number.POSITIVE_INFINITY;
  const kept = task.wait?.data as FutexSleep | undefined;
  if (kept !== undefined) return kept.deadline;
  if (clock !== CLOCK.REALTIME && clock !== CLOCK.MONOTONIC) return -ERRNO.EINVAL;
  const time = readStruct(task.mm, TIMESPEC, timeout);
  if (timespecNanoseconds(time) < 0) return -ERRNO.EINVAL;
  // A point before the machine's beginning is as good as its beginning.
  return Math.max(0, monotonicDeadline(kernel, clock, time));
};

const futexWaitv = (
  kernel: Kernel,
  task: Task,
  waiters: number,
  count: number,
  flags: number,
  timeout: number,
  clock: number,
): number => {
  if (flags !== 0 || count === 0 || count > FUTEX_WAITV_MAX || waiters === 0) return -ERRNO.EINVAL;
  const deadline = deadlineOf(kernel, task, timeout, clock);
  if (deadline < 0) return deadline;
  const wanted = (): Wanted[] | number => {
    const words: Wanted[] = [];
    for (let index = 0; index < count; index++) {
      const word = parseWaitv(kernel, task, waiters + index * FUTEX_WAITV.size);
      if (typeof word === 'number') return word;
      words.push(word);
    }
    return words;
  };
  return waitMultiple(kernel, task, wanted, deadline);
};

const futexWait2 = (
  kernel: Kernel,
  task: Task,
  address: number,
  value: number,
  mask: number,
  flags: number,
  timeout: number,
  clock: number,
): number => {
  if (!flagsOk(kernel, flags) || value > Number(UINT_MAX) || mask > Number(UINT_MAX)) return -ERRNO.EINVAL;
  const deadline = deadlineOf(kernel, task, timeout, clock);
  if (deadline < 0) return deadline;
  if (mask === 0) return -ERRNO.EINVAL;
  const word: Wanted = { address, isPrivate: (flags & FUTEX2.PRIVATE) !== 0, value, bitset: mask };
  return waitMultiple(kernel, task, () => [word], deadline);
};

const futexWake2 = (
  kernel: Kernel,
  task: Task,
  address: number,
  mask: number,
  count: number,
  flags: number,
): number => {
  if (!flagsOk(kernel, flags) || mask > Number(UINT_MAX) || mask === 0) return -ERRNO.EINVAL;
  const key = futexKey(kernel, task.mm, address, (flags & FUTEX2.PRIVATE) !== 0);
  if (typeof key === 'number') return key;
  // Unlike FUTEX_WAKE it takes 0 at its word (FLAGS_STRICT).
  return count === 0 ? 0 : futexWake(kernel, key, count, mask);
};

/** futex_requeue(2): both words come in an array of futex_waitv; the first is compared. */
const futexRequeue2 = (
  kernel: Kernel,
  task: Task,
  waiters: number,
  flags: number,
  wake: number,
  count: number,
): number => {
  if (flags !== 0 || waiters === 0) return -ERRNO.EINVAL;
  const from = parseWaitv(kernel, task, waiters);
  if (typeof from === 'number') return from;
  const to = parseWaitv(kernel, task, waiters + FUTEX_WAITV.size);
  if (typeof to === 'number') return to;
  if (wake < 0 || count < 0) return -ERRNO.EINVAL;
  const keys = waitersOf(kernel, task, [from, to]);
  if (typeof keys === 'number') return keys;
  if (getUser32(task.mm, from.address) !== from.value) return -ERRNO.EAGAIN;
  return futexRequeue(kernel, keys[0]!.key, keys[1]!.key, wake, count);
};

export const futex2Syscalls: readonly SyscallRow[] = [
  syscall(
    449,
    'futex_waitv',
    [
      ['waiters', arg.pointer],
      ['nr_futexes', arg.unsigned],
      ['flags', arg.hexUnsigned],
      ['timeout', arg.timespec],
      ['clockid', arg.clockId],
    ],
    futexWaitv,
    'no FUTEX2_NUMA',
  ),
  syscall(
    454,
    'futex_wake',
    [
      ['uaddr', arg.pointer],
      ['mask', arg.pointer],
      ['nr', arg.int],
      ['flags', arg.hexUnsigned],
    ],
    futexWake2,
    'no FUTEX2_NUMA',
  ),
  syscall(
    455,
    'futex_wait',
    [
      ['uaddr', arg.pointer],
      ['val', arg.pointer],
      ['mask', arg.pointer],
      ['flags', arg.hexUnsigned],
      ['timeout', arg.timespec],
      ['clockid', arg.clockId],
    ],
    futexWait2,
    'no FUTEX2_NUMA',
  ),
  syscall(
    456,
    'futex_requeue',
    [
      ['waiters', arg.pointer],
      ['flags', arg.hexUnsigned],
      ['nr_wake', arg.int],
      ['nr_requeue', arg.int],
    ],
    futexRequeue2,
    'no FUTEX2_NUMA',
  ),
];
