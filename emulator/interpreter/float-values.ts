/**
 * Float operations of WebAssembly on values, and the questions that decide whether the hardware's answer is x86's answer.
 *
 * Invariant: an operation may be left to the hardware when it can raise no exception that MXCSR does not show already,
 * all it may raise are masked, and rounding is to nearest. Where operands and result are normal numbers, precision is the
 * only exception there is; DAZ and FTZ then make no difference either.
 */
import type { FloatBinary } from '../isa/ops.ts';
import { OP, SATURATING, SIMD, TYPE, type ValueType } from '../wasm/opcodes.ts';
import type { Value, ValueEmitter } from './values.ts';

const { i32, i64, f32, f64, v128 } = TYPE;

/** Bits of MXCSR that must have these values, see `maskOf`. */
export const MODE = {
  /** Everything masked, nearest, PE set already. */
  inexactIsNothingNew: { mask: 0x7fa0, value: 0x1fa0 },
  /** Everything masked, nearest. */
  nearestMasked: { mask: 0x7f80, value: 0x1f80 },
  /** Everything masked. */
  masked: { mask: 0x1f80, value: 0x1f80 },
  /** PE masked and set, nearest: for conversions to integers. */
  roundsSilently: { mask: 0x7020, value: 0x1020 },
  /** Nearest. */
  roundsToNearest: { mask: 0x6000, value: 0 },
  /** PE masked and set: for truncation. */
  truncatesSilently: { mask: 0x1020, value: 0x1020 },
  /** DE, UE and PE set, denormals neither read nor written as zeros. */
  denormalsAreNothingNew: { mask: 0x8072, value: 0x0032 },
} as const;
export type Mode = (typeof MODE)[keyof typeof MODE];

export const MXCSR_PE = 0x20;

/** A float format and the opcodes for it. */
export interface FloatType {
  readonly w: 32 | 64;
  readonly float: ValueType;
  readonly int: ValueType;
  readonly fromBits: number;
  readonly toBits: number;
  readonly arithmetic: Readonly<Record<'add' | 'sub' | 'mul' | 'div', number>>;
  readonly sqrt: number;
  readonly abs: number;
  readonly round: Readonly<Record<'nearest' | 'down' | 'up' | 'zero', number>>;
  readonly compare: Readonly<Record<'eq' | 'ne' | 'lt' | 'gt' | 'le' | 'ge', number>>;
  /** Bits of the smallest normal number and of infinity. */
  readonly smallest: bigint;
  readonly infinity: bigint;
  readonly vector: VectorType;
}

/** The same for vectors. */
export interface VectorType {
  readonly lanes: 2 | 4;
  readonly arithmetic: Readonly<Record<FloatBinary, number>>;
  readonly sqrt: number;
  readonly round: Readonly<Record<'nearest' | 'down' | 'up' | 'zero', number>>;
  readonly abs: number;
  readonly compare: Readonly<Record<'eq' | 'ne' | 'lt' | 'gt' | 'le' | 'ge', number>>;
  readonly extract: number;
  readonly replace: number;
}

export const FLOAT: Readonly<Record<32 | 64, FloatType>> = {
  32: {
    w: 32,
    float: f32,
    int: i32,
    fromBits: OP.f32ReinterpretI32,
    toBits: OP.i32ReinterpretF32,
    arithmetic: { add: OP.f32Add, sub: OP.f32Sub, mul: OP.f32Mul, div: OP.f32Div },
    sqrt: OP.f32Sqrt,
    abs: OP.f32Abs,
    round: { nearest: OP.f32Nearest, down: OP.f32Floor, up: OP.f32Ceil, zero: OP.f32Trunc },
    compare: { eq: OP.f32Eq, ne: OP.f32Ne, lt: OP.f32Lt, gt: OP.f32Gt, le: OP.f32Le, ge: OP.f32Ge },
    smallest: 0x00800000n,
    infinity: 0x7f800000n,
    vector: {
      lanes: 4,
      // pmin(b, a) is a < b ? a : b, and pmax(b, a) is b < a ? a : b: the operands are swapped for them.
      arithmetic: {
        add: SIMD.f32x4Add,
        sub: SIMD.f32x4Sub,
        mul: SIMD.f32x4Mul,
        div: SIMD.f32x4Div,
        min: SIMD.f32x4Pmin,
        max: SIMD.f32x4Pmax,
      },
      sqrt: SIMD.f32x4Sqrt,
      round: { nearest: SIMD.f32x4Nearest, down: SIMD.f32x4Floor, up: SIMD.f32x4Ceil, zero: SIMD.f32x4Trunc },
      abs: SIMD.f32x4Abs,
      compare: {
        eq: SIMD.f32x4Eq,
        ne: SIMD.f32x4Ne,
        lt: SIMD.f32x4Lt,
        gt: SIMD.f32x4Gt,
        le: SIMD.f32x4Le,
        ge: SIMD.f32x4Ge,
      },
      extract: SIMD.i32x4ExtractLane,
      replace: SIMD.i32x4ReplaceLane,
    },
  },
  64: {
    w: 64,
    float: f64,
    int: i64,
    fromBits: OP.f64ReinterpretI64,
    toBits: OP.i64ReinterpretF64,
    arithmetic: { add: OP.f64Add, sub: OP.f64Sub, mul: OP.f64Mul, div: OP.f64Div },
    sqrt: OP.f64Sqrt,
    abs: OP.f64Abs,
    round: { nearest: OP.f64Nearest, down: OP.f64Floor, up: OP.f64Ceil, zero: OP.f64Trunc },
    compare: { eq: OP.f64Eq, ne: OP.f64Ne, lt: OP.f64Lt, gt: OP.f64Gt, le: OP.f64Le, ge: OP.f64Ge },
    smallest: 0x0010000000000000n,
    infinity: 0x7ff0000000000000n,
    vector: {
      lanes: 2,
      arithmetic: {
        add: SIMD.f64x2Add,
        sub: SIMD.f64x2Sub,
        mul: SIMD.f64x2Mul,
        div: SIMD.f64x2Div,
        min: SIMD.f64x2Pmin,
        max: SIMD.f64x2Pmax,
      },
      sqrt: SIMD.f64x2Sqrt,
      round: { nearest: SIMD.f64x2Nearest, down: SIMD.f64x2Floor, up: SIMD.f64x2Ceil, zero: SIMD.f64x2Trunc },
      abs: SIMD.f64x2Abs,
      compare: {
        eq: SIMD.f64x2Eq,
        ne: SIMD.f64x2Ne,
        lt: SIMD.f64x2Lt,
        gt: SIMD.f64x2Gt,
        le: SIMD.f64x2Le,
        ge: SIMD.f64x2Ge,
      },
      extract: SIMD.i64x2ExtractLane,
      replace: SIMD.i64x2ReplaceLane,
    },
  },
};

/** One instruction of WebAssembly on values. */
export const op = (e: ValueEmitter, opcode: number, type: ValueType, ...args: readonly Value[]): Value => {
  for (const arg of args) e.push(arg);
  e.f.op(opcode);
  return e.pop(type);
};

/** One SIMD instruction that gives a vector. */
export const simd = (e: ValueEmitter, opcode: number, ...args: readonly Value[]): Value => {
  for (const arg of args) e.push(arg);
  e.f.simd(opcode);
  return e.pop(v128);
};

/** Integers from floats; what does not fit gives some integer. */
export const truncateSaturating = (
  e: ValueEmitter,
  name: keyof typeof SATURATING,
  type: ValueType,
  a: Value,
): Value => {
  e.push(a);
  e.f.op(0xfc);
  e.f.code.unsigned(SATURATING[name]);
  return e.pop(type);
};

export const floatFromBits = (e: ValueEmitter, t: FloatType, bits: Value): Value => op(e, t.fromBits, t.float, bits);
export const bitsFromFloat = (e: ValueEmitter, t: FloatType, value: Value): Value => op(e, t.toBits, t.int, value);

const littleEndian = (bits: bigint, bytes: number): number[] =>
  Array.from({ length: bytes }, (_, n) => Number((bits >> BigInt(n * 8)) & 0xffn));

/** A float by its bits. */
export const floatConstant = (e: ValueEmitter, t: FloatType, bits: bigint): Value => {
  e.f.op(t.w === 32 ? OP.f32Const : OP.f64Const);
  for (const byte of littleEndian(bits, t.w / 8)) e.f.code.u8(byte);
  return e.pop(t.float);
};

/** A vector with the same bits in every lane. */
export const vectorConstant = (e: ValueEmitter, t: FloatType, bits: bigint): Value => {
  e.f.simd(SIMD.v128Const);
  for (let lane = 0; lane < t.vector.lanes; lane++) for (const byte of littleEndian(bits, t.w / 8)) e.f.code.u8(byte);
  return e.pop(v128);
};

export const inMode = (e: ValueEmitter, mxcsr: Value, mode: Mode): Value =>
  e.eq(32, e.and(32, mxcsr, e.int(32, mode.mask)), e.int(32, mode.value));

export const all = (e: ValueEmitter, ...conditions: readonly Value[]): Value =>
  conditions.reduce((a, b) => e.both(a, b));

/** Bits without their sign, times two: zero, then denormals, normal numbers, infinity, NaNs in ascending order. */
const magnitude = (e: ValueEmitter, t: FloatType, bits: Value): Value => e.shl(t.w, bits, e.int(t.w, 1));

/** Whether bits are those of a normal number. */
export const isNormal = (e: ValueEmitter, t: FloatType, bits: Value): Value => {
  const above = e.sub(t.w, magnitude(e, t, bits), e.int(t.w, t.smallest * 2n));
  return e.ltU(t.w, above, e.int(t.w, (t.infinity - t.smallest) * 2n));
};

/**
 * Whether bits are those of a normal number other than the smallest: a result that is surely not tiny. The smallest one
 * may have come from a tiny value that was rounded.
 */
export const isClearlyNormal = (e: ValueEmitter, t: FloatType, bits: Value): Value => {
  const above = e.sub(t.w, magnitude(e, t, bits), e.int(t.w, t.smallest * 2n + 2n));
  return e.ltU(t.w, above, e.int(t.w, (t.infinity - t.smallest) * 2n - 2n));
};

export const isZero = (e: ValueEmitter, t: FloatType, bits: Value): Value => e.isZero(t.w, magnitude(e, t, bits));

/** Neither NaN nor denormal. */
export const isPlain = (e: ValueEmitter, t: FloatType, bits: Value): Value => {
  const twice = magnitude(e, t, bits);
  const above = e.sub(t.w, twice, e.int(t.w, t.smallest * 2n));
  const number = e.ltU(t.w, above, e.int(t.w, (t.infinity - t.smallest) * 2n + 1n));
  return e.either(number, e.isZero(t.w, twice));
};

const abs = (e: ValueEmitter, t: FloatType, a: Value): Value => simd(e, t.vector.abs, a);

/** Lane masks for the same questions on vectors. */
export const lanesAtLeastNormal = (e: ValueEmitter, t: FloatType, a: Value): Value =>
  simd(e, t.vector.compare.ge, abs(e, t, a), vectorConstant(e, t, t.smallest));
export const lanesAboveSmallest = (e: ValueEmitter, t: FloatType, a: Value): Value =>
  simd(e, t.vector.compare.gt, abs(e, t, a), vectorConstant(e, t, t.smallest));
export const lanesFinite = (e: ValueEmitter, t: FloatType, a: Value): Value =>
  simd(e, t.vector.compare.lt, abs(e, t, a), vectorConstant(e, t, t.infinity));
export const lanesZero = (e: ValueEmitter, t: FloatType, a: Value): Value =>
  simd(e, t.vector.compare.eq, a, vectorConstant(e, t, 0n));
export const lanesPlain = (e: ValueEmitter, t: FloatType, a: Value): Value =>
  simd(e, SIMD.v128Or, lanesAtLeastNormal(e, t, a), lanesZero(e, t, a));

/** What `bitsOfLanes` gives if all masks are all ones. */
export const ALL_LANES = 0b1111;

/** A bit for each 32 bits of masks, all ones or zero in each lane: whether they are ones in all of them. */
export const bitsOfLanes = (e: ValueEmitter, ...masks: readonly Value[]): Value => {
  const mask = masks.reduce((a, b) => simd(e, SIMD.v128And, a, b));
  e.push(mask);
  // Comparing bits takes fewer instructions than asking V8 for "all true".
  e.f.simd(SIMD.i32x4Bitmask);
  return e.pop(i32);
};

/** Whether masks, all ones or zero in each lane, are all ones. */
export const allLanes = (e: ValueEmitter, ...masks: readonly Value[]): Value =>
  e.eq(32, bitsOfLanes(e, ...masks), e.int(32, ALL_LANES));

/** Vectors that two branches give. */
export const chooseVectors = (
  e: ValueEmitter,
  count: number,
  condition: Value,
  then: () => readonly Value[],
  otherwise: () => readonly Value[],
): Value[] => {
  const locals = Array.from({ length: count }, () => e.f.local(v128));
  const keep = (values: readonly Value[]): void => {
    for (const [n, local] of locals.entries()) {
      e.push(values[n]!);
      e.f.set(local);
    }
  };
  e.if(
    condition,
    () => keep(then()),
    () => keep(otherwise()),
  );
  return locals.map((local) => ({ type: v128, local, constant: null }));
};

/** A value that two branches give. */
export const choose = (
  e: ValueEmitter,
  type: ValueType,
  condition: Value,
  then: () => Value,
  otherwise: () => Value,
): Value => {
  const local = e.f.local(type);
  const keep = (value: Value): void => {
    e.push(value);
    e.f.set(local);
  };
  e.if(
    condition,
    () => keep(then()),
    () => keep(otherwise()),
  );
  return { type, local, constant: null };
};
