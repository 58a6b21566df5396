/**
 * Fused multiply-add as WebAssembly functions: WebAssembly has none, so it is put together from operations that are exact
 * or rounded to odd, after which the one rounding to nearest sees what it would see of the exact sum.
 *
 * binary32: the product is exact in binary64, the sum is rounded to odd there, and 53 bits are enough for 24.
 *
 * binary64: Boldo and Melquiond, "Emulation of a FMA and correctly rounded sums: proved algorithms using rounding to odd"
 * (IEEE Transactions on Computers 57, 2008): uh + ul = a*b and th + tl = c + ul and vh + vl = uh + th, all exactly; then
 * a*b+c is vh + odd(tl + vl), rounded. Exactness of the product needs operands and product away from the ends of the range;
 * the soft float does the rest.
 */
import { FLOAT_FUSED, type FloatVectorFused } from '../isa/ops.ts';
import { STATE } from '../state.ts';
import { OP, SIMD, TYPE } from '../wasm/opcodes.ts';
import { ModuleWriter, type Signature } from '../wasm/writer.ts';
import { callExactVector, EXACT } from './float-runtime.ts';
import {
  all,
  allLanes,
  FLOAT,
  inMode,
  isPlain,
  lanesAboveSmallest,
  lanesFinite,
  lanesPlain,
  lanesZero,
  MODE,
  MXCSR_PE,
  simd,
  vectorConstant,
} from './float-values.ts';
import { type Value, ValueEmitter } from './values.ts';

const { i32, i64, v128 } = TYPE;
const DOUBLE = FLOAT[64];

const scalarSignature = (w: 32 | 64): Signature => {
  const { int } = FLOAT[w];
  return { params: [int, int, int], results: [int] };
};
const VECTOR_SIGNATURE: Signature = { params: [v128, v128, v128], results: [v128] };

/** Names without a twin for scalars have opposite signs in even and odd lanes. */
const VECTOR_FUSED: readonly FloatVectorFused[] = [...FLOAT_FUSED, 'fmaddsub', 'fmsubadd'];

/** The functions: `float:fused:fmadd64` and `float:fused:fmadd64x2` and so on, on bits and on vectors. They may throw #XM. */
export const FUSED_RUNTIME: Readonly<Record<string, Signature>> = Object.fromEntries(
  ([32, 64] as const).flatMap((w) => [
    ...FLOAT_FUSED.map((name) => [`float:fused:${name}${w}`, scalarSignature(w)] as const),
    ...VECTOR_FUSED.map((name) => [`float:fused:${name}${w}x${FLOAT[w].vector.lanes}`, VECTOR_SIGNATURE] as const),
  ]),
);

const parameter = (type: Value['type'], local: number): Value => ({ type, local, constant: null });

const loadMxcsr = (e: ValueEmitter): Value => {
  e.f.i32(0);
  e.f.memory(OP.i32Load, STATE.mxcsr);
  return e.pop(i32);
};

/** Sets PE if `inexact` and returns; both values are of the function's own result type. */
const returnRounded = (e: ValueEmitter, mxcsr: Value, inexact: Value, result: Value): void => {
  const { f } = e;
  e.if(e.both(inexact, e.isZero(32, e.and(32, mxcsr, e.int(32, MXCSR_PE)))), () => {
    f.i32(0);
    e.push(e.or(32, mxcsr, e.int(32, MXCSR_PE)));
    f.memory(OP.i32Store, STATE.mxcsr);
  });
  e.push(result);
  f.op(OP.return);
};

/** Whether a name negates the product, and the addend in even and in odd lanes. */
const signsOf = (
  name: FloatVectorFused,
): { readonly product: boolean; readonly addend: readonly [boolean, boolean] } => {
  const subtracts = name === 'fmsub' || name === 'fnmsub';
  return {
    product: name === 'fnmadd' || name === 'fnmsub',
    addend: [subtracts || name === 'fmaddsub', subtracts || name === 'fmsubadd'],
  };
};

const shuffle = (e: ValueEmitter, a: Value, b: Value, bytes: readonly number[]): Value => {
  e.push(a);
  e.push(b);
  e.f.simd(SIMD.i8x16Shuffle);
  for (const byte of bytes) e.f.code.u8(byte);
  return e.pop(v128);
};

const splat = (e: ValueEmitter, w: 32 | 64, bits: Value): Value =>
  simd(e, w === 32 ? SIMD.i32x4Splat : SIMD.i64x2Splat, bits);

/** The sign bits of the even or the odd lanes, or of all. */
const signs = (e: ValueEmitter, w: 32 | 64, even: boolean, odd: boolean): Value => {
  e.f.simd(SIMD.v128Const);
  for (let bit = 0; bit < 128; bit += 8) {
    const wanted = (bit / w) & 1 ? odd : even;
    e.f.code.u8(wanted && bit % w === w - 8 ? 0x80 : 0);
  }
  return e.pop(v128);
};

const add = (e: ValueEmitter, a: Value, b: Value): Value => simd(e, SIMD.f64x2Add, a, b);
const sub = (e: ValueEmitter, a: Value, b: Value): Value => simd(e, SIMD.f64x2Sub, a, b);
const mul = (e: ValueEmitter, a: Value, b: Value): Value => simd(e, SIMD.f64x2Mul, a, b);
const and = (e: ValueEmitter, a: Value, b: Value): Value => simd(e, SIMD.v128And, a, b);
const or = (e: ValueEmitter, a: Value, b: Value): Value => simd(e, SIMD.v128Or, a, b);
const isZeroLane = (e: ValueEmitter, a: Value): Value => lanesZero(e, DOUBLE, a);

/** Knuth's TwoSum: the rounded sum of binary64 lanes and its error, exactly. */
const twoSum = (e: ValueEmitter, a: Value, b: Value): readonly [Value, Value] => {
  const sum = add(e, a, b);
  const part = sub(e, sum, a);
  return [sum, add(e, sub(e, a, sub(e, sum, part)), sub(e, b, part))];
};

/** Veltkamp's splitting: 26 leading bits, and the rest. */
const split = (e: ValueEmitter, a: Value): readonly [Value, Value] => {
  const scaled = mul(e, a, vectorConstant(e, DOUBLE, 0x41a0000002000000n));
  const high = sub(e, scaled, sub(e, scaled, a));
  return [high, sub(e, a, high)];
};

/** Dekker's product: rounded, and its error, exactly. */
const twoProduct = (e: ValueEmitter, a: Value, b: Value): readonly [Value, Value] => {
  const product = mul(e, a, b);
  const [ah, al] = split(e, a);
  const [bh, bl] = split(e, b);
  const high = sub(e, mul(e, ah, bh), product);
  const error = add(e, add(e, add(e, high, mul(e, ah, bl)), mul(e, al, bh)), mul(e, al, bl));
  return [product, error];
};

/** The sum rounded to odd: if it is inexact, the neighbour on the other side of the exact value where that is odd. */
const oddSum = (e: ValueEmitter, a: Value, b: Value): readonly [Value, Value] => {
  const [sum, error] = twoSum(e, a, b);
  const one = vectorConstant(e, DOUBLE, 1n);
  const exact = isZeroLane(e, error);
  const odd = simd(e, SIMD.i64x2Sub, vectorConstant(e, DOUBLE, 0n), and(e, sum, one));
  // Away from zero where the error has the sum's sign, else towards it: +1 or -1 in the bits.
  e.push(simd(e, SIMD.v128Xor, sum, error));
  e.f.i32(63);
  e.f.simd(SIMD.i64x2ShrS);
  const step = or(e, e.pop(v128), one);
  return [simd(e, SIMD.i64x2Add, sum, simd(e, SIMD.v128Andnot, step, or(e, exact, odd))), exact];
};

/** What is known of lanes: the result, whether that is settled, whether it is exact (masks of 64 bits). */
interface Lanes {
  readonly result: Value;
  readonly settled: Value;
  readonly exact: Value;
}

const fusedDouble = (e: ValueEmitter, a: Value, b: Value, c: Value): Lanes => {
  const [uh, ul] = twoProduct(e, a, b);
  const [th, tl] = twoSum(e, c, ul);
  const [vh, vl] = twoSum(e, uh, th);
  const [z, zExact] = oddSum(e, tl, vl);
  const [sum, error] = twoSum(e, vh, z);
  const abs = (x: Value): Value => simd(e, SIMD.f64x2Abs, x);
  // 2**996, above which splitting overflows; 2**-916, below which the product's error is none of the format.
  const limit = vectorConstant(e, DOUBLE, 0x7e30000000000000n);
  const least = vectorConstant(e, DOUBLE, 0x06b0000000000000n);
  const inRange = and(e, simd(e, SIMD.f64x2Lt, abs(a), limit), simd(e, SIMD.f64x2Lt, abs(b), limit));
  // A product of zero adds as it is, with its sign.
  const nothing = or(e, isZeroLane(e, a), isZeroLane(e, b));
  e.push(add(e, uh, c));
  e.push(sum);
  e.push(nothing);
  e.f.simd(SIMD.v128Bitselect);
  const result = e.pop(v128);
  const product = or(e, nothing, simd(e, SIMD.f64x2Ge, abs(uh), least));
  const normal = or(
    e,
    and(e, lanesAboveSmallest(e, DOUBLE, result), lanesFinite(e, DOUBLE, result)),
    isZeroLane(e, result),
  );
  const exact = or(e, nothing, and(e, zExact, isZeroLane(e, error)));
  return { result, settled: and(e, and(e, inRange, product), normal), exact };
};

/** The low two lanes of vectors of binary32; the result has them in its low half. */
const fusedSingle = (e: ValueEmitter, a: Value, b: Value, c: Value): Lanes => {
  const [wa, wb, wc] = [a, b, c].map((x) => simd(e, SIMD.f64x2PromoteLowF32x4, x)) as [Value, Value, Value];
  const [sum] = oddSum(e, mul(e, wa, wb), wc);
  const result = simd(e, SIMD.f32x4DemoteF64x2Zero, sum);
  const back = simd(e, SIMD.f64x2PromoteLowF32x4, result);
  const smallest = vectorConstant(e, DOUBLE, 0x3810000000000000n);
  const aboveSmallest = simd(e, SIMD.f64x2Gt, simd(e, SIMD.f64x2Abs, back), smallest);
  const normal = and(e, aboveSmallest, lanesFinite(e, DOUBLE, back));
  return { result, settled: or(e, normal, isZeroLane(e, sum)), exact: simd(e, SIMD.f64x2Eq, back, sum) };
};

const HIGH = [8, 9, 10, 11, 12, 13, 14, 15];

const vector = (m: ModuleWriter, name: FloatVectorFused, w: 32 | 64): void => {
  const t = FLOAT[w];
  const e = new ValueEmitter(m.function(VECTOR_SIGNATURE, `float:fused:${name}${w}x${t.vector.lanes}`));
  const operands = [0, 1, 2].map((n) => parameter(v128, n)) as [Value, Value, Value];
  const { product, addend } = signsOf(name);
  const [even, odd] = addend;
  const flip = (x: Value, inEven: boolean, inOdd: boolean): Value =>
    inEven || inOdd ? simd(e, SIMD.v128Xor, x, signs(e, w, inEven, inOdd)) : x;
  const [a, b, c] = [flip(operands[0], product, product), operands[1], flip(operands[2], even, odd)];
  const lanes: Lanes[] = [];
  if (w === 64) lanes.push(fusedDouble(e, a, b, c));
  else {
    const high = (x: Value): Value => shuffle(e, x, x, [...HIGH, ...HIGH]);
    lanes.push(fusedSingle(e, a, b, c), fusedSingle(e, high(a), high(b), high(c)));
  }
  const low = [0, 1, 2, 3, 4, 5, 6, 7];
  const result =
    w === 64 ? lanes[0]!.result : shuffle(e, lanes[0]!.result, lanes[1]!.result, [...low, ...low.map((n) => n + 16)]);
  const mxcsr = loadMxcsr(e);
  const settled = all(
    e,
    inMode(e, mxcsr, MODE.nearestMasked),
    allLanes(e, ...operands.map((x) => lanesPlain(e, t, x)), ...lanes.map((x) => x.settled)),
  );
  e.if(settled, () => returnRounded(e, mxcsr, e.negate(allLanes(e, ...lanes.map((x) => x.exact))), result));
  const chunks = operands.map((x) => [x]);
  e.push(callExactVector(e, `fused:${name}:${w}:${t.vector.lanes}`, chunks, 1)[0]!);
};

const scalar = (m: ModuleWriter, name: FloatVectorFused, w: 32 | 64): void => {
  const t = FLOAT[w];
  const e = new ValueEmitter(m.function(scalarSignature(w), `float:fused:${name}${w}`));
  const operands = [0, 1, 2].map((n) => parameter(t.int, n)) as [Value, Value, Value];
  const { product, addend } = signsOf(name);
  const sign = e.int(w, 1n << BigInt(w - 1));
  const a = product ? e.xor(w, operands[0], sign) : operands[0];
  const c = addend[0] ? e.xor(w, operands[2], sign) : operands[2];
  const mxcsr = loadMxcsr(e);
  // Splat, so that the other lanes are settled where the first is.
  const [va, vb, vc] = [a, operands[1], c].map((x) => splat(e, w, x)) as [Value, Value, Value];
  const lanes = w === 64 ? fusedDouble(e, va, vb, vc) : fusedSingle(e, va, vb, vc);
  const settled = all(
    e,
    inMode(e, mxcsr, MODE.nearestMasked),
    ...operands.map((x) => isPlain(e, t, x)),
    allLanes(e, lanes.settled),
  );
  e.if(settled, () => {
    e.push(lanes.result);
    e.f.simd(t.vector.extract);
    e.f.code.u8(0);
    const result = e.pop(t.int);
    returnRounded(e, mxcsr, e.negate(allLanes(e, lanes.exact)), result);
  });
  for (const operand of operands) e.push(e.zeroExtend(w, 64, operand));
  e.f.i64(0n);
  e.f.callImport(`fused:${name}:${w}:1`, EXACT);
  e.push(e.truncate(64, w, e.pop(i64)));
};

/** The module, which imports exact operations and exports what `FUSED_RUNTIME` names. */
export const fusedRuntime = (): ModuleWriter => {
  const m = new ModuleWriter();
  for (const w of [32, 64] as const) {
    for (const name of FLOAT_FUSED) scalar(m, name, w);
    for (const name of VECTOR_FUSED) vector(m, name, w);
  }
  return m;
};
