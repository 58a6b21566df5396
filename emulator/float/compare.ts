/** Comparison, and the minimum and maximum that SSE derives from it. */
import {
  type Format,
  INFINITY,
  isNaNKind,
  SIGNALLING_NAN,
  UNSUPPORTED,
  type Unpacked,
  unpack,
  ZERO,
} from './format.ts';
import { type FloatMode, type FloatResult, IE } from './mode.ts';
import { denormalFlag, exact } from './nan.ts';

export const LESS = -1;
export const EQUAL = 0;
export const GREATER = 1;
export const UNORDERED = 2;
export type Relation = -1 | 0 | 1 | 2;

/** How two numbers stand to each other, and the exceptions of asking. */
export interface Comparison {
  readonly relation: Relation;
  readonly flags: number;
}

function relationOf(a: Unpacked, b: Unpacked): Relation {
  if (a.kind === ZERO && b.kind === ZERO) return EQUAL;
  if (a.kind === ZERO) return b.negative ? GREATER : LESS;
  if (b.kind === ZERO) return a.negative ? LESS : GREATER;
  if (a.negative !== b.negative) return a.negative ? LESS : GREATER;
  const [larger, smaller]: [Relation, Relation] = a.negative ? [LESS, GREATER] : [GREATER, LESS];
  if (a.kind === INFINITY || b.kind === INFINITY) {
    if (a.kind === b.kind) return EQUAL;
    return a.kind === INFINITY ? larger : smaller;
  }
  const exponent = Math.min(a.exponent, b.exponent);
  const x = a.significand << BigInt(a.exponent - exponent);
  const y = b.significand << BigInt(b.exponent - exponent);
  if (x === y) return EQUAL;
  return x > y ? larger : smaller;
}

/** Compares a with b. A quiet NaN is an invalid operand only if `signalling`, a signalling NaN always. */
export function compare(f: Format, a: bigint, b: bigint, mode: FloatMode, signalling: boolean): Comparison {
  const ua = unpack(f, a, mode.denormalsAreZero);
  const ub = unpack(f, b, mode.denormalsAreZero);
  if (ua.kind === UNSUPPORTED || ub.kind === UNSUPPORTED) return { relation: UNORDERED, flags: IE };
  if (isNaNKind(ua.kind) || isNaNKind(ub.kind)) {
    const bad = signalling || ua.kind === SIGNALLING_NAN || ub.kind === SIGNALLING_NAN;
    return { relation: UNORDERED, flags: bad ? IE : 0 };
  }
  return { relation: relationOf(ua, ub), flags: denormalFlag(ua, ub) };
}

function select(f: Format, a: bigint, b: bigint, mode: FloatMode, wanted: Relation): FloatResult {
  const { relation, flags } = compare(f, a, b, mode, true);
  const chosen = relation === wanted ? a : b;
  const flushed = mode.denormalsAreZero && unpack(f, chosen, true).kind === ZERO ? chosen & f.signBit : chosen;
  return exact(flushed, flags);
}

/** MINSS and its kin: a if a < b, otherwise b - also when either is a NaN or both are zeros. */
export function min(f: Format, a: bigint, b: bigint, mode: FloatMode): FloatResult {
  return select(f, a, b, mode, LESS);
}

/** MAXSS and its kin: a if a > b, otherwise b. */
export function max(f: Format, a: bigint, b: bigint, mode: FloatMode): FloatResult {
  return select(f, a, b, mode, GREATER);
}

/**
 * The predicate of CMPPS and VCMPPS: relations for which it holds, and whether it signals on quiet NaNs.
 * SDM Vol. 2, table 3-1; index is the immediate, 0..7 for the SSE forms, 0..31 for VEX.
 */
export const PREDICATES: readonly { readonly holds: readonly Relation[]; readonly signalling: boolean }[] = (() => {
  const eq: Relation[] = [EQUAL];
  const base: Relation[][] = [
    eq,
    [LESS],
    [LESS, EQUAL],
    [UNORDERED],
    [LESS, GREATER, UNORDERED],
    [EQUAL, GREATER, UNORDERED],
    [GREATER, UNORDERED],
    [LESS, EQUAL, GREATER],
    [EQUAL, UNORDERED],
    [LESS, UNORDERED],
    [LESS, EQUAL, UNORDERED],
    [],
    [LESS, GREATER],
    [EQUAL, GREATER],
    [GREATER],
    [LESS, EQUAL, GREATER, UNORDERED],
  ];
  // Predicates 16..31 repeat 0..15 with the other answer to whether quiet NaNs signal.
  const signals = [1, 2, 5, 6, 9, 10, 13, 14];
  return Array.from({ length: 32 }, (_, i) => ({
    holds: base[i & 15]!,
    signalling: signals.includes(i & 15) !== i > 15,
  }));
})();
