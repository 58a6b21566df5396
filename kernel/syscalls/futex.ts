/** Futexes: futex(2), set_robust_list(2) (kernel/futex). Those with priority inheritance are `futex-pi.ts`. */
import { CAP } from '../abi/capability.ts';
import { ERRNO, RESTART } from '../abi/errno.ts';
import { FUTEX, ROBUST_LIST_HEAD } from '../abi/process.ts';
import { CLOCK, TIMESPEC } from '../abi/time.ts';
import type { Kernel } from '../kernel.ts';
import { getUser32, putUser32, putUserLong, readStruct } from '../mm/user.ts';
import {
  dropFutexQueue,
  type FutexSleep,
  futexKey,
  futexRequeue,
  futexWake,
  MATCH_ANY,
  sleepOnFutexes,
} from '../process/futex.ts';
import { requeuePi } from '../process/futex-pi.ts';
import { capable } from '../task/capability.ts';
import type { Task } from '../task/task.ts';
import { BLOCKED } from '../task/wait.ts';
import * as arg from './args.ts';
import { futexLockPi, futexUnlockPi, futexWaitRequeuePi } from './futex-pi.ts';
import { type SyscallRow, syscall } from './row.ts';
import { monotonicDeadline, timespecNanoseconds } from './timespec.ts';

interface FutexWait {
  address: number;
  isPrivate: boolean;
  value: number;
  bitset: number;
  /** On `Kernel.now`; Infinity for none. */
  deadline: number;
}

/** Sleeps while the word has the value (futex_wait). */
const futexWait = (kernel: Kernel, task: Task, wait: FutexWait): number => {
  const { address, isPrivate, value, bitset, deadline } = wait;
  const earlier = task.wait?.data as FutexSleep | undefined;
  if (earlier !== undefined) {
    const [waiter] = earlier.waiters;
    dropFutexQueue(kernel, waiter!.key);
    if (waiter!.woken) return 0;
    if (task.wait!.timedOut) return -ERRNO.ETIMEDOUT;
    // Someone else took the signal: look at the word again.
    if (task.sigpending) return interrupted(task, wait);
  }
  if (bitset === 0) return -ERRNO.EINVAL;
  const key = futexKey(kernel, task.mm, address, isPrivate);
  if (typeof key === 'number') return key;
  if (getUser32(task.mm, address) !== value) return -ERRNO.EAGAIN;
  if (kernel.now() >= deadline) return -ERRNO.ETIMEDOUT;
  const waiters = [{ key, address, bitset, woken: false, pi: false, requeueTo: null }];
  const result = sleepOnFutexes(kernel, task, { waiters, deadline });
  return result === BLOCKED ? result : interrupted(task, wait);
};

/** Without a timeout the call simply starts again; with one it goes on with the same deadline (futex_wait). */
const interrupted = (task: Task, wait: FutexWait): number => {
  if (wait.deadline === Number.POSITIVE_INFINITY) return -RESTART.ERESTARTSYS;
  task.restart = { kind: 'futex', ...wait };
  return -RESTART.ERESTART_RESTARTBLOCK;
};

export const restartFutex = (kernel: Kernel, task: Task, restart: FutexWait): number =>
  futexWait(kernel, task, restart);

/** Operation and comparison packed into FUTEX_WAKE_OP's last argument (futex_atomic_op_inuser). */
const wakeOp = (task: Task, address: number, encoded: number): boolean | number => {
  const signed12 = (value: number) => (value << 20) >> 20;
  const operand = signed12(encoded >>> 12);
  const comparand = signed12(encoded);
  const shifted = encoded & 0x80000000 ? 1 << (operand & 31) : operand;
  const old = getUser32(task.mm, address) | 0;
  let next: number;
  switch ((encoded >>> 28) & 7) {
    case 0:
      next = shifted;
      break;
    case 1:
      next = old + shifted;
      break;
    case 2:
      next = old | shifted;
      break;
    case 3:
      next = old & ~shifted;
      break;
    case 4:
      next = old ^ shifted;
      break;
    default:
      return -ERRNO.ENOSYS;
  }
  putUser32(task.mm, address, next >>> 0);
  switch ((encoded >>> 24) & 15) {
    case 0:
      return old === comparand;
    case 1:
      return old !== comparand;
    case 2:
      return old < comparand;
    case 3:
      return old <= comparand;
    case 4:
      return old > comparand;
    case 5:
      return old >= comparand;
    default:
      return -ERRNO.ENOSYS;
  }
};

/** FUTEX_WAKE_OP: changes one word and wakes sleepers of another, and its own if what it was compares. */
const futexWakeOp = (
  kernel: Kernel,
  task: Task,
  from: { readonly key: string; readonly count: number },
  to: { readonly key: string; readonly count: number; readonly address: number },
  encoded: number,
): number => {
  const holds = wakeOp(task, to.address, encoded);
  if (typeof holds === 'number') return holds;
  const woken = futexWake(kernel, from.key, from.count);
  if (woken < 0 || !holds) return woken;
  const more = futexWake(kernel, to.key, to.count);
  return more < 0 ? more : woken + more;
};

/** Commands whose fourth argument is a timeout (futex_cmd_has_timeout). */
const TIMED: ReadonlySet<number> = new Set([
  FUTEX.WAIT,
  FUTEX.WAIT_BITSET,
  FUTEX.LOCK_PI,
  FUTEX.LOCK_PI2,
  FUTEX.WAIT_REQUEUE_PI,
]);
/** Commands that know FUTEX_CLOCK_REALTIME. */
const CLOCKED: ReadonlySet<number> = new Set([FUTEX.WAIT_BITSET, FUTEX.WAIT_REQUEUE_PI, FUTEX.LOCK_PI2]);

/** When a wait ends; -1 for an invalid timeout. FUTEX_WAIT's is a span, all others' a point in time. */
const deadlineOf = (kernel: Kernel, task: Task, command: number, realtime: boolean, timeout: number): number => {
  if (!TIMED.has(command) || timeout === 0) return Number.POSITIVE_INFINITY;
  const kept = task.wait?.data as FutexSleep | undefined;
  if (kept !== undefined) return kept.deadline;
  const time = readStruct(task.mm, TIMESPEC, timeout);
  const span = timespecNanoseconds(time);
  if (span < 0) return -1;
  if (command === FUTEX.WAIT) return kernel.now() + span;
  const clock = realtime || command === FUTEX.LOCK_PI ? CLOCK.REALTIME : CLOCK.MONOTONIC;
  return monotonicDeadline(kernel, clock, time);
};

const futex = (
  kernel: Kernel,
  task: Task,
  address: number,
  operation: number,
  value: number,
  timeout: number,
  address2: number,
  value3: number,
): number => {
  const command = operation & ~(FUTEX.PRIVATE_FLAG | FUTEX.CLOCK_REALTIME);
  const realtime = (operation & FUTEX.CLOCK_REALTIME) !== 0;
  const isPrivate = (operation & FUTEX.PRIVATE_FLAG) !== 0;
  const deadline = deadlineOf(kernel, task, command, realtime, timeout);
  if (deadline === -1) return -ERRNO.EINVAL;
  if (realtime && !CLOCKED.has(command)) return -ERRNO.ENOSYS;
  const word = value >>> 0;
  const mask = value3 >>> 0;
  const count2 = timeout | 0;
  switch (command) {
    case FUTEX.WAIT:
      return futexWait(kernel, task, { address, isPrivate, value: word, bitset: MATCH_ANY, deadline });
    case FUTEX.WAIT_BITSET:
      return futexWait(kernel, task, { address, isPrivate, value: word, bitset: mask, deadline });
    case FUTEX.LOCK_PI:
    case FUTEX.LOCK_PI2:
    case FUTEX.TRYLOCK_PI:
      return futexLockPi(kernel, task, { address, isPrivate, deadline }, command === FUTEX.TRYLOCK_PI);
    case FUTEX.UNLOCK_PI:
      return futexUnlockPi(kernel, task, address, isPrivate);
    case FUTEX.WAIT_REQUEUE_PI:
      return futexWaitRequeuePi(kernel, task, { address, isPrivate, deadline }, word, address2);
  }
  if (command === FUTEX.WAKE_BITSET && mask === 0) return -ERRNO.EINVAL;
  if (!KEYED.has(command)) return -ERRNO.ENOSYS;
  const requeue = command === FUTEX.REQUEUE || command === FUTEX.CMP_REQUEUE || command === FUTEX.CMP_REQUEUE_PI;
  if (requeue && (value < 0 || count2 < 0)) return -ERRNO.EINVAL;
  if (command === FUTEX.CMP_REQUEUE_PI && (address === address2 || value !== 1)) return -ERRNO.EINVAL;
  const key = futexKey(kernel, task.mm, address, isPrivate);
  if (typeof key === 'number') return key;
  if (command === FUTEX.WAKE) return futexWake(kernel, key, value);
  if (command === FUTEX.WAKE_BITSET) return futexWake(kernel, key, value, mask);
  const key2 = futexKey(kernel, task.mm, address2, isPrivate);
  if (typeof key2 === 'number') return key2;
  if (command === FUTEX.WAKE_OP) {
    const to = { key: key2, count: count2, address: address2 };
    return futexWakeOp(kernel, task, { key, count: value }, to, mask);
  }
  if (command === FUTEX.CMP_REQUEUE_PI && key === key2) return -ERRNO.EINVAL;
  if (command !== FUTEX.REQUEUE && getUser32(task.mm, address) !== mask) return -ERRNO.EAGAIN;
  return command === FUTEX.CMP_REQUEUE_PI
    ? requeuePi(kernel, task, key, { key: key2, address: address2 }, count2)
    : futexRequeue(kernel, key, key2, value, count2);
};

/** Commands that look for sleepers of a word. */
const KEYED: ReadonlySet<number> = new Set([
  FUTEX.WAKE,
  FUTEX.WAKE_BITSET,
  FUTEX.WAKE_OP,
  FUTEX.REQUEUE,
  FUTEX.CMP_REQUEUE,
  FUTEX.CMP_REQUEUE_PI,
]);

const setRobustList = (_kernel: Kernel, task: Task, head: number, length: number): number => {
  if (length !== ROBUST_LIST_HEAD.size) return -ERRNO.EINVAL;
  task.robustList = head;
  return 0;
};

const getRobustList = (kernel: Kernel, task: Task, pid: number, head: number, length: number): number => {
  const target = pid === 0 ? task : kernel.tasks.get(pid);
  if (target === undefined) return -ERRNO.ESRCH;
  if (!capable(task.cred, CAP.SYS_PTRACE) && task.cred.uid !== target.cred.uid) return -ERRNO.EPERM;
  putUserLong(task.mm, length, ROBUST_LIST_HEAD.size);
  putUserLong(task.mm, head, target.robustList);
  return 0;
};

export const futexSyscalls: readonly SyscallRow[] = [
  syscall(
    202,
    'futex',
    [
      ['uaddr', arg.pointer],
      ['op', arg.futexOp],
      ['val', arg.futexInt],
      ['timeout', arg.futexTimeout],
      ['uaddr2', arg.futexArg],
      ['val3', arg.futexInt],
    ],
    futex,
  ),
  syscall(
    273,
    'set_robust_list',
    [
      ['head', arg.pointer],
      ['len', arg.size],
    ],
    setRobustList,
  ),
  syscall(
    274,
    'get_robust_list',
    [
      ['pid', arg.pid],
      ['head_ptr', arg.outPointer],
      ['len_ptr', arg.outPointer],
    ],
    getRobustList,
  ),
];
