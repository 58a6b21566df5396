/** Numbers of operands that are made once, to allocate little. */
import type { ImmediateOperand, Width } from '../isa/instruction.ts';

export const immediate = (width: Width, value: bigint): ImmediateOperand => ({ kind: 'imm', width, value });
/** Bytes as 8-bit operands. */
export const byteImmediates = Array.from({ length: 256 }, (_, n) => immediate(8, BigInt(n)));
const makeExtendedBytes = (width: Width): ImmediateOperand[] =>
  Array.from({ length: 256 }, (_, n) => immediate(width, BigInt.asUintN(width, BigInt((n << 24) >> 24))));
/** Sign-extended bytes as operands, by width. */
export const extendedByteImmediates = {
  16: makeExtendedBytes(16),
  32: makeExtendedBytes(32),
  64: makeExtendedBytes(64),
};

const SMALL = 256;
/** Most displacements are small: their bigints are made once. */
const smallBigints = Array.from({ length: 2 * SMALL }, (_, n) => BigInt(n - SMALL));
export const toBigint = (value: number): bigint =>
  value >= -SMALL && value < SMALL ? smallBigints[value + SMALL]! : BigInt(value);
