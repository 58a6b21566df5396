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

/**
 * Rounds (-1)**negative * significand * 2**exponent, significand > 0, to a format. Tininess is detected after
 * rounding, as x86 does (SDM Vol. 1, 4.9.1.5). `flags` are those the operation has already met.
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
  const length = bitLength(significand);
  const emin = 1 - f.bias;
  const leading = exponent + length - 1;
  let tiny = false;
  if (leading < emin) {
    const unbounded = shiftRounding(significand, length - precision, negative, mode.rounding);
    tiny = leading + (bitLength(unbounded.value) > precision ? 1 : 0) < emin;
  }
  if (tiny && mode.flushToZero && mode.underflowMasked) {
    return { bits: zeroOf(f, negative), flags: flags | UE | PE, roundedUp: false };
  }
  const quantum = Math.max(leading, emin) - precision + 1;
  const rounded = shiftRounding(significand, quantum - exponent, negative, mode.rounding);
  if (rounded.inexact) flags |= PE;
  if (tiny && (rounded.inexact || !mode.underflowMasked)) flags |= UE;

  const field = rounded.value << BigInt(f.precision - precision);
  const fieldLength = bitLength(field);
  // Carried into one more bit: the value is a power of two, so the shift loses nothing.
  const carried = fieldLength > f.precision;
  const top = Math.max(leading, emin) + (carried ? 1 : 0);
  if (top > f.bias) {
    const toInfinity = mode.rounding === ROUND_NEAREST || mode.rounding === (negative ? ROUND_DOWN : ROUND_UP);
    const largest = infinityOf(f, negative) - (f.explicitInteger ? 1n << (f.fieldBits - 1n) : 0n);
    const ones = ((1n << BigInt(precision)) - 1n) << BigInt(f.precision - precision);
    return {
      bits: toInfinity ? infinityOf(f, negative) : largest - (1n << f.fieldBits) + (ones & f.fieldMask),
      flags: flags | OE | PE,
      roundedUp: toInfinity,
    };
  }
  const normal = fieldLength >= f.precision;
  const mantissa = (carried ? field >> 1n : field) & f.fieldMask;
  const exponentField = normal ? BigInt(top + f.bias) : 0n;
  const bits = (negative ? f.signBit : 0n) | (exponentField << f.fieldBits) | mantissa;
  return { bits, flags, roundedUp: rounded.roundedUp };
}
