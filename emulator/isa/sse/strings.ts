/**
 * The comparison of strings behind PCMPESTRI, PCMPESTRM, PCMPISTRI and PCMPISTRM (SDM Vol. 1, 14.9.1 "Imm8 control byte
 * operation"): every element of one vector against every element of the other, by lane masks.
 */
import type { Ops } from '../ops.ts';
import { repeated, splat, zeros } from './lanes.ts';

/** The immediate taken apart. */
export interface StringControl {
  readonly lane: 'i8x16' | 'i16x8';
  readonly sign: 's' | 'u';
  readonly aggregation: 'equal any' | 'ranges' | 'equal each' | 'equal ordered';
  /** Which results are inverted. */
  readonly polarity: 'none' | 'all' | 'within b';
  /** The index is of the highest match rather than the lowest; the mask is one of lanes rather than of bits. */
  readonly second: boolean;
  /** Elements in a vector. */
  readonly count: 8 | 16;
}

const AGGREGATIONS = ['equal any', 'ranges', 'equal each', 'equal ordered'] as const;
const POLARITIES = ['none', 'all', 'none', 'within b'] as const;

/** Bit 7 means nothing. */
export const stringControl = (immediate: number): StringControl => ({
  lane: immediate & 1 ? 'i16x8' : 'i8x16',
  sign: immediate & 2 ? 's' : 'u',
  aggregation: AGGREGATIONS[(immediate >> 2) & 3]!,
  polarity: POLARITIES[(immediate >> 4) & 3]!,
  second: (immediate & 0x40) !== 0,
  count: immediate & 1 ? 8 : 16,
});

/** A vector with its number of valid elements (32 bits, 0 to `count`) and the mask of them. */
export interface Text<V, X> {
  readonly elements: X;
  readonly length: V;
  readonly valid: X;
}

/** The first `length` elements. */
export function textOf<V, C, X>(o: Ops<V, C, X>, { lane }: StringControl, elements: X, length: V): Text<V, X> {
  const numbers =
    lane === 'i8x16'
      ? o.vectorConstant(0x0706050403020100n, 0x0f0e0d0c0b0a0908n)
      : o.vectorConstant(0x0003000200010000n, 0x0007000600050004n);
  const w = lane === 'i8x16' ? 8 : 16;
  const valid = o.simd2(`${lane}.gt_s`, splat(o, w, o.truncate(32, w, length)), numbers);
  return { elements, length, valid };
}

/** Up to the first element that is zero. */
export function terminatedText<V, C, X>(o: Ops<V, C, X>, control: StringControl, elements: X): Text<V, X> {
  const ends = o.simdMask('i8x16.bitmask', o.simd2(`${control.lane}.eq`, elements, zeros(o)));
  const byte = o.ctz(32, o.or(32, ends, o.int(32, 0x10000)));
  return textOf(o, control, elements, control.count === 16 ? byte : o.shrU(32, byte, o.int(32, 1)));
}

/** As long as a register says (32 or 64 bits): its absolute value, or all elements if that is more. */
export function countedText<V, C, X>(
  o: Ops<V, C, X>,
  control: StringControl,
  elements: X,
  w: 32 | 64,
  count: V,
): Text<V, X> {
  const size = o.select(w, o.isNegative(w, count), o.neg(w, count), count);
  const all = o.int(w, control.count);
  const length = o.select(w, o.ltU(w, size, all), size, all);
  return textOf(o, control, elements, o.truncate(w, 32, length));
}

function notAbove<V, C, X>(o: Ops<V, C, X>, { lane, sign }: StringControl, a: X, b: X): X {
  return sign === 's'
    ? o.simd1('v128.not', o.simd2(`${lane}.gt_s`, a, b))
    : o.simd2(`${lane}.eq`, o.simd2(`${lane}.min_u`, a, b), a);
}

/** Before polarity: all ones for each element of b that has what the aggregation asks for. */
function aggregate<V, C, X>(o: Ops<V, C, X>, control: StringControl, a: Text<V, X>, b: Text<V, X>): X {
  const { lane, count, aggregation } = control;
  const size = 16 / count;
  const one = (x: X, n: number): X => o.shuffle(x, x, repeated(size, n));
  const and = (x: X, y: X): X => o.simd2('v128.and', x, y);
  const or = (x: X, y: X): X => o.simd2('v128.or', x, y);
  const ones = o.vectorConstant(-1n, -1n);
  switch (aggregation) {
    case 'equal any': {
      let found = zeros(o);
      for (let j = 0; j < count; j++) {
        const equal = o.simd2(`${lane}.eq`, one(a.elements, j), b.elements);
        found = or(found, and(equal, one(a.valid, j)));
      }
      return and(found, b.valid);
    }
    case 'ranges': {
      let found = zeros(o);
      for (let j = 0; j < count; j += 2) {
        const aboveLower = notAbove(o, control, one(a.elements, j), b.elements);
        const belowUpper = notAbove(o, control, b.elements, one(a.elements, j + 1));
        found = or(found, and(and(aboveLower, belowUpper), one(a.valid, j + 1)));
      }
      return and(found, b.valid);
    }
    case 'equal each': {
      const equal = and(o.simd2(`${lane}.eq`, a.elements, b.elements), and(a.valid, b.valid));
      return or(equal, o.simd1('v128.not', or(a.valid, b.valid)));
    }
    case 'equal ordered': {
      // Element i stands for a found in b from i on; what lies behind the end of b's vector is not looked at.
      let found = ones;
      for (let j = 0; j < count; j++) {
        const equal = and(o.simd2(`${lane}.eq`, one(a.elements, j), b.elements), b.valid);
        const moved = o.shuffle(
          equal,
          ones,
          Array.from({ length: 16 }, (_, n) => n + j * size),
        );
        found = and(found, or(moved, o.simd1('v128.not', one(a.valid, j))));
      }
      return found;
    }
  }
}

/** What a comparison gives (IntRes2): lanes of ones, and the same as bits. */
export interface Matches<V, X> {
  readonly lanes: X;
  readonly bits: V;
}

export function compareStrings<V, C, X>(
  o: Ops<V, C, X>,
  control: StringControl,
  a: Text<V, X>,
  b: Text<V, X>,
): Matches<V, X> {
  const found = aggregate(o, control, a, b);
  const lanes =
    control.polarity === 'none'
      ? found
      : control.polarity === 'all'
        ? o.simd1('v128.not', found)
        : o.simd2('v128.xor', found, b.valid);
  const bytes = control.count === 16 ? lanes : o.simd2('i8x16.narrow_i16x8_s', lanes, zeros(o));
  return { lanes, bits: o.simdMask('i8x16.bitmask', bytes) };
}

/** Index of the lowest or highest match; the number of elements if there is none. */
export function matchIndex<V, C, X>(o: Ops<V, C, X>, control: StringControl, { bits }: Matches<V, X>): V {
  if (!control.second) return o.ctz(32, o.or(32, bits, o.int(32, 1 << control.count)));
  const highest = o.sub(32, o.int(32, 31), o.clz(32, bits));
  return o.select(32, o.isZero(32, bits), o.int(32, control.count), highest);
}

/** The matches as a vector: their lanes, or their bits in the lowest lane. */
export function matchMask<V, C, X>(o: Ops<V, C, X>, control: StringControl, { lanes, bits }: Matches<V, X>): X {
  return control.second ? lanes : o.vectorFromInt(32, bits);
}

/** CF: any match; ZF and SF: b and a end within their vectors; OF: the first element matches. */
export function setStringFlags<V, C, X>(
  o: Ops<V, C, X>,
  { count }: StringControl,
  a: Text<V, X>,
  b: Text<V, X>,
  { bits }: Matches<V, X>,
): void {
  const all = o.int(32, count);
  const clear = o.condition(false);
  o.setFlags({
    cf: o.negate(o.isZero(32, bits)),
    zf: o.ltU(32, b.length, all),
    sf: o.ltU(32, a.length, all),
    of: o.bit(32, bits, 0),
    af: clear,
    pf: clear,
  });
}
