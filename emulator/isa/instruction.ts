/** A decoded instruction: what the decoder makes of bytes, and all that executors know. Plain data. */
import type { Row } from './row.ts';

export type Width = 8 | 16 | 32 | 64;

/** A general-purpose register. `high` means AH, CH, DH or BH: bits 15:8 of registers 0..3. */
export interface RegisterOperand {
  readonly kind: 'reg';
  readonly width: Width;
  readonly register: number;
  readonly high: boolean;
}

/** XMM or YMM register; `width` is the part of it that the instruction reads or writes, in bits. */
export interface VectorOperand {
  readonly kind: 'vector';
  readonly width: number;
  readonly register: number;
}

/** ST(i) or MMi. */
export interface FpuOperand {
  readonly kind: 'st' | 'mmx';
  readonly width: number;
  readonly register: number;
}

export interface SegmentOperand {
  readonly kind: 'segment';
  readonly width: 16;
  /** 0..5: ES CS SS DS FS GS. */
  readonly register: number;
}

/** Segments with a base in 64-bit mode; all others have base 0. */
export type SegmentBase = 'none' | 'fs' | 'gs';

/** A memory operand. RIP-relative ones have no base and their absolute address as displacement. */
export interface MemoryOperand {
  readonly kind: 'mem';
  /** Bits accessed; 0 where the instruction only computes an address (LEA) or knows itself (FXSAVE). */
  readonly width: number;
  /** 0..15, or -1 for none. */
  readonly base: number;
  readonly index: number;
  /** Width of the vector register that `index` then is (VSIB); absent where the index is a general register. */
  readonly vsib?: 128 | 256;
  /** 1, 2, 4 or 8. */
  readonly scale: number;
  /** Signed displacement, or for RIP-relative and moffs operands the absolute address. Exact as a number but for moffs64. */
  readonly displacement: bigint;
  readonly segment: SegmentBase;
  readonly addressSize: 32 | 64;
  /** RIP-relative: shown so by disassemblers. */
  readonly ripRelative: boolean;
}

export interface ImmediateOperand {
  readonly kind: 'imm';
  readonly width: Width;
  /** Already sign- or zero-extended to `width` as the instruction wants it; unsigned. */
  readonly value: bigint;
}

/** Target of a direct jump or call: an absolute linear address, unsigned 64 bits. */
export interface TargetOperand {
  readonly kind: 'target';
  readonly width: 64;
  readonly value: bigint;
}

export type Operand =
  | RegisterOperand
  | VectorOperand
  | FpuOperand
  | SegmentOperand
  | MemoryOperand
  | ImmediateOperand
  | TargetOperand;

export interface Instruction {
  readonly row: Row;
  /** Linear address of the first byte; a number, since fetching is possible from user addresses only. */
  readonly address: number;
  /** Bytes, 1..15. */
  readonly length: number;
  readonly operands: readonly Operand[];
  /** Effective operand size of `v` operands. */
  readonly operandSize: 16 | 32 | 64;
  readonly addressSize: 32 | 64;
  /** F3 (`rep`/`repe`) or F2 (`repne`) where it is no mandatory prefix. */
  readonly repeat: 'none' | 'rep' | 'repne';
  readonly lock: boolean;
  /** Segment override with a base, for string instructions (their operands are implicit). */
  readonly segment: SegmentBase;
  /** VEX.L or 0: 128 or 256. */
  readonly vectorLength: 128 | 256;
  /** The ModRM byte; 0 where there is none. */
  readonly modrm: number;
}

/** Address after the instruction. */
export const nextAddress = (i: Instruction): number => i.address + i.length;
