/** Who traces whom, and letting a tracee go on (kernel/ptrace.c). */

import { REG, RFLAGS } from '../../emulator/api.ts';
import { CAP } from '../abi/capability.ts';
import { ERRNO } from '../abi/errno.ts';
import { PTRACE, PTRACE_EVENT, PTRACE_O, PTRACE_O_MASK } from '../abi/ptrace.ts';
import { SECCOMP_MODE } from '../abi/seccomp.ts';
import { NSIG, SI, SIG } from '../abi/signal.ts';
import { withSignal } from '../abi/sigset.ts';
import type { Kernel } from '../kernel.ts';
import { kernelInfo, sendSignal, signalWakeUp } from '../signal/send.ts';
import { dueAtExec, trapStop } from '../signal/trace-stop.ts';
import { ptraceMayAccess } from '../task/access.ts';
import { capable } from '../task/capability.ts';
import { wakeStopped } from '../task/scheduler.ts';
import type { SigInfo, Task } from '../task/task.ts';
import { eventEnabled, linkTrace, newTrace, suspendsSeccomp, unlinkTrace } from '../task/trace.ts';
import { withRegisters } from './regset.ts';
import { reloadSegments } from './tls.ts';

/** A new child is traced as its parent is, and stops before it runs (ptrace_init_task). */
export const ptraceInitTask = (parent: Task, child: Task, traced: boolean): void => {
  const { trace } = parent;
  if (trace === null || !traced) return;
  const own = newTrace(trace.tracer, trace.seized, trace.options);
  linkTrace(child, own);
  if (own.seized) own.trapStop = true;
  else child.pending.signal = withSignal(child.pending.signal, SIG.SIGSTOP);
  child.sigpending = true;
};

/** A new program is about to start; `oldPid` is the id of the thread that asked for it (exec_binprm). */
export const ptraceExec = (kernel: Kernel, task: Task, oldPid: number): void => {
  const { trace } = task;
  if (trace === null) return;
  // The new program's flags are none of the tracer's; a step goes on (flush_thread leaves TIF_SINGLESTEP).
  trace.forcedTf = false;
  if (trace.step) setStep(kernel, task, true);
  if (eventEnabled(task, PTRACE_EVENT.EXEC)) {
    dueAtExec(kernel, task, oldPid);
  } else if (!trace.seized) {
    const { pid, cred } = task;
    const info: SigInfo = { kind: 'kill', signo: SIG.SIGTRAP, errno: 0, code: SI.USER, pid, uid: cred.uid };
    sendSignal(kernel, info, task, true);
  }
};

/** PTRACE_TRACEME: 0 or -errno. */
export const ptraceTraceme = (task: Task): number => {
  if (task.trace !== null) return -ERRNO.EPERM;
  const { parent } = task.group.leader;
  if (parent !== null && !parent.exiting) linkTrace(task, newTrace(parent, false, 0));
  return 0;
};

/** What PTRACE_SETOPTIONS and PTRACE_SEIZE make of options: 0 or -errno (check_ptrace_options). */
export const checkOptions = (tracer: Task, options: number): number => {
  if (Math.floor(options / 2 ** 32) !== 0 || (options & ~PTRACE_O_MASK) !== 0) return -ERRNO.EINVAL;
  if (!(options & PTRACE_O.SUSPEND_SECCOMP)) return 0;
  const free = tracer.seccomp.mode === SECCOMP_MODE.DISABLED && !suspendsSeccomp(tracer);
  return capable(tracer.cred, CAP.SYS_ADMIN) && free ? 0 : -ERRNO.EPERM;
};

/** PTRACE_ATTACH and PTRACE_SEIZE, the one with SIGSTOP, the other with options and nothing else. */
export const ptraceAttach = (kernel: Kernel, tracer: Task, task: Task, seize: boolean, options: number): number => {
  const error = checkOptions(tracer, options);
  if (error !== 0) return error === -ERRNO.EINVAL ? -ERRNO.EIO : error;
  if (task.group === tracer.group || task === kernel.init) return -ERRNO.EPERM;
  if (!ptraceMayAccess(tracer, task)) return -ERRNO.EPERM;
  if (task.state === 'zombie' || task.exiting || task.trace !== null) return -ERRNO.EPERM;
  linkTrace(task, newTrace(tracer, seize, options));
  if (!seize) sendSignal(kernel, kernelInfo(SIG.SIGSTOP), task, true);
  if (task.state === 'stopped') trapStop(kernel, task);
  return 0;
};

/** Sets or clears TF for the tracer, remembering whether it was the program's own (user_enable_single_step). */
const setStep = (kernel: Kernel, task: Task, step: boolean): void => {
  const trace = task.trace!;
  trace.step = step;
  withRegisters(kernel, task, ({ state }) => {
    const flags = state.rflags;
    if (step && !(flags & RFLAGS.TF)) {
      trace.forcedTf = true;
      state.rflags = flags | RFLAGS.TF;
    } else if (!step && trace.forcedTf) {
      trace.forcedTf = false;
      state.rflags = flags & ~RFLAGS.TF;
    }
  });
};

/** The signal that a tracee goes on with, in the place of the one it stopped for (ptrace_signal). */
const inject = (task: Task, tracer: Task, signo: number): void => {
  const trace = task.trace!;
  const { info } = trace.stop!;
  if (signo === 0) trace.injected = null;
  else if (info !== null && info.signo === signo) trace.injected = info;
  else {
    const { pid } = tracer.group.leader;
    trace.injected = { kind: 'kill', signo, errno: 0, code: SI.USER, pid, uid: tracer.cred.uid };
  }
  // Another look at what is pending.
  task.sigpending = true;
};

const SYSEMU: readonly number[] = [PTRACE.SYSEMU, PTRACE.SYSEMU_SINGLESTEP];
/** Without the processor's help (BTF, which virtual machines often lack), blocks are single instructions. */
const STEPS: readonly number[] = [PTRACE.SINGLESTEP, PTRACE.SYSEMU_SINGLESTEP, PTRACE.SINGLEBLOCK];

/** The stop is over, `signo` is what it gives (ptrace_stop's result). */
const leaveStop = (kernel: Kernel, task: Task, signo: number): void => {
  const trace = task.trace!;
  const stop = trace.stop!;
  if (stop.kind === 'signal') inject(task, trace.tracer, signo);
  else if (stop.kind === 'group') task.sigpending = true;
  else if (stop.kind === 'syscall' && signo !== 0) sendSignal(kernel, kernelInfo(signo), task, true);
  wakeStopped(kernel, task);
};

/** Lets the stopped tracee run: PTRACE_CONT, SYSCALL, SINGLESTEP and their like (ptrace_resume). */
export const ptraceResume = (kernel: Kernel, task: Task, request: number, signo: number): number => {
  if (signo > NSIG) return -ERRNO.EIO;
  const trace = task.trace!;
  trace.syscalls = request === PTRACE.SYSCALL;
  trace.emulates = SYSEMU.includes(request);
  setStep(kernel, task, STEPS.includes(request));
  reloadSegments(kernel, task);
  leaveStop(kernel, task, signo);
  return 0;
};

/** PTRACE_DETACH (ptrace_detach). */
export const ptraceDetach = (kernel: Kernel, task: Task, signo: number): number => {
  if (signo > NSIG) return -ERRNO.EIO;
  setStep(kernel, task, false);
  reloadSegments(kernel, task);
  letGo(kernel, task, signo);
  return 0;
};

/** The tracer dies. What its wait(2) has not taken yet is the stop's result, and nobody clears TF (exit_ptrace). */
export const ptraceOrphan = (kernel: Kernel, task: Task): void => letGo(kernel, task, task.trace!.stop?.code ?? 0);

/** The tracee is free; a stop of job control goes on without a tracer (__ptrace_detach). */
const letGo = (kernel: Kernel, task: Task, signo: number): void => {
  const trace = task.trace!;
  const { group } = task;
  if (trace.stop !== null) leaveStop(kernel, task, signo <= NSIG ? signo : 0);
  const { injected, due } = trace;
  if (due.some(({ kind }) => kind === 'exec-result')) {
    withRegisters(kernel, task, ({ state }) => state.setNumber(REG.rax, 0));
  }
  unlinkTrace(task);
  if (injected !== null) sendSignal(kernel, injected, task, true);
  if (!task.exiting && (group.stopped || group.groupStopCount > 0)) {
    task.stopPending = true;
    signalWakeUp(kernel, task, false);
  }
};

/** PTRACE_INTERRUPT: a stop as soon as may be. */
export const ptraceInterrupt = (kernel: Kernel, task: Task): number => {
  const trace = task.trace!;
  if (!trace.seized) return -ERRNO.EIO;
  trace.trapStop = true;
  if (trace.stop?.listening) wakeStopped(kernel, task);
  signalWakeUp(kernel, task, false);
  return 0;
};

/** PTRACE_LISTEN: the tracee stays stopped, and the tracer hears of SIGCONT. */
export const ptraceListen = (kernel: Kernel, task: Task): number => {
  const { seized, stop, trapNotify } = task.trace!;
  if (!seized || stop?.info == null || stop.info.code >> 8 !== PTRACE_EVENT.STOP) return -ERRNO.EIO;
  stop.listening = true;
  if (trapNotify) {
    task.sigpending = true;
    wakeStopped(kernel, task);
  }
  return 0;
};
