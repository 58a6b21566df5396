/**
 * Setting up a handler's frame on the user's stack (arch/x86/kernel/signal.c and signal_64.c). Bytes which Linux does not
 * write are not written here either: padding of `stack_t`, `reserved1` of sigcontext, `info` without SA_SIGINFO.
 */
import { REG, RFLAGS } from '../../emulator/api.ts';
import {
  FPSTATE_ALIGNMENT,
  FRAME_ALIGNMENT,
  RED_ZONE,
  RT_SIGFRAME,
  SIGCONTEXT,
  STACK_T,
  UC,
  UCONTEXT,
  XSTATE_FRAME_SIZE,
} from '../abi/sigframe.ts';
import { writeSigInfo } from '../abi/siginfo.ts';
import { SA } from '../abi/signal.ts';
import type { Kernel } from '../kernel.ts';
import { copyToUser, UserFault } from '../mm/user.ts';
import type { SigAction, SigInfo, Task } from '../task/task.ts';
import { isInAltstack, onSigStack, sasSsFlags } from './altstack.ts';
import { clearFpstate, saveFpstate } from './fpstate.ts';
import { sigmaskToSave } from './mask.ts';

const UC_AT = RT_SIGFRAME.offsets.uc;
const STACK_AT = UC_AT + UCONTEXT.offsets.uc_stack;
const CONTEXT_AT = UC_AT + UCONTEXT.offsets.uc_mcontext;
const MASK_AT = UC_AT + UCONTEXT.offsets.uc_sigmask;
const INFO_AT = RT_SIGFRAME.offsets.info;
const UC_FLAGS = UC.FP_XSTATE | UC.SIGCONTEXT_SS | UC.STRICT_RESTORE_SS;

const image = new Uint8Array(RT_SIGFRAME.size);
const view = new DataView(image.buffer);
/** What Linux writes, in three pieces. */
const head = image.subarray(0, STACK_AT + STACK_T.offsets.ss_flags + 4);
const context = image.subarray(STACK_AT + STACK_T.offsets.ss_size, CONTEXT_AT + SIGCONTEXT.offsets.reserved1);
const mask = image.subarray(MASK_AT, MASK_AT + 8);
const maskAndInfo = image.subarray(MASK_AT);

/** General registers in sigcontext's order, which is nobody else's. */
export const SIGCONTEXT_REGISTERS = [
  ...[REG.r8, REG.r9, REG.r10, REG.r11, REG.r12, REG.r13, REG.r14, REG.r15],
  ...[REG.rdi, REG.rsi, REG.rbp, REG.rbx, REG.rdx, REG.rax, REG.rcx, REG.rsp],
] as const;

/** Down to a multiple of a power of two; right for any integer a double can hold. */
const roundDown = (value: number, to: number): number => value - (value & (to - 1));

/** Where the frame goes: [frame, fpstate], or null when it would overflow the alternate stack (get_sigframe). */
const getSigframe = (task: Task, rsp: number, flags: number): { frame: number; fpstate: number } | null => {
  const nested = onSigStack(task, rsp);
  let entering = false;
  let sp = rsp - RED_ZONE;
  if ((flags & SA.ONSTACK) !== 0 && sasSsFlags(task, sp) === 0) {
    sp = task.altstack.sp + task.altstack.size;
    entering = true;
  }
  const fpstate = roundDown(sp - XSTATE_FRAME_SIZE, FPSTATE_ALIGNMENT);
  const frame = roundDown(fpstate - RT_SIGFRAME.size, FRAME_ALIGNMENT) - 8;
  if ((nested || entering) && !isInAltstack(task, frame)) return null;
  return { frame, fpstate };
};

/**
 * Puts the frame on the stack and points the registers at the handler. Returns the frame's address, or 0 when it cannot be
 * written or the action has no restorer: then the program gets SIGSEGV instead (x64_setup_rt_frame).
 */
export const setupRtFrame = (kernel: Kernel, task: Task, info: SigInfo, action: SigAction): number => {
  if ((action.flags & SA.RESTORER) === 0) return 0;
  const { state } = kernel.cpu;
  const place = getSigframe(task, state.rsp, action.flags);
  if (place === null) return 0;
  const { frame, fpstate } = place;
  try {
    saveFpstate(state, task.mm, fpstate);
    writeContext(kernel, task, fpstate, action);
    copyToUser(task.mm, frame, head);
    copyToUser(task.mm, frame + context.byteOffset, context);
    if (action.flags & SA.SIGINFO) {
      writeSigInfo(view, INFO_AT, info);
      copyToUser(task.mm, frame + MASK_AT, maskAndInfo);
    } else {
      copyToUser(task.mm, frame + MASK_AT, mask);
    }
  } catch (thrown) {
    if (thrown instanceof UserFault) return 0;
    throw thrown;
  }
  enterHandler(kernel, info.signo, action.handler, frame);
  return frame;
};

const writeContext = (kernel: Kernel, task: Task, fpstate: number, action: SigAction): void => {
  const { state } = kernel.cpu;
  view.setBigUint64(RT_SIGFRAME.offsets.pretcode, BigInt(action.restorer), true);
  view.setBigUint64(UC_AT + UCONTEXT.offsets.uc_flags, BigInt(UC_FLAGS), true);
  view.setBigUint64(STACK_AT + STACK_T.offsets.ss_sp, BigInt(task.altstack.sp), true);
  view.setUint32(STACK_AT + STACK_T.offsets.ss_flags, task.altstack.flags, true);
  view.setBigUint64(STACK_AT + STACK_T.offsets.ss_size, BigInt(task.altstack.size), true);
  let at = CONTEXT_AT;
  for (const register of SIGCONTEXT_REGISTERS) {
    view.setBigUint64(at, state.get(register), true);
    at += 8;
  }
  const AT = SIGCONTEXT.offsets;
  view.setBigUint64(CONTEXT_AT + AT.rip, state.rip64, true);
  view.setUint32(CONTEXT_AT + AT.eflags, state.rflags, true);
  view.setUint16(CONTEXT_AT + AT.cs, state.word('cs'), true);
  view.setUint16(CONTEXT_AT + AT.ss, state.word('ss'), true);
  const saved = sigmaskToSave(task);
  view.setUint32(CONTEXT_AT + AT.err, task.errorCode, true);
  view.setUint32(CONTEXT_AT + AT.trapno, task.trapNr, true);
  view.setBigUint64(CONTEXT_AT + AT.oldmask, saved, true);
  view.setBigUint64(CONTEXT_AT + AT.cr2, task.cr2, true);
  view.setBigUint64(CONTEXT_AT + AT.fpstate, BigInt(fpstate), true);
  view.setBigUint64(MASK_AT, saved, true);
};

const enterHandler = (kernel: Kernel, signo: number, handler: number, frame: number): void => {
  const { state } = kernel.cpu;
  state.setNumber(REG.rdi, signo);
  // For handlers declared without a prototype.
  state.setNumber(REG.rax, 0);
  state.setNumber(REG.rsi, frame + INFO_AT);
  state.setNumber(REG.rdx, frame + UC_AT);
  state.rip = handler;
  state.rsp = frame;
  state.setWord('cs', USER_CS);
  state.setWord('ss', USER_DS);
  state.rflags = state.rflags & ~(RFLAGS.DF | RFLAGS.RF | RFLAGS.TF);
  clearFpstate(state);
};

/** Selectors of 64-bit user code and of data (arch/x86/include/asm/segment.h). */
export const USER_CS = 0x33;
export const USER_DS = 0x2b;
