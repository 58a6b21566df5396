/** Signals which the task itself caused and cannot refuse (force_sig and its relatives, kernel/signal.c). */
import { AUDIT_ARCH_X86_64 } from '../abi/seccomp.ts';
import { SIG, SIG_DFL, SIG_IGN, SYS } from '../abi/signal.ts';
import { inSet, withoutSignal } from '../abi/sigset.ts';
import type { Kernel } from '../kernel.ts';
import type { SigInfo, Task } from '../task/task.ts';
import { kernelInfo, sendSignal, signalWakeUp } from './send.ts';

/** What may become of the program's own handler (enum sig_handler). */
type Handling =
  /** It runs, unless the signal is blocked or ignored. */
  | 'current'
  /** The default action, which is death. */
  | 'default'
  /** Death, and nobody can change the action any more. */
  | 'exit';

/** Sends to the thread; what is blocked or ignored becomes the default action (force_sig_info_to_task). */
const forceSigInfo = (kernel: Kernel, info: SigInfo, task: Task, handling: Handling): void => {
  const { signo } = info;
  const action = task.sighand.action[signo]!;
  const blocked = inSet(task.blocked, signo);
  if (blocked || action.handler === SIG_IGN) {
    const was = blocked ? 'blocked' : 'ignored';
    kernel.observers.signalForced?.(task, info, was);
  }
  if (blocked || action.handler === SIG_IGN || handling !== 'current') {
    action.handler = SIG_DFL;
    if (handling === 'exit') action.immutable = true;
    if (blocked) task.blocked = withoutSignal(task.blocked, signo);
  }
  // Debugging init shall not make it mortal.
  if (action.handler === SIG_DFL && (task.trace === null || handling === 'exit')) task.group.unkillable = false;
  sendSignal(kernel, info, task, true);
  // It may have been pending already, and blocked.
  if (!task.sigpending) signalWakeUp(kernel, task, false);
};

/** SI_KERNEL, no address (force_sig). */
export const forceSig = (kernel: Kernel, task: Task, signo: number): void =>
  forceSigInfo(kernel, kernelInfo(signo), task, 'current');

/** Death by the signal, whatever the program has set (force_fatal_sig). */
export const forceFatalSig = (kernel: Kernel, task: Task, signo: number): void =>
  forceSigInfo(kernel, kernelInfo(signo), task, 'default');

/** Death that not even a tracer can prevent (force_exit_sig). */
export const forceExitSig = (kernel: Kernel, task: Task, signo: number): void =>
  forceSigInfo(kernel, kernelInfo(signo), task, 'exit');

/** SIGSEGV since a frame could not be set up for `signo`; when that was SIGSEGV, its handler is not tried again. */
export const forceSigsegv = (kernel: Kernel, task: Task, signo: number): void => {
  if (signo === SIG.SIGSEGV) forceFatalSig(kernel, task, SIG.SIGSEGV);
  else forceSig(kernel, task, SIG.SIGSEGV);
};

/** A fault with its address (force_sig_fault). */
export const forceSigFault = (kernel: Kernel, task: Task, signo: number, code: number, address: bigint): void =>
  forceSigInfo(kernel, { kind: 'fault', signo, errno: 0, code, address }, task, 'current');

const sysInfo = (kernel: Kernel, syscall: number, errno: number, code: number): SigInfo => ({
  kind: 'sys',
  ...{ signo: SIG.SIGSYS, errno, code },
  ...{ address: kernel.cpu.state.rip64, syscall, arch: AUDIT_ARCH_X86_64 },
});

/** SIGSYS for a call which seccomp refused; `fatal` leaves no way out (force_sig_seccomp). */
export const forceSigSeccomp = (kernel: Kernel, task: Task, syscall: number, reason: number, fatal: boolean): void =>
  forceSigInfo(kernel, sysInfo(kernel, syscall, reason, SYS.SECCOMP), task, fatal ? 'exit' : 'current');

/** SIGSYS for a call which the program wants to make itself (trigger_sigsys). */
export const forceSigUserDispatch = (kernel: Kernel, task: Task, syscall: number): void =>
  forceSigInfo(kernel, sysInfo(kernel, syscall, 0, SYS.USER_DISPATCH), task, 'current');
