/** Conversions inside instructions, by the rule of `float-values.ts`: the hardware's answer where it is certainly x86's. */
import { conversionWidths } from '../float/mxcsr.ts';
import type { FloatConversion, IntegralRounding, SimdShift } from '../isa/ops.ts';
import { OP, SIMD, TYPE, type ValueType } from '../wasm/opcodes.ts';
import type { FloatEmitter } from './float.ts';
import {
  all,
  allLanes,
  bitsFromFloat,
  choose,
  chooseVectors,
  FLOAT,
  type FloatType,
  floatConstant,
  floatFromBits,
  inMode,
  isClearlyNormal,
  isNormal,
  isPlain,
  isZero,
  lanesFinite,
  lanesPlain,
  lanesZero,
  MODE,
  op,
  simd,
  truncateSaturating,
  vectorConstant,
} from './float-values.ts';
import type { Value } from './values.ts';

const { i32, i64, f32, f64 } = TYPE;
const SINGLE = FLOAT[32];
const DOUBLE = FLOAT[64];

type Width = 32 | 64;

/** From an integer: `i64t.f32` has the parts i, 64, t, f, 32. */
const parse = (name: FloatConversion) => {
  const [, toKind, to, truncate, fromKind, from] = /^([if])(32|64)(t?)\.([if])(32|64)$/.exec(name)!;
  return { toKind, to: Number(to) as Width, truncate: truncate === 't', fromKind, from: Number(from) as Width };
};

const CONVERT: Readonly<Record<Width, Readonly<Record<Width, number>>>> = {
  32: { 32: OP.f32ConvertI32S, 64: OP.f32ConvertI64S },
  64: { 32: OP.f64ConvertI32S, 64: OP.f64ConvertI64S },
};

const intType = (w: Width): ValueType => (w === 64 ? i64 : i32);

const truncated = (e: FloatEmitter, to: Width, t: FloatType, a: Value): Value => {
  const name = `i${to}TruncSatF${t.w}S` as const;
  return truncateSaturating(e, name, intType(to), a);
};

/** Bits of 2**n in a format. */
const powerOfTwo = (t: FloatType, n: number): bigint => t.smallest * BigInt(n + (t.w === 32 ? 127 : 1023));

const fromInteger = (e: FloatEmitter, name: FloatConversion, to: Width, from: Width, a: Value): Value => {
  const t = FLOAT[to];
  const value = op(e, CONVERT[to][from], t.float, a);
  const bits = bitsFromFloat(e, t, value);
  if (to === 64 && from === 32) return bits;
  // The largest integer rounds up to one that saturates to it again.
  const largest = e.int(from, (1n << BigInt(from - 1)) - 1n);
  const exact = e.both(e.eq(from, truncated(e, from, t, value), a), e.ne(from, a, largest));
  const settled = e.either(exact, inMode(e, e.mxcsr(), MODE.inexactIsNothingNew));
  return choose(
    e,
    t.int,
    settled,
    () => bits,
    () => e.exactScalar(`convert:${name}:0:1`, from, to, a),
  );
};

const toInteger = (
  e: FloatEmitter,
  name: FloatConversion,
  to: Width,
  t: FloatType,
  truncate: boolean,
  a: Value,
): Value => {
  const value = floatFromBits(e, t, a);
  const whole = truncate ? value : op(e, t.round.nearest, t.float, value);
  const integer = truncated(e, to, t, whole);
  // -2**31 - 1 is a binary64: truncation takes it as out of range but everything between it and -2**31 as within.
  const lowest = to === 32 && t.w === 64 && truncate ? 0xc1e0000000200000n : powerOfTwo(t, to - 1) | sign(t);
  const aboveLowest = lowest === 0xc1e0000000200000n ? t.compare.gt : t.compare.ge;
  const inRange = e.both(
    op(e, aboveLowest, i32, whole, floatConstant(e, t, lowest)),
    op(e, t.compare.lt, i32, whole, floatConstant(e, t, powerOfTwo(t, to - 1))),
  );
  const exact = op(e, t.compare.eq, i32, op(e, CONVERT[t.w][to], t.float, integer), value);
  const silent = inMode(e, e.mxcsr(), truncate ? MODE.truncatesSilently : MODE.roundsSilently);
  return choose(
    e,
    intType(to),
    e.both(inRange, e.either(exact, silent)),
    () => integer,
    () => e.exactScalar(`convert:${name}:0:1`, t.w, to, a),
  );
};

const sign = (t: FloatType): bigint => 1n << BigInt(t.w - 1);

const toDouble = (e: FloatEmitter, a: Value): Value =>
  choose(
    e,
    i64,
    isPlain(e, SINGLE, a),
    () => bitsFromFloat(e, DOUBLE, op(e, OP.f64PromoteF32, f64, floatFromBits(e, SINGLE, a))),
    () => e.exactScalar('convert:f64.f32:0:1', 32, 64, a),
  );

const toSingle = (e: FloatEmitter, a: Value): Value => {
  const value = floatFromBits(e, DOUBLE, a);
  const single = op(e, OP.f32DemoteF64, f32, value);
  const bits = bitsFromFloat(e, SINGLE, single);
  const same = op(e, OP.f64Eq, i32, op(e, OP.f64PromoteF32, f64, single), value);
  const silent = e.either(same, inMode(e, e.mxcsr(), MODE.inexactIsNothingNew));
  const normal = all(e, isNormal(e, DOUBLE, a), isClearlyNormal(e, SINGLE, bits), silent);
  return choose(
    e,
    i32,
    e.either(normal, isZero(e, DOUBLE, a)),
    () => bits,
    () => e.exactScalar('convert:f32.f64:0:1', 64, 32, a),
  );
};

/** One value; operand and result are bits. */
export const conversion = (e: FloatEmitter, name: FloatConversion, a: Value): Value => {
  if (name === 'f64.f32') return toDouble(e, a);
  if (name === 'f32.f64') return toSingle(e, a);
  const { toKind, to, truncate, from } = parse(name);
  return toKind === 'f' ? fromInteger(e, name, to, from, a) : toInteger(e, name, to, FLOAT[from], truncate, a);
};

const or = (e: FloatEmitter, a: Value, b: Value): Value => simd(e, SIMD.v128Or, a, b);
const sameLanes = (e: FloatEmitter, t: FloatType, a: readonly Value[], b: readonly Value[]): Value =>
  allLanes(e, ...a.map((x, n) => simd(e, t.vector.compare.eq, x, b[n]!)));

/** What the hardware gives for vectors, and whether that is settled: null if always. */
interface Attempt {
  readonly result: readonly Value[];
  readonly settled: Value | null;
}

/** Integers of 32 bits; those of two chunks of binary64 fill one. */
const toIntegers = (e: FloatEmitter, t: FloatType, truncate: boolean, a: readonly Value[]): Attempt => {
  const whole = truncate ? a : a.map((x) => simd(e, t.vector.round.nearest, x));
  const result = whole.map((x) => simd(e, t.w === 32 ? SIMD.i32x4TruncSatF32x4S : SIMD.i32x4TruncSatF64x2SZero, x));
  const back = result.map((x) => simd(e, t.w === 32 ? SIMD.f32x4ConvertI32x4S : SIMD.f64x2ConvertLowI32x4S, x));
  // The lowest integer itself, or what truncates to it, goes the long way.
  const limit = vectorConstant(e, t, powerOfTwo(t, 31));
  const inRange = whole.map((x) => simd(e, t.vector.compare.lt, simd(e, t.vector.abs, x), limit));
  const silent = inMode(e, e.mxcsr(), truncate ? MODE.truncatesSilently : MODE.roundsSilently);
  return {
    result: t.w === 64 ? lowHalvesTogether(e, result) : result,
    settled: e.both(allLanes(e, ...inRange), e.either(sameLanes(e, t, back, a), silent)),
  };
};

const LOW = [0, 1, 2, 3, 4, 5, 6, 7] as const;
const HIGH = [8, 9, 10, 11, 12, 13, 14, 15] as const;

/** Two chunks whose upper halves are zero as one. */
const lowHalvesTogether = (e: FloatEmitter, chunks: readonly Value[]): readonly Value[] =>
  chunks.length === 1 ? chunks : [e.shuffle(chunks[0]!, chunks[1]!, [...LOW, ...LOW.map((n) => n + 16)])];

/** One chunk as two, whose lower halves count. */
const lowHalvesApart = (e: FloatEmitter, a: Value, lanes: number): Value[] =>
  lanes === 2 ? [a] : [a, e.shuffle(a, a, [...HIGH, ...HIGH])];

/** A constant in every lane of 32 bits. */
const words = (e: FloatEmitter, word: bigint): Value => vectorConstant(e, SINGLE, word);

const shifted = (e: FloatEmitter, name: SimdShift, a: Value, count: number): Value =>
  e.simdShift(name, a, e.int(32, count));

/** Half precision, four lanes in the lower half of each chunk: its bits moved up, and the exponent put right by a product. */
const fromHalf = (e: FloatEmitter, a: readonly Value[]): Attempt => {
  const finite: Value[] = [];
  const result = a.map((x) => {
    const half = simd(e, SIMD.i32x4ExtendLowI16x8U, x);
    const magnitude = shifted(e, 'i32x4.shl', simd(e, SIMD.v128And, half, words(e, 0x7fffn)), 13);
    finite.push(simd(e, SIMD.i32x4GtS, words(e, 0x0f800000n), magnitude));
    const sign = shifted(e, 'i32x4.shl', simd(e, SIMD.v128And, half, words(e, 0x8000n)), 16);
    return or(e, simd(e, SIMD.f32x4Mul, magnitude, words(e, 0x77800000n)), sign);
  });
  return { result, settled: allLanes(e, ...finite) };
};

/** To half precision, to nearest: zeros, and what is normal before and after. */
const toHalf = (e: FloatEmitter, a: readonly Value[], rounding: IntegralRounding): Attempt | null => {
  if (rounding !== 'nearest' && rounding !== 'mxcsr') return null;
  const settled: Value[] = [];
  const exact: Value[] = [];
  const halves = a.map((x) => {
    const magnitude = simd(e, SIMD.v128And, x, words(e, 0x7fffffffn));
    const isZeroLane = simd(e, SIMD.i32x4Eq, magnitude, words(e, 0n));
    const atLeastNormal = simd(e, SIMD.i32x4GtS, magnitude, words(e, 0x387fffffn));
    const belowLargest = simd(e, SIMD.i32x4GtS, words(e, 0x477ff000n), magnitude);
    settled.push(or(e, isZeroLane, simd(e, SIMD.v128And, atLeastNormal, belowLargest)));
    exact.push(simd(e, SIMD.i32x4Eq, simd(e, SIMD.v128And, x, words(e, 0x1fffn)), words(e, 0n)));
    const isOdd = simd(e, SIMD.v128And, shifted(e, 'i32x4.shr_u', magnitude, 13), words(e, 1n));
    const up = simd(e, SIMD.i32x4Add, isOdd, words(e, BigInt.asUintN(32, 0xfffn - (112n << 23n))));
    const rounded = shifted(e, 'i32x4.shr_u', simd(e, SIMD.i32x4Add, magnitude, up), 13);
    const number = simd(e, SIMD.v128Andnot, rounded, isZeroLane);
    return or(e, number, simd(e, SIMD.v128And, shifted(e, 'i32x4.shr_u', x, 16), words(e, 0x8000n)));
  });
  const packed = simd(e, SIMD.i16x8NarrowI32x4U, halves[0]!, halves[1] ?? words(e, 0n));
  const silent = inMode(e, e.mxcsr(), rounding === 'nearest' ? MODE.truncatesSilently : MODE.roundsSilently);
  return { result: [packed], settled: e.both(allLanes(e, ...settled), e.either(silent, allLanes(e, ...exact))) };
};

const attempt = (
  e: FloatEmitter,
  name: FloatConversion,
  lanes: number,
  a: readonly Value[],
  rounding: IntegralRounding,
): Attempt | null => {
  switch (name) {
    case 'f64.i32':
      return {
        result: lowHalvesApart(e, a[0]!, lanes).map((x) => simd(e, SIMD.f64x2ConvertLowI32x4S, x)),
        settled: null,
      };
    case 'f32.i32': {
      const result = a.map((x) => simd(e, SIMD.f32x4ConvertI32x4S, x));
      const back = result.map((x) => simd(e, SIMD.i32x4TruncSatF32x4S, x));
      const largest = e.vectorConstant(0x7fffffff7fffffffn, 0x7fffffff7fffffffn);
      const masks = a.flatMap((x, n) => [simd(e, SIMD.i32x4Eq, back[n]!, x), simd(e, SIMD.i32x4Ne, x, largest)]);
      return { result, settled: e.either(allLanes(e, ...masks), inMode(e, e.mxcsr(), MODE.inexactIsNothingNew)) };
    }
    case 'i32.f32':
      return toIntegers(e, SINGLE, false, a);
    case 'i32t.f32':
      return toIntegers(e, SINGLE, true, a);
    case 'i32.f64':
      return toIntegers(e, DOUBLE, false, a);
    case 'i32t.f64':
      return toIntegers(e, DOUBLE, true, a);
    case 'f64.f32': {
      // Upper lanes that are no operands: the lower ones stand in for them.
      const whole = lanes === 4 ? a[0]! : e.shuffle(a[0]!, a[0]!, [...LOW, ...LOW]);
      return {
        result: lowHalvesApart(e, a[0]!, lanes).map((x) => simd(e, SIMD.f64x2PromoteLowF32x4, x)),
        settled: allLanes(e, lanesPlain(e, SINGLE, whole)),
      };
    }
    case 'f32.f64': {
      const result = a.map((x) => simd(e, SIMD.f32x4DemoteF64x2Zero, x));
      const back = result.map((x) => simd(e, SIMD.f64x2PromoteLowF32x4, x));
      const smallest = vectorConstant(e, DOUBLE, 0x3810000000000000n);
      const masks = a.map((x, n) => {
        const aboveSmallest = simd(e, SIMD.f64x2Gt, simd(e, SIMD.f64x2Abs, back[n]!), smallest);
        const normal = simd(e, SIMD.v128And, aboveSmallest, lanesFinite(e, DOUBLE, back[n]!));
        return or(e, normal, lanesZero(e, DOUBLE, x));
      });
      const silent = e.either(sameLanes(e, DOUBLE, back, a), inMode(e, e.mxcsr(), MODE.inexactIsNothingNew));
      return { result: lowHalvesTogether(e, result), settled: e.both(allLanes(e, ...masks), silent) };
    }
    case 'f32.f16':
      return fromHalf(e, lowHalvesApart(e, a[0]!, lanes / 2));
    case 'f16.f32':
      return toHalf(e, a, rounding);
    default:
      throw new Error(`no conversion ${name} of ${lanes} lanes`);
  }
};

/** The low `lanes` lanes; the rest of the result is zero. */
export const vectorConversion = (
  e: FloatEmitter,
  name: FloatConversion,
  lanes: number,
  a: readonly Value[],
  rounding: IntegralRounding,
): Value[] => {
  const chunks = Math.ceil((lanes * conversionWidths(name).to) / 128);
  const exact = () => e.exactVectors(`convert:${name}/${rounding}:0:${lanes}`, [a], chunks);
  const tried = attempt(e, name, lanes, a, rounding);
  if (tried === null) return exact();
  const { result, settled } = tried;
  return settled === null ? [...result] : chooseVectors(e, chunks, settled, () => result, exact);
};
