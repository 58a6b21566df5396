/**
 * Taking pending signals on the way to user mode (kernel/signal.c, get_signal): which one, and what its action is.
 */
import { SA, SIG, SIG_DFL, SIG_IGN } from '../abi/signal.ts';
import { inSet, KERNEL_IGNORE, KERNEL_ONLY, KERNEL_STOP, withoutSignal } from '../abi/sigset.ts';
import { termSignal } from '../abi/wait.ts';
import type { Kernel } from '../kernel.ts';
import { isOrphaned } from '../task/pids.ts';
import type { SigAction, SigInfo, Task } from '../task/task.ts';
import { doNotifyParentCldstop } from './notify.ts';
import { dequeueSignal, dequeueSynchronous, queued, recalcSigpending } from './pending.ts';
import { sendSignal } from './send.ts';
import { doSignalStop } from './stop.ts';
import { stopAtSignal, trapStop } from './trace-stop.ts';

/** What `getSignal` found. */
export type Delivery =
  /** Nothing: back to user mode. */
  | { kind: 'none' }
  /** The action is a handler. */
  | { kind: 'handler'; info: SigInfo; action: SigAction }
  /** The task is stopped; on with `getSignal` when it runs again. */
  | { kind: 'stopped' }
  /** The process dies of it. */
  | { kind: 'fatal'; info: SigInfo };

const NONE: Delivery = { kind: 'none' };
const STOPPED: Delivery = { kind: 'stopped' };

/** What is known about the signal that the whole group dies of: it may still be in a queue. */
const causeOfDeath = (task: Task): SigInfo => {
  const signo = termSignal(task.group.groupExitCode);
  for (const pending of [task.pending, task.group.sharedPending]) {
    const info = queued(pending).find((each) => each.signo === signo);
    if (info !== undefined) return info;
  }
  return { kind: 'none', signo, errno: 0, code: 0 };
};

/** The signal that the tracer let through, unless it was blocked meanwhile: then it waits again (ptrace_signal). */
const takeInjected = (kernel: Kernel, task: Task): SigInfo | null => {
  const injected = task.trace?.injected ?? null;
  if (injected === null) return null;
  task.trace!.injected = null;
  recalcSigpending(task);
  if (!inSet(task.blocked, injected.signo)) return injected;
  sendSignal(kernel, injected, task, true);
  return null;
};

/** The tracer says what becomes of it. */
const isTracers = (task: Task, { signo }: SigInfo): boolean =>
  task.trace !== null && signo !== SIG.SIGKILL && !task.sighand.action[signo]!.immutable;

/**
 * The next thing that pending signals make the task do. `si_addr` needs no untagging (hide_si_addr_tag_bits): without LAM
 * no x86 address has a tag.
 */
export const getSignal = (kernel: Kernel, task: Task): Delivery => {
  const { group } = task;
  for (;;) {
    if (group.childReport !== 0) {
      const why = group.childReport;
      group.childReport = 0;
      doNotifyParentCldstop(kernel, task, why);
    }
    if (group.groupExiting) {
      task.pending.signal = withoutSignal(task.pending.signal, SIG.SIGKILL);
      recalcSigpending(task);
      return { kind: 'fatal', info: causeOfDeath(task) };
    }
    const injected = takeInjected(kernel, task);
    if (injected === null) {
      if (task.stopPending) {
        doSignalStop(kernel, task, 0);
        return STOPPED;
      }
      if (task.trace?.trapStop || task.trace?.trapNotify) {
        trapStop(kernel, task);
        return STOPPED;
      }
    }
    const info = injected ?? dequeueSynchronous(task) ?? dequeueSignal(kernel, task);
    if (info === null) return NONE;
    if (injected === null && isTracers(task, info)) {
      stopAtSignal(kernel, task, info);
      return STOPPED;
    }
    kernel.observers.signalTaken?.(task, info);
    const { signo } = info;
    const action = task.sighand.action[signo]!;
    if (action.handler === SIG_IGN) continue;
    if (action.handler !== SIG_DFL) {
      const { handler, flags, restorer, mask, immutable } = action;
      const taken = { handler, flags, restorer, mask, immutable };
      if (flags & SA.RESETHAND) action.handler = SIG_DFL;
      return { kind: 'handler', info, action: taken };
    }
    if (inSet(KERNEL_IGNORE, signo)) continue;
    if (group.unkillable && !inSet(KERNEL_ONLY, signo)) continue;
    if (inSet(KERNEL_STOP, signo)) {
      // Nobody could continue a process of an orphaned group.
      if (signo !== SIG.SIGSTOP && isOrphaned(kernel, group.pgid)) continue;
      doSignalStop(kernel, task, signo);
      return STOPPED;
    }
    return { kind: 'fatal', info };
  }
};
