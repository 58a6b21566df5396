/** Operands of x87 instructions that are not on the register stack, as numbers in its format. */
import { convert, fromInteger } from '../../float/convert.ts';
import { BINARY32, BINARY64, EXTENDED80, type Format, infinityOf, isNaNKind, unpack } from '../../float/format.ts';
import { DE } from '../../float/mode.ts';
import { EXACT, type Fpu } from './fpu.ts';
import type { Operands } from './operation.ts';

/** A value in the extended format, which holds those of all others exactly. */
export interface SourceValue {
  readonly bits: bigint;
  /** DE if it was denormal in its own format, where it no longer shows. */
  readonly flags: number;
}

export type Source = (fpu: Fpu, operands: Operands) => SourceValue;

/** Unlike a conversion this keeps signalling NaNs: the operation that uses the value signals. */
function widen(f: Format, bits: bigint): SourceValue {
  const value = unpack(f, bits, false);
  if (isNaNKind(value.kind)) {
    const payload = (bits & (f.signBit - 1n) & ((1n << BigInt(f.precision - 1)) - 1n)) << BigInt(64 - f.precision);
    return { bits: infinityOf(EXTENDED80, value.negative) | payload, flags: 0 };
  }
  return { bits: convert(f, EXTENDED80, bits, EXACT).bits, flags: value.denormal ? DE : 0 };
}

export const memoryFloat = (width: 32 | 64): Source => {
  const format = width === 32 ? BINARY32 : BINARY64;
  return (fpu, { address }) => widen(format, fpu.context.load(width / 8, address));
};

export const memoryExtended: Source = (fpu, { address }) => {
  const low = fpu.context.load(8, address);
  return { bits: (fpu.context.load(2, BigInt.asUintN(64, address + 8n)) << 64n) | low, flags: 0 };
};

export const memoryInteger =
  (width: 16 | 32 | 64): Source =>
  (fpu, { address }) => {
    const value = BigInt.asIntN(width, fpu.context.load(width / 8, address));
    return { bits: fromInteger(EXTENDED80, value, EXACT).bits, flags: 0 };
  };
