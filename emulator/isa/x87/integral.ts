/** FRNDINT, FSCALE, FXTRACT, FPREM and FPREM1 (SDM Vol. 1, 8.3.5 and Vol. 2A). */
import { fromInteger, roundToIntegral, toInteger } from '../../float/convert.ts';
import {
  bitLength,
  EXTENDED80,
  FINITE,
  INFINITY,
  infinityOf,
  type Unpacked,
  unpack,
  ZERO,
  zeroOf,
} from '../../float/format.ts';
import { type FloatMode, type FloatResult, OE, PE, ROUND_ZERO, UE, ZE } from '../../float/mode.ts';
import { denormalFlag, exact, invalid, nanResult } from '../../float/nan.ts';
import { roundToFormat } from '../../float/round.ts';
import { type Row, row } from '../row.ts';
import { C0, C1, C2, C3, EXACT, INDEFINITE } from './fpu.ts';
import { type Operation, x87 } from './operation.ts';

const F = EXTENDED80;

const roundToInteger: Operation = (fpu) => {
  if (fpu.isEmpty(0)) {
    if (fpu.underflow()) fpu.setSt(0, INDEFINITE);
    return;
  }
  const { bits, flags, roundedUp } = roundToIntegral(F, fpu.st(0), fpu.mode);
  if (fpu.settle(flags, roundedUp)) fpu.setSt(0, bits);
};

/** Beyond this any number of the format, scaled, overflows or underflows as far as it can. */
const SCALE_LIMIT = 0x10000;

/** What is taken from the exponent after an unmasked overflow, and added after an underflow. */
const WRAP = 3 * 2 ** (F.exponentBits - 2);

/** value * 2**(scale truncated to an integer). */
function scaled(value: bigint, scale: bigint, mode: FloatMode): FloatResult {
  const v = unpack(F, value, false);
  const s = unpack(F, scale, false);
  const nan = nanResult(F, [value, scale], [v, s]);
  if (nan) return nan;
  const flags = denormalFlag(v, s);
  if (s.kind === INFINITY) {
    if (v.kind === (s.negative ? INFINITY : ZERO)) return invalid(F);
    return exact(s.negative ? zeroOf(F, v.negative) : infinityOf(F, v.negative), flags);
  }
  if (v.kind !== FINITE) return exact(value, flags);
  const far = s.kind === FINITE && s.exponent + bitLength(s.significand) > bitLength(BigInt(SCALE_LIMIT));
  const by = far
    ? SCALE_LIMIT * (s.negative ? -1 : 1)
    : Number(BigInt.asIntN(64, toInteger(F, scale, 64, mode, ROUND_ZERO).bits));
  const leading = v.exponent + by + bitLength(v.significand) - 1;
  // Too far even for the exponent that an unmasked exception wraps (SDM Vol. 1, 8.5.4 and 8.5.5).
  if (!mode.overflowMasked && leading - WRAP > F.bias) {
    return { bits: infinityOf(F, v.negative), flags: flags | OE | PE, roundedUp: true };
  }
  if (!mode.underflowMasked && leading + WRAP < 1 - F.bias) return exact(zeroOf(F, v.negative), flags | UE | PE);
  return roundToFormat(F, v.negative, v.significand, v.exponent + by, mode, flags);
}

const scale: Operation = (fpu) => {
  if (fpu.anyEmpty(0, 1)) {
    if (fpu.underflow()) fpu.setSt(0, INDEFINITE);
    return;
  }
  const { bits, flags, roundedUp } = scaled(fpu.st(0), fpu.st(1), fpu.mode);
  if (fpu.settle(flags, roundedUp)) fpu.setSt(0, bits);
};

/** A small integer in the extended format. */
const fromNumber = (n: number): bigint => fromInteger(F, BigInt(n), EXACT).bits;

/** The exponent and the significand of a number as two numbers, or the same answer to both. */
function extracted(bits: bigint): { exponent: bigint; significand: bigint; flags: number } {
  const value = unpack(F, bits, false);
  const nan = nanResult(F, [bits], [value]);
  if (nan) return { exponent: nan.bits, significand: nan.bits, flags: nan.flags };
  if (value.kind === ZERO) return { exponent: infinityOf(F, true), significand: bits, flags: ZE };
  if (value.kind === INFINITY) return { exponent: F.infinity, significand: bits, flags: 0 };
  const length = bitLength(value.significand);
  const normalised = value.significand << BigInt(F.precision - length);
  const sign = value.negative ? F.signBit : 0n;
  return {
    exponent: fromNumber(value.exponent + length - 1),
    significand: sign | (BigInt(F.bias) << F.fieldBits) | normalised,
    flags: denormalFlag(value),
  };
}

const extract: Operation = (fpu) => {
  const [empty, full] = [fpu.isEmpty(0), !fpu.isEmpty(7)];
  if (empty || full) {
    if (empty ? !fpu.underflow() : !fpu.overflow()) return;
    fpu.setSt(0, INDEFINITE);
    fpu.push(INDEFINITE);
    return;
  }
  const { exponent, significand, flags } = extracted(fpu.st(0));
  if (!fpu.settle(flags)) return;
  fpu.setSt(0, exponent);
  fpu.push(significand);
};

interface Remainder extends FloatResult {
  /** C0, C1, C3: the last bits of the quotient; or C2 for a remainder that is not final; or null for none. */
  readonly conditions: number | null;
}

const quotientBits = (quotient: bigint): number =>
  (quotient & 4n ? C0 : 0) | (quotient & 2n ? C3 : 0) | (quotient & 1n ? C1 : 0);

/** Exponent differences below this are done at once. */
const STEP = 64;

/** `nearest` is FPREM1, whose quotient is rounded to nearest; else it is truncated. */
function remainder(a: bigint, b: bigint, nearest: boolean, mode: FloatMode): Remainder {
  const ua = unpack(F, a, false);
  const ub = unpack(F, b, false);
  const nan = nanResult(F, [a, b], [ua, ub]);
  if (nan) return { ...nan, conditions: null };
  if (ua.kind === INFINITY || ub.kind === ZERO) return { ...invalid(F), conditions: null };
  const flags = denormalFlag(ua, ub);
  if (ua.kind === ZERO) return { ...exact(a, flags), conditions: 0 };
  if (ub.kind === INFINITY) {
    return { ...roundToFormat(F, ua.negative, ua.significand, ua.exponent, mode, flags), conditions: 0 };
  }

  const difference = leadingExponent(ua) - leadingExponent(ub);
  if (difference >= STEP) {
    // Takes off so much of the quotient that the rest of the work shrinks by a number of bits from 32 to 63.
    const bits = (difference & 31) | 32;
    const low = difference - bits;
    const exponent = Math.min(ua.exponent, ub.exponent + low);
    const dividend = ua.significand << BigInt(ua.exponent - exponent);
    const divisor = ub.significand << BigInt(ub.exponent + low - exponent);
    return { ...rounded(ua.negative, dividend % divisor, exponent, mode, flags), conditions: C2 };
  }

  const exponent = Math.min(ua.exponent, ub.exponent);
  const dividend = ua.significand << BigInt(ua.exponent - exponent);
  const divisor = ub.significand << BigInt(ub.exponent - exponent);
  let quotient = dividend / divisor;
  let rest = dividend - quotient * divisor;
  let { negative } = ua;
  if (nearest && (rest * 2n > divisor || (rest * 2n === divisor && quotient & 1n))) {
    quotient++;
    rest = divisor - rest;
    negative = !negative;
  }
  return { ...rounded(negative, rest, exponent, mode, flags, ua.negative), conditions: quotientBits(quotient) };
}

const leadingExponent = (u: Unpacked): number => u.exponent + bitLength(u.significand);

/** Exact, but possibly denormal; a zero has the sign of the dividend. */
const rounded = (
  negative: boolean,
  significand: bigint,
  exponent: number,
  mode: FloatMode,
  flags: number,
  signOfZero = negative,
): FloatResult =>
  significand === 0n
    ? exact(zeroOf(F, signOfZero), flags)
    : roundToFormat(F, negative, significand, exponent, mode, flags);

const partialRemainder =
  (nearest: boolean): Operation =>
  (fpu) => {
    fpu.setConditions(C2, 0);
    if (fpu.anyEmpty(0, 1)) {
      if (fpu.underflow()) fpu.setSt(0, INDEFINITE);
      return;
    }
    const { bits, flags, conditions } = remainder(fpu.st(0), fpu.st(1), nearest, fpu.mode);
    if (!fpu.settle(flags)) return;
    fpu.setSt(0, bits);
    if (conditions !== null) fpu.setConditions(C0 | C1 | C2 | C3, conditions);
  };

export const integralRows: readonly Row[] = [
  row('D9 FC', 'FRNDINT', '', x87(roundToInteger)),
  row('D9 FD', 'FSCALE', '', x87(scale)),
  row('D9 F4', 'FXTRACT', '', x87(extract)),
  row('D9 F8', 'FPREM', '', x87(partialRemainder(false))),
  row('D9 F5', 'FPREM1', '', x87(partialRemainder(true))),
];
