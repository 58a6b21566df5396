/**
 * Setting up a handler's frame on the user's stack (arch/x86/kernel/signal.c and signal_64.c). Bytes which Linux does not
 * write are not written here either: padding of `stack_t`, `reserved1` of sigcontext, `info` without SA_SIGINFO.
 *
 * Like fpstate.ts this works on words of linear memory.
 */
import { RFLAGS } from '../../emulator/api.ts';
import {
  FPSTATE_ALIGNMENT,
  FRAME_ALIGNMENT,
  fpuUserCfg,
  RED_ZONE,
  RT_SIGFRAME,
  SIGCONTEXT,
  STACK_T,
  UC,
} from '../abi/sigframe.ts';
import { SIGINFO_SIZE, writeSigInfo } from '../abi/siginfo.ts';
import { SA } from '../abi/signal.ts';
import type { SigSet } from '../abi/sigset.ts';
import type { Kernel } from '../kernel.ts';
import { SCRATCH, scratchToUser, UserFault, userSpan } from '../mm/user.ts';
import type { SigAction, SigInfo, Task } from '../task/task.ts';
import { isInAltstack, onSigStack, sasSsFlags } from './altstack.ts';
import { clearFpstate, saveFpstate, writeFpstate } from './fpstate.ts';
import { ENTER_HANDLER, FRAME_AT, SAVE_CONTEXT } from './frame-moves.ts';
import { sigmaskToSave } from './mask.ts';

/** What `uc_flags` says (frame_uc_flags), but for UC_FP_XSTATE. */
const UC_FLAGS = UC.SIGCONTEXT_SS | UC.STRICT_RESTORE_SS;

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
  const config = fpuUserCfg(cpu.features);
  const place = getSigframe(task, cpu.state.rsp, action.flags, config.frameSize);
  if (place === null) return 0;
  const { frame, fpstate } = place;
  try {
    const span = userSpan(task.mm, frame, fpstate + config.frameSize - frame, true);
    if (span >= 0) {
      // All in one page.
      writeFpstate(cpu, config, span + (fpstate - frame));
      writeFrame(kernel, task, span, fpstate, action, info);
    } else {
      saveFpstate(cpu, task.mm, fpstate);
      saveFrame(kernel, task, frame, fpstate, action, info);
    }
  } catch (thrown) {
    if (thrown instanceof UserFault) return 0;
    throw thrown;
  }
  enterHandler(kernel, info.signo, action.handler, frame);
  return frame;
};

const saveFrame = (
  kernel: Kernel,
  task: Task,
  frame: number,
  fpstate: number,
  action: SigAction,
  info: SigInfo,
): void => {
  const { mm } = task;
  const span = userSpan(mm, frame, RT_SIGFRAME.size, true);
  if (span >= 0) {
    writeFrame(kernel, task, span, fpstate, action, info);
    return;
  }
  writeFrame(kernel, task, SCRATCH, fpstate, action, info);
  scratchToUser(mm, frame, 0, HEAD_END);
  scratchToUser(mm, frame + CONTEXT_PIECE, CONTEXT_PIECE, CONTEXT_END - CONTEXT_PIECE);
  const end = (action.flags & SA.SIGINFO) !== 0 ? RT_SIGFRAME.size : FRAME_AT.info;
  scratchToUser(mm, frame + FRAME_AT.mask, FRAME_AT.mask, end - FRAME_AT.mask);
};

/** Writes the frame at a byte offset of linear memory, a multiple of 8. */
const writeFrame = (
  kernel: Kernel,
  task: Task,
  at: number,
  fpstate: number,
  action: SigAction,
  info: SigInfo,
): void => {
  const { physical, cpu } = kernel;
  const { altstack } = task;
  physical.mover(SAVE_CONTEXT)(
    at,
    action.restorer,
    UC_FLAGS | (fpuUserCfg(cpu.features).xfeatures === 0 ? 0 : UC.FP_XSTATE),
    altstack.sp,
    altstack.flags,
    altstack.size,
    cpu.state.rflags,
    task.errorCode,
    task.trapNr,
    fpstate,
  );
  const { u32, u64 } = physical;
  const context = at + FRAME_AT.context;
  const saved = sigmaskToSave(task);
  putSet(u32, context + SIGCONTEXT.offsets.oldmask, saved);
  u64[(context + SIGCONTEXT.offsets.cr2) >>> 3] = task.cr2;
  putSet(u32, at + FRAME_AT.mask, saved);
  if ((action.flags & SA.SIGINFO) === 0) return;
  physical.bytes.clear(at + FRAME_AT.info, SIGINFO_SIZE);
  writeSigInfo(physical.view, at + FRAME_AT.info, info);
};

const putSet = (words: Uint32Array, byteOffset: number, { low, high }: SigSet): void => {
  words[byteOffset >>> 2] = low;
  words[(byteOffset >>> 2) + 1] = high;
};

const enterHandler = ({ cpu, physical }: Kernel, signo: number, handler: number, frame: number): void => {
  physical.mover(ENTER_HANDLER)(0, signo, frame + FRAME_AT.info, frame + FRAME_AT.uc, handler, frame);
  cpu.state.clearSystemFlags(RFLAGS.DF | RFLAGS.RF | RFLAGS.TF);
  clearFpstate(cpu);
};
