/** The alternate signal stack (sigaltstack(2); kernel/signal.c, include/linux/sched/signal.h). */
import { ERRNO } from '../abi/errno.ts';
import { MINSIGSTKSZ, SS } from '../abi/signal.ts';
import type { AltStack, Task } from '../task/task.ts';

/** None: as after fork with a shared address space, and while SS_AUTODISARM holds it off. */
export const resetAltstack = (stack: AltStack): void => {
  stack.sp = 0;
  stack.size = 0;
  stack.flags = SS.DISABLE;
};

/** `sp` lies in the stack, its upper end included (__on_sig_stack). */
export const isInAltstack = (task: Task, sp: number): boolean =>
  sp > task.altstack.sp && sp - task.altstack.sp <= task.altstack.size;

/** The task runs on it; with SS_AUTODISARM one never does (on_sig_stack). */
export const onSigStack = (task: Task, sp: number): boolean =>
  (task.altstack.flags & SS.AUTODISARM) === 0 && isInAltstack(task, sp);

/** SS_DISABLE, SS_ONSTACK or 0 (sas_ss_flags). */
export const sasSsFlags = (task: Task, sp: number): number =>
  task.altstack.size === 0 ? SS.DISABLE : onSigStack(task, sp) ? SS.ONSTACK : 0;

/** What sigaltstack(2) reports as `ss_flags`. */
export const altstackFlags = (task: Task, sp: number): number =>
  (sasSsFlags(task, sp) | (task.altstack.flags & SS.AUTODISARM)) >>> 0;

/** Sets the alternate stack of a task whose stack pointer is `sp` (do_sigaltstack). 0 or -errno. */
export const setAltstack = (task: Task, sp: number, stack: number, flags: number, size: number): number => {
  if (onSigStack(task, sp)) return -ERRNO.EPERM;
  const mode = (flags & ~SS.AUTODISARM) >>> 0;
  if (mode !== SS.DISABLE && mode !== SS.ONSTACK && mode !== 0) return -ERRNO.EINVAL;
  const current = task.altstack;
  if (current.sp === stack && current.size === size && current.flags === flags >>> 0) return 0;
  if (mode === SS.DISABLE) {
    current.sp = 0;
    current.size = 0;
  } else {
    if (size < MINSIGSTKSZ) return -ERRNO.ENOMEM;
    current.sp = stack;
    current.size = size;
  }
  current.flags = flags >>> 0;
  return 0;
};
