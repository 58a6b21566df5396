/**
 * Addition, subtraction, multiplication, division, square root and fused multiply-add on bit patterns. Each takes the
 * bits of its operands in the given format and rounds once. SDM Vol. 1, 4.9.2 orders the exceptions: a signalling NaN,
 * a quiet NaN, other invalid operations and division by zero, a denormal operand, then those of the result.
 */
import { bitLength, FINITE, type Format, INFINITY, infinityOf, type Unpacked, unpack, ZERO, zeroOf } from './format.ts';
import { type FloatMode, type FloatResult, ROUND_DOWN, ZE } from './mode.ts';
import { denormalFlag, exact, invalid, nanResult } from './nan.ts';
import { roundToFormat } from './round.ts';

/** A signed value significand * 2**exponent; significand may be 0. */
interface Term {
  readonly negative: boolean;
  readonly significand: bigint;
  readonly exponent: number;
}

/** Sum of two terms, rounded. The sign of an exact zero is that of both terms, or what the rounding mode says. */
function sumOf(f: Format, a: Term, b: Term, mode: FloatMode, flags: number): FloatResult {
  if (a.significand === 0n && b.significand === 0n) {
    const negative = a.negative === b.negative ? a.negative : mode.rounding === ROUND_DOWN;
    return exact(zeroOf(f, negative), flags);
  }
  if (a.significand === 0n) return roundToFormat(f, b.negative, b.significand, b.exponent, mode, flags);
  if (b.significand === 0n) return roundToFormat(f, a.negative, a.significand, a.exponent, mode, flags);

  const topA = a.exponent + bitLength(a.significand);
  const topB = b.exponent + bitLength(b.significand);
  const [high, low] = topA >= topB ? [a, b] : [b, a];
  // A term wholly below the digits that rounding can see matters only by being there: one unit far below stands for it.
  const guard = f.precision + 3;
  const far = Math.min(topA, topB) < high.exponent - guard;
  const exponent = far ? high.exponent - guard : Math.min(high.exponent, low.exponent);
  const signedHigh = high.significand << BigInt(high.exponent - exponent);
  const signedLow = far ? 1n : low.significand << BigInt(low.exponent - exponent);
  const sum = high.negative === low.negative ? signedHigh + signedLow : signedHigh - signedLow;
  if (sum === 0n) return exact(zeroOf(f, mode.rounding === ROUND_DOWN), flags);
  const negative = sum < 0n ? !high.negative : high.negative;
  return roundToFormat(f, negative, sum < 0n ? -sum : sum, exponent, mode, flags);
}

function addUnpacked(f: Format, a: Unpacked, b: Unpacked, mode: FloatMode): FloatResult {
  if (a.kind === INFINITY && b.kind === INFINITY && a.negative !== b.negative) return invalid(f);
  const flags = denormalFlag(a, b);
  if (a.kind === INFINITY) return exact(infinityOf(f, a.negative), flags);
  if (b.kind === INFINITY) return exact(infinityOf(f, b.negative), flags);
  return sumOf(f, a, b, mode, flags);
}

/** a + b. */
export function add(f: Format, a: bigint, b: bigint, mode: FloatMode): FloatResult {
  const ua = unpack(f, a, mode.denormalsAreZero);
  const ub = unpack(f, b, mode.denormalsAreZero);
  return nanResult(f, [a, b], [ua, ub]) ?? addUnpacked(f, ua, ub, mode);
}

/** a - b. */
export function sub(f: Format, a: bigint, b: bigint, mode: FloatMode): FloatResult {
  const ua = unpack(f, a, mode.denormalsAreZero);
  const ub = unpack(f, b, mode.denormalsAreZero);
  return nanResult(f, [a, b], [ua, ub]) ?? addUnpacked(f, ua, { ...ub, negative: !ub.negative }, mode);
}

/** a * b. */
export function mul(f: Format, a: bigint, b: bigint, mode: FloatMode): FloatResult {
  const ua = unpack(f, a, mode.denormalsAreZero);
  const ub = unpack(f, b, mode.denormalsAreZero);
  const nan = nanResult(f, [a, b], [ua, ub]);
  if (nan) return nan;
  const negative = ua.negative !== ub.negative;
  const flags = denormalFlag(ua, ub);
  if (ua.kind === INFINITY || ub.kind === INFINITY) {
    return ua.kind === ZERO || ub.kind === ZERO ? invalid(f) : exact(infinityOf(f, negative), flags);
  }
  if (ua.kind === ZERO || ub.kind === ZERO) return exact(zeroOf(f, negative), flags);
  return roundToFormat(f, negative, ua.significand * ub.significand, ua.exponent + ub.exponent, mode, flags);
}

/** a / b. */
export function div(f: Format, a: bigint, b: bigint, mode: FloatMode): FloatResult {
  const ua = unpack(f, a, mode.denormalsAreZero);
  const ub = unpack(f, b, mode.denormalsAreZero);
  const nan = nanResult(f, [a, b], [ua, ub]);
  if (nan) return nan;
  const negative = ua.negative !== ub.negative;
  if (ua.kind === ub.kind && ua.kind !== FINITE) return invalid(f);
  const flags = denormalFlag(ua, ub);
  if (ua.kind === INFINITY) return exact(infinityOf(f, negative), flags);
  if (ub.kind === ZERO) return exact(infinityOf(f, negative), ZE);
  if (ua.kind === ZERO || ub.kind === INFINITY) return exact(zeroOf(f, negative), flags);
  // Enough quotient bits for rounding, and a last bit that says whether anything is left.
  const shift = Math.max(0, f.precision + 3 + bitLength(ub.significand) - bitLength(ua.significand));
  const dividend = ua.significand << BigInt(shift);
  const quotient = dividend / ub.significand;
  const rest = dividend - quotient * ub.significand === 0n ? 0n : 1n;
  return roundToFormat(f, negative, (quotient << 1n) | rest, ua.exponent - ub.exponent - shift - 1, mode, flags);
}

/** Largest integer whose square does not exceed the value. */
function integerSquareRoot(value: bigint): bigint {
  let root = 1n << BigInt((bitLength(value) + 1) >> 1);
  for (;;) {
    const next = (root + value / root) >> 1n;
    if (next >= root) return root;
    root = next;
  }
}

/** Square root of a. */
export function sqrt(f: Format, a: bigint, mode: FloatMode): FloatResult {
  const ua = unpack(f, a, mode.denormalsAreZero);
  const nan = nanResult(f, [a], [ua]);
  if (nan) return nan;
  if (ua.kind === ZERO) return exact(zeroOf(f, ua.negative), 0);
  if (ua.negative) return invalid(f);
  if (ua.kind === INFINITY) return exact(f.infinity, 0);
  let shift = Math.max(0, 2 * (f.precision + 3) - bitLength(ua.significand));
  if (((ua.exponent - shift) & 1) !== 0) shift++;
  const radicand = ua.significand << BigInt(shift);
  const root = integerSquareRoot(radicand);
  const rest = root * root === radicand ? 0n : 1n;
  return roundToFormat(f, false, (root << 1n) | rest, (ua.exponent - shift) / 2 - 1, mode, denormalFlag(ua));
}

/**
 * a * b + c with one rounding; product and addend may be negated first, which a NaN does not see. Operands that are NaNs
 * are preferred in the order a, b, c.
 */
export function fma(
  f: Format,
  a: bigint,
  b: bigint,
  c: bigint,
  mode: FloatMode,
  negateProduct = false,
  negateAddend = false,
): FloatResult {
  const ua = unpack(f, a, mode.denormalsAreZero);
  const ub = unpack(f, b, mode.denormalsAreZero);
  const addend = unpack(f, c, mode.denormalsAreZero);
  const nan = nanResult(f, [a, b, c], [ua, ub, addend]);
  if (nan) return nan;
  const uc = negateAddend ? { ...addend, negative: !addend.negative } : addend;
  const negative = (ua.negative !== ub.negative) !== negateProduct;
  const infinite = ua.kind === INFINITY || ub.kind === INFINITY;
  if (infinite && (ua.kind === ZERO || ub.kind === ZERO)) return invalid(f);
  if (infinite && uc.kind === INFINITY && uc.negative !== negative) return invalid(f);
  const flags = denormalFlag(ua, ub, uc);
  if (infinite) return exact(infinityOf(f, negative), flags);
  if (uc.kind === INFINITY) return exact(infinityOf(f, uc.negative), flags);
  const product = { negative, significand: ua.significand * ub.significand, exponent: ua.exponent + ub.exponent };
  return sumOf(f, product, uc, mode, flags);
}
