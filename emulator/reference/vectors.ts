/** Lanes and floats of the reference: by lanes in `simd.ts`, exactly in `../float/`. */
import {
  conversionWidths,
  floatBinary,
  floatConversion,
  floatFused,
  floatOrder,
  floatPredicate,
  floatUnary,
} from '../float/mxcsr.ts';
import type { Width } from '../isa/instruction.ts';
import type {
  FloatBinary,
  FloatConversion,
  FloatFused,
  FloatPredicate,
  FloatUnary,
  FloatVectorBinary,
  FloatVectorFused,
  IntegralRounding,
  SimdBinary,
  SimdMask,
  SimdShift,
  SimdUnary,
} from '../isa/ops.ts';
import { ReferenceFlags } from './flags.ts';
import { binary, masks, replaceLane, shift, shuffleBytes, unary } from './simd.ts';
import { M64, MASK } from './values.ts';

const M128 = (1n << 128n) - 1n;

/** Chunks of 128 bits as one number, and back. */
const join = (chunks: readonly bigint[]): bigint => chunks.reduceRight((high, low) => (high << 128n) | low, 0n);
const split = (count: number, wide: bigint): bigint[] =>
  Array.from({ length: count }, (_, n) => (wide >> BigInt(128 * n)) & M128);

export class ReferenceVectors extends ReferenceFlags {
  simd1(name: SimdUnary, a: bigint): bigint {
    return unary[name](a);
  }
  simd2(name: SimdBinary, a: bigint, b: bigint): bigint {
    return binary[name](a, b);
  }
  simdShift(name: SimdShift, a: bigint, count: bigint): bigint {
    return shift[name](a, count);
  }
  simdMask(name: SimdMask, a: bigint): bigint {
    return masks[name](a);
  }
  shuffle(a: bigint, b: bigint, lanes: readonly number[]): bigint {
    return shuffleBytes(a, b, lanes);
  }
  vectorConstant(low: bigint, high: bigint): bigint {
    return ((high & M64) << 64n) | (low & M64);
  }
  lane(w: Width, a: bigint, n: number): bigint {
    return (a >> BigInt(n * w)) & MASK[w];
  }
  withLane(w: Width, a: bigint, n: number, value: bigint): bigint {
    return replaceLane(w, a, n, value) & M128;
  }
  vectorFromInt(_w: Width, value: bigint): bigint {
    return value;
  }
  selectVector(c: boolean, a: bigint, b: bigint): bigint {
    return c ? a : b;
  }
  selectBits(mask: bigint, a: bigint, b: bigint): bigint {
    return (a & mask) | (b & ~mask);
  }

  float2(name: FloatBinary, w: 32 | 64, a: bigint, b: bigint): bigint {
    return floatBinary(this.state, name, w, 1, a, b);
  }
  float1(name: FloatUnary, w: 32 | 64, a: bigint): bigint {
    return floatUnary(this.state, name, w, 1, a);
  }
  floatVector2(name: FloatVectorBinary, w: 32 | 64, a: readonly bigint[], b: readonly bigint[]): bigint[] {
    return split(a.length, floatBinary(this.state, name, w, (a.length * 128) / w, join(a), join(b)));
  }
  floatVector1(name: FloatUnary, w: 32 | 64, a: readonly bigint[]): bigint[] {
    return split(a.length, floatUnary(this.state, name, w, (a.length * 128) / w, join(a)));
  }
  floatFused(name: FloatFused, w: 32 | 64, a: bigint, b: bigint, c: bigint): bigint {
    return floatFused(this.state, name, w, 1, a, b, c);
  }
  floatVectorFused(
    name: FloatVectorFused,
    w: 32 | 64,
    a: readonly bigint[],
    b: readonly bigint[],
    c: readonly bigint[],
  ): bigint[] {
    return split(a.length, floatFused(this.state, name, w, (a.length * 128) / w, join(a), join(b), join(c)));
  }
  floatCompare(predicate: FloatPredicate, w: 32 | 64, a: bigint, b: bigint): bigint {
    return floatPredicate(this.state, predicate, w, 1, a, b);
  }
  floatVectorCompare(predicate: FloatPredicate, w: 32 | 64, a: readonly bigint[], b: readonly bigint[]): bigint[] {
    return split(a.length, floatPredicate(this.state, predicate, w, (a.length * 128) / w, join(a), join(b)));
  }
  floatOrder(signalling: boolean, w: 32 | 64, a: bigint, b: bigint): { zf: boolean; pf: boolean; cf: boolean } {
    return floatOrder(this.state, signalling, w, a, b);
  }
  floatConvert(name: FloatConversion, a: bigint): bigint {
    return floatConversion(this.state, name, 1, a);
  }
  floatVectorConvert(
    name: FloatConversion,
    lanes: number,
    a: readonly bigint[],
    rounding: IntegralRounding = 'mxcsr',
  ): bigint[] {
    const chunks = Math.ceil((lanes * conversionWidths(name).to) / 128);
    return split(chunks, floatConversion(this.state, name, lanes, join(a), rounding));
  }
}
