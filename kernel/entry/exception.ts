/**
 * Exceptions of the guest's instructions: which signal each becomes (arch/x86/kernel/traps.c, arch/x86/mm/fault.c).
 */
import { type CpuState, DR6_BS, PF_ERROR, RFLAGS, USER_END, VECTOR, VECTOR_NAMES } from '../../emulator/api.ts';
import { BUS, FPE, ILL, SEGV, SIG, TRAP } from '../abi/signal.ts';
import type { Kernel } from '../kernel.ts';
import { FAULT, handleMmFault } from '../mm/fault.ts';
import { DR6_TRAPS, isExecution } from '../process/debugreg.ts';
import { forceSig, forceSigFault } from '../signal/force.ts';
import { kernelInfo, sendSignal } from '../signal/send.ts';
import type { Task } from '../task/task.ts';
import { showSignal, showSignalMsg } from './unhandled.ts';
import { emulateVsyscall } from './vdso.ts';

/** Bit 0 of a page fault's error code: set for addresses outside of user space too, so as to tell nothing about them. */
const PF_PROT = 1;

type Handler = (kernel: Kernel, task: Task, vector: number, error: number) => void;

/** Handles the exception with which the CPU stopped. */
export const handleException = (kernel: Kernel, task: Task): void => {
  task.origAx = -1;
  const { exceptionVector: vector, exceptionError: error } = kernel.cpu.state;
  if (vector === VECTOR.PF && handlePageFault(kernel, task, error)) return;
  kernel.observers.exception?.(task, vector, error);
  if (vector === VECTOR.PF) return;
  const handler = HANDLERS.get(vector);
  if (handler === undefined) {
    throw new Error(`the CPU raised ${VECTOR_NAMES[vector] ?? `vector ${vector}`}, which user code cannot`);
  }
  handler(kernel, task, vector, error);
};

/** What signal frames show of the exception; faults leave RF set in the flags of the interrupted code. */
const setArchInfo = (kernel: Kernel, task: Task, vector: number, error: number, fault: boolean): void => {
  task.trapNr = vector;
  task.errorCode = error;
  if (fault) kernel.cpu.state.rflags |= RFLAGS.RF;
};

/** A fault with a code, at the address of the instruction. */
const excFault = (kernel: Kernel, task: Task, vector: number, signo: number, code: number, what: string): void => {
  setArchInfo(kernel, task, vector, 0, true);
  showSignal(kernel, task, signo, what);
  forceSigFault(kernel, task, signo, code, kernel.cpu.state.rip64);
};

/** A fault of which the program learns no more than the signal. */
const excForced = (kernel: Kernel, task: Task, vector: number, error: number, signo: number, what: string): void => {
  setArchInfo(kernel, task, vector, error, true);
  showSignal(kernel, task, signo, what);
  forceSig(kernel, task, signo);
};

/** INT3 and INTO: rip is behind the instruction. */
const excTrap = (kernel: Kernel, task: Task, vector: number, signo: number, what: string): void => {
  setArchInfo(kernel, task, vector, 0, false);
  showSignal(kernel, task, signo, what);
  forceSig(kernel, task, signo);
};

/** A single step, a watchpoint, or INT1. */
const excDebug = (kernel: Kernel, task: Task): void => {
  setArchInfo(kernel, task, VECTOR.DB, 0, false);
  const { state } = kernel.cpu;
  // Not TF, which the instruction itself may have changed.
  task.dr6 = state.dr6;
  const code = state.dr6 & DR6_BS ? TRAP.TRACE : state.dr6 & DR6_TRAPS ? TRAP.HWBKPT : TRAP.BRKPT;
  // One to execute shall not stop it again.
  if (isExecution(task, state.dr6)) state.rflags |= RFLAGS.RF;
  forceSigFault(kernel, task, SIG.SIGTRAP, code, state.rip64);
};

/** Exceptions of x87 and SSE arithmetic, by the lowest unmasked flag (fpu__exception_code). */
const FLOAT_CODES = [
  [0x01, FPE.FLTINV],
  [0x04, FPE.FLTDIV],
  [0x08, FPE.FLTOVF],
  [0x12, FPE.FLTUND],
  [0x20, FPE.FLTRES],
] as const;

/** The si_code of #MF or #XM; undefined where no unmasked flag is left. */
export const floatExceptionCode = (vector: number, state: CpuState): number | undefined => {
  const { mxcsr } = state;
  const raised = vector === VECTOR.MF ? state.word('fsw') & ~state.word('fcw') : mxcsr & ~(mxcsr >> 7);
  return FLOAT_CODES.find(([bits]) => (raised & bits) !== 0)?.[1];
};

const mathError = (kernel: Kernel, task: Task, vector: number): void => {
  setArchInfo(kernel, task, vector, 0, true);
  const { state } = kernel.cpu;
  const code = floatExceptionCode(vector, state);
  if (code !== undefined) forceSigFault(kernel, task, SIG.SIGFPE, code, state.rip64);
};

/** Brings the page in, or sends SIGSEGV or SIGBUS. Returns whether the instruction runs again. */
const handlePageFault = (kernel: Kernel, task: Task, error: number): boolean => {
  const { state } = kernel.cpu;
  const address = state.cr2;
  if (error & PF_ERROR.fetch && address >= USER_END && emulateVsyscall(kernel, task, state.cr2Wide)) return true;
  const result = handleMmFault(kernel, task, address, error);
  if (result === FAULT.handled) {
    task.usage.minflt++;
    return true;
  }
  if (result === FAULT.outOfMemory) {
    kernel.log(`out of memory: killed process ${task.group.tgid} (${task.comm})`);
    sendSignal(kernel, kernelInfo(SIG.SIGKILL), task, false);
    return false;
  }
  setArchInfo(kernel, task, VECTOR.PF, address >= USER_END ? error | PF_PROT : error, true);
  task.cr2 = state.cr2Wide;
  if (result === FAULT.busError) forceSigFault(kernel, task, SIG.SIGBUS, BUS.ADRERR, task.cr2);
  else {
    showSignalMsg(kernel, task);
    const code = result === FAULT.accessError ? SEGV.ACCERR : SEGV.MAPERR;
    forceSigFault(kernel, task, SIG.SIGSEGV, code, task.cr2);
  }
  return false;
};

/** An access that is not aligned, with RFLAGS.AC set: Linux does not tell where. */
const alignmentCheck: Handler = (kernel, task, vector, error) => {
  setArchInfo(kernel, task, vector, error, true);
  showSignal(kernel, task, SIG.SIGBUS, 'trap alignment check');
  forceSigFault(kernel, task, SIG.SIGBUS, BUS.ADRALN, 0n);
};

const HANDLERS = new Map<number, Handler>([
  [VECTOR.DE, (kernel, task, vector) => excFault(kernel, task, vector, SIG.SIGFPE, FPE.INTDIV, 'trap divide error')],
  [VECTOR.DB, excDebug],
  [VECTOR.BP, (kernel, task, vector) => excTrap(kernel, task, vector, SIG.SIGTRAP, 'trap int3')],
  [VECTOR.OF, (kernel, task, vector) => excTrap(kernel, task, vector, SIG.SIGSEGV, 'trap overflow')],
  [VECTOR.BR, (kernel, task, vector) => excForced(kernel, task, vector, 0, SIG.SIGSEGV, 'trap bounds')],
  [VECTOR.UD, (kernel, task, vector) => excFault(kernel, task, vector, SIG.SIGILL, ILL.ILLOPN, 'trap invalid opcode')],
  [
    VECTOR.NP,
    (kernel, task, vector, error) => excForced(kernel, task, vector, error, SIG.SIGBUS, 'trap segment not present'),
  ],
  [
    VECTOR.SS,
    (kernel, task, vector, error) => excForced(kernel, task, vector, error, SIG.SIGBUS, 'trap stack segment'),
  ],
  [
    VECTOR.GP,
    (kernel, task, vector, error) => excForced(kernel, task, vector, error, SIG.SIGSEGV, 'general protection fault'),
  ],
  [VECTOR.MF, mathError],
  [VECTOR.AC, alignmentCheck],
  [VECTOR.XM, mathError],
]);
