/** The one rounding that ends an operation: an exact value becomes the bits of a format. */
import { bitLength, type Format, infinityOf, zeroOf } from './format.ts';
import {
  type FloatMode,
  type FloatResult,
  OE,
  PE,
  ROUND_DOWN,
  ROUND_NEAREST,
  ROUND_UP,
  type Rounding,
  UE,
} from './mode.ts';

/** Whether discarding the `dropped` low bits of an integer asks for an increment of what stays. */
function roundsUp(value: bigint, dropped: number, negative: boolean, rounding: Rounding): boolean {
  const rest = value & ((1n << BigInt(dropped)) - 1n);
  if (rest === 0n) return false;
  if (rounding === ROUND_NEAREST) {
    const half = 1n << BigInt(dropped - 1);
    return rest > half || (rest === half && ((value >> BigInt(dropped)) & 1n) === 1n);
  }
  return rounding === (negative ? ROUND_DOWN : ROUND_UP);
}

/** An integer times 2**-dropped, rounded to an integer. */
export function shiftRounding(
  value: bigint,
  dropped: number,
  negative: boolean,
  rounding: Rounding,
): { value: bigint; inexact: boolean; roundedUp: boolean } {
  if (dropped <= 0) return { value: value << BigInt(-dropped), inexact: false, roundedUp: false };
  const kept = value >> BigInt(dropped);
  const up = roundsUp(value, dropped, negative, rounding);
  return { value: up ? kept + 1n : kept, inexact: kept << BigInt(dropped) !== value, roundedUp: up };
}

/** A sign, an exponent for the leading bit and a significand of exactly the format's precision, put together. */
function pack(f: Format, negative: boolean, leading: number, significand: bigint): bigint {
  const exponentField = BigInt((leading + f.bias) & f.maxExponent);
  return (negative ? f.signBit : 0n) | (exponentField << f.fieldBits) | (significand & f.fieldMask);
}

/** The largest finite magnitude of a format with `precision` bits of significand in use. */
function largest(f: Format, negative: boolean, precision: number): bigint {
  return pack(f, negative, f.bias, ((1n << BigInt(precision)) - 1n) << BigInt(f.precision - precision));
}

/**
 * Rounds (-1)**negative * significand * 2**exponent, significand > 0, to a format. Tininess is detected after
 * rounding as if the exponent had no bounds, as x86 does (SDM Vol. 1, 4.9.1.5). `flags` are those the operation has
 * already met.
 */
export function roundToFormat(
  f: Format,
  negative: boolean,
  significand: bigint,
  exponent: number,
  mode: FloatMode,
  flags: number,
): FloatResult {
  const precision = mode.precision ?? f.precision;
  const spare = BigInt(f.precision - precision);
  const length = bitLength(significand);
  const emin = 1 - f.bias;

  const unbounded = shiftRounding(significand, length - precision, negative, mode.rounding);
  const carried = bitLength(unbounded.value) > precision;
  const full = (carried ? unbounded.value >> 1n : unbounded.value) << spare;
  const leading = exponent + length - (carried ? 0 : 1);
  const wrap = 3 * 2 ** (f.exponentBits - 2);
  const roundedUp = unbounded.roundedUp;
  const inexact = unbounded.inexact ? PE : 0;

  if (leading > f.bias) {
    flags |= OE;
    if (!mode.overflowMasked)
      return { bits: pack(f, negative, leading - wrap, full), flags: flags | inexact, roundedUp };
    const toInfinity = mode.rounding === ROUND_NEAREST || mode.rounding === (negative ? ROUND_DOWN : ROUND_UP);
    const bits = toInfinity ? infinityOf(f, negative) : largest(f, negative, precision);
    return { bits, flags: flags | PE, roundedUp: toInfinity };
  }
  if (leading >= emin) return { bits: pack(f, negative, leading, full), flags: flags | inexact, roundedUp };

  if (!mode.underflowMasked) {
    return { bits: pack(f, negative, leading + wrap, full), flags: flags | UE | inexact, roundedUp };
  }
  if (mode.flushToZero) return { bits: zeroOf(f, negative), flags: flags | UE | PE, roundedUp: false };
  const denormal = shiftRounding(significand, emin - precision + 1 - exponent, negative, mode.rounding);
  // Rounding up to the smallest normal number sets the integer bit, which without a place of its own is the exponent's.
  const field = denormal.value << spare;
  const bits = bitLength(field) === f.precision ? pack(f, negative, emin, field) : zeroOf(f, negative) | field;
  return { bits, flags: flags | (denormal.inexact ? UE | PE : 0), roundedUp: denormal.roundedUp };
}
