/**
 * Calls that are no system calls: into the vDSO, and to the fixed addresses of vsyscalls, which programs of 2002 use.
 *
 * On Linux the vDSO reads the time without the kernel, so that no tracer sees it, no seccomp filter is asked, and a bad pointer
 * is a fault of the function's own store. Ours enters the kernel by SYSCALL, but only as far as here, and shows the same.
 */
import { PF_ERROR, REG, USER_END, VECTOR } from '../../emulator/api.ts';
import { ERRNO } from '../abi/errno.ts';
import { SECCOMP_MODE } from '../abi/seccomp.ts';
import { SEGV, SIG } from '../abi/signal.ts';
import type { Kernel } from '../kernel.ts';
import { FAULT, handleMmFault } from '../mm/fault.ts';
import { getUser64, UserFault } from '../mm/user.ts';
import { secureComputing } from '../process/seccomp.ts';
import { awaitReply } from '../process/seccomp-notify.ts';
import { forceExitSig, forceSig, forceSigFault } from '../signal/force.ts';
import type { SyscallHandler } from '../syscalls/row.ts';
import { syscallRow } from '../syscalls/table.ts';
import type { Task } from '../task/task.ts';

const GETTIMEOFDAY = 96;
const TIME = 201;
const CLOCK_GETTIME = 228;
const CLOCK_GETRES = 229;
const GETCPU = 309;

/** Whether the vDSO has a function for the system call. */
export const isOfVdso = (number: number): boolean =>
  number >= GETTIMEOFDAY &&
  (number === CLOCK_GETTIME ||
    number === GETTIMEOFDAY ||
    number === TIME ||
    number === CLOCK_GETRES ||
    number === GETCPU);

/** REALTIME, MONOTONIC, MONOTONIC_RAW, both _COARSE, BOOTTIME, TAI: others are real system calls from the vDSO too. */
const VDSO_CLOCKS: readonly number[] = [0, 1, 4, 5, 6, 7, 11];

/** Those of them that do not read the time-stamp counter. */
const COARSE_CLOCKS: readonly number[] = [5, 6];

/** Calls the function of a system call; what it returns. */
const call = (kernel: Kernel, task: Task, number: number, a: number, b: number): number => {
  try {
    return (syscallRow(number)!.handler as SyscallHandler)(kernel, task, a, b, 0, 0, 0, 0);
  } catch (thrown) {
    if (thrown instanceof UserFault) return -ERRNO.EFAULT;
    throw thrown;
  }
};

/** The bytes that a function stores, by its arguments: the first store that cannot be made faults. */
const STORES: Readonly<Record<number, (a: number, b: number) => readonly number[]>> = {
  [GETTIMEOFDAY]: (tv, tz) => [tv, tv && tv + 8, tz],
  [TIME]: (at) => [at],
  [CLOCK_GETTIME]: (_clock, ts) => [ts, ts + 8],
  [CLOCK_GETRES]: (_clock, ts) => [ts, ts + 8],
  [GETCPU]: (cpu, node) => [cpu, node],
};

/** SIGSEGV for the first of the addresses that cannot be written. */
const storeFault = (kernel: Kernel, task: Task, addresses: readonly number[]): void => {
  const error = PF_ERROR.user | PF_ERROR.write;
  for (const address of addresses) {
    const result = handleMmFault(kernel, task, address, error);
    if (result === FAULT.handled) continue;
    task.trapNr = VECTOR.PF;
    const present = address >= USER_END || result === FAULT.accessError;
    task.errorCode = error | (present ? PF_ERROR.protection : 0);
    task.cr2 = BigInt(address);
    const code = result === FAULT.accessError ? SEGV.ACCERR : SEGV.MAPERR;
    forceSigFault(kernel, task, SIG.SIGSEGV, code, task.cr2);
    return;
  }
};

/** SYSCALL was executed in the page of the vDSO. False if the call is to be made as any other. */
export const vdsoCall = (kernel: Kernel, task: Task, number: number): boolean => {
  const stores = STORES[number];
  if (stores === undefined) return false;
  const { state } = kernel.cpu;
  const isClock = number === CLOCK_GETTIME || number === CLOCK_GETRES;
  if (isClock && !VDSO_CLOCKS.includes(state.getInt32(REG.rdi))) return false;
  const a = isClock ? state.getInt32(REG.rdi) : state.getNumber(REG.rdi);
  const b = state.getNumber(REG.rsi);
  task.origAx = -1;
  const fine = number === CLOCK_GETTIME ? !COARSE_CLOCKS.includes(a) : number === GETTIMEOFDAY && a !== 0;
  if (fine && task.noTsc) {
    // The function's own RDTSC.
    task.trapNr = VECTOR.GP;
    task.errorCode = 0;
    forceSig(kernel, task, SIG.SIGSEGV);
    return true;
  }
  const result = call(kernel, task, number, a, b);
  if (result === -ERRNO.EFAULT) storeFault(kernel, task, stores(a, b));
  state.setNumber(REG.rax, result);
  return true;
};

/** The page, and the calls at its start and every 1024 bytes behind. */
const VSYSCALL_PAGE = 0xffffffffff600000n;
const VSYSCALLS: readonly number[] = [GETTIMEOFDAY, TIME, GETCPU];
const VSYSCALL_SIZE = 1024n;

/** How many of the arguments are pointers. */
const POINTERS: Readonly<Record<number, number>> = { [GETTIMEOFDAY]: 2, [TIME]: 1, [GETCPU]: 2 };

/**
 * An instruction was to be fetched at `address`, which is not the user's: a vsyscall is done in its place, and the caller
 * goes on (emulate_vsyscall, with vsyscall=xonly). False for other addresses.
 */
export const emulateVsyscall = (kernel: Kernel, task: Task, address: bigint): boolean => {
  const offset = address - VSYSCALL_PAGE;
  if (offset < 0n || offset >= 4096n) return false;
  const { state } = kernel.cpu;
  const number = offset % VSYSCALL_SIZE === 0n ? VSYSCALLS[Number(offset / VSYSCALL_SIZE)] : undefined;
  const caller = callerOf(kernel, task);
  if (number === undefined || caller === null) {
    forceSig(kernel, task, SIG.SIGSEGV);
    return true;
  }
  const args = [state.getNumber(REG.rdi), state.getNumber(REG.rsi)];
  for (let i = 0; i < POINTERS[number]!; i++) {
    // access_ok() of so few bytes looks at their first address alone.
    if (args[i]! <= USER_END) continue;
    task.errorCode = PF_ERROR.user | PF_ERROR.write;
    task.cr2 = state.get(i === 0 ? REG.rdi : REG.rsi);
    task.trapNr = VECTOR.PF;
    forceSigFault(kernel, task, SIG.SIGSEGV, SEGV.MAPERR, task.cr2);
    return true;
  }
  state.setNumber(REG.rax, -ERRNO.ENOSYS);
  task.origAx = number;
  const allowed = task.seccomp.mode === SECCOMP_MODE.DISABLED || secureComputing(kernel, task, number, false);
  if (task.entering !== null) {
    // The tracer is asked, and may change what it likes; or a supervisor, for an answer.
    task.entering = 'vsyscall';
    task.call = number;
    return true;
  }
  finishVsyscall(kernel, task, number, allowed, caller);
  return true;
};

/** The tracer, or with `waits` the supervisor, has answered (the end of __seccomp_filter, and emulate_vsyscall on). */
export const resumeVsyscall = (kernel: Kernel, task: Task, waits: boolean): void => {
  const number = task.call;
  const now = task.origAx;
  const allowed = waits ? awaitReply(kernel, task) : now >= 0 && secureComputing(kernel, task, now, true);
  if (task.inSyscall) {
    task.entering = 'vsyscall';
    return;
  }
  const address = VSYSCALL_PAGE + VSYSCALL_SIZE * BigInt(VSYSCALLS.indexOf(number));
  if ((allowed && now !== number) || kernel.cpu.state.rip64 !== address) {
    task.origAx = -1;
    forceExitSig(kernel, task, SIG.SIGSYS);
    return;
  }
  finishVsyscall(kernel, task, number, allowed, callerOf(kernel, task));
};

/** Makes the call, unless seccomp has dealt with it, and returns to the caller; null: to nowhere. */
const finishVsyscall = (kernel: Kernel, task: Task, number: number, allowed: boolean, caller: bigint | null): void => {
  const { state } = kernel.cpu;
  task.origAx = -1;
  if (task.exiting) return;
  if (caller === null) {
    forceSig(kernel, task, SIG.SIGSEGV);
    return;
  }
  if (allowed) {
    const result = call(kernel, task, number, state.getNumber(REG.rdi), state.getNumber(REG.rsi));
    if (result === -ERRNO.EFAULT) {
      forceSig(kernel, task, SIG.SIGSEGV);
      return;
    }
    state.setNumber(REG.rax, result);
  }
  // RET.
  state.rip64 = caller;
  state.rsp += 8;
};

/** The return address on the stack; null if it cannot be read. */
const callerOf = (kernel: Kernel, task: Task): bigint | null => {
  try {
    return getUser64(task.mm, kernel.cpu.state.rsp);
  } catch (thrown) {
    if (!(thrown instanceof UserFault)) throw thrown;
    return null;
  }
};
