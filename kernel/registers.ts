/** Registers of a task for those who look from outside. */
import { CpuState, REG_NAMES, STATE_SIZE, TASK_STATE_SIZE } from '../emulator/api.ts';
import type { Task } from './task/task.ts';

type General = (typeof REG_NAMES)[number];

/** Unsigned 64-bit values. */
export type Registers = Record<General | 'rip' | 'rflags' | 'fsBase' | 'gsBase', bigint>;

const stateOf = (task: Task): CpuState => {
  const state = new CpuState(new ArrayBuffer(STATE_SIZE), 0);
  state.bytes.set(task.saved);
  return state;
};

/** The registers in `task.saved`. */
export const readRegisters = (task: Task): Registers => {
  const state = stateOf(task);
  const general = Object.fromEntries(REG_NAMES.map((name, i) => [name, state.get(i)]));
  return {
    ...(general as Record<General, bigint>),
    rip: state.rip64,
    rflags: BigInt(state.rflags),
    fsBase: state.fsBase,
    gsBase: state.gsBase,
  };
};

/** Changes some registers in `task.saved`. */
export const writeRegisters = (task: Task, change: Partial<Registers>): void => {
  const state = stateOf(task);
  for (const [name, value] of Object.entries(change)) {
    const register = REG_NAMES.indexOf(name as General);
    if (register >= 0) state.set(register, value);
    else if (name === 'rip') state.rip64 = value;
    else if (name === 'rflags') state.rflags = Number(value);
    else if (name === 'fsBase' || name === 'gsBase') state[name] = value;
    else throw new Error(`no register ${name}`);
  }
  task.saved.set(state.bytes.subarray(0, TASK_STATE_SIZE));
};
