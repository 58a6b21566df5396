/** The signal mask of a thread (kernel/signal.c). */
import { intersection, isEmpty, isWithin, KERNEL_ONLY, type SigSet, sameSet, without } from '../abi/sigset.ts';
import type { Kernel } from '../kernel.ts';
import type { Task } from '../task/task.ts';
import { recalcSigpending } from './pending.ts';
import { signalWakeUp } from './send.ts';

/** Signals of the process that this thread would have taken and now blocks go to others (retarget_shared_pending). */
export const retargetSharedPending = (kernel: Kernel, task: Task, nowBlocked: SigSet): void => {
  let left = intersection(task.group.sharedPending.signal, nowBlocked);
  for (const thread of task.group.threads) {
    if (isEmpty(left)) return;
    if (thread === task || thread.exiting || isWithin(left, thread.blocked)) continue;
    left = intersection(left, thread.blocked);
    if (!thread.sigpending) signalWakeUp(kernel, thread, false);
  }
};

/** Sets the mask of the current task as given, SIGKILL and SIGSTOP included (__set_current_blocked). */
export const setBlockedExactly = (kernel: Kernel, task: Task, set: SigSet): void => {
  if (sameSet(task.blocked, set)) return;
  if (task.sigpending && task.group.threads.length > 1) retargetSharedPending(kernel, task, without(set, task.blocked));
  const before = task.blocked;
  task.blocked = set;
  recalcSigpending(task);
  kernel.observers.maskChanged?.(task, before);
};

/** Sets the mask of the current task; SIGKILL and SIGSTOP stay open (set_current_blocked). */
export const setCurrentBlocked = (kernel: Kernel, task: Task, set: SigSet): void =>
  setBlockedExactly(kernel, task, without(set, KERNEL_ONLY));

/**
 * A mask for the length of a syscall: ppoll, pselect6, sigsuspend. The old one comes back on the way to user mode, or is
 * what the frame of a handler keeps (set_user_sigmask).
 */
export const setTemporaryMask = (kernel: Kernel, task: Task, set: SigSet): void => {
  task.savedSigmask = task.blocked;
  setCurrentBlocked(kernel, task, set);
};

/** The syscall ended by itself: its mask goes at once (restore_saved_sigmask_unless for no interruption). */
export const restoreSavedSigmask = (kernel: Kernel, task: Task): void => {
  if (task.savedSigmask === null) return;
  const saved = task.savedSigmask;
  task.savedSigmask = null;
  setBlockedExactly(kernel, task, saved);
};

/** What a handler's frame remembers as the mask to return to (sigmask_to_save). */
export const sigmaskToSave = (task: Task): SigSet => task.savedSigmask ?? task.blocked;
