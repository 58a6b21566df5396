/**
 * Signals as Linux 0.11 of 1991 delivered them (its kernel/signal.c and the end of kernel/system_call.s), with the registers of
 * a 64-bit processor in the place of those of the 80386. For those who learn how it began:
 *
 * - Pending and blocked signals are a word of 32 bits each. Nothing is queued, and nothing is known but a number.
 * - On the way out of the kernel the lowest signal that is pending and not blocked is taken, one at a time.
 * - SIG_DFL ends the process with the wait status 1 << (number - 1), whatever that says; SIGCHLD alone does nothing. No
 *   signal stops or continues anyone.
 * - SA_ONESHOT (SA_RESETHAND) puts the action back to SIG_DFL; signal(2) set it always. SA_NOMASK (SA_NODEFER) leaves the mask
 *   as it is; otherwise the signal itself and `sa_mask` are blocked, and the old mask is part of the frame.
 * - A frame is some words pushed on the user's own stack, with `sa_restorer` as return address. The restorer is code of the C
 *   library that pops them: there is no sigreturn. Floating-point state is not saved.
 * - No system call starts again after a handler: it fails with EINTR.
 */
import { REG } from '../../emulator/api.ts';
import { RED_ZONE } from '../abi/sigframe.ts';
import { SA, SIG, SIG_DFL, SIG_IGN } from '../abi/signal.ts';
import { intersection, NO_SIGNALS, type SigSet, sigset, toBits, withoutSignal, withSignal } from '../abi/sigset.ts';
import type { Kernel } from '../kernel.ts';
import { copyToUser, UserFault } from '../mm/user.ts';
import type { SigAction, SigInfo, Task } from '../task/task.ts';
import { sigmaskToSave } from './mask.ts';
import { dequeueSignal, dequeueSynchronous, recalcSigpending } from './pending.ts';

/** What fits in its word of blocked signals. */
const FIRST_32 = sigset(-1, 0);

/** Registers in the frame, lowest address first: those which a C function need not preserve. */
export const SCRATCH_011 = ['rax', 'rcx', 'rdx', 'rsi', 'rdi', 'r8', 'r9', 'r10', 'r11'] as const;

/** The words of a frame, lowest address first; the handler finds `sa_restorer` as its return address. */
export const frameWords011 = (flags: number): readonly string[] => [
  'sa_restorer',
  'signr',
  ...(flags & SA.NODEFER ? [] : ['blocked']),
  ...SCRATCH_011,
  'eflags',
  'old_rip',
];

export type Delivery011 =
  | { readonly kind: 'none' }
  | { readonly kind: 'ignored' }
  | { readonly kind: 'handler'; readonly info: SigInfo; readonly action: SigAction }
  | { readonly kind: 'fatal'; readonly info: SigInfo; readonly status: number };

/** What a handler of the signal blocks (sys_sigaction, which then could not block SIGKILL). */
export const mask011 = (signo: number, { flags, mask }: SigAction): SigSet =>
  flags & SA.NODEFER ? NO_SIGNALS : withoutSignal(intersection(withSignal(mask, signo), FIRST_32), SIG.SIGKILL);

/** Takes one signal and says what is to be done (do_signal). */
export const takeSignal011 = (kernel: Kernel, task: Task): Delivery011 => {
  const { group } = task;
  if (group.groupExiting) {
    task.pending.signal = withoutSignal(task.pending.signal, SIG.SIGKILL);
    recalcSigpending(task);
    const status = group.groupExitCode;
    return { kind: 'fatal', info: { kind: 'none', signo: status & 0x7f, errno: 0, code: 0 }, status };
  }
  const info = dequeueSynchronous(task) ?? dequeueSignal(kernel, task);
  if (info === null) return { kind: 'none' };
  kernel.observers.signalTaken?.(task, info);
  const { signo } = info;
  const action = task.sighand.action[signo]!;
  if (action.handler === SIG_IGN) return { kind: 'ignored' };
  if (action.handler === SIG_DFL) {
    if (signo === SIG.SIGCHLD) return { kind: 'ignored' };
    return { kind: 'fatal', info, status: (1 << (signo - 1)) & 0xffff };
  }
  const taken = { ...action };
  if (action.flags & SA.RESETHAND) action.handler = SIG_DFL;
  return { kind: 'handler', info, action: taken };
};

/**
 * Pushes the frame and points rip and rsp at the handler, and nothing else but rdi, where C of today looks for the
 * number. The red zone is left alone, of which nobody knew then: the restorer ends in RET 128. Returns the frame's address, or 0
 * if it cannot be written.
 */
export const setupFrame011 = (kernel: Kernel, task: Task, signo: number, action: SigAction): number => {
  const { state } = kernel.cpu;
  const values: Readonly<Record<string, bigint>> = {
    sa_restorer: BigInt(action.restorer),
    signr: BigInt(signo),
    blocked: toBits(intersection(sigmaskToSave(task), FIRST_32)),
    eflags: BigInt(state.rflags >>> 0),
    old_rip: state.rip64,
    ...Object.fromEntries(SCRATCH_011.map((name) => [name, state.get(REG[name])])),
  };
  const words = BigUint64Array.from(frameWords011(action.flags), (name) => values[name]!);
  const frame = state.rsp - RED_ZONE - words.byteLength;
  try {
    copyToUser(task.mm, frame, new Uint8Array(words.buffer));
  } catch (thrown) {
    if (thrown instanceof UserFault) return 0;
    throw thrown;
  }
  state.rip = action.handler;
  state.rsp = frame;
  state.setNumber(REG.rdi, signo);
  return frame;
};
