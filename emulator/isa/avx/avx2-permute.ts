/** AVX2's broadcasts, and permutations across both halves (SDM Vol. 2C, VBROADCAST, VPBROADCAST*, VPERM*, VPBLENDD). */
import type { Ops } from '../ops.ts';
import { type Row, row, type Semantics } from '../row.ts';
import { lanesBytes, splatConstant } from '../sse/lanes.ts';
import { immediateOf, vectors1, vectors2 } from '../sse/operands.ts';
import { blendConstant } from '../sse/sse41-lanes.ts';
import { broadcast, broadcastChunk, extract128, insert128, perm2 } from './avx.ts';

const AVX2 = { feature: 'AVX2' } as const;
const AVX2_BY_IMMEDIATE = { feature: 'AVX2', immediateInForm: true } as const;

const both = (encoding: string, mnemonic: string, operands: string, semantics: Semantics): Row[] =>
  ['128', '256'].map((length) => row(`VEX.${length}.${encoding}`, mnemonic, operands, semantics, AVX2));

/** VPERMD, VPERMPS: each lane is that one of eight whose number is in the low bits of the first source's lane. */
const permuteDwords = vectors2(<V, C, X>(o: Ops<V, C, X>, numbers: readonly X[], from: readonly X[]) => {
  const [low, high] = from as readonly [X, X];
  return numbers.map((x) => {
    const lane = o.simd2('v128.and', x, splatConstant(o, 32, 7n));
    const first = o.simd2('i32x4.mul', lane, splatConstant(o, 32, 0x04040404n));
    const bytes = o.simd2('i8x16.add', first, splatConstant(o, 32, 0x03020100n));
    // A number that is not among a half's sixteen gives zero there.
    const inHigh = o.simd2('i8x16.sub', bytes, splatConstant(o, 8, 16n));
    return o.simd2('v128.or', o.simd2('i8x16.swizzle', low, bytes), o.simd2('i8x16.swizzle', high, inHigh));
  });
});

/** VPERMQ, VPERMPD: two bits of the immediate for each lane. */
const permuteQwords = vectors1((o, a, i) =>
  [0, 4].map((shift) => {
    const lanes = [shift, shift + 2].map((at) => (immediateOf(i) >> at) & 3);
    return o.shuffle(a[0]!, a[1]!, lanesBytes(8, lanes));
  }),
);

const blendDwords = vectors2((o, a, b, i) => a.map((x, n) => blendConstant(o, 4, x, b[n]!, immediateOf(i) >> (4 * n))));

export const avx2PermuteRows: readonly Row[] = [
  ...both('66.0F38.W0 78 /r', 'VPBROADCASTB', 'Vx,Wb', broadcast(8)),
  ...both('66.0F38.W0 79 /r', 'VPBROADCASTW', 'Vx,Ww', broadcast(16)),
  ...both('66.0F38.W0 58 /r', 'VPBROADCASTD', 'Vx,Wd', broadcast(32)),
  ...both('66.0F38.W0 59 /r', 'VPBROADCASTQ', 'Vx,Wq', broadcast(64)),
  // From memory these two are AVX.
  ...both('66.0F38.W0 18 /r', 'VBROADCASTSS', 'Vx,Udq', broadcast(32)),
  row('VEX.256.66.0F38.W0 19 /r', 'VBROADCASTSD', 'Vx,Udq', broadcast(64), AVX2),
  row('VEX.256.66.0F38.W0 5A /r', 'VBROADCASTI128', 'Vx,Mdq', broadcastChunk, AVX2),
  row('VEX.256.66.0F38.W0 36 /r', 'VPERMD', 'Vx,Hx,Wx', permuteDwords, AVX2),
  row('VEX.256.66.0F38.W0 16 /r', 'VPERMPS', 'Vx,Hx,Wx', permuteDwords, AVX2),
  // The manuals want VEX.W set for these two; AMD's processors do not look at it.
  row('VEX.256.66.0F3A.WIG 00 /r ib', 'VPERMQ', 'Vx,Wx,Ib', permuteQwords, AVX2_BY_IMMEDIATE),
  row('VEX.256.66.0F3A.WIG 01 /r ib', 'VPERMPD', 'Vx,Wx,Ib', permuteQwords, AVX2_BY_IMMEDIATE),
  row('VEX.256.66.0F3A.W0 46 /r ib', 'VPERM2I128', 'Vx,Hx,Wx,Ib', perm2, AVX2_BY_IMMEDIATE),
  row('VEX.256.66.0F3A.W0 38 /r ib', 'VINSERTI128', 'Vx,Hx,Wdq,Ib', insert128, AVX2_BY_IMMEDIATE),
  row('VEX.256.66.0F3A.W0 39 /r ib', 'VEXTRACTI128', 'Wdq,Vx,Ib', extract128, AVX2_BY_IMMEDIATE),
  ...['128', '256'].map((length) =>
    row(`VEX.${length}.66.0F3A.W0 02 /r ib`, 'VPBLENDD', 'Vx,Hx,Wx,Ib', blendDwords, AVX2_BY_IMMEDIATE),
  ),
];
