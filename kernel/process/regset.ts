/** Register sets of a task, as core files and ptrace(2) show them (arch/x86/kernel/ptrace.c). */
import { type Cpu, type CpuState, REG, RFLAGS, TASK_STATE_SIZE } from '../../emulator/api.ts';
import { USER_REGS } from '../abi/core.ts';
import type { Kernel } from '../kernel.ts';
import type { Task } from '../task/task.ts';

/** Runs `use` with the task's registers in the CPU; what it changes there becomes the task's. */
export const withRegisters = <T>(kernel: Kernel, task: Task, use: (cpu: Cpu) => T): T => {
  const { cpu, current } = kernel;
  if (task === current) return use(cpu);
  const { bytes } = cpu.state;
  const kept = bytes.slice(0, TASK_STATE_SIZE);
  bytes.set(task.saved);
  try {
    return use(cpu);
  } finally {
    task.saved.set(bytes.subarray(0, TASK_STATE_SIZE));
    bytes.set(kept);
  }
};

/** struct user_regs_struct of the state, in the order of `USER_REGS`; `origAx` is -1 outside of system calls. */
export const userRegs = (state: CpuState, origAx: number): bigint[] => {
  const general = (...names: (keyof typeof REG)[]): bigint[] => names.map((name) => state.get(REG[name]));
  return [
    ...general('r15', 'r14', 'r13', 'r12', 'rbp', 'rbx', 'r11', 'r10', 'r9', 'r8', 'rax', 'rcx', 'rdx', 'rsi', 'rdi'),
    BigInt.asUintN(64, BigInt(origAx)),
    state.rip64,
    BigInt(state.word('cs')),
    BigInt(state.rflags >>> 0),
    ...general('rsp'),
    BigInt(state.word('ss')),
    state.fsBase,
    state.gsBase,
    ...(['ds', 'es', 'fs', 'gs'] as const).map((name) => BigInt(state.word(name))),
  ];
};

/** What a tracer may set of RFLAGS: arithmetic flags, TF, DF, NT, RF, AC (FLAG_MASK). */
const FLAG_MASK = 0x0005_4dd5;
const GENERAL = [
  ...['r15', 'r14', 'r13', 'r12', 'rbp', 'rbx', 'r11', 'r10', 'r9', 'r8', 'rax', 'rcx', 'rdx', 'rsi', 'rdi'],
] as (keyof typeof REG)[];
const USER_TOP = 0x7fff_ffff_f000n;

/** The registers as a tracer sees them: without the TF that it has set itself. */
export const tracedRegs = (kernel: Kernel, task: Task): bigint[] =>
  withRegisters(kernel, task, ({ state }) => {
    const regs = userRegs(state, task.origAx);
    if (task.trace?.forcedTf) regs[18]! &= ~BigInt(RFLAGS.TF);
    return regs;
  });

/** Sets one word of struct user_regs_struct, by its index. False for a value it cannot have (putreg). */
export const putReg = (kernel: Kernel, task: Task, index: number, value: bigint): boolean =>
  withRegisters(kernel, task, ({ state }) => {
    const name = USER_REGS[index]!;
    switch (name) {
      case 'orig_rax':
        task.origAx = Number(BigInt.asIntN(32, value));
        return true;
      case 'rip':
        state.rip64 = value;
        return true;
      case 'rsp':
        state.set(REG.rsp, value);
        return true;
      case 'eflags': {
        const { trace } = task;
        let flags = Number(BigInt.asUintN(32, value)) & FLAG_MASK;
        if (trace !== null && flags & RFLAGS.TF) trace.forcedTf = false;
        else if (trace?.forcedTf) flags |= RFLAGS.TF;
        state.rflags = (state.rflags & ~FLAG_MASK) | flags;
        return true;
      }
      case 'fs_base':
      case 'gs_base':
        if (value >= USER_TOP) return false;
        state[name === 'fs_base' ? 'fsBase' : 'gsBase'] = value;
        return true;
      case 'cs':
      case 'ss':
        return Number(value & 0xffffn) === state.word(name);
      case 'ds':
      case 'es':
      case 'fs':
      case 'gs': {
        const selector = Number(value & 0xffffn);
        if (selector !== 0 && (selector & 3) !== 3) return false;
        state.setWord(name, selector);
        return true;
      }
      default:
        state.set(REG[GENERAL[index]!], value);
        return true;
    }
  });
