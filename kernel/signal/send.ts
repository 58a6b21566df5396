/**
 * Sending a signal to one process or thread: whether it counts at all, queueing it, and whom it wakes (kernel/signal.c).
 */
import { ERRNO } from '../abi/errno.ts';
import { CLD, SI, SIG, SIG_DFL, SIG_IGN } from '../abi/signal.ts';
import {
  inSet,
  KERNEL_COREDUMP,
  KERNEL_IGNORE,
  KERNEL_ONLY,
  KERNEL_STOP,
  type SigSet,
  setOf,
  withSignal,
} from '../abi/sigset.ts';
import type { Kernel } from '../kernel.ts';
import type { SignalFate } from '../observers.ts';
import { wakeStopped } from '../task/scheduler.ts';
import type { SigInfo, SigPending, Task, ThreadGroup } from '../task/task.ts';
import { wakeAll } from '../task/wait.ts';
import { enqueue, flushSignals, mayQueue } from './pending.ts';

/** Linux 0.11 has a bit each for so many. */
const NSIG_011 = 32;

/** SEND_SIG_PRIV: from the kernel, with nothing to say. */
export const kernelInfo = (signo: number): SigInfo => ({
  kind: 'kill',
  signo,
  errno: 0,
  code: SI.KERNEL,
  pid: 0,
  uid: 0,
});

/** The handler ignores the signal, by choice or by default (sig_handler_ignored). */
export const handlerIgnores = (handler: number, signo: number): boolean =>
  handler === SIG_IGN || (handler === SIG_DFL && inSet(KERNEL_IGNORE, signo));

/** sig_task_ignored: as the disposition says, and what an unkillable init does not hear. */
const taskIgnores = (kernel: Kernel, task: Task, signo: number, force: boolean): boolean => {
  const { handler } = task.sighand.action[signo]!;
  if (task === kernel.init && inSet(KERNEL_ONLY, signo)) return true;
  if (task.group.unkillable && handler === SIG_DFL && !(force && inSet(KERNEL_ONLY, signo))) return true;
  return handlerIgnores(handler, signo);
};

/** Blocked signals are never ignored: the handler may have changed when they are unblocked (sig_ignored). */
const signalIgnored = (kernel: Kernel, task: Task, signo: number, force: boolean): boolean =>
  taskIgnores(kernel, task, signo, force) &&
  !inSet(task.blocked, signo) &&
  !inSet(task.realBlocked, signo) &&
  // A tracer sees them all.
  (task.trace === null || signo === SIG.SIGKILL);

const flushGroup = (kernel: Kernel, task: Task, mask: SigSet): void => {
  flushSignals(kernel, task.group.sharedPending, mask);
  for (const thread of task.group.threads) flushSignals(kernel, thread.pending, mask);
};

/**
 * Stop signals and SIGCONT cancel each other here, at generation; SIGCONT resumes even when it is blocked or ignored.
 * Returns whether the signal goes on to the queue (prepare_signal).
 */
const prepareSignal = (kernel: Kernel, task: Task, signo: number, force: boolean): boolean => {
  const { group } = task;
  if (group.groupExiting) return false;
  if (kernel.personality === 'linux-0.11') return true;
  if (inSet(KERNEL_STOP, signo)) {
    flushGroup(kernel, task, setOf(SIG.SIGCONT));
  } else if (signo === SIG.SIGCONT) {
    flushGroup(kernel, task, KERNEL_STOP);
    for (const thread of group.threads) {
      thread.stopPending = false;
      if (thread.trace?.seized) {
        trapNotify(kernel, thread);
      } else if (thread.state === 'stopped') {
        // It goes on inside getSignal, which has the parent told and then looks again at what is pending.
        thread.sigpending = true;
        wakeStopped(kernel, thread);
      }
    }
    const report = group.stopped ? CLD.CONTINUED : group.groupStopCount > 0 ? CLD.STOPPED : 0;
    if (report !== 0) {
      group.childReport = report;
      group.stopped = false;
      group.continued = true;
      group.groupStopCount = 0;
      group.groupExitCode = 0;
    }
  }
  return !signalIgnored(kernel, task, signo, force);
};

/** Sets TIF_SIGPENDING and ends the task's sleep; `fatal` ends stops and uninterruptible sleeps too. */
export const signalWakeUp = (kernel: Kernel, task: Task, fatal: boolean): void => {
  task.sigpending = true;
  if (task.state === 'sleeping') {
    if (fatal || !task.wait?.uninterruptible) kernel.wake(task);
  } else if (fatal) {
    wakeStopped(kernel, task);
  }
};

/** A seized tracee tells its tracer that job control began or ended: by a stop, also from PTRACE_LISTEN (ptrace_trap_notify). */
export const trapNotify = (kernel: Kernel, task: Task): void => {
  const trace = task.trace!;
  trace.trapNotify = true;
  if (trace.stop?.listening) {
    task.sigpending = true;
    wakeStopped(kernel, task);
  } else {
    signalWakeUp(kernel, task, false);
  }
};

/** The thread could take the signal now (wants_signal). */
const wantsSignal = (kernel: Kernel, task: Task, signo: number): boolean => {
  if (inSet(task.blocked, signo) || task.exiting) return false;
  if (signo === SIG.SIGKILL) return true;
  if (task.state === 'stopped' || task.state === 'traced') return false;
  return task === kernel.current || !task.sigpending;
};

/** The default action would end the process (sig_fatal). */
const isFatal = (task: Task, signo: number): boolean =>
  task.sighand.action[signo]!.handler === SIG_DFL && !inSet(KERNEL_IGNORE, signo) && !inSet(KERNEL_STOP, signo);

/** The end of the group, with this wait status, is decided: SIGNAL_GROUP_EXIT takes the place of all other flags. */
export const markGroupExit = (group: ThreadGroup, status: number): void => {
  group.groupExiting = true;
  group.groupExitCode = status;
  group.groupStopCount = 0;
  group.stopped = false;
  group.continued = false;
  group.childReport = 0;
};

/** Everyone in the group must die with this wait status. */
export const startGroupExit = (kernel: Kernel, task: Task, status: number): void => {
  const { group } = task;
  markGroupExit(group, status);
  for (const thread of group.threads) {
    thread.stopPending = false;
    thread.pending.signal = withSignal(thread.pending.signal, SIG.SIGKILL);
    signalWakeUp(kernel, thread, true);
  }
};

/** The first thread, from the one that took the last such signal on, that could take this one now. */
const nextWilling = (kernel: Kernel, { threads, currTarget }: ThreadGroup, signo: number): Task | null => {
  const first = threads.indexOf(currTarget);
  for (let i = 0; i < threads.length; i++) {
    const thread = threads[(first + i) % threads.length]!;
    if (wantsSignal(kernel, thread, signo)) return thread;
  }
  return null;
};

/**
 * Finds a thread for the queued signal and wakes it; a signal that kills takes the whole group down. Returns whom it found
 * (complete_signal).
 */
const completeSignal = (kernel: Kernel, task: Task, signo: number, toThread: boolean): Task | null => {
  const { group } = task;
  let target = task;
  if (!wantsSignal(kernel, task, signo)) {
    const other = toThread ? null : nextWilling(kernel, group, signo);
    if (other === null) return null;
    target = group.currTarget = other;
  }
  if (
    isFatal(task, signo) &&
    kernel.personality === 'linux' &&
    !group.groupExiting &&
    !inSet(target.realBlocked, signo) &&
    !inSet(KERNEL_COREDUMP, signo) &&
    (task.trace === null || signo === SIG.SIGKILL)
  ) {
    startGroupExit(kernel, task, signo);
    return target;
  }
  signalWakeUp(kernel, target, signo === SIG.SIGKILL);
  return target;
};

const tell = (
  kernel: Kernel,
  info: SigInfo,
  task: Task,
  toThread: boolean,
  fate: SignalFate,
  chosen: Task | null = null,
): void => {
  kernel.observers.signalSent?.(task, info, toThread, fate, chosen);
  if (fate !== 'ignored') return;
  kernel.observers.signalIgnored?.(task, info);
};

/** The kernel itself sends it, or code and sender make it as if: then init cannot ignore SIGKILL and SIGSTOP. */
const isForced = (info: SigInfo): boolean => info.code === SI.KERNEL;

/**
 * Queues a signal for a thread, or for the process that `task` belongs to. Returns 0, or -EAGAIN when RLIMIT_SIGPENDING
 * is reached and the information may not be lost (send_signal_locked).
 */
export const sendSignal = (kernel: Kernel, info: SigInfo, task: Task, toThread: boolean): number => {
  const { signo } = info;
  const { personality } = kernel;
  if (personality === 'linux-0.11' && signo > NSIG_011) return -ERRNO.EINVAL;
  if (!prepareSignal(kernel, task, signo, isForced(info))) {
    tell(kernel, info, task, toThread, task.group.groupExiting ? 'exiting' : 'ignored');
    return 0;
  }
  const pending: SigPending = toThread ? task.pending : task.group.sharedPending;
  const legacy = signo < SIG.SIGRTMIN || personality === 'linux-0.11';
  if (legacy && inSet(pending.signal, signo)) {
    tell(kernel, info, task, toThread, 'coalesced');
    return 0;
  }
  let fate: SignalFate = 'stripped';
  if (signo !== SIG.SIGKILL) {
    if (mayQueue(kernel, task, legacy && info.code >= 0)) {
      enqueue(pending, info);
      fate = 'queued';
    } else if (!legacy && info.code !== SI.USER && info.code !== SI.KERNEL) {
      tell(kernel, info, task, toThread, 'refused');
      return -ERRNO.EAGAIN;
    }
  }
  wakeAll(kernel, task.sighand.signalfd);
  pending.signal = withSignal(pending.signal, signo);
  tell(kernel, info, task, toThread, fate, completeSignal(kernel, task, signo, toThread));
  return 0;
};

/**
 * Queues the signal of a POSIX timer, which has its entry already: no limit counts it, and one of the same number that is
 * pending does not take its place. False if it is ignored (posixtimer_send_sigqueue).
 */
export const queueTimerSignal = (kernel: Kernel, info: SigInfo, task: Task, toThread: boolean): boolean => {
  const { signo } = info;
  if (!prepareSignal(kernel, task, signo, false)) {
    const exiting = task.group.groupExiting;
    tell(kernel, info, task, toThread, exiting ? 'exiting' : 'ignored');
    return exiting;
  }
  const pending = toThread ? task.pending : task.group.sharedPending;
  enqueue(pending, info);
  wakeAll(kernel, task.sighand.signalfd);
  pending.signal = withSignal(pending.signal, signo);
  tell(kernel, info, task, toThread, 'queued', completeSignal(kernel, task, signo, toThread));
  return true;
};
