/**
 * Float arithmetic as WebAssembly functions, for whatever the inline code of `float.ts` does not settle: zeros, results
 * that are the first inexact ones, NaNs that just pass through, and at last the exact soft float.
 */
import type { FloatBinary } from '../isa/ops.ts';
import { STATE } from '../state.ts';
import { OP, SIMD, TYPE } from '../wasm/opcodes.ts';
import { ModuleWriter, type Signature } from '../wasm/writer.ts';
import {
  all,
  allLanes,
  bitsFromFloat,
  FLOAT,
  type FloatType,
  floatConstant,
  floatFromBits,
  inMode,
  isPlain,
  isZero,
  lanesAboveSmallest,
  lanesFinite,
  lanesPlain,
  lanesZero,
  MODE,
  MXCSR_PE,
  op,
  simd,
} from './float-values.ts';
import { type Value, ValueEmitter } from './values.ts';

const { i32, i64, f64, v128 } = TYPE;

export type RuntimeArithmetic = 'add' | 'sub' | 'mul' | 'div' | 'sqrt';
const ARITHMETIC: readonly RuntimeArithmetic[] = ['add', 'sub', 'mul', 'div', 'sqrt'];

const scalarSignature = (w: 32 | 64): Signature => {
  const { int } = FLOAT[w];
  return { params: [int, int], results: [int] };
};
const VECTOR_SIGNATURE: Signature = { params: [v128, v128], results: [v128] };

/** Exact operations of `imports.ts`: up to four operands -> result. They throw #XM. */
export const EXACT: Signature = { params: [i64, i64, i64, i64], results: [i64] };
/** The same on vectors: operands in `STATE.vectorOperands`, 32 bytes each, result in `STATE.vectorResult`. */
export const EXACT_VECTOR: Signature = { params: [], results: [] };
const OPERAND_SIZE = 32;

/** Calls the exact operation of that name; operands and result are chunks of 128 bits. */
export const callExactVector = (
  e: ValueEmitter,
  name: string,
  operands: readonly (readonly Value[])[],
  chunks: number,
): Value[] => {
  const { f } = e;
  for (const [n, operand] of operands.entries()) {
    for (const [chunk, value] of operand.entries()) {
      f.i32(0);
      e.push(value);
      f.simdMemory(SIMD.v128Store, STATE.vectorOperands + OPERAND_SIZE * n + 16 * chunk);
    }
  }
  f.callImport(name, EXACT_VECTOR);
  return Array.from({ length: chunks }, (_, chunk) => {
    f.i32(0);
    f.simdMemory(SIMD.v128Load, STATE.vectorResult + 16 * chunk);
    return e.pop(v128);
  });
};

/** Name of the exact operation. */
const exactName = (name: RuntimeArithmetic, w: 32 | 64, lanes: number): string =>
  `${name === 'sqrt' ? 'float1' : 'float2'}:${name}:${w}:${lanes}`;

/**
 * The functions of the module: `float:add64` (bits, bits) -> bits, `float:add64x2` (vector, vector) -> vector, and so on;
 * square roots take their operand twice. All may throw #XM, so the caller's context must be saved.
 */
export const FLOAT_RUNTIME: Readonly<Record<string, Signature>> = Object.fromEntries(
  ([32, 64] as const).flatMap((w) =>
    ARITHMETIC.flatMap((name) => [
      [`float:${name}${w}`, scalarSignature(w)],
      [`float:${name}${w}x${FLOAT[w].vector.lanes}`, VECTOR_SIGNATURE],
    ]),
  ),
);

const parameter = (type: Value['type'], local: number): Value => ({ type, local, constant: null });

const loadMxcsr = (e: ValueEmitter): Value => {
  e.f.i32(0);
  e.f.memory(OP.i32Load, STATE.mxcsr);
  return e.pop(i32);
};

const returnValue = (e: ValueEmitter, value: Value): void => {
  e.push(value);
  e.f.op(OP.return);
};

/** Exponent field, as an integer. */
const exponentOf = (e: ValueEmitter, bits: Value): Value =>
  e.and(64, e.shrU(64, bits, e.int(64, 52)), e.int(64, 0x7ff));

/** Trailing zeros of the significand of a normal binary64. */
const trailingZeros = (e: ValueEmitter, bits: Value): Value => e.ctz(64, e.or(64, bits, e.int(64, 1n << 52n)));

/**
 * Whether the product of two normal binary64 numbers is representable, given its rounded bits, normal too. The exact
 * product has as many trailing zeros as both significands together and 105 or 106 bits, of which 53 can stay.
 */
const productIsExact = (e: ValueEmitter, a: Value, b: Value, product: Value): Value => {
  const zeros = e.add(64, trailingZeros(e, a), trailingZeros(e, b));
  const sum = e.sub(64, e.add(64, exponentOf(e, a), exponentOf(e, b)), e.int(64, 1023));
  const short = e.both(e.eq(64, zeros, e.int(64, 52)), e.eq(64, exponentOf(e, product), sum));
  return e.either(e.ltU(64, e.int(64, 52), zeros), short);
};

/** Whether r = a op b lost nothing; operands and result are normal or zero, and not zero where a division would suffer. */
const isExact = (e: ValueEmitter, t: FloatType, name: RuntimeArithmetic, a: Value, b: Value, r: Value): Value => {
  const [fa, fb, fr] = [a, b, r].map((bits) => floatFromBits(e, t, bits)) as [Value, Value, Value];
  const { sub, add, mul } = t.arithmetic;
  if (name === 'add' || name === 'sub') {
    // Knuth's TwoSum: the rounding error of a sum, exactly.
    const y = name === 'add' ? fb : op(e, sub, t.float, floatConstant(e, t, 0n), fb);
    const part = op(e, sub, t.float, fr, fa);
    const errorA = op(e, sub, t.float, fa, op(e, sub, t.float, fr, part));
    const errorB = op(e, sub, t.float, y, part);
    return op(e, t.compare.eq, i32, op(e, add, t.float, errorA, errorB), floatConstant(e, t, 0n));
  }
  if (t.w === 32) {
    // Products of two binary32 are exact in binary64.
    const [wa, wb, wr] = [fa, fb, fr].map((v) => op(e, OP.f64PromoteF32, f64, v)) as [Value, Value, Value];
    const { eq } = FLOAT[64].compare;
    if (name === 'mul') return op(e, eq, i32, op(e, OP.f64Mul, f64, wa, wb), wr);
    // Zero divided by infinity is zero, but multiplies back to no number.
    if (name === 'div') return e.either(isZero(e, t, a), op(e, eq, i32, op(e, OP.f64Mul, f64, wr, wb), wa));
    return op(e, eq, i32, op(e, OP.f64Mul, f64, wr, wr), wb);
  }
  if (name === 'mul') return e.either(e.either(isZero(e, t, a), isZero(e, t, b)), productIsExact(e, a, b, r));
  const factor = name === 'div' ? b : r;
  const wanted = name === 'div' ? a : b;
  const back = bitsFromFloat(e, t, op(e, mul, t.float, fr, floatFromBits(e, t, factor)));
  const same = e.both(e.eq(64, back, wanted), productIsExact(e, r, factor, wanted));
  return e.either(isZero(e, t, wanted), same);
};

/** With `a` first: the quiet NaN that passes through, if that raises nothing; otherwise goes on behind. */
const passNaN = (e: ValueEmitter, t: FloatType, operands: readonly Value[]): void => {
  const { f } = e;
  const quiet = (1n << BigInt(t.w === 32 ? 22 : 51)) | t.infinity;
  const withoutSign = (bits: Value): Value => e.and(t.w, bits, e.int(t.w, (1n << BigInt(t.w - 1)) - 1n));
  const nan = operands.map((bits) => e.ltU(t.w, e.int(t.w, t.infinity), withoutSign(bits)));
  const isQuiet = operands.map((bits) => e.negate(e.ltU(t.w, withoutSign(bits), e.int(t.w, quiet))));
  const signals = operands.map((_, n) => e.both(nan[n]!, e.negate(isQuiet[n]!))).reduce((x, y) => e.either(x, y));
  e.push(signals);
  f.op(OP.i32Eqz);
  f.if();
  for (const [n, bits] of operands.entries()) {
    e.if(nan[n]!, () => returnValue(e, bits));
  }
  f.end();
};

const callExact = (e: ValueEmitter, t: FloatType, name: RuntimeArithmetic, a: Value, b: Value): Value => {
  for (const operand of name === 'sqrt' ? [b] : [a, b]) e.push(e.zeroExtend(t.w, 64, operand));
  for (let n = name === 'sqrt' ? 1 : 2; n < 4; n++) e.f.i64(0n);
  e.f.callImport(exactName(name, t.w, 1), EXACT);
  return e.truncate(64, t.w, e.pop(i64));
};

const scalar = (m: ModuleWriter, name: RuntimeArithmetic, w: 32 | 64): void => {
  const t = FLOAT[w];
  const e = new ValueEmitter(m.function(scalarSignature(w), `float:${name}${w}`));
  const [a, b] = [parameter(t.int, 0), parameter(t.int, 1)];
  const unary = name === 'sqrt';
  const [fa, fb] = [floatFromBits(e, t, a), floatFromBits(e, t, b)];
  const fr = unary ? op(e, t.sqrt, t.float, fb) : op(e, t.arithmetic[name], t.float, fa, fb);
  const r = bitsFromFloat(e, t, fr);
  const mxcsr = loadMxcsr(e);
  const plain = unary ? isPlain(e, t, b) : e.both(isPlain(e, t, a), isPlain(e, t, b));
  const size = op(e, t.abs, t.float, fr);
  const infinity = floatConstant(e, t, t.infinity);
  const smallest = floatConstant(e, t, t.smallest);
  const finite = op(e, t.compare.lt, i32, size, infinity);
  const aboveSmallest = op(e, t.compare.gt, i32, size, smallest);
  const zeros = {
    // Sums of normal numbers are exact where they are denormal, and then FTZ would make a difference.
    add: () => e.either(op(e, t.compare.eq, i32, size, smallest), isZero(e, t, r)),
    sub: () => e.either(op(e, t.compare.eq, i32, size, smallest), isZero(e, t, r)),
    mul: () => e.either(isZero(e, t, a), isZero(e, t, b)),
    div: () => isZero(e, t, a),
    sqrt: () => isZero(e, t, b),
  };
  const normal = e.either(aboveSmallest, zeros[name]());

  e.if(inMode(e, mxcsr, MODE.nearestMasked), () => {
    e.if(all(e, finite, plain, normal), () => {
      e.if(e.isZero(32, e.and(32, mxcsr, e.int(32, MXCSR_PE))), () => {
        e.if(e.negate(isExact(e, t, name, a, b, r)), () => {
          e.f.i32(0);
          e.push(e.or(32, mxcsr, e.int(32, MXCSR_PE)));
          e.f.memory(OP.i32Store, STATE.mxcsr);
        });
      });
      returnValue(e, r);
    });
    e.if(e.both(finite, inMode(e, mxcsr, MODE.denormalsAreNothingNew)), () => returnValue(e, r));
  });
  // An infinite operand makes an exact infinite result, unless the result is no number.
  const infinite = (v: Value): Value => op(e, t.compare.eq, i32, op(e, t.abs, t.float, v), infinity);
  const fromInfinity = unary ? infinite(fb) : e.either(infinite(fa), infinite(fb));
  const exactInfinity = all(e, infinite(fr), plain, name === 'div' ? infinite(fa) : fromInfinity);
  e.if(exactInfinity, () => returnValue(e, r));
  passNaN(e, t, unary ? [b] : [a, b]);
  e.push(callExact(e, t, name, a, b));
};

const laneOf = (e: ValueEmitter, t: FloatType, vector: Value, n: number): Value => {
  e.push(vector);
  e.f.simd(t.vector.extract);
  e.f.code.u8(n);
  return e.pop(t.int);
};

/** Index in the module of a scalar function, which come first in the order of `ARITHMETIC`. */
const scalarIndex = (name: RuntimeArithmetic, w: 32 | 64): number =>
  ARITHMETIC.indexOf(name) + (w === 32 ? 0 : ARITHMETIC.length);

const vector = (m: ModuleWriter, name: RuntimeArithmetic, w: 32 | 64): void => {
  const t = FLOAT[w];
  const { lanes } = t.vector;
  const e = new ValueEmitter(m.function(VECTOR_SIGNATURE, `float:${name}${w}x${lanes}`));
  const { f } = e;
  const [a, b] = [parameter(v128, 0), parameter(v128, 1)];
  const unary = name === 'sqrt';
  const r = unary ? simd(e, t.vector.sqrt, b) : simd(e, t.vector.arithmetic[name as FloatBinary], a, b);
  const mxcsr = loadMxcsr(e);
  const or = (x: Value, y: Value): Value => simd(e, SIMD.v128Or, x, y);
  const zeros = {
    add: () => lanesZero(e, t, r),
    sub: () => lanesZero(e, t, r),
    mul: () => or(lanesZero(e, t, a), lanesZero(e, t, b)),
    div: () => lanesZero(e, t, a),
    sqrt: () => lanesZero(e, t, b),
  };
  const masks = [lanesFinite(e, t, r), lanesPlain(e, t, b), or(lanesAboveSmallest(e, t, r), zeros[name]())];
  if (!unary) masks.push(lanesPlain(e, t, a));
  const settled = e.both(inMode(e, mxcsr, MODE.inexactIsNothingNew), allLanes(e, ...masks));
  e.if(settled, () => returnValue(e, r));
  // While everything is masked, lanes know nothing of each other.
  e.if(inMode(e, mxcsr, MODE.masked), () => {
    e.push(r);
    for (let n = 0; n < lanes; n++) {
      e.push(laneOf(e, t, a, n));
      e.push(laneOf(e, t, b, n));
      f.callLocal(scalarIndex(name, w));
      f.simd(t.vector.replace);
      f.code.u8(n);
    }
    f.op(OP.return);
  });
  e.push(callExactVector(e, exactName(name, w, lanes), unary ? [[b]] : [[a], [b]], 1)[0]!);
};

/** The module, which imports exact operations and exports what `FLOAT_RUNTIME` names. */
export const floatRuntime = (): ModuleWriter => {
  const m = new ModuleWriter();
  const widths = [32, 64] as const;
  for (const w of widths) {
    for (const name of ARITHMETIC) {
      m.import(exactName(name, w, 1), EXACT);
      m.import(exactName(name, w, 128 / w), EXACT_VECTOR);
    }
  }
  for (const w of widths) for (const name of ARITHMETIC) scalar(m, name, w);
  for (const w of widths) for (const name of ARITHMETIC) vector(m, name, w);
  return m;
};
