/** System calls that a program keeps for itself: SIGSYS in their place (kernel/entry/syscall_user_dispatch.c). */

import { SIG } from '../abi/signal.ts';
import type { Kernel } from '../kernel.ts';
import { getUser8, UserFault } from '../mm/user.ts';
import { forceExitSig, forceSigUserDispatch } from '../signal/force.ts';
import type { Task } from '../task/task.ts';

/** What the switch in memory says (SYSCALL_DISPATCH_FILTER_*). */
const FILTER = { ALLOW: 0, BLOCK: 1 } as const;
const ADDRESSES = 2 ** 64;

/** Whether the call is not to be made: a signal is on its way. rax holds its number still. */
export const syscallUserDispatch = (kernel: Kernel, task: Task, number: number): boolean => {
  const { offset, length, selector, inside } = task.userDispatch!;
  const distance = kernel.cpu.state.rip - offset;
  if ((distance < 0 ? distance + ADDRESSES : distance) < length !== inside) return false;
  if (selector !== 0) {
    let filter: number;
    try {
      filter = getUser8(task.mm, selector);
    } catch (thrown) {
      if (!(thrown instanceof UserFault)) throw thrown;
      forceExitSig(kernel, task, SIG.SIGSEGV);
      return true;
    }
    if (filter === FILTER.ALLOW) return false;
    if (filter !== FILTER.BLOCK) {
      forceExitSig(kernel, task, SIG.SIGSYS);
      return true;
    }
  }
  forceSigUserDispatch(kernel, task, number);
  return true;
};
