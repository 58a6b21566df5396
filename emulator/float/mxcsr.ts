/**
 * SSE's float operations as a whole: operands as bit patterns, rounding and masks from MXCSR, sticky flags into MXCSR, #XM
 * raised before anything is written (SDM Vol. 1, 11.5). Exact in every mode; executors with faster ways fall back on it.
 */
import { CpuFault } from '../isa/helpers.ts';
import type { FloatBinary, FloatConversion, FloatPredicate, FloatUnary, IntegralRounding } from '../isa/ops.ts';
import { VECTOR } from '../isa/ops.ts';
import type { CpuState } from '../state.ts';
import { add, div, mul, sqrt, sub } from './arithmetic.ts';
import { compare, EQUAL, LESS, max, min, PREDICATES, UNORDERED } from './compare.ts';
import { convert, fromInteger, roundToIntegral, toInteger } from './convert.ts';
import { BINARY32, BINARY64, type Format } from './format.ts';
import {
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
const PREDICATE_ORDER: readonly FloatPredicate[] = ['eq', 'lt', 'le', 'unord', 'neq', 'nlt', 'nle', 'ord'];

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
  name: FloatBinary,
  w: 32 | 64,
  lanes: number,
  a: bigint,
  b: bigint,
): bigint => {
  const format = formatOf(w);
  const f = BINARY[name];
  return lanewise(state, w, lanes, (n, mode) => f(format, laneOf(w, a, n), laneOf(w, b, n), mode));
};

const ROUNDING: Readonly<Record<IntegralRounding, Rounding | undefined>> = {
  nearest: ROUND_NEAREST,
  down: ROUND_DOWN,
  up: ROUND_UP,
  zero: ROUND_ZERO,
  mxcsr: undefined,
};

const unaryOperation = (name: FloatUnary): ((format: Format, a: bigint, mode: FloatMode) => FloatResult) => {
  if (name === 'sqrt') return sqrt;
  const [, way, silent] = name.split('.') as ['round', IntegralRounding, 'silent' | undefined];
  return (format, a, mode) => {
    const r = roundToIntegral(format, a, { ...mode, rounding: ROUNDING[way] ?? mode.rounding });
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
  const predicate = PREDICATES[PREDICATE_ORDER.indexOf(name)]!;
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
export const floatConversion = (state: CpuState, name: FloatConversion, lanes: number, a: bigint): bigint => {
  const c = CONVERSIONS[name];
  return lanewise(state, c.to, lanes, (n, mode) => c.run(laneOf(c.from, a, n), mode));
};
