/** Packed decimal integers: 18 digits and a sign in 10 bytes (SDM Vol. 1, 4.7). */
import { fromInteger, toInteger } from '../../float/convert.ts';
import { EXTENDED80 } from '../../float/format.ts';
import { type FloatMode, type FloatResult, IE } from '../../float/mode.ts';
import { exact } from '../../float/nan.ts';
import { EXACT } from './fpu.ts';

const DIGITS = 18;
const LIMIT = 10n ** BigInt(DIGITS);
const SIGN = 1n << 79n;

/** Stored for what is no number or has too many digits. */
export const INDEFINITE_BCD = 0xffffc000000000000000n;

/** The extended number for a packed decimal. Digits above 9 count as what their bits say. */
export function fromBcd(bits: bigint): bigint {
  let value = 0n;
  for (let n = DIGITS - 1; n >= 0; n--) value = value * 10n + ((bits >> BigInt(4 * n)) & 15n);
  const magnitude = fromInteger(EXTENDED80, value, EXACT).bits;
  return bits & SIGN ? magnitude | EXTENDED80.signBit : magnitude;
}

/** A packed decimal for an extended number, rounded to an integer. */
export function toBcd(bits: bigint, mode: FloatMode): FloatResult {
  const { bits: integer, flags, roundedUp } = toInteger(EXTENDED80, bits, 64, mode, mode.rounding);
  const value = BigInt.asIntN(64, integer);
  const magnitude = value < 0n ? -value : value;
  if (flags & IE || magnitude >= LIMIT) return exact(INDEFINITE_BCD, IE);
  let packed = bits & EXTENDED80.signBit ? SIGN : 0n;
  let rest = magnitude;
  for (let n = 0; n < DIGITS; n++, rest /= 10n) packed |= (rest % 10n) << BigInt(4 * n);
  return { bits: packed, flags, roundedUp };
}
