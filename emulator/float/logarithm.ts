/**
 * log2(x) and log2(1 + x) to 68 bits, as AMD's FYL2X and FYL2XP1 have them before they multiply by y:
 *
 *   s = (m - 1) / (m + 1)              x = 2**n * m, m in [sqrt(1/2), sqrt(2)); or s = x / (2 + x)
 *   log2 = (n + s * (2 / ln 2)) + s * z * P(z)      z = s * s
 *
 * with each operation rounded to 68 bits, the last product to more or less that: of 1.5 million logarithms that processors were
 * asked for, these steps give 99.7 % to the last of the 68 bits.
 */
import { leadingExponent, logarithmOfOnePlus, type Real } from './elementary.ts';
import { bitLength } from './format.ts';
import { add68, divide68, multiply68, sum } from './register68.ts';

/** 2 / ln 2, 68 bits. */
const TWO_OVER_LN2: Real = { negative: false, significand: 0xb8aa3b295c17f0bbcn, exponent: -66 };

const FRACTION = 112n;
/**
 * P by powers of z, units of 2**-112: the series of atanh(s), 2 / ln 2 / (2k + 3), and on it what the processors' own
 * approximation differs from it, up to 2**-68 of the logarithm, as measured.
 */
const COEFFICIENTS = [
  0xf6384ee1d01feb557ede26890f31n,
  0x93bb62877ce08ee7e6b639c23fe5n,
  0x6985d8a9eb147f8766169b3c0bf9n,
  0x5212c4f610aeecea81a5caf9ade2n,
  0x4326a120b198a3ed528fabb5e15dn,
  0x38d1eb5d14c685970c7cc6b8901fn,
  0x313e6ed0ae54722f8043ef905c98n,
  0x2b7388aef5bc4623eff8de06b58fn,
  0x26dffd17438e1f82637815a769f9n,
  0x23317f278761331ccedc14063bb6n,
  0x1fb147940dfde9b4651d719e85c0n,
  0x22dbac586e2bacdf2b767b06b225n,
] as const;

/** The whole of a number in units of 2**-FRACTION. */
const toFixed = ({ significand, exponent }: Real): bigint => {
  const shift = BigInt(exponent) + FRACTION;
  return shift >= 0n ? significand << shift : significand >> -shift;
};

/** s * z * P(z), 68 bits. */
const correction = (s: Real): Real => {
  const fixed = toFixed(s);
  const z = (fixed * fixed) >> FRACTION;
  let polynomial = 0n;
  for (let n = COEFFICIENTS.length - 1; n >= 0; n--) polynomial = COEFFICIENTS[n]! + ((polynomial * z) >> FRACTION);
  return multiply68(multiply68(s, multiply68(s, s)), {
    negative: false,
    significand: polynomial,
    exponent: -Number(FRACTION),
  });
};

const integer = (value: number): Real => ({
  negative: value < 0,
  significand: BigInt(Math.abs(value)),
  exponent: 0,
});
const ONE = integer(1);
const MINUS_ONE = integer(-1);
const TWO = integer(2);

const ofRatio = (n: Real, s: Real): Real => add68(add68(n, multiply68(s, TWO_OVER_LN2)), correction(s));

const WIDTH = 68;
/** sqrt(2), as a significand of WIDTH bits. */
const SQRT2 = 0xb504f333f9de64840n;

/** log2(x) for x > 0, at most WIDTH bits; a whole number for powers of two. */
export function logarithm68(x: Real): Real {
  const length = bitLength(x.significand);
  const significand = x.significand << BigInt(WIDTH - length);
  const up = significand >= SQRT2;
  const power = x.exponent + length - 1 + (up ? 1 : 0);
  const m: Real = { negative: false, significand, exponent: up ? -WIDTH : 1 - WIDTH };
  const s = divide68(sum(m, MINUS_ONE), add68(m, ONE));
  return s.significand === 0n ? integer(power) : ofRatio(integer(power), s);
}

/** sqrt(2) - 1 and 1 - sqrt(1/2), units of 2**-65. */
const [HIGHEST, LOWEST] = [0xd413cccfe7799211n, 0x95f619980c4336f7n];

/** Whether P is for this number, at most 64 bits: x from sqrt(1/2) - 1 to sqrt(2) - 1. */
const isInRange = ({ negative, significand, exponent }: Real): boolean => {
  const length = bitLength(significand);
  const leading = exponent + length - 1;
  if (leading !== -2) return leading < -2;
  return significand << BigInt(64 - length) <= (negative ? LOWEST : HIGHEST);
};

/** log2(1 + x) for x > -1, not 0; out of range, where manuals promise nothing, processors do the same up to |s| = 1/4. */
export function logarithmOfOnePlus68(x: Real): Real {
  const s = divide68(x, add68(TWO, x));
  if (isInRange(x)) return ofRatio(integer(0), s);
  return leadingExponent(s) >= -2 ? logarithm68(add68(ONE, x)) : logarithmOfOnePlus(x);
}
