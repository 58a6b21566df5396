/**
 * Syscall entry (arch/x86/entry/common.c): the row, its arguments out of the registers, the call, and rax. A call that slept
 * comes here again from the top when its task is woken.
 */
import { type CpuState, OutOfFrames, PAGE_SIZE, REG } from '../../emulator/api.ts';
import { ERRNO, RESTART } from '../abi/errno.ts';
import { SECCOMP_MODE } from '../abi/seccomp.ts';
import { syscallName } from '../abi/syscalls.ts';
import { releaseHeld } from '../fs/descriptors.ts';
import type { Kernel } from '../kernel.ts';
import { UserFault } from '../mm/user.ts';
import { secureComputing } from '../process/seccomp.ts';
import { awaitReply, awaitsReply } from '../process/seccomp-notify.ts';
import { restoreSavedSigmask } from '../signal/mask.ts';
import { dueAtSyscallExit, stopAtSyscallEntry } from '../signal/trace-stop.ts';
import { PASS, type SyscallHandler, type SyscallRow } from '../syscalls/row.ts';
import { syscallRow } from '../syscalls/table.ts';
import type { Task } from '../task/task.ts';
import { BLOCKED, REGISTERS_SET } from '../task/wait.ts';
import { syscallUserDispatch } from './user-dispatch.ts';
import { isOfVdso, resumeVsyscall, vdsoCall } from './vdso.ts';

/** Registers of the arguments, in order. */
const ARGUMENT_REGISTERS = [REG.rdi, REG.rsi, REG.rdx, REG.r10, REG.r8, REG.r9] as const;

const decode = (state: CpuState, pass: number, register: number): number => {
  switch (pass) {
    case PASS.int:
      return state.getInt32(register);
    case PASS.unsigned:
      return state.getUint32(register);
    case PASS.pointer:
      return state.getNumber(register);
    default:
      return state.getSigned(register);
  }
};

/** The arguments of the current task's syscall, as its row declares them. */
export const syscallArguments = (kernel: Kernel, row: SyscallRow): number[] =>
  row.args.map((_, index) => decode(kernel.cpu.state, row.passes[index]!, ARGUMENT_REGISTERS[index]!));

const call = (kernel: Kernel, task: Task, row: SyscallRow): number => {
  const { state } = kernel.cpu;
  const { passes } = row;
  const handler = row.handler as SyscallHandler;
  try {
    // Most calls have few arguments: the others are not looked at.
    if (passes.length === 0) return handler(kernel, task);
    const first = decode(state, passes[0]!, REG.rdi);
    if (passes.length === 1) return handler(kernel, task, first);
    const second = decode(state, passes[1]!, REG.rsi);
    if (passes.length === 2) return handler(kernel, task, first, second);
    const third = decode(state, passes[2]!, REG.rdx);
    if (passes.length === 3) return handler(kernel, task, first, second, third);
    const fourth = decode(state, passes[3]!, REG.r10);
    if (passes.length === 4) return handler(kernel, task, first, second, third, fourth);
    const fifth = decode(state, passes[4]!, REG.r8);
    if (passes.length === 5) return handler(kernel, task, first, second, third, fourth, fifth);
    return handler(kernel, task, first, second, third, fourth, fifth, decode(state, passes[5]!, REG.r9));
  } catch (thrown) {
    if (thrown instanceof UserFault) return -ERRNO.EFAULT;
    if (thrown instanceof OutOfFrames) return -ERRNO.ENOMEM;
    throw thrown;
  }
};

/** A SYSCALL instruction was executed. */
export const doSyscall64 = (kernel: Kernel, task: Task): void => {
  const number = kernel.cpu.state.getInt32(REG.rax);
  if (isOfVdso(number) && kernel.cpu.state.ripIsIn(task.mm.vdso, PAGE_SIZE) && vdsoCall(kernel, task, number)) return;
  task.origAx = number;
  task.syscalls++;
  if (task.userDispatch !== null && syscallUserDispatch(kernel, task, number)) return;
  if (task.trace !== null) {
    // What Linux has there until there is a result; a tracer may look.
    kernel.cpu.state.setNumber(REG.rax, -ERRNO.ENOSYS);
    if (task.trace.syscalls || task.trace.emulates) {
      task.inSyscall = true;
      task.entering = task.trace.emulates ? 'emulated' : 'call';
      stopAtSyscallEntry(kernel, task);
      return;
    }
  }
  enterSyscall(kernel, task, number, false);
};

/** `asked`: a tracer has been asked whether seccomp may let the call through. */
const enterSyscall = (kernel: Kernel, task: Task, number: number, asked: boolean): void => {
  if (task.seccomp.mode !== SECCOMP_MODE.DISABLED && !secureComputing(kernel, task, number, asked)) {
    if (task.entering === null) dueAtSyscallExit(task);
    return;
  }
  makeSyscall(kernel, task, number);
};

/** Nobody stands against the call. */
const makeSyscall = (kernel: Kernel, task: Task, number: number): void => {
  task.call = number;
  const row = syscallRow(number);
  if (row === undefined) {
    unknownSyscall(kernel, task, number);
    return;
  }
  if (kernel.observers.syscallEntry !== null) {
    const args = syscallArguments(kernel, row);
    kernel.observers.syscallEntry(task, number, args);
    if (kernel.stopRequested) {
      // The observer wants to look around before the call is made.
      task.inSyscall = true;
      return;
    }
  }
  execute(kernel, task, row);
};

/** The task runs again after it slept in a syscall. */
export const resumeSyscall = (kernel: Kernel, task: Task): void => {
  const { entering } = task;
  if (entering === null) {
    execute(kernel, task, syscallRow(task.call)!);
    return;
  }
  const waits = awaitsReply(task);
  task.entering = null;
  task.inSyscall = false;
  if (!waits && kernel.fatalSignalPending(task)) return;
  if (entering === 'vsyscall') {
    resumeVsyscall(kernel, task, waits);
    return;
  }
  if (entering === 'notified') {
    if (awaitReply(kernel, task)) makeSyscall(kernel, task, task.origAx);
    else if (task.inSyscall) task.entering = 'notified';
    else dueAtSyscallExit(task);
    return;
  }
  // -1 skips the call, and leaves the tracer's result.
  if (entering === 'emulated' || task.origAx === -1) dueAtSyscallExit(task);
  else enterSyscall(kernel, task, task.origAx, entering === 'seccomp');
};

/** What another thread closes meanwhile stays open for this call. */
const noteDescriptors = ({ cpu }: Kernel, { wait }: Task, { descriptors }: SyscallRow): void => {
  if (descriptors.length === 0 || wait === null) return;
  wait.descriptors = descriptors.map((index) => cpu.state.getInt32(ARGUMENT_REGISTERS[index]!));
};

const execute = (kernel: Kernel, task: Task, row: SyscallRow): void => {
  const result = call(kernel, task, row);
  if (result === BLOCKED) {
    task.inSyscall = true;
    if (task.group.threads.length > 1) noteDescriptors(kernel, task, row);
    return;
  }
  task.inSyscall = false;
  if (task.wait?.held) releaseHeld(kernel, task.wait);
  task.wait = null;
  // A task that is gone has no result; observers were told of its exit.
  if (kernel.observers.syscallExit !== null && !task.exiting && task.exitDue === null) {
    // A call that replaced the registers has none of its arguments left to show, but its number.
    const args = result === REGISTERS_SET ? [] : syscallArguments(kernel, row);
    kernel.observers.syscallExit(task, row.number, args, result);
  }
  if (result === REGISTERS_SET) {
    dueAtSyscallExit(kernel.current);
    return;
  }
  kernel.cpu.state.setNumber(REG.rax, result);
  dueAtSyscallExit(task);
  // A mask for the length of the call goes with it, unless a signal ended the call and has to see it.
  if (task.savedSigmask !== null && result !== -RESTART.ERESTARTNOHAND && result !== -ERRNO.EINTR) {
    if (!row.ownMask) restoreSavedSigmask(kernel, task);
  }
};

const unknownSyscall = (kernel: Kernel, task: Task, number: number): void => {
  const name = syscallName(number);
  kernel.log(`${task.comm}: syscall ${number}${name === undefined ? '' : ` (${name})`} is not supported: ENOSYS`);
  const { syscallEntry, syscallExit } = kernel.observers;
  if (syscallEntry !== null || syscallExit !== null) {
    const args = ARGUMENT_REGISTERS.map((register) => kernel.cpu.state.getNumber(register));
    syscallEntry?.(task, number, args);
    syscallExit?.(task, number, args, -ERRNO.ENOSYS);
  }
  kernel.cpu.state.setNumber(REG.rax, -ERRNO.ENOSYS);
  dueAtSyscallExit(task);
};
