/**
 * Arithmetic as the microcode of AMD's processors does it in transcendental functions: registers with a significand of 68
 * bits, each operation rounded to nearest even. Found by asking: y * log2(x) for many y tells all 68 bits of log2(x).
 */
import type { Real } from './elementary.ts';
import { bitLength } from './format.ts';

const BITS = 68;

/** The nearest number that a register holds. */
export function round68({ negative, significand, exponent }: Real): Real {
  const dropped = bitLength(significand) - BITS;
  if (dropped <= 0) return { negative, significand, exponent };
  const shift = BigInt(dropped);
  const kept = significand >> shift;
  const rest = significand - (kept << shift);
  const half = 1n << (shift - 1n);
  const up = rest > half || (rest === half && (kept & 1n) === 1n);
  return { negative, significand: up ? kept + 1n : kept, exponent: exponent + dropped };
}

/** What is so far below the other term that only its presence matters is brought nearer: shifts stay short. */
const NEAR = 2 * BITS + 64;

/** a + b, exact but for terms far apart. */
export function sum(a: Real, b: Real): Real {
  if (a.significand === 0n) return b;
  if (b.significand === 0n) return a;
  const [high, low] = a.exponent >= b.exponent ? [a, b] : [b, a];
  if (high.exponent - low.exponent > NEAR + bitLength(low.significand)) {
    return sum(high, { ...low, significand: 1n, exponent: high.exponent - NEAR });
  }
  const shifted = high.significand << BigInt(high.exponent - low.exponent);
  const total = (high.negative ? -shifted : shifted) + (low.negative ? -low.significand : low.significand);
  return { negative: total < 0n, significand: total < 0n ? -total : total, exponent: low.exponent };
}

/** a * b, exact. */
export function product(a: Real, b: Real): Real {
  return {
    negative: a.negative !== b.negative,
    significand: a.significand * b.significand,
    exponent: a.exponent + b.exponent,
  };
}

export const add68 = (a: Real, b: Real): Real => round68(sum(a, b));
export const multiply68 = (a: Real, b: Real): Real => round68(product(a, b));

export function divide68(a: Real, b: Real): Real {
  const shift = Math.max(0, BITS + 2 + bitLength(b.significand) - bitLength(a.significand));
  const dividend = a.significand << BigInt(shift);
  const quotient = dividend / b.significand;
  const rest = dividend === quotient * b.significand ? 0n : 1n;
  return round68({
    negative: a.negative !== b.negative,
    significand: (quotient << 1n) | rest,
    exponent: a.exponent - b.exponent - shift - 1,
  });
}
