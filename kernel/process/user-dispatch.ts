/** Which system calls a program keeps for itself: prctl(PR_SET_SYSCALL_USER_DISPATCH) (kernel/entry/syscall_user_dispatch.c). */
import { USER_END } from '../../emulator/api.ts';
import { ERRNO } from '../abi/errno.ts';
import type { Task } from '../task/task.ts';

/** PR_SYS_DISPATCH_*. */
export const DISPATCH = { OFF: 0, EXCLUSIVE_ON: 1, INCLUSIVE_ON: 2 } as const;

const ADDRESSES = 2 ** 64;

/** task_set_syscall_user_dispatch: 0 or -errno. */
export const setUserDispatch = (task: Task, mode: number, offset: number, length: number, selector: number): number => {
  // Around the end, or none at all; an exclusive range at 0 may be empty.
  const wraps = length === 0 || offset + length >= ADDRESSES;
  switch (mode) {
    case DISPATCH.OFF:
      if (offset !== 0 || length !== 0 || selector !== 0) return -ERRNO.EINVAL;
      task.userDispatch = null;
      return 0;
    case DISPATCH.EXCLUSIVE_ON:
      if (offset !== 0 && wraps) return -ERRNO.EINVAL;
      break;
    case DISPATCH.INCLUSIVE_ON:
      if (wraps) return -ERRNO.EINVAL;
      break;
    default:
      return -ERRNO.EINVAL;
  }
  if (selector >= USER_END) return -ERRNO.EFAULT;
  task.userDispatch = { offset, length, selector, inside: mode === DISPATCH.INCLUSIVE_ON };
  return 0;
};

/** What a tracer is shown: an inclusive range as the exclusive one around it (syscall_user_dispatch_get_config). */
export const userDispatchConfig = (task: Task): { mode: bigint; selector: bigint; offset: bigint; len: bigint } => {
  const { userDispatch } = task;
  if (userDispatch === null) return { mode: BigInt(DISPATCH.OFF), selector: 0n, offset: 0n, len: 0n };
  const { offset, length, selector, inside } = userDispatch;
  const shown = inside
    ? { offset: BigInt(offset) + BigInt(length), len: BigInt.asUintN(64, -BigInt(length)) }
    : { offset: BigInt(offset), len: BigInt(length) };
  return { mode: BigInt(DISPATCH.EXCLUSIVE_ON), selector: BigInt(selector), ...shown };
};
