/** One instruction through the reference operations: what the reference executor repeats, and others step with. */
import { STOP, type StopReason } from '../cpu.ts';
import { recordFault } from '../isa/faults.ts';
import { CpuFault } from '../isa/helper.ts';
import type { Instruction } from '../isa/instruction.ts';
import { VECTOR } from '../isa/ops.ts';
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

/** Executes the instruction at rip. With TF set before it, #DB follows. */
export const step = (ops: ReferenceOps, fetch: (address: number) => Instruction): Step => {
  const { state } = ops.memory;
  const address = state.rip;
  const stepping = (state.rflags & RFLAGS.TF) !== 0;
  let instruction: Instruction | null = null;
  try {
    instruction = fetch(address);
    ops.execute(instruction, stepping);
  } catch (error) {
    if (!(error instanceof CpuFault)) throw error;
    if (stepping && instruction !== null && ops.resumable) {
      state.exceptionVector = VECTOR.DB;
      state.exceptionError = 0;
      state.dr6 = DR6_BS;
      return TRAPPED;
    }
    recordFault(state, error, instruction);
    return FAULTED;
  }
  if (ops.exit === 'jump') state.rip64 = ops.target;
  else state.rip = address + instruction.length;
  if (ops.exit === 'syscall') return SYSCALL;
  if (ops.exit !== 'trap' && !stepping) return COMPLETED;
  state.exceptionVector = ops.exit === 'trap' ? ops.trapVector : VECTOR.DB;
  state.exceptionError = 0;
  state.dr6 = ops.exit === 'trap' ? 0 : DR6_BS;
  return TRAPPED;
};
