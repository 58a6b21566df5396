/**
 * The form of an instruction: all that its function may look at (the laws in ops.ts). Instructions of equal form differ
 * in register numbers, displacements and immediate values only, and can share one generated function.
 */
import type { Instruction, Operand, SegmentBase } from '../isa/instruction.ts';

/** Rows fit in 12 bits of the key. */
const MAX_ROWS = 1 << 12;
const KEY_BITS = 30;

const OPERAND_SIZE = { 16: 0, 32: 1, 64: 2 } as const;
const REPEAT = { none: 0, rep: 1, repne: 2 } as const;
const SEGMENT: Readonly<Record<SegmentBase, number>> = { none: 0, fs: 1, gs: 2 };

/** 0 for registers and what is fixed by the row, 1 for memory without index, 2 with one. */
const operandClass = (operand: Operand): number => {
  if (operand.kind !== 'mem') return 0;
  return operand.index < 0 ? 1 : 2;
};

/**
 * A number that is equal for instructions of equal form, and different otherwise: row, operand size, address size,
 * repeat, lock, segment, vector length; for each operand register or memory with or without index;
 * and the immediate of rows marked `immediateInForm`. Operand widths need no bits of their own, they follow from these.
 */
export const formKey = (i: Instruction): number => {
  const { row, operands } = i;
  if (row.id < 0 || row.id >= MAX_ROWS) throw new Error(`row '${row.encoding}' ${row.mnemonic} has id ${row.id}`);
  const key =
    row.id |
    (OPERAND_SIZE[i.operandSize] << 12) |
    (i.addressSize === 64 ? 0 : 1 << 14) |
    (REPEAT[i.repeat] << 15) |
    (i.lock ? 1 << 17 : 0) |
    (SEGMENT[i.segment] << 18) |
    (i.vectorLength === 128 ? 0 : 1 << 20) |
    (operands.length > 0 ? operandClass(operands[0]!) << 21 : 0) |
    (operands.length > 1 ? operandClass(operands[1]!) << 24 : 0) |
    // A fourth operand is always an immediate or a vector register.
    (operands.length > 2 ? operandClass(operands[2]!) << 27 : 0);
  return row.immediateInForm === true ? key + immediateInForm(i) * 2 ** KEY_BITS : key;
};

const immediateInForm = (i: Instruction): number => {
  const operand = i.operands.at(-1);
  if (operand?.kind !== 'imm' || operand.width !== 8) {
    throw new Error(`row '${i.row.encoding}' ${i.row.mnemonic} is marked immediateInForm but ends in no byte`);
  }
  return Number(operand.value);
};
