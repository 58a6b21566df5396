/**
 * Float arithmetic that the interpreter would ask its float runtime for, inside a region: the answers which need no call. The
 * hardware's result stands if all exceptions are masked, rounding is to nearest, no operand is a denormal or a NaN, and
 * the result is a normal number, or a true zero, which is exact unless precision is no news.
 *
 * Two ways, chosen by what MXCSR says when it is asked (`float-mode.ts`):
 *  - Precision is no news, as in any program that has rounded once: the result has to be normal, and operands not denormal.
 *    An infinite operand or a NaN gives a result that is not normal either.
 *  - Precision would be news: the result has to be exact. That is asked with tests that suffice: sums that both operands can
 *    be got back from, few significant bits in products.
 * For the rest the region is left.
 */
import {
  ALL_LANES,
  allLanes,
  bitsOfLanes,
  FLOAT,
  type FloatType,
  lanesAboveSmallest,
  lanesFinite,
  lanesPlain,
  lanesZero,
  op,
  simd,
} from '../interpreter/float-values.ts';
import type { Value } from '../interpreter/values.ts';
import { OP, SIMD, TYPE } from '../wasm/opcodes.ts';
import type { VectorEmitter } from './emit/vectors.ts';
import { FLOAT_MODE, LOW_BITS, magnitudeBits, NORMALS } from './float-mode.ts';

export type Arithmetic = 'add' | 'sub' | 'mul' | 'div' | 'sqrt';

// --- tests of bits --------------------------------------------------------------------------------------------------

/** Branches to the label if the condition on the stack holds, which it hardly ever does. */
const branchIf = (o: VectorEmitter, label: number): void => {
  o.f.unlikely();
  o.f.brIfTo(label);
};

const branchIfNot = (o: VectorEmitter, c: Value, label: number): void => {
  o.push(o.negate(c));
  branchIf(o, label);
};

/** Pushes the upper 32 bits. */
const pushUpper = (o: VectorEmitter, t: FloatType, bits: Value): void => {
  o.push(bits);
  if (t.w === 32) return;
  o.f.i64(32n);
  o.f.op(OP.i64ShrU);
  o.f.op(OP.i32WrapI64);
};

/** Pushes how far a number is above the smallest ones. */
const pushAboveSmallest = (o: VectorEmitter, t: FloatType, bits: Value): void => {
  const { f } = o;
  const wide = t.w === 64;
  o.push(bits);
  // Twice the bits: the exponent is on top. With the sum it is one instruction, as long as nothing else wants the product.
  o.push(o.int(t.w, 1));
  f.op(wide ? OP.i64Shl : OP.i32Shl);
  f.get(o.floatBound(wide ? 'smallest64' : 'smallest32'));
  f.op(wide ? OP.i64Add : OP.i32Add);
};

/** Branches if that is not below a bound, which is pushed. */
const branchUnlessBelow = (o: VectorEmitter, t: FloatType, pushBound: () => void, label: number): void => {
  pushBound();
  o.f.op(t.w === 64 ? OP.i64GeU : OP.i32GeU);
  branchIf(o, label);
};

/** Branches if bits are those of a zero or a denormal. */
const branchIfTiny = (o: VectorEmitter, t: FloatType, bits: Value, label: number): void => {
  pushUpper(o, t, bits);
  o.f.i32(t.w === 64 ? 0x7ff00000 : 0x7f800000);
  o.f.op(OP.i32And);
  o.f.op(OP.i32Eqz);
  branchIf(o, label);
};

/** Bits without their sign. */
const magnitude = (o: VectorEmitter, t: FloatType, bits: Value): Value =>
  o.and(t.w, bits, o.int(t.w, magnitudeBits(t.w)));

const branchIfDenormal = (o: VectorEmitter, t: FloatType, bits: Value, label: number): void => {
  // Zero becomes the largest number.
  const below = o.sub(t.w, magnitude(o, t, bits), o.int(t.w, 1));
  o.push(o.ltU(t.w, below, o.int(t.w, t.smallest - 1n)));
  branchIf(o, label);
};

/** Leaves unless scalars are neither denormals nor NaNs: what comparisons ask, whatever the mode. */
export const leaveUnlessPlain = (
  o: VectorEmitter,
  t: FloatType,
  scalars: readonly Value[],
  leave: () => void,
): void => {
  const unknown = scalars.filter((v) => !o.isPlain(t, v));
  if (unknown.length === 0) return;
  const { f } = o;
  f.block();
  const done = f.open;
  f.block();
  const slow = f.open;
  for (const v of unknown) {
    pushAboveSmallest(o, t, v);
    branchUnlessBelow(o, t, () => o.push(o.int(t.w, NORMALS[t.w])), slow);
  }
  f.brTo(done);
  f.end();
  f.block();
  const bad = f.open;
  for (const v of unknown) {
    branchIfDenormal(o, t, v, bad);
    o.push(o.ltU(t.w, o.int(t.w, t.infinity), magnitude(o, t, v)));
    branchIf(o, bad);
  }
  f.brTo(done);
  f.end();
  leave();
  f.end();
  for (const v of unknown) o.nowPlain(t, v);
};

// --- scalars --------------------------------------------------------------------------------------------------------

/** A scalar operand or result. */
interface Scalar {
  readonly bits: Value;
  readonly float: Value;
}

/** An operation with its operands and its result. */
interface Operation<T> {
  readonly t: FloatType;
  readonly name: Arithmetic;
  readonly a: T;
  readonly b: T;
  readonly r: T;
}

/** Branches unless the result is exact, if it is normal or zero. */
const branchUnlessExact = (o: VectorEmitter, { t, name, a, b, r }: Operation<Scalar>, label: number): void => {
  const compute = (what: 'add' | 'sub' | 'mul', x: Scalar, y: Scalar): Value =>
    op(o, t.arithmetic[what], t.float, x.float, y.float);
  const same = (x: Value, y: Scalar): void => branchIfNot(o, op(o, t.compare.eq, TYPE.i32, x, y.float), label);
  const few = (x: Scalar, y: Scalar): void => {
    o.push(o.negate(o.isZero(t.w, o.and(t.w, o.or(t.w, x.bits, y.bits), o.int(t.w, LOW_BITS[t.w])))));
    branchIf(o, label);
  };
  switch (name) {
    // Of a sum of two, taking the larger away is exact (Dekker), and then gives the other one only if the sum is.
    case 'add':
      same(compute('sub', r, a), b);
      same(compute('sub', r, b), a);
      return;
    case 'sub':
      same(compute('sub', a, r), b);
      same(compute('add', r, b), a);
      return;
    case 'mul':
      few(a, b);
      return;
    case 'div':
      few(r, b);
      same(compute('mul', r, b), a);
      return;
    case 'sqrt':
      few(r, r);
      same(compute('mul', r, r), b);
  }
};

/** Branches unless the result is a normal number, or a zero because an operand is. Sums that are exact are anything. */
const branchUnlessInRange = (o: VectorEmitter, { t, name, a, b, r }: Operation<Scalar>, label: number): void => {
  const { f } = o;
  const zero = (x: Scalar): Value => o.isZero(t.w, magnitude(o, t, x.bits));
  f.block();
  const good = f.open;
  pushAboveSmallest(o, t, r.bits);
  o.push(o.int(t.w, NORMALS[t.w]));
  f.op(t.w === 64 ? OP.i64LtU : OP.i32LtU);
  f.brIfTo(good);
  branchIfNot(o, zero(r), label);
  if (name === 'mul') branchIfNot(o, o.either(zero(a), zero(b)), label);
  else if (name === 'div') branchIfNot(o, zero(a), label);
  f.end();
};

/** Scalar arithmetic; a square root takes its operand twice. */
export const scalarArithmetic = (
  o: VectorEmitter,
  name: Arithmetic,
  w: 32 | 64,
  a: Value,
  b: Value,
  leave: () => void,
): Value => {
  const t = FLOAT[w];
  const { f } = o;
  const y: Scalar = { bits: b, float: o.asFloat(t, b) };
  const x: Scalar = name === 'sqrt' ? y : { bits: a, float: o.asFloat(t, a) };
  const result =
    name === 'sqrt' ? op(o, t.sqrt, t.float, y.float) : op(o, t.arithmetic[name], t.float, x.float, y.float);
  const r: Scalar = { bits: o.asBits(t, result), float: result };
  const operation = { t, name, a: x, b: y, r };
  const unknown = (x === y ? [y] : [y, x]).filter(({ bits }) => !o.isPlain(t, bits));
  const mode = o.floatBound('mode');
  const normals = o.floatBound(w === 32 ? 'normals32' : 'normals64');
  f.block();
  const done = f.open;
  f.block();
  const slow = f.open;
  pushAboveSmallest(o, t, r.bits);
  branchUnlessBelow(o, t, () => f.get(normals), slow);
  // Zeros would do: with one of them the result is normal only if it is exact.
  for (const { bits } of unknown) branchIfTiny(o, t, bits, slow);
  f.brTo(done);
  f.end();
  f.block();
  const bad = f.open;
  f.get(mode);
  f.op(OP.i32Eqz);
  branchIf(o, bad);
  f.get(mode);
  f.i32(FLOAT_MODE.nearestMasked);
  f.op(OP.i32Eq);
  f.if();
  branchUnlessExact(o, operation, bad);
  f.end();
  for (const { bits } of unknown) branchIfDenormal(o, t, bits, bad);
  branchUnlessInRange(o, operation, bad);
  f.brTo(done);
  f.end();
  leave();
  f.end();
  for (const v of [a, b, r.bits]) o.nowPlain(t, v);
  return r.bits;
};

// --- vectors --------------------------------------------------------------------------------------------------------

/** Whether lanes are zero where these bits are. */
const lanesWithout = (o: VectorEmitter, t: FloatType, a: Value, bits: Value): Value =>
  simd(o, t.w === 64 ? SIMD.i64x2Eq : SIMD.i32x4Eq, simd(o, SIMD.v128And, a, bits), zeros(o));

const zeros = (o: VectorEmitter): Value => o.vectorConstant(0n, 0n);
const or = (o: VectorEmitter, a: Value, b: Value): Value => simd(o, SIMD.v128Or, a, b);
const and = (o: VectorEmitter, a: Value, b: Value): Value => simd(o, SIMD.v128And, a, b);

/** Lanes in which the result is surely exact, if it is normal or zero: see `branchUnlessExact`. */
const exactLanes = (o: VectorEmitter, { t, name, a, b, r }: Operation<Value>): Value => {
  const { arithmetic, compare } = t.vector;
  const few = (x: Value, y: Value): Value => lanesWithout(o, t, or(o, x, y), o.floatConstant(t.w, 'lowBits'));
  const same = (what: 'add' | 'sub' | 'mul', x: Value, y: Value, z: Value): Value =>
    simd(o, compare.eq, simd(o, arithmetic[what], x, y), z);
  switch (name) {
    case 'add':
      return and(o, same('sub', r, a, b), same('sub', r, b, a));
    case 'sub':
      return and(o, same('sub', a, r, b), same('add', r, b, a));
    case 'mul':
      return few(a, b);
    case 'div':
      return and(o, few(r, b), same('mul', r, b, a));
    case 'sqrt':
      return and(o, few(r, r), same('mul', r, r, b));
  }
};

/** Lanes in which a result of zero is a true one. */
const zeroLanes = (o: VectorEmitter, { t, name, a, b, r }: Operation<Value>): Value => {
  switch (name) {
    case 'add':
    case 'sub':
      return lanesZero(o, t, r);
    case 'mul':
      return or(o, lanesZero(o, t, a), lanesZero(o, t, b));
    case 'div':
      return lanesZero(o, t, a);
    case 'sqrt':
      return lanesZero(o, t, b);
  }
};

/** The same on vectors. */
export const vectorArithmetic = (
  o: VectorEmitter,
  name: Arithmetic,
  w: 32 | 64,
  a: readonly Value[],
  b: readonly Value[],
  leave: () => void,
): Value[] => {
  const t = FLOAT[w];
  const { vector } = t;
  const { f } = o;
  const mode = o.floatBound('mode');
  const lanes = o.floatBound('lanes');
  const smallest = o.floatConstant(w, 'smallest');
  const infinity = o.floatConstant(w, 'infinity');
  // V8 has each of its own absolute values load the mask.
  const magnitude = o.floatConstant(w, 'magnitude');
  const abs = (x: Value): Value => and(o, x, magnitude);
  return b.map((y, n) => {
    const x = name === 'sqrt' ? y : a[n]!;
    const r = name === 'sqrt' ? simd(o, vector.sqrt, y) : simd(o, vector.arithmetic[name], x, y);
    const operation = { t, name, a: x, b: y, r };
    const unknown = (x === y ? [y] : [y, x]).filter((v) => !o.isPlain(t, v));
    f.block();
    const done = f.open;
    f.block();
    const slow = f.open;
    const size = abs(r);
    // The pseudo-minimum is its first operand if one is a NaN; of a NaN in the second the result is one too.
    const least = unknown.reduce((low, v) => simd(o, vector.arithmetic.min, low, abs(v)), size);
    const above = simd(o, vector.compare.gt, least, smallest);
    const finite = simd(o, vector.compare.lt, size, infinity);
    const plain = bitsOfLanes(o, above, finite);
    o.push(plain);
    f.get(lanes);
    f.op(OP.i32Ne);
    branchIf(o, slow);
    f.brTo(done);
    f.end();
    f.block();
    const bad = f.open;
    // Programs that compute with small whole numbers for ever come here for each operation, nearly always without zeros.
    f.block();
    const judged = f.open;
    f.block();
    const inexactToo = f.open;
    f.get(mode);
    f.i32(FLOAT_MODE.nearestMasked);
    f.op(OP.i32Ne);
    f.brIfTo(inexactToo);
    const exact = bitsOfLanes(o, exactLanes(o, operation));
    const areAll = (bits: Value): Value => o.eq(32, bits, o.int(32, ALL_LANES));
    o.push(areAll(o.and(32, exact, plain)));
    f.brIfTo(done);
    branchIfNot(o, areAll(exact), bad);
    f.brTo(judged);
    f.end();
    f.get(mode);
    f.op(OP.i32Eqz);
    branchIf(o, bad);
    f.end();
    const good = [
      lanesFinite(o, t, r),
      or(o, lanesAboveSmallest(o, t, r), zeroLanes(o, operation)),
      ...unknown.map((v) => lanesPlain(o, t, v)),
    ];
    o.push(allLanes(o, ...good));
    f.brIfTo(done);
    f.end();
    leave();
    f.end();
    for (const v of [x, y, r]) o.nowPlain(t, v);
    return r;
  });
};
