/** Futexes: futex(2), set_robust_list(2) (kernel/futex). */
import { ERRNO, RESTART } from '../abi/errno.ts';
import { FUTEX, ROBUST_LIST_HEAD } from '../abi/process.ts';
import { CLOCK, TIMESPEC } from '../abi/time.ts';
import type { Kernel } from '../kernel.ts';
import { getUser32, putUser32, putUserLong, readStruct } from '../mm/user.ts';
import { dropFutexQueue, type FutexSleep, futexKey, futexQueue, futexRequeue, futexWake } from '../process/futex.ts';
import type { Task } from '../task/task.ts';
import { BLOCKED, block } from '../task/wait.ts';
import * as arg from './args.ts';
import { type SyscallRow, syscall } from './row.ts';
import { monotonicDeadline, timespecNanoseconds } from './timespec.ts';

const ANY_BIT = 0xffffffff;

/** Sleeps while the word has the value. `data` is what the sleep keeps; null at the first try. */
const futexWait = (
  kernel: Kernel,
  task: Task,
  address: number,
  value: number,
  bitset: number,
  deadline: number,
): number => {
  const earlier = task.wait?.data as FutexSleep | undefined;
  if (earlier !== undefined) {
    dropFutexQueue(kernel, earlier.key);
    if (earlier.woken) return 0;
    if (task.wait!.timedOut) return -ERRNO.ETIMEDOUT;
    return interrupted(task, address, value, bitset, deadline);
  }
  if (bitset === 0) return -ERRNO.EINVAL;
  const key = futexKey(task.mm, address);
  if (getUser32(task.mm, address) !== value) return -ERRNO.EAGAIN;
  if (kernel.now() >= deadline) return -ERRNO.ETIMEDOUT;
  const data: FutexSleep = { key, bitset, woken: false, deadline };
  const result = block(kernel, task, { what: 'futex', queues: [futexQueue(kernel, key)], deadline, data });
  if (result === BLOCKED) return result;
  dropFutexQueue(kernel, key);
  return interrupted(task, address, value, bitset, deadline);
};

/** Without a timeout the call simply starts again; with one it goes on with the same deadline (futex_wait). */
const interrupted = (task: Task, address: number, value: number, bitset: number, deadline: number): number => {
  if (deadline === Number.POSITIVE_INFINITY) return -RESTART.ERESTARTSYS;
  task.restart = { kind: 'futex', address, value, deadline, bitset, flags: 0 };
  return -RESTART.ERESTART_RESTARTBLOCK;
};

export const restartFutex = (
  kernel: Kernel,
  task: Task,
  restart: { address: number; value: number; bitset: number; deadline: number },
): number => futexWait(kernel, task, restart.address, restart.value, restart.bitset, restart.deadline);

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

/** When a wait ends; -1 for an invalid timeout. FUTEX_WAIT's is a span, FUTEX_WAIT_BITSET's a point in time. */
const deadlineOf = (kernel: Kernel, task: Task, command: number, realtime: boolean, timeout: number): number => {
  if (timeout === 0) return Number.POSITIVE_INFINITY;
  const time = readStruct(task.mm, TIMESPEC, timeout);
  const span = timespecNanoseconds(time);
  if (span < 0) return -1;
  if (command === FUTEX.WAIT) return kernel.now() + span;
  return monotonicDeadline(kernel, realtime ? CLOCK.REALTIME : CLOCK.MONOTONIC, time);
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
  const word = value >>> 0;
  const mask = value3 >>> 0;
  if (address % 4 !== 0) return -ERRNO.EINVAL;
  switch (command) {
    case FUTEX.WAIT:
    case FUTEX.WAIT_BITSET: {
      const bitset = command === FUTEX.WAIT ? ANY_BIT : mask;
      const kept = task.wait?.data as FutexSleep | undefined;
      const deadline = kept?.deadline ?? deadlineOf(kernel, task, command, realtime, timeout);
      return deadline === -1 ? -ERRNO.EINVAL : futexWait(kernel, task, address, word, bitset, deadline);
    }
    case FUTEX.WAKE:
      return futexWake(kernel, task.mm, address, value);
    case FUTEX.WAKE_BITSET:
      return mask === 0 ? -ERRNO.EINVAL : futexWake(kernel, task.mm, address, value, mask);
    case FUTEX.REQUEUE:
    case FUTEX.CMP_REQUEUE: {
      const count2 = timeout | 0;
      if (value < 0 || count2 < 0 || address2 % 4 !== 0) return -ERRNO.EINVAL;
      const to = futexKey(task.mm, address2);
      const from = futexKey(task.mm, address);
      if (command === FUTEX.CMP_REQUEUE && getUser32(task.mm, address) !== mask) return -ERRNO.EAGAIN;
      const woken = futexWake(kernel, task.mm, address, value);
      const moved = futexRequeue(kernel, from, to, count2);
      return command === FUTEX.CMP_REQUEUE ? woken + moved : woken;
    }
    case FUTEX.WAKE_OP: {
      if (address2 % 4 !== 0) return -ERRNO.EINVAL;
      const holds = wakeOp(task, address2, mask);
      if (typeof holds === 'number') return holds;
      const woken = futexWake(kernel, task.mm, address, value);
      return woken + (holds ? futexWake(kernel, task.mm, address2, timeout | 0) : 0);
    }
    default:
      kernel.log(`futex: operation ${command} is not supported`);
      return -ERRNO.ENOSYS;
  }
};

const setRobustList = (_kernel: Kernel, task: Task, head: number, length: number): number => {
  if (length !== ROBUST_LIST_HEAD.size) return -ERRNO.EINVAL;
  task.robustList = head;
  return 0;
};

const getRobustList = (kernel: Kernel, task: Task, pid: number, head: number, length: number): number => {
  const target = pid === 0 ? task : kernel.tasks.get(pid);
  if (target === undefined) return -ERRNO.ESRCH;
  if (task.cred.euid !== 0 && task.cred.uid !== target.cred.uid) return -ERRNO.EPERM;
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
      ['timeout', arg.futexArg],
      ['uaddr2', arg.futexArg],
      ['val3', arg.futexInt],
    ],
    futex,
    'no priority inheritance',
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
