/** struct pt_regs (arch/x86/include/asm/ptrace.h) before, in and after a handler. */
import { REG } from '../../emulator/api.ts';
import { errnoName, RESTART } from '../../kernel/abi/errno.ts';
import { syscallName } from '../../kernel/abi/syscalls.ts';
import type { Kernel } from '../../kernel/kernel.ts';
import type { Task } from '../../kernel/task/task.ts';
import { errorName } from './explain.ts';
import type { RegisterRow } from './facts.ts';
import { eflagsNames } from './flags.ts';
import { type FrameRange, placeOf, type Symbolize } from './places.ts';

/** In the order of the struct. */
const NAMES = [
  ...(['r15', 'r14', 'r13', 'r12', 'rbp', 'rbx', 'r11', 'r10', 'r9', 'r8'] as const),
  ...(['rax', 'rcx', 'rdx', 'rsi', 'rdi', 'orig_rax', 'rip', 'cs', 'eflags', 'rsp', 'ss'] as const),
];
type Name = (typeof NAMES)[number];
export type PtRegs = Readonly<Record<Name, bigint>>;

/** Registers of the task that is in the CPU. */
export const ptRegs = ({ cpu: { state } }: Kernel, task: Task): PtRegs => {
  const read = (name: Name): bigint => {
    switch (name) {
      case 'orig_rax':
        return BigInt.asUintN(64, BigInt(task.origAx));
      case 'rip':
        return state.rip64;
      case 'cs':
      case 'ss':
        return BigInt(state.word(name));
      case 'eflags':
        return BigInt(state.rflags >>> 0);
      default:
        return state.get(REG[name]);
    }
  };
  return Object.fromEntries(NAMES.map((name) => [name, read(name)])) as PtRegs;
};

const isRestart = (value: bigint): boolean => {
  const code = Number(-BigInt.asIntN(64, value));
  return code >= RESTART.ERESTARTSYS && code <= RESTART.ERESTART_RESTARTBLOCK;
};

/** What names the values: `call` is the number of the system call that the signal came during, -1 without one. */
export interface Naming {
  readonly task: Task;
  readonly symbolize: Symbolize;
  readonly frame: FrameRange;
  readonly call: number;
}

const callName = (value: bigint, call: number): string => {
  const name = call >= 0 && value === BigInt(call) ? syscallName(call) : undefined;
  return name === undefined ? '' : `__NR_${name}`;
};

/** A name for a register's value: an address, an error, a system call. */
const nameOf = (register: Name, value: bigint, { task, symbolize, frame, call }: Naming): string => {
  switch (register) {
    case 'cs':
    case 'ss':
      return '';
    case 'eflags':
      return eflagsNames(value);
    case 'orig_rax':
      return value === NO_CALL ? '-1' : callName(value, call);
    case 'rax':
      if (isRestart(value)) return `-${errnoName(Number(-BigInt.asIntN(64, value)))}`;
      return errorName(value);
    default:
      return placeOf(task, value, symbolize, frame).name;
  }
};

/** orig_rax outside of system calls. */
const NO_CALL = 0xffffffffffffffffn;

/** What the handler finds. */
const MEANINGS: Partial<Record<Name, string>> = {
  rdi: '1st argument: the signal',
  rsi: '2nd argument: siginfo_t *',
  rdx: '3rd argument: ucontext_t *',
  rax: '0, for handlers without a prototype',
  rip: 'the handler',
  rsp: 'the frame; its first word is the return address',
  eflags: 'DF, TF and RF are clear',
  orig_rax: 'system call that was entered, or -1',
};

export const registerRows = (naming: Naming, before: PtRegs, entry: PtRegs, after: PtRegs | null): RegisterRow[] =>
  NAMES.map((name) => {
    const restarted = after !== null && name === 'rax' && isRestart(before.rax) ? callName(after.rax, naming.call) : '';
    const text = (value: bigint | null) => (value === null ? '' : nameOf(name, value, naming));
    const values = { before: before[name], entry: entry[name], after: after?.[name] ?? null };
    const names = { before: text(values.before), entry: text(values.entry), after: restarted || text(values.after) };
    return { name, ...values, names, meaning: MEANINGS[name] ?? '' };
  });
