/**
 * Float arithmetic that the interpreter would ask its float runtime for, inside a region: the answers which need no call. The
 * hardware's result stands if all exceptions are masked, rounding is to nearest, operands are normal or zero, the result is
 * normal or a true zero, and it is exact or precision is no news. Exactness is asked with tests that suffice: a rounding
 * error of zero for sums, few significant bits for products. For the rest the region is left.
 */
import {
  allLanes,
  FLOAT,
  type FloatType,
  lanesAboveSmallest,
  lanesFinite,
  lanesPlain,
  lanesZero,
  MODE,
  op,
  simd,
  vectorConstant,
} from '../interpreter/float-values.ts';
import type { Value } from '../interpreter/values.ts';
import { STATE } from '../state.ts';
import { OP, SIMD, TYPE } from '../wasm/opcodes.ts';
import type { FunctionWriter } from '../wasm/writer.ts';
import type { RegionOps } from './emit.ts';

const { v128 } = TYPE;

export type Arithmetic = 'add' | 'sub' | 'mul' | 'div' | 'sqrt';

/** Significand bits in the lower half: two numbers without them have an exact product. */
const LOW_BITS: Readonly<Record<32 | 64, bigint>> = { 32: 0xfffn, 64: 0x7ffffffn };

/** Whether lanes are zero where these bits are. */
const lanesWithout = (o: RegionOps, t: FloatType, bits: bigint, a: Value): Value =>
  simd(o, t.w === 64 ? SIMD.i64x2Eq : SIMD.i32x4Eq, simd(o, SIMD.v128And, a, vectorConstant(o, t, bits)), zero(o));

const zero = (o: RegionOps): Value => o.vectorConstant(0n, 0n);
const or = (o: RegionOps, a: Value, b: Value): Value => simd(o, SIMD.v128Or, a, b);
const and = (o: RegionOps, a: Value, b: Value): Value => simd(o, SIMD.v128And, a, b);

/** Lanes in which the result is surely exact. */
const exactLanes = (o: RegionOps, t: FloatType, name: Arithmetic, a: Value, b: Value, r: Value): Value => {
  const { arithmetic, compare } = t.vector;
  const few = (x: Value, y: Value): Value => lanesWithout(o, t, LOW_BITS[t.w], or(o, x, y));
  switch (name) {
    case 'add':
    case 'sub': {
      // Knuth's TwoSum: the rounding error of a sum, exactly.
      const y = name === 'add' ? b : simd(o, arithmetic.sub, zero(o), b);
      const part = simd(o, arithmetic.sub, r, a);
      const errorA = simd(o, arithmetic.sub, a, simd(o, arithmetic.sub, r, part));
      const errorB = simd(o, arithmetic.sub, y, part);
      return simd(o, compare.eq, simd(o, arithmetic.add, errorA, errorB), zero(o));
    }
    case 'mul':
      return few(a, b);
    case 'div':
      return and(o, few(r, b), simd(o, compare.eq, simd(o, arithmetic.mul, r, b), a));
    case 'sqrt':
      return and(o, few(r, r), simd(o, compare.eq, simd(o, arithmetic.mul, r, r), b));
  }
};

/** Lanes in which a result of zero is a true one. */
const zeroLanes = (o: RegionOps, t: FloatType, name: Arithmetic, a: Value, b: Value, r: Value): Value => {
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

/** Both of a vector's halves, or all quarters, are the float's. */
const spread = (o: RegionOps, t: FloatType, a: Value): Value => {
  o.push(a);
  o.f.simd(t.w === 64 ? SIMD.i64x2Splat : SIMD.i32x4Splat);
  return o.pop(v128);
};

/** With a condition on the stack. */
const leaveUnless = (o: RegionOps, leave: () => void): void => {
  o.f.op(OP.i32Eqz);
  o.f.unlikely();
  o.f.if();
  leave();
  o.f.end();
};

/** Leaves unless the result of vectors stands, zeros and exact results considered. */
const settleVector = (
  o: RegionOps,
  t: FloatType,
  name: Arithmetic,
  a: Value,
  b: Value,
  r: Value,
  plain: { a: boolean; b: boolean },
  leave: () => void,
): void => {
  const { f } = o;
  const zeros = zeroLanes(o, t, name, a, b, r);
  const masks = [lanesFinite(o, t, r), or(o, lanesAboveSmallest(o, t, r), zeros)];
  if (!plain.b) masks.push(lanesPlain(o, t, b));
  if (name !== 'sqrt' && !plain.a) masks.push(lanesPlain(o, t, a));
  o.push(allLanes(o, ...masks));
  leaveUnless(o, leave);
  o.push(o.floatMode());
  f.i32(FLOAT_MODE.inexactIsNothingNew);
  f.op(OP.i32Ne);
  f.if();
  o.push(o.floatMode());
  leaveUnless(o, leave);
  o.push(allLanes(o, or(o, exactLanes(o, t, name, a, b, r), zeros)));
  leaveUnless(o, leave);
  f.end();
};

/** What the local for the mode holds. */
export const FLOAT_MODE = { other: 0, nearestMasked: 1, inexactIsNothingNew: 2 } as const;

/** Pushes the mode that MXCSR says. */
export const pushFloatMode = (f: FunctionWriter): void => {
  const { nearestMasked, inexactIsNothingNew } = MODE;
  for (const { mask, value } of [nearestMasked, inexactIsNothingNew]) {
    f.i32(0);
    f.memory(OP.i32Load, STATE.mxcsr);
    f.i32(mask);
    f.op(OP.i32And);
    f.i32(value);
    f.op(OP.i32Eq);
  }
  f.op(OP.i32Add);
};

/** Runs `test`, which branches to the label it is given unless the result is settled, and else `otherwise`. */
const settled = (o: RegionOps, test: (label: number) => void, otherwise: () => void): void => {
  const { f } = o;
  f.block();
  const done = f.open;
  f.block();
  const slow = f.open;
  o.push(o.floatMode());
  f.i32(FLOAT_MODE.inexactIsNothingNew);
  f.op(OP.i32Ne);
  f.unlikely();
  f.brIfTo(slow);
  test(slow);
  f.brTo(done);
  f.end();
  otherwise();
  f.end();
};

/** Branches unless bits are those of a normal number, and where `clearly`, not of the very smallest. */
const branchUnlessNormal = (o: RegionOps, t: FloatType, bits: Value, clearly: boolean, label: number): void => {
  const { f } = o;
  o.push(bits);
  if (t.w === 64) {
    f.i64(32n);
    f.op(OP.i64ShrU);
    f.op(OP.i32WrapI64);
  }
  // Twice the upper half: the exponent is on top.
  const exponent = t.w === 64 ? 0x200000 : 0x1000000;
  const least = clearly ? 2 * exponent : exponent;
  f.i32(1);
  f.op(OP.i32Shl);
  f.i32(least);
  f.op(OP.i32Sub);
  f.i32((0x1_0000_0000 - exponent - least) | 0);
  f.op(OP.i32GeU);
  f.unlikely();
  f.brIfTo(label);
};

/** Scalar arithmetic; a square root takes its operand twice. */
export const scalarArithmetic = (
  o: RegionOps,
  name: Arithmetic,
  w: 32 | 64,
  a: Value,
  b: Value,
  leave: () => void,
): Value => {
  const t = FLOAT[w];
  const fb = o.asFloat(t, b);
  const result = name === 'sqrt' ? op(o, t.sqrt, t.float, fb) : op(o, t.arithmetic[name], t.float, o.asFloat(t, a), fb);
  const r = o.asBits(t, result);
  const plain = { a: o.isPlain(t, a), b: o.isPlain(t, b) };
  settled(
    o,
    (slow) => {
      branchUnlessNormal(o, t, r, true, slow);
      // Zeros would do: with one of them the result is normal only if it is exact.
      if (!o.isPlain(t, b)) branchUnlessNormal(o, t, b, false, slow);
      if (name !== 'sqrt' && !o.isPlain(t, a)) branchUnlessNormal(o, t, a, false, slow);
    },
    () => settleVector(o, t, name, spread(o, t, a), spread(o, t, b), spread(o, t, r), plain, leave),
  );
  for (const v of [a, b, r]) o.nowPlain(t, v);
  return r;
};

/** The same on vectors. */
export const vectorArithmetic = (
  o: RegionOps,
  name: Arithmetic,
  w: 32 | 64,
  a: readonly Value[],
  b: readonly Value[],
  leave: () => void,
): Value[] => {
  const t = FLOAT[w];
  const { vector } = t;
  const { f } = o;
  const abs = (x: Value): Value => simd(o, vector.abs, x);
  return b.map((y, n) => {
    const x = a[n]!;
    const plain = { a: o.isPlain(t, x), b: o.isPlain(t, y) };
    const r = name === 'sqrt' ? simd(o, vector.sqrt, y) : simd(o, vector.arithmetic[name], x, y);
    settled(
      o,
      (slow) => {
        const size = abs(r);
        // The pseudo-minimum is its first operand if one is a NaN; of a NaN in the second the result is one too.
        let least = size;
        if (!o.isPlain(t, y)) least = simd(o, vector.arithmetic.min, least, abs(y));
        if (name !== 'sqrt' && !o.isPlain(t, x)) least = simd(o, vector.arithmetic.min, least, abs(x));
        const above = simd(o, vector.compare.gt, least, vectorConstant(o, t, t.smallest));
        const finite = simd(o, vector.compare.lt, size, vectorConstant(o, t, t.infinity));
        o.push(allLanes(o, above, finite));
        f.op(OP.i32Eqz);
        f.unlikely();
        f.brIfTo(slow);
      },
      () => settleVector(o, t, name, x, y, r, plain, leave),
    );
    for (const v of [x, y, r]) o.nowPlain(t, v);
    return r;
  });
};
