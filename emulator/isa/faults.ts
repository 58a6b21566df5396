/** What executors do alike when an instruction faults. */
import type { CpuState } from '../cpu-state.ts';
import { isCanonical } from '../memory/canonical.ts';
import { REG } from '../state.ts';
import { type CpuFault, NON_CANONICAL } from './helpers.ts';
import type { Instruction } from './instruction.ts';
import { VECTOR } from './ops.ts';

/** Instructions that use the stack without an operand that says so. */
const STACK = /^(PUSH|POP|CALL|RET|ENTER|LEAVE|IRET)/;
const FAR = /^(CALL|JMP)$/;
const BIT_STRING = /^BT[SRC]?$/;

/** Whether the first and the last byte of an operand of `width` bits have addresses; it may begin or end in the hole. */
const isCanonicalRange = (address: bigint, width: number): boolean => {
  const last = address + BigInt(Math.max(width, 8) / 8 - 1);
  return [address, last].every((byte) => isCanonical(BigInt.asUintN(64, byte)));
};

/**
 * Whether a non-canonical access of the instruction was through SS: by an operand based on rsp or rbp (SDM Vol. 1, 3.7.4;
 * FS and GS override), or, if its memory operand is in order, by the stack it uses implicitly. The registers are still as
 * they were before the instruction.
 */
const usesStackSegment = (i: Instruction, state: CpuState): boolean => {
  // POP reads the stack before it looks at its operand.
  if (i.row.mnemonic === 'POP' && !isCanonicalRange(state.get(REG.rsp), i.operandSize)) return true;
  for (const op of i.operands) {
    if (op.kind !== 'mem') continue;
    const stackBased = op.segment === 'none' && (op.base === REG.rsp || op.base === REG.rbp);
    // The bit offset takes a bit string away from the operand's own address, the index vector a gather's elements.
    if (BIT_STRING.test(i.row.mnemonic) || op.vsib !== undefined) return stackBased;
    let address = op.displacement;
    if (op.base >= 0) address += state.get(op.base);
    if (op.index >= 0) address += state.get(op.index) * BigInt(op.scale);
    address = BigInt.asUintN(op.addressSize, address);
    if (op.segment !== 'none') address += op.segment === 'fs' ? state.fsBase : state.gsBase;
    // Far pointers: a call reads its one before it uses the stack.
    const width = op.width === 0 && FAR.test(i.row.mnemonic) ? i.operandSize + 16 : op.width;
    if (!isCanonicalRange(address, width)) return stackBased;
  }
  return STACK.test(i.row.mnemonic);
};

/** Puts a fault into the CPU state. */
export const recordFault = (state: CpuState, fault: CpuFault, i: Instruction | null): void => {
  const nonCanonical = fault.errorCode === NON_CANONICAL;
  state.exceptionVector = nonCanonical && i !== null && usesStackSegment(i, state) ? VECTOR.SS : fault.vector;
  state.exceptionError = nonCanonical ? 0 : fault.errorCode;
};
