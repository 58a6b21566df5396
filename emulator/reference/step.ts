/** One instruction through the reference operations: what the reference executor repeats, and others step with. */
import { STOP, type StopReason } from '../cpu.ts';
import type { CpuState } from '../cpu-state.ts';
import { recordFault } from '../isa/faults.ts';
import { CpuFault } from '../isa/helper.ts';
import type { Instruction } from '../isa/instruction.ts';
import { VECTOR } from '../isa/ops.ts';
import { executionHits } from '../memory/watch.ts';
import { DR6_BS, RFLAGS } from '../state.ts';
import type { ReferenceOps } from './ops.ts';

/** What became of the step: `completed` tells whether the instruction counts, `stop` why the run must end, if it must. */
export interface Step {
  readonly completed: boolean;
  readonly stop: StopReason | null;
}

const COMPLETED: Step = { completed: true, stop: null };
const SYSCALL: Step = { completed: true, stop: STOP.syscall };
const TRAPPED: Step = { completed: true, stop: STOP.exception };
const FAULTED: Step = { completed: false, stop: STOP.exception };

const debugException = (state: CpuState, dr6: number, result: Step): Step => {
  state.exceptionVector = VECTOR.DB;
  state.exceptionError = 0;
  state.dr6 = dr6;
  return result;
};

/** Executes the instruction at rip. With TF set before it, or where something is watched, #DB follows. */
export const step = (ops: ReferenceOps, fetch: (address: number) => Instruction): Step => {
  const { state } = ops.memory;
  const address = state.rip;
  const stepping = (state.rflags & RFLAGS.TF) !== 0;
  const { watch } = ops.memory;
  if (watch !== null) {
    watch.hits = 0;
    const hits = state.rflags & RFLAGS.RF ? 0 : executionHits(watch, address);
    if (hits !== 0) return debugException(state, hits, FAULTED);
  }
  let instruction: Instruction | null = null;
  try {
    instruction = fetch(address);
    ops.execute(instruction, stepping || watch !== null);
  } catch (error) {
    if (!(error instanceof CpuFault)) throw error;
    if (stepping && instruction !== null && ops.resumable) {
      return debugException(state, DR6_BS, TRAPPED);
    }
    recordFault(state, error, instruction);
    return FAULTED;
  }
  if (ops.exit === 'jump') state.rip64 = ops.target;
  else state.rip = address + instruction.length;
  if (ops.exit === 'syscall') return SYSCALL;
  if (watch !== null) state.rflags &= ~RFLAGS.RF;
  if (ops.exit !== 'trap') {
    const reasons = (stepping ? DR6_BS : 0) | (watch?.hits ?? 0);
    return reasons === 0 ? COMPLETED : debugException(state, reasons, TRAPPED);
  }
  state.exceptionVector = ops.trapVector;
  state.exceptionError = 0;
  state.dr6 = 0;
  return TRAPPED;
};
