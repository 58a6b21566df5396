/** Conversions between formats, to and from integers, and rounding to an integral value. */
import {
  FINITE,
  type Format,
  INFINITY,
  infinityOf,
  isNaNKind,
  SIGNALLING_NAN,
  UNSUPPORTED,
  unpack,
  ZERO,
  zeroOf,
} from './format.ts';
import { type FloatMode, type FloatResult, IE, PE, type Rounding } from './mode.ts';
import { denormalFlag, exact, invalid, nanResult } from './nan.ts';
import { roundToFormat, shiftRounding } from './round.ts';

/** The same number in another format. A NaN keeps its sign and the leading bits of its payload, and becomes quiet. */
export function convert(from: Format, to: Format, a: bigint, mode: FloatMode): FloatResult {
  const ua = unpack(from, a, mode.denormalsAreZero);
  if (ua.kind === UNSUPPORTED) return invalid(to);
  if (isNaNKind(ua.kind)) {
    const payload = a & (from.quietBit - 1n);
    const shift = BigInt(to.precision - from.precision);
    const moved = shift >= 0n ? payload << shift : payload >> -shift;
    const flags = ua.kind === SIGNALLING_NAN ? IE : 0;
    return exact(infinityOf(to, ua.negative) | to.quietBit | moved, flags);
  }
  if (ua.kind === ZERO) return exact(zeroOf(to, ua.negative), 0);
  if (ua.kind === INFINITY) return exact(infinityOf(to, ua.negative), 0);
  return roundToFormat(to, ua.negative, ua.significand, ua.exponent, mode, denormalFlag(ua));
}

/**
 * Rounds to an integral value of the same format (ROUNDSS, FRNDINT). A denormal operand is an exception to the x87 but
 * not to SSE4.1.
 */
export function roundToIntegral(f: Format, a: bigint, mode: FloatMode): FloatResult {
  const ua = unpack(f, a, mode.denormalsAreZero);
  const nan = nanResult(f, [a], [ua]);
  if (nan) return nan;
  if (ua.kind === INFINITY) return exact(a, 0);
  if (ua.kind === ZERO) return exact(zeroOf(f, ua.negative), 0);
  if (ua.exponent >= 0) return exact(a, 0);
  const integer = shiftRounding(ua.significand, -ua.exponent, ua.negative, mode.rounding);
  const flags = (integer.inexact ? PE : 0) | (f.explicitInteger ? denormalFlag(ua) : 0);
  if (integer.value === 0n) return exact(zeroOf(f, ua.negative), flags);
  const bits = roundToFormat(f, ua.negative, integer.value, 0, mode, 0).bits;
  return { bits, flags, roundedUp: integer.roundedUp };
}

/**
 * To a signed integer of `width` bits, returned as its unsigned bit pattern. What does not fit, infinities and NaNs
 * give the integer indefinite - only the top bit set - and IE (SDM Vol. 1, 4.8.3.7 and table E-1). CVTTSS2SI and its
 * kin pass ROUND_ZERO.
 */
export function toInteger(f: Format, a: bigint, width: number, mode: FloatMode, rounding: Rounding): FloatResult {
  const indefinite = 1n << BigInt(width - 1);
  const ua = unpack(f, a, mode.denormalsAreZero);
  if (ua.kind === ZERO) return exact(0n, 0);
  // Beyond any width, and a shift by it would only build a huge integer.
  if (ua.kind !== FINITE || ua.exponent > width) return exact(indefinite, IE);
  const integer = shiftRounding(ua.significand, -ua.exponent, ua.negative, rounding);
  const value = ua.negative ? -integer.value : integer.value;
  if (value >= indefinite || value < -indefinite) return exact(indefinite, IE);
  return {
    bits: BigInt.asUintN(width, value),
    flags: integer.inexact ? PE : 0,
    roundedUp: integer.roundedUp,
  };
}

/** From a signed integer. */
export function fromInteger(f: Format, value: bigint, mode: FloatMode): FloatResult {
  if (value === 0n) return exact(0n, 0);
  return roundToFormat(f, value < 0n, value < 0n ? -value : value, 0, mode, 0);
}
