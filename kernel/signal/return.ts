/** rt_sigreturn(2): the registers, mask and stack come back from the frame (arch/x86/kernel/signal_64.c). */
import { REG, RFLAGS } from '../../emulator/api.ts';
import { RT_SIGFRAME, SIGCONTEXT, STACK_T, UC, UCONTEXT } from '../abi/sigframe.ts';
import { SIG } from '../abi/signal.ts';
import type { Kernel } from '../kernel.ts';
import { copyFromUser, UserFault } from '../mm/user.ts';
import type { Task } from '../task/task.ts';
import { setAltstack } from './altstack.ts';
import { forceSig } from './force.ts';
import { clearFpstate, restoreFpstate } from './fpstate.ts';
import { SIGCONTEXT_REGISTERS, USER_CS, USER_DS } from './frame.ts';
import { setCurrentBlocked } from './mask.ts';

const UC_AT = RT_SIGFRAME.offsets.uc;
const STACK_AT = UC_AT + UCONTEXT.offsets.uc_stack;
const CONTEXT_AT = UC_AT + UCONTEXT.offsets.uc_mcontext;
const MASK_AT = UC_AT + UCONTEXT.offsets.uc_sigmask;
/** All that is read; siginfo is not. */
const READ_SIZE = MASK_AT + 8;

/** Flags which a frame may change (FIX_EFLAGS). */
const FIX_EFLAGS =
  RFLAGS.AC | RFLAGS.OF | RFLAGS.DF | RFLAGS.TF | RFLAGS.SF | RFLAGS.ZF | RFLAGS.AF | RFLAGS.PF | RFLAGS.CF | RFLAGS.RF;

/** #GP: what a return to user mode with a bad selector ends in. */
const TRAP_GP = 13;

const bigAddress = (view: DataView, at: number): number => Number(view.getBigUint64(at, true));

/** restore_sigcontext up to the floating-point state. */
const restoreRegisters = (kernel: Kernel, task: Task, view: DataView): void => {
  const { state } = kernel.cpu;
  const AT = SIGCONTEXT.offsets;
  // Sleeps that this handler interrupted end in EINTR, even through restart_syscall(2).
  task.restart = { kind: 'none' };
  let at = CONTEXT_AT;
  for (const register of SIGCONTEXT_REGISTERS) {
    state.set(register, view.getBigUint64(at, true));
    at += 8;
  }
  state.rip64 = view.getBigUint64(CONTEXT_AT + AT.rip, true);
  state.setWord('cs', view.getUint16(CONTEXT_AT + AT.cs, true) | 3);
  state.setWord('ss', view.getUint16(CONTEXT_AT + AT.ss, true) | 3);
  state.rflags = (state.rflags & ~FIX_EFLAGS) | (view.getUint32(CONTEXT_AT + AT.eflags, true) & FIX_EFLAGS);
  task.origAx = -1;
  const flags = view.getUint32(UC_AT + UCONTEXT.offsets.uc_flags, true);
  if ((flags & UC.STRICT_RESTORE_SS) === 0 && state.word('cs') === USER_CS) state.setWord('ss', USER_DS);
};

/** Returns false for a frame that cannot be read or makes no sense. */
const restoreFrame = (kernel: Kernel, task: Task, frame: number): boolean => {
  const { mm } = task;
  const { state } = kernel.cpu;
  try {
    const bytes = copyFromUser(mm, frame, READ_SIZE);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    setCurrentBlocked(kernel, task, view.getBigUint64(MASK_AT, true));
    // Errors are of no consequence, and it is the handler's stack pointer that counts (restore_altstack).
    setAltstack(
      task,
      state.rsp,
      bigAddress(view, STACK_AT + STACK_T.offsets.ss_sp),
      view.getUint32(STACK_AT + STACK_T.offsets.ss_flags, true),
      bigAddress(view, STACK_AT + STACK_T.offsets.ss_size),
    );
    restoreRegisters(kernel, task, view);
    const fpstate = bigAddress(view, CONTEXT_AT + SIGCONTEXT.offsets.fpstate);
    if (restoreFpstate(state, mm, fpstate)) return true;
  } catch (thrown) {
    if (!(thrown instanceof UserFault)) throw thrown;
    // Only a fault behind the registers was one of the floating-point state.
    if (task.origAx !== -1) return false;
  }
  clearFpstate(state);
  return false;
};

/** The IRET that leaves the kernel faults on selectors which do not exist (fixup_bad_iret): 0 or the bad one. */
const badSelector = (kernel: Kernel): number => {
  const cs = kernel.cpu.state.word('cs');
  const ss = kernel.cpu.state.word('ss');
  if (cs === USER_CS32) kernel.log('32-bit code is not supported: rt_sigreturn to code segment 0x23');
  if (cs !== USER_CS) return cs & ~3;
  return ss === USER_DS ? 0 : ss & ~3;
};

/** Selector of 32-bit user code. */
const USER_CS32 = 0x23;

/** Restores everything from the frame below rsp; a bad one is SIGSEGV with rax 0. */
export const rtSigreturn = (kernel: Kernel, task: Task): void => {
  const { state } = kernel.cpu;
  const frame = state.rsp - 8;
  for (const observer of kernel.observers) observer.sigreturn?.(task, frame);
  if (!restoreFrame(kernel, task, frame)) {
    forceSig(kernel, task, SIG.SIGSEGV);
    state.setNumber(REG.rax, 0);
    return;
  }
  const selector = badSelector(kernel);
  if (selector !== 0 || state.word('ss') !== USER_DS || state.word('cs') !== USER_CS) {
    task.trapNr = TRAP_GP;
    task.errorCode = selector;
    forceSig(kernel, task, SIG.SIGSEGV);
  }
  for (const observer of kernel.observers) observer.sigreturned?.(task);
};
