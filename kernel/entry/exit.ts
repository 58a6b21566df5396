/**
 * On the way to user mode: signals, then the program's own code (kernel/entry/common.c, arch/x86/kernel/signal.c).
 */
import { REG, RFLAGS } from '../../emulator/api.ts';
import { ERRNO, RESTART } from '../abi/errno.ts';
import { SA, SS } from '../abi/signal.ts';
import { inSet, KERNEL_COREDUMP, union, withSignal } from '../abi/sigset.ts';
import { CORE_FLAG } from '../abi/wait.ts';
import type { Kernel } from '../kernel.ts';
import { doCoredump } from '../process/coredump.ts';
import { doExit, doGroupExit } from '../process/exit.ts';
import { resetAltstack } from '../signal/altstack.ts';
import { getSignal } from '../signal/deliver.ts';
import { forceSigsegv } from '../signal/force.ts';
import { setupRtFrame } from '../signal/frame.ts';
import { mask011, setupFrame011, takeSignal011 } from '../signal/linux-0.11.ts';
import { restoreSavedSigmask, setCurrentBlocked } from '../signal/mask.ts';
import { rseqHandleNotifyResume } from '../signal/rseq.ts';
import { dueAtHandler, takeDueStop } from '../signal/trace-stop.ts';
import type { SigAction, SigInfo, Task } from '../task/task.ts';

/** Number of restart_syscall(2). */
const NR_RESTART_SYSCALL = 219;
/** Bytes of a SYSCALL instruction. */
const SYSCALL_LENGTH = 2;
const NEGATIVE = 2 ** 63;

/** Whether the task, now in the CPU, may go on in user mode; if not it sleeps, is stopped or is dead. */
export const exitToUserModeLoop = (kernel: Kernel, task: Task): boolean => {
  // Most often there is nothing to do.
  if (task.state === 'running' && !task.inSyscall && !task.sigpending && !hasWork(task)) return true;
  for (;;) {
    if (task.state !== 'running' || task.inSyscall) return false;
    // Who asked for a stop looks at the machine as it is now; the rest follows when it runs on.
    if (kernel.stopRequested) return true;
    if (task.exitDue !== null) {
      doExit(kernel, task, task.exitDue);
      return false;
    }
    if (task.trace !== null && takeDueStop(kernel, task, task.trace)) return false;
    if (!task.sigpending) {
      if (task.rseqEvent) {
        rseqHandleNotifyResume(kernel, task);
        continue;
      }
      if (task.savedSigmask === null) return true;
      restoreSavedSigmask(kernel, task);
      continue;
    }
    if (kernel.personality === 'linux-0.11') {
      // One signal at a time: the next is looked for at the next way out of the kernel.
      if (doSignal011(kernel, task)) return task.state === 'running';
    } else {
      doSignalOrRestart(kernel, task);
    }
  }
};

/** What has to be done on the way to user mode, besides signals. */
const hasWork = ({ exitDue, trace, rseqEvent, savedSigmask }: Task): boolean =>
  exitDue !== null || trace !== null || rseqEvent || savedSigmask !== null;

/** A restart code in rax after a syscall, or 0. */
const restartCode = (kernel: Kernel, task: Task): number => {
  if (task.origAx === -1) return 0;
  const { state } = kernel.cpu;
  const code = -state.getInt32(REG.rax);
  const isCode = code >= RESTART.ERESTARTSYS && code <= RESTART.ERESTART_RESTARTBLOCK;
  return isCode && state.getNumber(REG.rax) >= NEGATIVE ? code : 0;
};

/** The SYSCALL instruction executes again, with this number. */
const restartSyscall = (kernel: Kernel, number: number): void => {
  const { state } = kernel.cpu;
  state.setNumber(REG.rax, number);
  state.rip -= SYSCALL_LENGTH;
};

/** arch_do_signal_or_restart. */
const doSignalOrRestart = (kernel: Kernel, task: Task): void => {
  const delivery = getSignal(kernel, task);
  switch (delivery.kind) {
    case 'handler':
      handleSignal(kernel, task, delivery.info, delivery.action);
      return;
    case 'stopped':
      return;
    case 'fatal':
      dieOfSignal(kernel, task, delivery.info);
      return;
    case 'none': {
      const code = restartCode(kernel, task);
      if (code === RESTART.ERESTART_RESTARTBLOCK) restartSyscall(kernel, NR_RESTART_SYSCALL);
      else if (code !== 0) restartSyscall(kernel, task.origAx);
      restoreSavedSigmask(kernel, task);
    }
  }
};

/** Resolves an interrupted syscall for a handler that will run (handle_signal). */
const resolveRestart = (kernel: Kernel, task: Task, flags: number): void => {
  switch (restartCode(kernel, task)) {
    case RESTART.ERESTART_RESTARTBLOCK:
    case RESTART.ERESTARTNOHAND:
      kernel.cpu.state.setNumber(REG.rax, -ERRNO.EINTR);
      return;
    case RESTART.ERESTARTSYS:
      if (flags & SA.RESTART) restartSyscall(kernel, task.origAx);
      else kernel.cpu.state.setNumber(REG.rax, -ERRNO.EINTR);
      return;
    case RESTART.ERESTARTNOINTR:
      restartSyscall(kernel, task.origAx);
  }
};

/** The frame must not show the tracer's TF. Returns whether it was set. */
const stopStepping = (kernel: Kernel, task: Task): boolean => {
  const { trace } = task;
  if (trace === null || !trace.step) return false;
  const { state } = kernel.cpu;
  if (trace.forcedTf) state.rflags &= ~RFLAGS.TF;
  trace.step = false;
  trace.forcedTf = false;
  return true;
};

/** Linux 0.11: no call starts again. Returns whether a handler was entered, which is all for now. */
const doSignal011 = (kernel: Kernel, task: Task): boolean => {
  const delivery = takeSignal011(kernel, task);
  if (delivery.kind === 'none') {
    doSignalOrRestart(kernel, task);
    return false;
  }
  if (delivery.kind === 'fatal') {
    const { info, status } = delivery;
    task.end = { status, signal: info, rip: kernel.cpu.state.rip };
    doGroupExit(kernel, task, status);
    return false;
  }
  if (restartCode(kernel, task) !== 0) kernel.cpu.state.setNumber(REG.rax, -ERRNO.EINTR);
  if (delivery.kind === 'ignored') return false;
  const { info, action } = delivery;
  kernel.observers.signalDelivering?.(task, info);
  const frame = setupFrame011(kernel, task, info.signo, action);
  if (frame === 0) {
    forceSigsegv(kernel, task, info.signo);
    return false;
  }
  task.savedSigmask = null;
  setCurrentBlocked(kernel, task, union(task.blocked, mask011(info.signo, action)));
  task.signals++;
  kernel.observers.signalDelivered?.(task, info, frame);
  return true;
};

const handleSignal = (kernel: Kernel, task: Task, info: SigInfo, action: SigAction): void => {
  const { signo } = info;
  resolveRestart(kernel, task, action.flags);
  kernel.observers.signalDelivering?.(task, info);
  if (task.rseq !== null) rseqHandleNotifyResume(kernel, task, signo);
  const stepping = stopStepping(kernel, task);
  const frame = setupRtFrame(kernel, task, info, action);
  if (frame === 0) {
    forceSigsegv(kernel, task, signo);
    return;
  }
  // signal_delivered: the frame keeps the mask that was saved, so nothing else has to put it back.
  task.savedSigmask = null;
  const blocked = union(task.blocked, action.mask);
  setCurrentBlocked(kernel, task, action.flags & SA.NODEFER ? blocked : withSignal(blocked, signo));
  if (task.altstack.flags & SS.AUTODISARM) resetAltstack(task.altstack);
  task.signals++;
  if (stepping) dueAtHandler(task);
  kernel.observers.signalDelivered?.(task, info, frame);
};

const dieOfSignal = (kernel: Kernel, task: Task, info: SigInfo): void => {
  const { signo } = info;
  task.end = { status: signo, signal: info, rip: kernel.cpu.state.rip };
  const dumps = !task.group.groupExiting && inSet(KERNEL_COREDUMP, signo) && doCoredump(kernel, task, info);
  doGroupExit(kernel, task, dumps ? signo | CORE_FLAG : signo);
};

/** RF is good for one instruction; executors leave it in RFLAGS, where a later frame would show it. */
export const clearResumeFlag = (kernel: Kernel): void => {
  const { state } = kernel.cpu;
  if (state.systemFlags & RFLAGS.RF) state.rflags &= ~RFLAGS.RF;
};
