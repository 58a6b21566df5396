/** What executors do alike when an instruction faults. */
import type { CpuState } from '../state.ts';
import { REG } from '../state.ts';
import { type CpuFault, NON_CANONICAL } from './helpers.ts';
import type { Instruction } from './instruction.ts';
import { VECTOR } from './ops.ts';

/** Instructions that use the stack without an operand that says so. */
const STACK = /^(PUSH|POP|CALL|RET|ENTER|LEAVE|IRET)/;

/** SDM Vol. 1, 3.7.4: references through rsp or rbp use SS, unless FS or GS overrides. */
const usesStackSegment = (i: Instruction): boolean => {
  for (const op of i.operands) {
    if (op.kind === 'mem') return op.segment === 'none' && (op.base === REG.rsp || op.base === REG.rbp);
  }
  return STACK.test(i.row.mnemonic);
};

/** Puts a fault into the CPU state. */
export const recordFault = (state: CpuState, fault: CpuFault, i: Instruction | null): void => {
  const nonCanonical = fault.errorCode === NON_CANONICAL;
  state.exceptionVector = nonCanonical && i !== null && usesStackSegment(i) ? VECTOR.SS : fault.vector;
  state.exceptionError = nonCanonical ? 0 : fault.errorCode;
};
