/**
 * SSE's float operations as a whole: operands as bit patterns, rounding and masks from MXCSR, sticky flags into MXCSR, #XM
 * raised before anything is written (SDM Vol. 1, 11.5). Exact in every mode; executors with faster ways fall back on it.
 */

import type { CpuState } from '../cpu-state.ts';
import { CpuFault } from '../isa/helpers.ts';
import {
  FLOAT_PREDICATES,
  type FloatConversion,
  type FloatPredicate,
  type FloatUnary,
  type FloatVectorBinary,
  type FloatVectorFused,
  type IntegralRounding,
  VECTOR,
} from '../isa/ops.ts';
import { add, div, fma, mul, sqrt, sub } from './arithmetic.ts';
import { compare, EQUAL, LESS, max, min, PREDICATES, UNORDERED } from './compare.ts';
import { convert, fromInteger, roundToIntegral, toInteger } from './convert.ts';
import { BINARY16, BINARY32, BINARY64, type Format } from './format.ts';
import {
  DE,
  type FloatMode,
  type FloatResult,
  flagsRaised,
  modeOfMxcsr,
  PE,
  ROUND_DOWN,
  ROUND_NEAREST,
  ROUND_UP,
  ROUND_ZERO,
  type Rounding,
  unmaskedBy,
} from './mode.ts';

const BINARY = { add, sub, mul, div, min, max } as const;

const formatOf = (w: number): Format => (w === 32 ? BINARY32 : BINARY64);

/** Adds the flags of one instruction to MXCSR; raises #XM for an unmasked one. */
const finish = (state: CpuState, flags: number): void => {
  const { mxcsr } = state;
  const raised = flagsRaised(mxcsr, flags);
  if ((mxcsr | raised) !== mxcsr) state.mxcsr = mxcsr | raised;
  if (unmaskedBy(mxcsr, raised) !== 0) throw new CpuFault(VECTOR.XM);
};

const lanewise = (
  state: CpuState,
  w: number,
  lanes: number,
  f: (n: number, mode: FloatMode) => FloatResult,
): bigint => {
  const mode = modeOfMxcsr(state.mxcsr);
  let flags = 0;
  let x = 0n;
  for (let n = 0; n < lanes; n++) {
    const r = f(n, mode);
    flags |= r.flags;
    x |= r.bits << BigInt(n * w);
  }
  finish(state, flags);
  return x;
};

const laneOf = (w: number, x: bigint, n: number) => BigInt.asUintN(w, x >> BigInt(n * w));

/** One operation on the low `lanes` lanes of a and b. */
export const floatBinary = (
  state: CpuState,
  name: FloatVectorBinary,
  w: 32 | 64,
  lanes: number,
  a: bigint,
  b: bigint,
): bigint => {
  const format = formatOf(w);
  const even = BINARY[name === 'addsub' ? 'sub' : name];
  const odd = BINARY[name === 'addsub' ? 'add' : name];
  return lanewise(state, w, lanes, (n, mode) => (n & 1 ? odd : even)(format, laneOf(w, a, n), laneOf(w, b, n), mode));
};

/** a*b+c by lanes, with the signs that the name says. */
export const floatFused = (
  state: CpuState,
  name: FloatVectorFused,
  w: 32 | 64,
  lanes: number,
  a: bigint,
  b: bigint,
  c: bigint,
): bigint => {
  const format = formatOf(w);
  const negateProduct = name.startsWith('fn');
  const subtracts = [name === 'fmsub' || name === 'fnmsub' || name === 'fmaddsub', false];
  subtracts[1] = name === 'fmsub' || name === 'fnmsub' || name === 'fmsubadd';
  return lanewise(state, w, lanes, (n, mode) =>
    fma(format, laneOf(w, a, n), laneOf(w, b, n), laneOf(w, c, n), mode, negateProduct, subtracts[n & 1]!),
  );
};

const ROUNDING: Readonly<Record<IntegralRounding, Rounding | undefined>> = {
  nearest: ROUND_NEAREST,
  down: ROUND_DOWN,
  up: ROUND_UP,
  zero: ROUND_ZERO,
  mxcsr: undefined,
};

/** With the rounding that the instruction says itself. */
const modeWith = (mode: FloatMode, rounding: IntegralRounding): FloatMode => ({
  ...mode,
  rounding: ROUNDING[rounding] ?? mode.rounding,
});

const unaryOperation = (name: FloatUnary): ((format: Format, a: bigint, mode: FloatMode) => FloatResult) => {
  if (name === 'sqrt') return sqrt;
  const [, way, silent] = name.split('.') as ['round', IntegralRounding, 'silent' | undefined];
  return (format, a, mode) => {
    const r = roundToIntegral(format, a, modeWith(mode, way));
    return silent ? { ...r, flags: r.flags & ~PE } : r;
  };
};

export const floatUnary = (state: CpuState, name: FloatUnary, w: 32 | 64, lanes: number, a: bigint): bigint => {
  const f = unaryOperation(name);
  return lanewise(state, w, lanes, (n, mode) => f(formatOf(w), laneOf(w, a, n), mode));
};

/** CMPccPS and its kin: all ones where the predicate holds. */
export const floatPredicate = (
  state: CpuState,
  name: FloatPredicate,
  w: 32 | 64,
  lanes: number,
  a: bigint,
  b: bigint,
): bigint => {
  const predicate = PREDICATES[FLOAT_PREDICATES.indexOf(name)]!;
  return lanewise(state, w, lanes, (n, mode) => {
    const c = compare(formatOf(w), laneOf(w, a, n), laneOf(w, b, n), mode, predicate.signalling);
    const holds = predicate.holds.includes(c.relation);
    return { bits: holds ? (1n << BigInt(w)) - 1n : 0n, flags: c.flags, roundedUp: false };
  });
};

/** COMISx and UCOMISx: ZF, PF, CF. */
export const floatOrder = (
  state: CpuState,
  signalling: boolean,
  w: 32 | 64,
  a: bigint,
  b: bigint,
): { zf: boolean; pf: boolean; cf: boolean } => {
  const { relation, flags } = compare(formatOf(w), a, b, modeOfMxcsr(state.mxcsr), signalling);
  finish(state, flags);
  const unordered = relation === UNORDERED;
  return { zf: unordered || relation === EQUAL, pf: unordered, cf: unordered || relation === LESS };
};

interface Conversion {
  readonly from: number;
  readonly to: number;
  run(bits: bigint, mode: FloatMode): FloatResult;
}

const toInt = (w: number, from: Format, truncate: boolean): Conversion => ({
  from: from === BINARY32 ? 32 : 64,
  to: w,
  run: (bits, mode) => {
    const r = toInteger(from, bits, w, mode, truncate ? ROUND_ZERO : mode.rounding);
    return { ...r, bits: BigInt.asUintN(w, r.bits) };
  },
});
const fromInt = (w: number, to: Format): Conversion => ({
  from: w,
  to: to === BINARY32 ? 32 : 64,
  run: (bits, mode) => fromInteger(to, BigInt.asIntN(w, bits), mode),
});

const CONVERSIONS: Readonly<Record<FloatConversion, Conversion>> = {
  'f64.f32': { from: 32, to: 64, run: (bits, mode) => convert(BINARY32, BINARY64, bits, mode) },
  'f32.f64': { from: 64, to: 32, run: (bits, mode) => convert(BINARY64, BINARY32, bits, mode) },
  // Half precision knows neither DAZ on its side nor FTZ (SDM Vol. 2, VCVTPH2PS and VCVTPS2PH).
  'f32.f16': {
    from: 16,
    to: 32,
    run: (bits, mode) => {
      const r = convert(BINARY16, BINARY32, bits, { ...mode, denormalsAreZero: false });
      return { ...r, flags: r.flags & ~DE };
    },
  },
  'f16.f32': {
    from: 32,
    to: 16,
    run: (bits, mode) => convert(BINARY32, BINARY16, bits, { ...mode, flushToZero: false }),
  },
  'f32.i32': fromInt(32, BINARY32),
  'f32.i64': fromInt(64, BINARY32),
  'f64.i32': fromInt(32, BINARY64),
  'f64.i64': fromInt(64, BINARY64),
  'i32.f32': toInt(32, BINARY32, false),
  'i32.f64': toInt(32, BINARY64, false),
  'i64.f32': toInt(64, BINARY32, false),
  'i64.f64': toInt(64, BINARY64, false),
  'i32t.f32': toInt(32, BINARY32, true),
  'i32t.f64': toInt(32, BINARY64, true),
  'i64t.f32': toInt(64, BINARY32, true),
  'i64t.f64': toInt(64, BINARY64, true),
};

/** Widths in bits of what a conversion takes and gives. */
export const conversionWidths = (name: FloatConversion): { from: number; to: number } => CONVERSIONS[name];

/** Converts the low `lanes` lanes. */
export const floatConversion = (
  state: CpuState,
  name: FloatConversion,
  lanes: number,
  a: bigint,
  rounding: IntegralRounding = 'mxcsr',
): bigint => {
  const c = CONVERSIONS[name];
  return lanewise(state, c.to, lanes, (n, mode) => c.run(laneOf(c.from, a, n), modeWith(mode, rounding)));
};
