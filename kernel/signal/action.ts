/** What a process does about each signal (kernel/signal.c, do_sigaction). */
import { ERRNO } from '../abi/errno.ts';
import { NSIG, SIG_DFL, SIG_IGN, UAPI_SA_FLAGS } from '../abi/signal.ts';
import { inSet, KERNEL_ONLY, NO_SIGNALS, type SigSet, setOf, without } from '../abi/sigset.ts';
import type { SigAction, SigHand, Task } from '../task/task.ts';
import { waitQueue } from '../task/wait.ts';
import { flushSignals } from './pending.ts';
import { handlerIgnores } from './send.ts';

const defaultAction = (): SigAction => ({
  handler: SIG_DFL,
  flags: 0,
  restorer: 0,
  mask: NO_SIGNALS,
  immutable: false,
});

/** All signals at their default. */
export const newSigHand = (): SigHand => ({
  action: Array.from({ length: NSIG + 1 }, defaultAction),
  signalfd: waitQueue(),
});

export const copySigHand = (from: SigHand): SigHand => ({
  action: from.action.map((action) => ({ ...action })),
  signalfd: waitQueue(),
});

/** execve, and CLONE_CLEAR_SIGHAND: caught signals become default, ignored ones stay ignored (flush_signal_handlers). */
export const flushCaughtHandlers = (hand: SigHand): void => {
  for (const action of hand.action) {
    if (action.handler !== SIG_IGN) action.handler = SIG_DFL;
    action.flags = 0;
    action.restorer = 0;
    action.mask = NO_SIGNALS;
  }
};

/** 0, or -EINVAL when the signal does not exist or may not be changed. `change` null only asks. */
export const checkSigaction = (task: Task, signo: number, change: boolean): number => {
  if (signo < 1 || signo > NSIG || (change && inSet(KERNEL_ONLY, signo))) return -ERRNO.EINVAL;
  return task.sighand.action[signo]!.immutable ? -ERRNO.EINVAL : 0;
};

/** Sets an action that `checkSigaction` allowed. Unknown flags vanish; a signal that is ignored now is no longer pending. */
export const setSigaction = (
  task: Task,
  signo: number,
  handler: number,
  flags: number,
  restorer: number,
  mask: SigSet,
): void => {
  const action = task.sighand.action[signo]!;
  action.handler = handler;
  // The upper half of the 64-bit flags has no flag in it; `&` drops it.
  action.flags = (flags & UAPI_SA_FLAGS) >>> 0;
  action.restorer = restorer;
  action.mask = without(mask, KERNEL_ONLY);
  if (handlerIgnores(handler, signo)) {
    const signals = setOf(signo);
    flushSignals(task.mm.kernel, task.group.sharedPending, signals);
    for (const thread of task.group.threads) flushSignals(task.mm.kernel, thread.pending, signals);
  }
};
