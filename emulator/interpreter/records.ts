/**
 * Decoded instructions as the interpreter's functions read them: fixed-size records in linear memory, one after the
 * other within a block. Register operands are linear addresses of registers in the CPU state.
 */
import { REPEAT_LIMIT } from '../cpu.ts';
import type { Instruction, MemoryOperand, Operand } from '../isa/instruction.ts';
import { LINEAR } from '../memory/layout.ts';
import { STATE, VECTOR_STRIDE } from '../state.ts';

/** Byte offsets in a record. */
export const RECORD = {
  size: 64,
  /** u32: table index of the function that executes it. */
  handler: 0,
  /** u16: instructions in the block; in its first record only. */
  count: 4,
  /** u16: number of this record within its block. */
  index: 6,
  /** u16 each: addresses of up to four register operands; of a second memory operand (strings) its base register. */
  operands: 8,
  /** u16: addresses of base and index register (or of the zero field) of the first memory operand. */
  base: 16,
  indexRegister: 18,
  /** u8: log2 of the scale. */
  scale: 20,
  /** u8: length in bytes. */
  length: 21,
  /** u8: the ModRM byte. */
  modrm: 22,
  /** u8: how often control ran into the block from the one before it, up to `MOST_FALLEN`; in its first record only. */
  fallen: 23,
  /** i64: displacement, or the second immediate. */
  displacement: 24,
  /** i64: immediate or branch target. */
  immediate: 32,
  /** i64: address of the next instruction. */
  next: 40,
  /** u32: record of the block that a taken branch goes to, or `LINK`. */
  taken: 48,
  /** u32: record of the block that follows, or `LINK`. */
  fallthrough: 52,
  /** u32: as `handler`, but never that of a region. */
  interpreted: 56,
  /** u32: how often the block may still be entered until it is hot; in its first record only. */
  heat: 60,
} as const;

export const MOST_FALLEN = 255;

/** Values of link fields that are no record. */
export const LINK = {
  /** Ask TypeScript, which may fill in the link. */
  unresolved: 0,
  /** Never linked (another page): look it up in the jump cache. */
  lookup: 1,
} as const;

/** Most instructions in a block. */
export const BLOCK_LIMIT = 64;

/** A scratch block for budgets that end within a block. */
export const SCRATCH = LINEAR.records;
export const ARENA_START = LINEAR.records + (BLOCK_LIMIT + 1) * RECORD.size;

/** Rounds of a string instruction; re-exported so that all executors share one number. */
export const ROUNDS = REPEAT_LIMIT;

const SEGMENT_FIELDS = [STATE.es, STATE.cs, STATE.ss, STATE.ds, STATE.fs, STATE.gs];
const LOG2: Readonly<Record<number, number>> = { 1: 0, 2: 1, 4: 2, 8: 3 };

/** Linear address of the register which an operand names; 0 for operands that are none. */
export const registerAddress = (op: Operand): number => {
  switch (op.kind) {
    case 'reg':
      return STATE.gpr + op.register * 8 + (op.high ? 1 : 0);
    case 'vector':
      return STATE.vector + op.register * VECTOR_STRIDE;
    case 'segment':
      return SEGMENT_FIELDS[op.register]!;
    case 'st':
    case 'mmx':
      return STATE.st + op.register * 16;
    default:
      return 0;
  }
};

/** Number of the operand whose address the record holds in full, or -1. */
export const firstMemory = (i: Instruction): number => i.operands.findIndex((op) => op.kind === 'mem');

/** Writes the record of an instruction at `at` (a byte offset), links unresolved. */
export const writeRecord = (view: DataView, at: number, i: Instruction, handler: number, index: number): void => {
  view.setUint32(at + RECORD.handler, handler, true);
  view.setUint16(at + RECORD.count, 0, true);
  view.setUint16(at + RECORD.index, index, true);
  let immediates = 0;
  for (let n = 0; n < i.operands.length; n++) {
    const op = i.operands[n]!;
    if (op.kind === 'mem') {
      if (n === firstMemory(i)) writeAddress(view, at, op);
      else view.setUint16(at + RECORD.operands + 2 * n, STATE.gpr + op.base * 8, true);
    } else if (op.kind === 'imm' || op.kind === 'target') {
      view.setBigInt64(
        at + (immediates++ === 0 ? RECORD.immediate : RECORD.displacement),
        BigInt.asIntN(64, op.value),
        true,
      );
    } else view.setUint16(at + RECORD.operands + 2 * n, registerAddress(op), true);
  }
  view.setUint8(at + RECORD.length, i.length);
  view.setUint8(at + RECORD.modrm, i.modrm);
  view.setUint8(at + RECORD.fallen, 0);
  const next = i.address + i.length;
  view.setUint32(at + RECORD.next, next >>> 0, true);
  view.setUint32(at + RECORD.next + 4, Math.floor(next / 4294967296), true);
  view.setUint32(at + RECORD.taken, LINK.unresolved, true);
  view.setUint32(at + RECORD.fallthrough, LINK.unresolved, true);
  view.setUint32(at + RECORD.interpreted, handler, true);
};

/** Linear address of the index register: a general one, or with VSIB a vector register. */
const indexAddress = (op: MemoryOperand): number => {
  if (op.vsib !== undefined) return STATE.vector + op.index * VECTOR_STRIDE;
  return op.index < 0 ? STATE.zero : STATE.gpr + op.index * 8;
};

const writeAddress = (view: DataView, at: number, op: MemoryOperand): void => {
  view.setUint16(at + RECORD.base, op.base < 0 ? STATE.zero : STATE.gpr + op.base * 8, true);
  view.setUint16(at + RECORD.indexRegister, indexAddress(op), true);
  view.setUint8(at + RECORD.scale, LOG2[op.scale] ?? 0);
  view.setBigInt64(at + RECORD.displacement, BigInt.asIntN(64, op.displacement), true);
};
