/**
 * Setting up a handler's frame on the user's stack (arch/x86/kernel/signal.c and signal_64.c). Bytes which Linux does not
 * write are not written here either: padding of `stack_t`, `reserved1` of sigcontext, `info` without SA_SIGINFO.
 *
 * Like fpstate.ts this works on words of linear memory.
 */
import { LINEAR, REG, RFLAGS, stateOffset } from '../../emulator/api.ts';
import {
  FPSTATE_ALIGNMENT,
  FRAME_ALIGNMENT,
  fpuUserCfg,
  RED_ZONE,
  RT_SIGFRAME,
  SIGCONTEXT,
  STACK_T,
  UC,
  UCONTEXT,
} from '../abi/sigframe.ts';
import { writeSigInfo } from '../abi/siginfo.ts';
import { SA } from '../abi/signal.ts';
import type { Kernel } from '../kernel.ts';
import { SCRATCH, scratchToUser, UserFault, userSpan } from '../mm/user.ts';
import type { SigAction, SigInfo, Task } from '../task/task.ts';
import { isInAltstack, onSigStack, sasSsFlags } from './altstack.ts';
import { clearFpstate, saveFpstate } from './fpstate.ts';
import { sigmaskToSave } from './mask.ts';

/** Selectors of 64-bit user code and of data (arch/x86/include/asm/segment.h). */
export const USER_CS = 0x33;
export const USER_DS = 0x2b;

/** Byte offsets in the frame. */
export const FRAME_AT = {
  uc: RT_SIGFRAME.offsets.uc,
  flags: RT_SIGFRAME.offsets.uc + UCONTEXT.offsets.uc_flags,
  link: RT_SIGFRAME.offsets.uc + UCONTEXT.offsets.uc_link,
  stack: RT_SIGFRAME.offsets.uc + UCONTEXT.offsets.uc_stack,
  context: RT_SIGFRAME.offsets.uc + UCONTEXT.offsets.uc_mcontext,
  mask: RT_SIGFRAME.offsets.uc + UCONTEXT.offsets.uc_sigmask,
  info: RT_SIGFRAME.offsets.info,
} as const;

/** General registers in sigcontext's order, which is nobody else's. */
export const SIGCONTEXT_REGISTERS = [
  ...[REG.r8, REG.r9, REG.r10, REG.r11, REG.r12, REG.r13, REG.r14, REG.r15],
  ...[REG.rdi, REG.rsi, REG.rbp, REG.rbx, REG.rdx, REG.rax, REG.rcx, REG.rsp],
] as const;

/** What `uc_flags` says (frame_uc_flags), but for UC_FP_XSTATE. */
const UC_FLAGS = UC.SIGCONTEXT_SS | UC.STRICT_RESTORE_SS;
const TWO32 = 4294967296;
/** Word index of rip in linear memory. */
const RIP = (LINEAR.state + stateOffset('rip')) >>> 2;

/** What Linux writes, in pieces: [from, to) of the frame. */
const HEAD_END = FRAME_AT.stack + STACK_T.offsets.ss_flags + 4;
const CONTEXT_PIECE = FRAME_AT.stack + STACK_T.offsets.ss_size;
const CONTEXT_END = FRAME_AT.context + SIGCONTEXT.offsets.reserved1;

/** Down to a multiple of a power of two; right for any integer a double can hold. */
const roundDown = (value: number, to: number): number => value - (value & (to - 1));

/** Where the frame goes: [frame, fpstate], or null when it would overflow the alternate stack (get_sigframe). */
const getSigframe = (
  task: Task,
  rsp: number,
  flags: number,
  fpstateSize: number,
): { frame: number; fpstate: number } | null => {
  const nested = onSigStack(task, rsp);
  let entering = false;
  let sp = rsp - RED_ZONE;
  if ((flags & SA.ONSTACK) !== 0 && sasSsFlags(task, sp) === 0) {
    sp = task.altstack.sp + task.altstack.size;
    entering = true;
  }
  const fpstate = roundDown(sp - fpstateSize, FPSTATE_ALIGNMENT);
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
  const { cpu } = kernel;
  const place = getSigframe(task, cpu.state.rsp, action.flags, fpuUserCfg(cpu.features).frameSize);
  if (place === null) return 0;
  const { frame, fpstate } = place;
  try {
    saveFpstate(cpu, task.mm, fpstate);
    writeFrame(kernel, task, frame, fpstate, action, info);
  } catch (thrown) {
    if (thrown instanceof UserFault) return 0;
    throw thrown;
  }
  enterHandler(kernel, info.signo, action.handler, frame);
  return frame;
};

const writeFrame = (
  kernel: Kernel,
  task: Task,
  frame: number,
  fpstate: number,
  action: SigAction,
  info: SigInfo,
): void => {
  const { mm } = task;
  const { physical } = kernel;
  const span = userSpan(mm, frame, RT_SIGFRAME.size, true);
  const withInfo = (action.flags & SA.SIGINFO) !== 0;
  if (span >= 0) {
    writeContext(kernel, task, span, fpstate, action);
    if (withInfo) writeSigInfo(physical.view, span + FRAME_AT.info, info);
    return;
  }
  writeContext(kernel, task, SCRATCH, fpstate, action);
  if (withInfo) writeSigInfo(physical.view, SCRATCH + FRAME_AT.info, info);
  scratchToUser(mm, frame, 0, HEAD_END);
  scratchToUser(mm, frame + CONTEXT_PIECE, CONTEXT_PIECE, CONTEXT_END - CONTEXT_PIECE);
  const end = withInfo ? RT_SIGFRAME.size : FRAME_AT.info;
  scratchToUser(mm, frame + FRAME_AT.mask, FRAME_AT.mask, end - FRAME_AT.mask);
};

const put = (words: Uint32Array, byteOffset: number, value: number): void => {
  words[byteOffset >>> 2] = value;
  words[(byteOffset >>> 2) + 1] = value / TWO32;
};

/** All but siginfo, at a byte offset of linear memory, a multiple of 8. */
const writeContext = (kernel: Kernel, task: Task, at: number, fpstate: number, action: SigAction): void => {
  const { state, physical } = kernel.cpu;
  const { u32: words, u64 } = physical;
  const { altstack } = task;
  put(words, at + RT_SIGFRAME.offsets.pretcode, action.restorer);
  put(words, at + FRAME_AT.flags, UC_FLAGS | (fpuUserCfg(kernel.cpu.features).xfeatures === 0 ? 0 : UC.FP_XSTATE));
  put(words, at + FRAME_AT.link, 0);
  const stack = at + FRAME_AT.stack;
  put(words, stack + STACK_T.offsets.ss_sp, altstack.sp);
  words[(stack + STACK_T.offsets.ss_flags) >>> 2] = altstack.flags;
  put(words, stack + STACK_T.offsets.ss_size, altstack.size);
  const mcontext = at + FRAME_AT.context;
  // The registers are the first field of the CPU's state.
  const registers = LINEAR.state >>> 2;
  let to = mcontext >>> 2;
  for (let i = 0; i < SIGCONTEXT_REGISTERS.length; i++) {
    const from = registers + SIGCONTEXT_REGISTERS[i]! * 2;
    words[to++] = words[from]!;
    words[to++] = words[from + 1]!;
  }
  const AT = SIGCONTEXT.offsets;
  words[(mcontext + AT.rip) >>> 2] = words[RIP]!;
  words[((mcontext + AT.rip) >>> 2) + 1] = words[RIP + 1]!;
  put(words, mcontext + AT.eflags, state.rflags);
  words[(mcontext + AT.cs) >>> 2] = state.word('cs');
  words[(mcontext + AT.fs) >>> 2] = state.word('ss') << 16;
  put(words, mcontext + AT.err, task.errorCode);
  put(words, mcontext + AT.trapno, task.trapNr);
  const saved = sigmaskToSave(task);
  u64[(mcontext + AT.oldmask) >>> 3] = saved;
  u64[(mcontext + AT.cr2) >>> 3] = task.cr2;
  put(words, mcontext + AT.fpstate, fpstate);
  u64[(at + FRAME_AT.mask) >>> 3] = saved;
};

const enterHandler = (kernel: Kernel, signo: number, handler: number, frame: number): void => {
  const { state } = kernel.cpu;
  state.setNumber(REG.rdi, signo);
  // For handlers declared without a prototype.
  state.setNumber(REG.rax, 0);
  state.setNumber(REG.rsi, frame + FRAME_AT.info);
  state.setNumber(REG.rdx, frame + FRAME_AT.uc);
  state.rip = handler;
  state.rsp = frame;
  state.setWord('cs', USER_CS);
  state.setWord('ss', USER_DS);
  state.rflags = state.rflags & ~(RFLAGS.DF | RFLAGS.RF | RFLAGS.TF);
  clearFpstate(kernel.cpu);
};
