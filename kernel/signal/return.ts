/** rt_sigreturn(2): the registers, mask and stack come back from the frame (arch/x86/kernel/signal_64.c). */
import { REG, RFLAGS } from '../../emulator/api.ts';
import { SIGCONTEXT, STACK_T, UC } from '../abi/sigframe.ts';
import { SIG } from '../abi/signal.ts';
import { sigset } from '../abi/sigset.ts';
import type { Kernel } from '../kernel.ts';
import { SCRATCH, UserFault, userSpan, userToScratch } from '../mm/user.ts';
import type { Task } from '../task/task.ts';
import { setAltstack } from './altstack.ts';
import { forceSig } from './force.ts';
import { clearFpstate, restoreFpstate } from './fpstate.ts';
import { FRAME_AT, LOAD_REGISTERS, USER_CS, USER_DS } from './frame-moves.ts';
import { setCurrentBlocked } from './mask.ts';

/** All that is read; siginfo is not. */
const READ_SIZE = FRAME_AT.info;
const TWO32 = 4294967296;

/** Flags which a frame may change (FIX_EFLAGS). */
export const FIX_EFLAGS =
  RFLAGS.AC | RFLAGS.OF | RFLAGS.DF | RFLAGS.TF | RFLAGS.SF | RFLAGS.ZF | RFLAGS.AF | RFLAGS.PF | RFLAGS.CF | RFLAGS.RF;

/** #GP. */
const TRAP_GP = 13;

const get = (words: Uint32Array, byteOffset: number): number =>
  words[(byteOffset >>> 2) + 1]! * TWO32 + words[byteOffset >>> 2]!;

/** restore_sigcontext up to the floating-point state. `at` is the byte offset of the frame in linear memory. */
const restoreRegisters = (kernel: Kernel, task: Task, at: number): void => {
  const { state, physical } = kernel.cpu;
  const { u32: words } = physical;
  const AT = SIGCONTEXT.offsets;
  const mcontext = at + FRAME_AT.context;
  // Sleeps that this handler interrupted end in EINTR, even through restart_syscall(2).
  if (task.restart.kind !== 'none') task.restart = { kind: 'none' };
  physical.mover(LOAD_REGISTERS)(at);
  state.setWord('cs', (words[(mcontext + AT.cs) >>> 2]! & 0xffff) | 3);
  state.setWord('ss', (words[(mcontext + AT.fs) >>> 2]! >>> 16) | 3);
  state.rflags = (state.systemFlags & ~FIX_EFLAGS) | (words[(mcontext + AT.eflags) >>> 2]! & FIX_EFLAGS);
  task.origAx = -1;
  const flags = words[(at + FRAME_AT.flags) >>> 2]!;
  if ((flags & UC.STRICT_RESTORE_SS) === 0 && state.word('cs') === USER_CS) state.setWord('ss', USER_DS);
};

/** Null, or why a frame cannot be read or makes no sense. */
const restoreFrame = (kernel: Kernel, task: Task, frame: number): string | null => {
  let bad: string;
  const { mm } = task;
  const { cpu } = kernel;
  try {
    const span = (frame & 7) === 0 ? userSpan(mm, frame, READ_SIZE, false) : -1;
    if (span < 0) userToScratch(mm, frame, 0, READ_SIZE);
    const fpstate = restoreContext(kernel, task, span < 0 ? SCRATCH : span);
    const why = restoreFpstate(cpu, mm, fpstate);
    if (why === null) return null;
    bad = why;
  } catch (thrown) {
    if (!(thrown instanceof UserFault)) throw thrown;
    // Only a fault behind the registers was one of the floating-point state.
    if (task.origAx !== -1) return 'the frame cannot be read';
    bad = 'the extended state cannot be read';
  }
  clearFpstate(cpu);
  return bad;
};

/** Mask, alternate stack and registers. Returns the address of the floating-point state. */
const restoreContext = (kernel: Kernel, task: Task, at: number): number => {
  const { u32: words } = kernel.physical;
  const mask = (at + FRAME_AT.mask) >>> 2;
  setCurrentBlocked(kernel, task, sigset(words[mask]!, words[mask + 1]!));
  const stack = at + FRAME_AT.stack;
  // Errors are of no consequence, and it is the handler's stack pointer that counts (restore_altstack).
  setAltstack(
    task,
    kernel.cpu.state.rsp,
    get(words, stack + STACK_T.offsets.ss_sp),
    words[(stack + STACK_T.offsets.ss_flags) >>> 2]!,
    get(words, stack + STACK_T.offsets.ss_size),
  );
  restoreRegisters(kernel, task, at);
  return get(words, at + FRAME_AT.context + SIGCONTEXT.offsets.fpstate);
};

/**
 * The IRET that leaves the kernel faults on selectors which do not exist and on a rip that is not canonical
 * (fixup_bad_iret): the error code of its #GP and its reason, or null.
 */
const iretError = (kernel: Kernel): { readonly error: number; readonly why: string } | null => {
  const { state } = kernel.cpu;
  const cs = state.word('cs');
  const ss = state.word('ss');
  if (cs === USER_CS32) kernel.log('32-bit code is not supported: rt_sigreturn to code segment 0x23');
  if (cs !== USER_CS) return { error: cs & ~3, why: `cs is 0x${cs.toString(16)}, no segment of user code` };
  if (ss !== USER_DS) return { error: ss & ~3, why: `ss is 0x${ss.toString(16)}, no segment for the user's stack` };
  if (state.rip < CANONICAL_END) return null;
  const rip = state.rip64;
  if (BigInt.asUintN(64, BigInt.asIntN(ADDRESS_BITS, rip)) === rip) return null;
  return { error: 0, why: `rip 0x${rip.toString(16)} is not canonical` };
};

/** End of the lower canonical addresses. */
const CANONICAL_END = 2 ** 47;

/** Bits of a canonical address; those above repeat the highest. */
const ADDRESS_BITS = 48;

/** Selector of 32-bit user code. */
const USER_CS32 = 0x23;

/** Restores everything from the frame below rsp; a bad one is SIGSEGV with rax 0. */
export const rtSigreturn = (kernel: Kernel, task: Task): void => {
  const { state } = kernel.cpu;
  const frame = state.rsp - 8;
  kernel.observers.sigreturn?.(task, frame);
  const bad = restoreFrame(kernel, task, frame);
  if (bad !== null) {
    kernel.observers.sigreturnRefused?.(task, frame, bad);
    forceSig(kernel, task, SIG.SIGSEGV);
    state.setNumber(REG.rax, 0);
    return;
  }
  const fault = iretError(kernel);
  if (fault !== null) {
    kernel.observers.sigreturnRefused?.(task, frame, fault.why);
    task.trapNr = TRAP_GP;
    task.errorCode = fault.error;
    forceSig(kernel, task, SIG.SIGSEGV);
  }
  kernel.observers.sigreturned?.(task);
};
