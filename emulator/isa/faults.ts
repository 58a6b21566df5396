/** What executors do alike when an instruction faults. */
import type { CpuState } from '../state.ts';
import { REG } from '../state.ts';
import { type CpuFault, NON_CANONICAL } from './helpers.ts';
import type { Instruction } from './instruction.ts';
import { VECTOR } from './ops.ts';

/** Instructions that use the stack without an operand that says so. */
const STACK = /^(PUSH|POP|CALL|RET|ENTER|LEAVE|IRET)/;

/**
 * Whether a non-canonical access of the instruction was through SS: by an operand based on rsp or rbp (SDM Vol. 1, 3.7.4;
 * FS and GS override), or, if its memory operand is in order, by the stack it uses implicitly. The registers are still as
 * they were before the instruction.
 */
const usesStackSegment = (i: Instruction, state: CpuState): boolean => {
  for (const op of i.operands) {
    if (op.kind !== 'mem') continue;
    let address = op.displacement;
    if (op.base >= 0) address += state.get(op.base);
    if (op.index >= 0) address += state.get(op.index) * BigInt(op.scale);
    address = BigInt.asUintN(op.addressSize, address);
    if (op.segment !== 'none') address += op.segment === 'fs' ? state.fsBase : state.gsBase;
    // An operand may begin or end in the hole.
    const last = address + BigInt(Math.max(op.width, 8) / 8 - 1);
    if ([address, last].some((byte) => BigInt.asIntN(48, byte) !== BigInt.asIntN(64, byte))) {
      return op.segment === 'none' && (op.base === REG.rsp || op.base === REG.rbp);
    }
  }
  return STACK.test(i.row.mnemonic);
};

/** Puts a fault into the CPU state. */
export const recordFault = (state: CpuState, fault: CpuFault, i: Instruction | null): void => {
  const nonCanonical = fault.errorCode === NON_CANONICAL;
  state.exceptionVector = nonCanonical && i !== null && usesStackSegment(i, state) ? VECTOR.SS : fault.vector;
  state.exceptionError = nonCanonical ? 0 : fault.errorCode;
};
