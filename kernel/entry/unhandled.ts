/**
 * What the kernel's log says about a fault that no handler of the program takes (arch/x86/mm/fault.c, show_signal_msg;
 * arch/x86/kernel/traps.c, show_signal; dumpstack.c, show_opcodes).
 */
import { SIG, SIG_DFL, SIG_IGN } from '../abi/signal.ts';
import { basename } from '../fs/names.ts';
import type { Kernel } from '../kernel.ts';
import { copyFromUser, UserFault } from '../mm/user.ts';
import { vmaAt } from '../mm/vma.ts';
import type { Task } from '../task/task.ts';

/** Bytes shown of the code before the instruction, and after its first byte. */
const PROLOGUE_SIZE = 42;
const EPILOGUE_SIZE = 21;

const hex = (value: number | bigint): string => value.toString(16);
const wide = (value: number | bigint): string => hex(value).padStart(16, '0');

const isHeard = (kernel: Kernel): boolean => kernel.observers.kernelMessage !== null;

const print = (kernel: Kernel, line: string): void => {
  kernel.observers.kernelMessage?.(line);
};

/** unhandled_signal. */
const isUnhandled = (kernel: Kernel, task: Task, signo: number): boolean => {
  const { handler } = task.sighand.action[signo]!;
  return (handler === SIG_DFL || handler === SIG_IGN) && !kernel.fatalSignalPending(task);
};

/** The mapped file around an address: name, offset in the file, start and length of the mapping (print_vma_addr). */
const vmaText = (task: Task, ip: number): string => {
  const vma = vmaAt(task.mm, ip);
  if (vma === undefined || vma.file === null) return '';
  const { start, end, offset, file } = vma;
  return ` in ${basename(file.path)}[${hex(ip - start + offset)},${hex(start)}+${hex(end - start)}]`;
};

const codeText = (task: Task, ip: number): string => {
  const prologue = ip - PROLOGUE_SIZE;
  try {
    const bytes = copyFromUser(task.mm, prologue, PROLOGUE_SIZE + 1 + EPILOGUE_SIZE);
    const text = [...bytes].map((byte) => byte.toString(16).padStart(2, '0'));
    text[PROLOGUE_SIZE] = `<${text[PROLOGUE_SIZE]}>`;
    return text.join(' ');
  } catch (thrown) {
    if (!(thrown instanceof UserFault)) throw thrown;
    return `Unable to access opcode bytes at 0x${hex(BigInt.asUintN(64, BigInt(prologue)))}.`;
  }
};

/** A page fault that becomes SIGSEGV: `task.cr2` and `task.errorCode` are set. */
export const showSignalMsg = (kernel: Kernel, task: Task): void => {
  if (!isHeard(kernel) || !isUnhandled(kernel, task, SIG.SIGSEGV)) return;
  const { state } = kernel.cpu;
  print(
    kernel,
    `${task.comm}[${task.pid}]: segfault at ${hex(task.cr2)} ip ${wide(state.rip64)} sp ${wide(state.rsp)} ` +
      `error ${hex(task.errorCode)}${vmaText(task, state.rip)} likely on CPU 0 (core 0, socket 0)`,
  );
  print(kernel, `Code: ${codeText(task, state.rip)}`);
};

/** Another exception; `what` is what the kernel calls it, as `trap divide error`. */
export const showSignal = (kernel: Kernel, task: Task, signo: number, what: string): void => {
  if (!isHeard(kernel) || !isUnhandled(kernel, task, signo)) return;
  const { state } = kernel.cpu;
  print(
    kernel,
    `traps: ${task.comm}[${task.pid}] ${what} ip:${hex(state.rip64)} sp:${hex(state.rsp)} ` +
      `error:${hex(task.errorCode)}${vmaText(task, state.rip)}`,
  );
};
