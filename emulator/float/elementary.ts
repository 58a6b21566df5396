/**
 * Elementary functions on exact binary numbers, to some 120 bits: far more than any format has, so that one rounding
 * afterwards is the correct one but for arguments nobody has ever found. All is integer arithmetic: a fixed-point
 * number is a bigint that counts units of 2**-FRACTION.
 *
 * The results of these functions are irrational but for arguments that the callers treat themselves, so `Real`s that come
 * out of here always carry a last bit that says "and something more": rounding reports them as inexact.
 */
import { bitLength } from './format.ts';

/** A number: +-significand * 2**exponent; zero has a significand of 0. */
export interface Real {
  readonly negative: boolean;
  readonly significand: bigint;
  readonly exponent: number;
}

const FRACTION = 128;
const BITS = BigInt(FRACTION);
const ONE = 1n << BITS;

/** Below 2**-TINY the second term of sin x, cos x, tan x and atan x is far below what any rounding sees. */
const TINY = 60;

/** Exponent of the leading bit. */
export const leadingExponent = (x: Real): number => x.exponent + bitLength(x.significand) - 1;

/** Rounded down; exact where the number has no more bits. */
const toFixed = ({ negative, significand, exponent }: Real): bigint => {
  const shift = exponent + FRACTION;
  const magnitude = shift >= 0 ? significand << BigInt(shift) : significand >> BigInt(-shift);
  return negative ? -magnitude : magnitude;
};

const fromFixed = (value: bigint): Real =>
  value < 0n
    ? { negative: true, significand: -value, exponent: -FRACTION }
    : { negative: false, significand: value, exponent: -FRACTION };

/** The product, cut to a length that can be handled quickly. */
const times = (a: Real, b: Real): Real => {
  const product = a.significand * b.significand;
  const excess = Math.max(0, bitLength(product) - FRACTION - 8);
  return {
    negative: a.negative !== b.negative,
    significand: product >> BigInt(excess),
    exponent: a.exponent + b.exponent + excess,
  };
};

/** The quotient to FRACTION bits at least, rounded down. */
const over = (a: Real, b: Real): Real => {
  const shift = Math.max(0, FRACTION + 2 + bitLength(b.significand) - bitLength(a.significand));
  return {
    negative: a.negative !== b.negative,
    significand: (a.significand << BigInt(shift)) / b.significand,
    exponent: a.exponent - b.exponent - shift,
  };
};

/** The same magnitude and hardly more, or hardly less. */
const nudged = ({ negative, significand, exponent }: Real, by: 1n | -1n): Real => ({
  negative,
  significand: (significand << BITS) + by,
  exponent: exponent - FRACTION,
});

/** The same with a last bit that says that there is more. */
export const inexact = (x: Real): Real => ({ ...x, significand: (x.significand << 1n) | 1n, exponent: x.exponent - 1 });

/** Sum of coefficients[n] * z**n, as many terms as z needs. */
const polynomial = (coefficients: readonly bigint[], z: bigint): bigint => {
  const gain = FRACTION + 1 - bitLength(z < 0n ? -z : z);
  const terms = gain <= 0 ? coefficients.length : Math.min(coefficients.length, Math.ceil(FRACTION / gain) + 1);
  let sum = coefficients[terms - 1]!;
  for (let n = terms - 2; n >= 0; n--) sum = coefficients[n]! + ((sum * z) >> BITS);
  return sum;
};

const series = (count: number, coefficient: (n: bigint) => bigint): readonly bigint[] =>
  Array.from({ length: count }, (_, n) => coefficient(BigInt(n)));

const factorial = (n: bigint): bigint => (n < 2n ? 1n : n * factorial(n - 1n));
const alternating = (n: bigint, value: bigint): bigint => (n & 1n ? -value : value);

/** sin x / x and cos x by powers of x**2, for |x| below 0.8. */
const SINE = series(18, (n) => alternating(n, ONE / factorial(2n * n + 1n)));
const COSINE = series(18, (n) => alternating(n, ONE / factorial(2n * n)));
/** atanh x / x by powers of x**2, for |x| below 2**-8. */
const AREA_TANGENT = series(10, (n) => ONE / (2n * n + 1n));
/** atan x / x by powers of x**2, for |x| up to 2**-6. */
const ARC_TANGENT = series(13, (n) => alternating(n, ONE / (2n * n + 1n)));

/** value**2 as a fixed-point number. */
const square = (x: Real): bigint => {
  const fixed = toFixed(x);
  return (fixed * fixed) >> BITS;
};

// --- trigonometry -------------------------------------------------------------------------------------------------------

/** sin x and cos x; |x| must be below 0.8 and not 0. */
export function sineAndCosine(x: Real): { sine: Real; cosine: Real } {
  const one: Real = { negative: false, significand: 1n, exponent: 0 };
  if (leadingExponent(x) < -TINY) return { sine: nudged(x, -1n), cosine: nudged(one, -1n) };
  const z = square(x);
  return {
    sine: inexact(times(x, fromFixed(polynomial(SINE, z)))),
    cosine: inexact(fromFixed(polynomial(COSINE, z))),
  };
}

/** tan x, or -1 / tan x; |x| must be below 0.8 and not 0. */
export function tangent(x: Real, cotangent: boolean): Real {
  if (!cotangent && leadingExponent(x) < -TINY) return nudged(x, 1n);
  const { sine, cosine } = sineAndCosine(x);
  if (!cotangent) return inexact(over(sine, cosine));
  const quotient = over(cosine, sine);
  return inexact({ ...quotient, negative: !quotient.negative });
}

const ARC_STEPS = 32;
/** atan(n / ARC_STEPS), fixed. */
let arcs: readonly bigint[] | undefined;

const smallArcTangent = (t: Real): Real => times(t, fromFixed(polynomial(ARC_TANGENT, square(t))));

const arcsOf = (): readonly bigint[] => {
  if (arcs) return arcs;
  const found = [0n];
  for (let n = 1; n <= ARC_STEPS; n++) {
    // The step from atan((n - 1) / S) is atan(S / (S**2 + n * (n - 1))).
    const step = over(
      { negative: false, significand: BigInt(ARC_STEPS), exponent: 0 },
      { negative: false, significand: BigInt(ARC_STEPS ** 2 + n * (n - 1)), exponent: 0 },
    );
    found.push(found[n - 1]! + toFixed(smallArcTangent(step)));
  }
  arcs = found;
  return found;
};

/** Half of pi, fixed. */
const halfPi = (): bigint => 2n * arcsOf()[ARC_STEPS]!;

/** pi * numerator / 4. */
export const quartersOfPi = (numerator: number, negative: boolean): Real => {
  const { significand, exponent } = inexact(fromFixed((BigInt(numerator) * halfPi()) >> 1n));
  return { negative, significand, exponent };
};

/** atan(a / b) for 0 < a <= b, to be rounded after it was added to something. */
const arcOfRatio = (a: Real, b: Real): Real => {
  const ratio = over(a, b);
  const step = BigInt(Math.round(Number(toFixed(ratio) >> BigInt(FRACTION - 20)) / 2 ** (20 - 5)));
  if (step === 0n) return smallArcTangent(ratio);
  const exponent = Math.min(a.exponent, b.exponent);
  const n = a.significand << BigInt(a.exponent - exponent);
  const d = b.significand << BigInt(b.exponent - exponent);
  const steps = BigInt(ARC_STEPS);
  const difference = steps * n - step * d;
  const rest = over(
    { negative: difference < 0n, significand: difference < 0n ? -difference : difference, exponent: 0 },
    { negative: false, significand: steps * d + step * n, exponent: 0 },
  );
  return fromFixed(arcsOf()[Number(step)]! + toFixed(smallArcTangent(rest)));
};

/** atan t for 0 < t <= 1. */
export const arcTangent = (t: Real): Real =>
  leadingExponent(t) < -TINY
    ? nudged(t, -1n)
    : inexact(arcOfRatio(t, { negative: false, significand: 1n, exponent: 0 }));

/** Whether |a| < |b|; neither may be 0. */
export const isSmaller = (a: Real, b: Real): boolean => {
  const distance = leadingExponent(a) - leadingExponent(b);
  if (distance !== 0) return distance < 0;
  const exponent = Math.min(a.exponent, b.exponent);
  return a.significand << BigInt(a.exponent - exponent) < b.significand << BigInt(b.exponent - exponent);
};

// --- logarithm --------------------------------------------------------------------------------------------------

let naturalLogarithmOfTwo: bigint | undefined;

/** ln 2, fixed: 14 atanh(1/31) + 10 atanh(1/49) + 6 atanh(1/161). */
const ln2 = (): bigint => {
  naturalLogarithmOfTwo ??= [
    [14n, 31n],
    [10n, 49n],
    [6n, 161n],
  ].reduce((sum, [factor, n]) => {
    let power = (factor! << (BITS + 16n)) / n!;
    let total = 0n;
    for (let k = 1n; power > 0n; k += 2n, power /= n! * n!) total += power / k;
    return sum + (total >> 16n);
  }, 0n);
  return naturalLogarithmOfTwo;
};

const LOGARITHM_STEPS = 128;
/** From sqrt(1/2) to sqrt(2). */
const [FIRST_LOGARITHM, LAST_LOGARITHM] = [90, 182];
let logarithms: readonly bigint[] | undefined;
let inverseOfLn2: bigint | undefined;

/** 2 / ln 2, fixed. */
const twoOverLn2 = (): bigint => {
  inverseOfLn2 ??= (ONE << (BITS + 1n)) / ln2();
  return inverseOfLn2;
};

/** 2 atanh(s) / ln 2, which is log2((1 + s) / (1 - s)). */
const logarithmOfRatio = (s: Real): Real =>
  times(s, times(fromFixed(polynomial(AREA_TANGENT, square(s))), fromFixed(twoOverLn2())));

const integer = (value: number | bigint): Real => ({
  negative: value < 0,
  significand: BigInt(value < 0 ? -value : value),
  exponent: 0,
});

/** log2(n / LOGARITHM_STEPS) for n from FIRST_LOGARITHM, fixed. */
const logarithmsOfSteps = (): readonly bigint[] => {
  if (logarithms) return logarithms;
  const found = new Map<number, bigint>([[LOGARITHM_STEPS, 0n]]);
  const step = (n: number): bigint => toFixed(logarithmOfRatio(over(integer(1), integer(2 * n + 1))));
  for (let n = LOGARITHM_STEPS; n < LAST_LOGARITHM; n++) found.set(n + 1, found.get(n)! + step(n));
  for (let n = LOGARITHM_STEPS; n > FIRST_LOGARITHM; n--) found.set(n - 1, found.get(n)! - step(n - 1));
  logarithms = Array.from({ length: LAST_LOGARITHM - FIRST_LOGARITHM + 1 }, (_, n) => found.get(n + FIRST_LOGARITHM)!);
  return logarithms;
};

/** log2(x) for x > 0; exact, a whole number, for powers of two. */
export function logarithm(x: Real): Real {
  const length = bitLength(x.significand);
  // To [sqrt(1/2), sqrt(2)) by the first bits; the steps reach a little further.
  const low = x.significand << BigInt(Math.max(0, 20 - length));
  const head = Number(low >> BigInt(bitLength(low) - 20)) / 2 ** 19;
  const up = head > Math.SQRT2;
  const power = x.exponent + length - 1 + (up ? 1 : 0);
  if (x.significand === 1n << BigInt(length - 1)) return integer(power);
  const step = Math.round((up ? head / 2 : head) * LOGARITHM_STEPS);
  // x = n / 2**point * 2**power, and step / LOGARITHM_STEPS is near to n / 2**point.
  const point = BigInt(length - 1 + (up ? 1 : 0));
  const n = x.significand * BigInt(LOGARITHM_STEPS);
  const nearby = BigInt(step) << point;
  const rest = logarithmOfRatio(over(integer(n - nearby), integer(n + nearby)));
  const whole = (BigInt(power) << BITS) + logarithmsOfSteps()[step - FIRST_LOGARITHM]!;
  return inexact(whole === 0n ? rest : fromFixed(whole + toFixed(rest)));
}

/** log2(1 + x) for x > -1, not 0. */
export function logarithmOfOnePlus(x: Real): Real {
  if (leadingExponent(x) < -FRACTION) {
    return inexact(times(x, { ...fromFixed(twoOverLn2()), exponent: -FRACTION - 1 }));
  }
  const one = 1n << BigInt(Math.max(0, -x.exponent));
  const n = x.significand << BigInt(Math.max(0, x.exponent));
  if (leadingExponent(x) >= -7) {
    return logarithm({
      negative: false,
      significand: x.negative ? one - n : one + n,
      exponent: Math.min(0, x.exponent),
    });
  }
  const signed = x.negative ? -n : n;
  return inexact(logarithmOfRatio(over(integer(signed), integer(2n * one + signed))));
}
