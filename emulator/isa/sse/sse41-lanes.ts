/** The lane operations of SSE4.1 by 128-bit chunks: what each 128-bit lane of PMOVSX, PACKUSDW, MPSADBW and so on computes. */
import type { Ops, SimdUnary } from '../ops.ts';
import { laneBytes, lanesBytes, zeros } from './lanes.ts';

/** All ones in the lanes whose top bit is set. */
export function signMask<V, C, X>(o: Ops<V, C, X>, lane: 'i8x16' | 'i32x4' | 'i64x2', mask: X): X {
  return o.simd2(`${lane}.gt_s`, zeros(o), mask);
}

/** Lanes of b where the mask's top bit is set, of a elsewhere (PBLENDVB, BLENDVPS, BLENDVPD). */
export const blendVariable =
  (lane: 'i8x16' | 'i32x4' | 'i64x2') =>
  <V, C, X>(o: Ops<V, C, X>, a: X, b: X, mask: X): X =>
    o.selectBits(signMask(o, lane, mask), b, a);

/** Lanes of b where the constant's bit is set, of a elsewhere; lane 0 goes by bit 0. */
export function blendConstant<V, C, X>(o: Ops<V, C, X>, size: number, a: X, b: X, bits: number): X {
  const count = 16 / size;
  return o.shuffle(
    a,
    b,
    lanesBytes(
      size,
      Array.from({ length: count }, (_, n) => ((bits >> n) & 1 ? n + count : n)),
    ),
  );
}

/** PMULDQ: signed products of the even lanes. */
export function pmuldq<V, C, X>(o: Ops<V, C, X>, a: X, b: X): X {
  const even = lanesBytes(4, [0, 2, 0, 2]);
  return o.simd2('i64x2.extmul_low_i32x4_s', o.shuffle(a, a, even), o.shuffle(b, b, even));
}

/** PHMINPOSUW: the least word of eight, and where it stands first. */
export function phminposuw<V, C, X>(o: Ops<V, C, X>, a: X): X {
  let least = a;
  for (const distance of [4, 2, 1]) {
    const turned = lanesBytes(
      2,
      [0, 1, 2, 3, 4, 5, 6, 7].map((n) => (n + distance) & 7),
    );
    least = o.simd2('i16x8.min_u', least, o.shuffle(least, least, turned));
  }
  const where = o.ctz(32, o.simdMask('i8x16.bitmask', o.simd2('i16x8.eq', a, least)));
  const index = o.shl(32, o.shrU(32, where, o.int(32, 1)), o.int(32, 16));
  return o.vectorFromInt(32, o.or(32, o.zeroExtend(16, 32, o.lane(16, least, 0)), index));
}

/**
 * MPSADBW: eight sums of four absolute differences, between the four bytes of b that bits 1:0 choose and the bytes of a
 * from one to the next, which begin where bit 2 says.
 */
export function mpsadbw<V, C, X>(o: Ops<V, C, X>, a: X, b: X, control: number): X {
  const zero = zeros(o);
  const [startA, startB] = [control & 4, (control & 3) * 4];
  /** Bytes as words. */
  const words = (x: X, bytes: readonly number[]): X =>
    o.shuffle(
      x,
      zero,
      bytes.flatMap((n) => [n, 16]),
    );
  let sum: X | undefined;
  for (let j = 0; j < 4; j++) {
    const moving = words(
      a,
      laneBytes(8, 0).map((n) => n + startA + j),
    );
    const fixed = words(b, Array<number>(8).fill(startB + j));
    const difference = o.simd1('i16x8.abs', o.simd2('i16x8.sub', moving, fixed));
    sum = sum === undefined ? difference : o.simd2('i16x8.add', sum, difference);
  }
  return sum!;
}

const WIDEN: Readonly<Record<'s' | 'u', readonly SimdUnary[]>> = {
  s: ['i16x8.extend_low_i8x16_s', 'i32x4.extend_low_i16x8_s', 'i64x2.extend_low_i32x4_s'],
  u: ['i16x8.extend_low_i8x16_u', 'i32x4.extend_low_i16x8_u', 'i64x2.extend_low_i32x4_u'],
};
const LEVEL = { 8: 0, 16: 1, 32: 2, 64: 3 } as const;

/** PMOVSX, PMOVZX: `chunks` vectors of lanes of `to` bits, from the lowest lanes of `from` bits. */
export function widen<V, C, X>(
  o: Ops<V, C, X>,
  sign: 's' | 'u',
  from: 8 | 16 | 32,
  to: 16 | 32 | 64,
  chunks: number,
  source: X,
): X[] {
  const taken = (16 * from) / to;
  return Array.from({ length: chunks }, (_, chunk) => {
    const bytes = Array.from({ length: 16 }, (_, n) => n + chunk * taken);
    const start = chunk === 0 ? source : o.shuffle(source, source, bytes);
    return WIDEN[sign].slice(LEVEL[from], LEVEL[to]).reduce((x, name) => o.simd1(name, x), start);
  });
}
