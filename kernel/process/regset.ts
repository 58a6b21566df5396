/** Register sets of a task, as core files and ptrace(2) show them (arch/x86/kernel/ptrace.c). */
import { type Cpu, type CpuState, REG, TASK_STATE_SIZE } from '../../emulator/api.ts';
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
