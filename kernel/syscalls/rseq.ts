/** Restartable sequences and barriers between threads: rseq(2), membarrier(2) (kernel/rseq.c, kernel/sched/membarrier.c). */
import { ERRNO } from '../abi/errno.ts';
import {
  MEMBARRIER,
  MEMBARRIER_CMD_FLAG_CPU,
  ORIG_RSEQ_SIZE,
  RSEQ,
  RSEQ_CPU_ID_UNINITIALIZED,
  RSEQ_FEATURE_SIZE,
  RSEQ_FLAG_UNREGISTER,
} from '../abi/rseq.ts';
import type { Kernel } from '../kernel.ts';
import type { Mm } from '../mm/mm.ts';
import { accessOk, getUserLong, putUser32, putUser64 } from '../mm/user.ts';
import type { Task } from '../task/task.ts';
import * as arg from './args.ts';
import { type SyscallRow, syscall } from './row.ts';

/** `task.rseq` is the same area. 0, or -errno for any other than the registered one. */
const checkRegistered = (task: Task, address: number, length: number, signature: number): number => {
  const { rseq } = task;
  if (rseq === null || rseq.address !== address || rseq.length !== length) return -ERRNO.EINVAL;
  return rseq.signature === signature ? 0 : -ERRNO.EPERM;
};

const unregister = (task: Task, address: number, length: number, signature: number): number => {
  const error = checkRegistered(task, address, length, signature);
  if (error !== 0) return error;
  const put = (offset: number, value: number): void => putUser32(task.mm, address + offset, value);
  put(RSEQ.offsets.cpu_id_start, 0);
  put(RSEQ.offsets.cpu_id, RSEQ_CPU_ID_UNINITIALIZED);
  put(RSEQ.offsets.node_id, 0);
  put(RSEQ.offsets.mm_cid, 0);
  task.rseq = null;
  task.rseqEvent = false;
  return 0;
};

const rseq = (
  _kernel: Kernel,
  task: Task,
  address: number,
  length: number,
  flags: number,
  signature: number,
): number => {
  if (flags === RSEQ_FLAG_UNREGISTER) return unregister(task, address, length, signature);
  if (flags !== 0) return -ERRNO.EINVAL;
  if (task.rseq !== null) return checkRegistered(task, address, length, signature) || -ERRNO.EBUSY;
  if (length < ORIG_RSEQ_SIZE || length < RSEQ_FEATURE_SIZE || address % RSEQ.size !== 0) return -ERRNO.EINVAL;
  if (!accessOk(address, length)) return -ERRNO.EFAULT;
  const section = address + RSEQ.offsets.rseq_cs;
  if (getUserLong(task.mm, section) !== 0) putUser64(task.mm, section, 0n);
  task.rseq = { address, length, signature };
  // Its fields are filled on the way back.
  task.rseqEvent = true;
  return 0;
};

/** What each registration allows. */
const REGISTERS = new Map<number, number>([
  [MEMBARRIER.REGISTER_GLOBAL_EXPEDITED, MEMBARRIER.GLOBAL_EXPEDITED],
  [MEMBARRIER.REGISTER_PRIVATE_EXPEDITED, MEMBARRIER.PRIVATE_EXPEDITED],
  [MEMBARRIER.REGISTER_PRIVATE_EXPEDITED_SYNC_CORE, MEMBARRIER.PRIVATE_EXPEDITED_SYNC_CORE],
  [MEMBARRIER.REGISTER_PRIVATE_EXPEDITED_RSEQ, MEMBARRIER.PRIVATE_EXPEDITED_RSEQ],
]);
const ALL_COMMANDS = Object.values<number>(MEMBARRIER).reduce((all, command) => all | command, 0);

const register = (mm: Mm, command: number): number => {
  const { membarrier } = mm;
  const allowed = REGISTERS.get(command)!;
  if (membarrier.ready & allowed) return 0;
  membarrier.ready |= allowed;
  membarrier.registered |= command;
  // The other two ways of the private barrier are told of as the plain one too, which they do not allow.
  if (command > MEMBARRIER.REGISTER_PRIVATE_EXPEDITED) {
    membarrier.registered |= MEMBARRIER.REGISTER_PRIVATE_EXPEDITED;
  }
  return 0;
};

/** With one processor every barrier has happened already: other threads do not run, and leave their critical sections. */
const membarrier = (_kernel: Kernel, task: Task, command: number, flags: number, _cpu: number): number => {
  const flagsKnown = command === MEMBARRIER.PRIVATE_EXPEDITED_RSEQ ? MEMBARRIER_CMD_FLAG_CPU : 0;
  if (flags !== 0 && flags !== flagsKnown) return -ERRNO.EINVAL;
  const state = task.mm.membarrier;
  switch (command) {
    case MEMBARRIER.QUERY:
      return ALL_COMMANDS;
    case MEMBARRIER.GLOBAL:
    case MEMBARRIER.GLOBAL_EXPEDITED:
      return 0;
    case MEMBARRIER.PRIVATE_EXPEDITED:
    case MEMBARRIER.PRIVATE_EXPEDITED_SYNC_CORE:
    case MEMBARRIER.PRIVATE_EXPEDITED_RSEQ:
      return state.ready & command ? 0 : -ERRNO.EPERM;
    case MEMBARRIER.GET_REGISTRATIONS:
      return state.registered;
    default:
      return REGISTERS.has(command) ? register(task.mm, command) : -ERRNO.EINVAL;
  }
};

export const rseqSyscalls: readonly SyscallRow[] = [
  syscall(
    324,
    'membarrier',
    [
      ['cmd', arg.membarrierCommand],
      ['flags', arg.hexUnsigned],
      ['cpu_id', arg.int],
    ],
    membarrier,
  ),
  syscall(
    334,
    'rseq',
    [
      ['rseq', arg.pointer],
      ['rseq_len', arg.hexUnsigned],
      ['flags', arg.flags],
      ['sig', arg.hexUnsigned],
    ],
    rseq,
  ),
];
