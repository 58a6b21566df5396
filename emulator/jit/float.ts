/**
 * Float arithmetic that the interpreter would ask its float runtime for, inside a region: the answers which need no call. The
 * hardware's result stands if all exceptions are masked, rounding is to nearest, operands are normal or zero, the result is
 * normal or a true zero, and it is exact or precision is no news. Exactness is asked with tests that suffice: a rounding
 * error of zero for sums, few significant bits for products. For the rest the region is left.
 */
import { FLOAT_RUNTIME } from '../interpreter/float-runtime.ts';
import {
  allLanes,
  FLOAT,
  type FloatType,
  inMode,
  lanesAboveSmallest,
  lanesFinite,
  lanesPlain,
  lanesZero,
  MODE,
  simd,
  vectorConstant,
} from '../interpreter/float-values.ts';
import type { Value } from '../interpreter/values.ts';
import { OP, SIMD, TYPE } from '../wasm/opcodes.ts';
import type { RegionOps } from './emit.ts';

const { v128 } = TYPE;

type Arithmetic = 'add' | 'sub' | 'mul' | 'div' | 'sqrt';

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

/**
 * In the place of a call of the float runtime's function of that name, operands on the stack: leaves the result there, or
 * `leave`s. False if there is no such function.
 */
export const inlineFloat = (o: RegionOps, name: string, leave: () => void): boolean => {
  const match = /^float:(add|sub|mul|div|sqrt)(32|64)(x[24])?$/.exec(name);
  if (match === null || FLOAT_RUNTIME[name] === undefined) return false;
  const operation = match[1] as Arithmetic;
  const t = FLOAT[Number(match[2]) as 32 | 64];
  const isVector = match[3] !== undefined;
  const { f } = o;
  const spread = (): Value => {
    if (!isVector) f.simd(t.w === 64 ? SIMD.i64x2Splat : SIMD.i32x4Splat);
    return o.pop(v128);
  };
  const b = spread();
  const a = spread();
  const { vector } = t;
  const r = operation === 'sqrt' ? simd(o, vector.sqrt, b) : simd(o, vector.arithmetic[operation], a, b);
  const zeros = zeroLanes(o, t, operation, a, b, r);
  const masks = [lanesFinite(o, t, r), lanesPlain(o, t, b), or(o, lanesAboveSmallest(o, t, r), zeros)];
  if (operation !== 'sqrt') masks.push(lanesPlain(o, t, a));
  const mxcsr = o.mxcsr();
  o.push(o.both(inMode(o, mxcsr, MODE.nearestMasked), allLanes(o, ...masks)));
  f.op(OP.i32Eqz);
  f.unlikely();
  f.if();
  leave();
  f.end();
  o.push(inMode(o, mxcsr, MODE.inexactIsNothingNew));
  f.op(OP.i32Eqz);
  f.if();
  o.push(allLanes(o, or(o, exactLanes(o, t, operation, a, b, r), zeros)));
  f.op(OP.i32Eqz);
  f.unlikely();
  f.if();
  leave();
  f.end();
  f.end();
  o.push(r);
  if (!isVector) {
    f.simd(vector.extract);
    f.code.u8(0);
  }
  return true;
};
