/** What AVX has besides wider forms of SSE: broadcasts, permutations, halves, sign tests, clearing upper halves. */

import type { Width } from '../instruction.ts';
import type { Ops } from '../ops.ts';
import { type Row, row, type Semantics } from '../row.ts';
import { laneBytes, repeated, splatConstant } from '../sse/lanes.ts';
import { immediateOf, vector1, vector2 } from '../sse/operands.ts';

const AVX = { feature: 'AVX' } as const;
const AVX_BY_IMMEDIATE = { feature: 'AVX', immediateInForm: true } as const;

/** The rows for both lengths. */
const both = (encoding: string, mnemonic: string, operands: string, semantics: Semantics, byImmediate = false): Row[] =>
  ['128', '256'].map((length) =>
    row(`VEX.${length}.${encoding}`, mnemonic, operands, semantics, byImmediate ? AVX_BY_IMMEDIATE : AVX),
  );

/** An element of memory, or the low lane of a register, in every lane. */
export const broadcast =
  (w: Width): Semantics =>
  (o, i) => {
    const [destination, source] = i.operands;
    const low = source!.kind === 'mem' ? o.vectorFromInt(w, o.read(source!)) : o.readVector(source!);
    const all = o.shuffle(low, low, repeated(w / 8, 0));
    o.writeVectors(destination!, i.vectorLength === 128 ? [all] : [all, all]);
  };

/** 128 bits of memory in both halves. */
export const broadcastChunk: Semantics = (o, i) => {
  const x = o.readVector(i.operands[1]!);
  o.writeVectors(i.operands[0]!, [x, x]);
};

/** VPERMILPS by a vector: the low two bits of each control lane choose within the chunk. */
function permilps<V, C, X>(o: Ops<V, C, X>, a: X, control: X): X {
  const constant = (dword: bigint): X => splatConstant(o, 32, dword);
  const chosen = o.simd2('v128.and', control, constant(3n));
  const bytes = o.simd2('i32x4.mul', chosen, constant(0x04040404n));
  return o.simd2('i8x16.swizzle', a, o.simd2('i8x16.add', bytes, constant(0x03020100n)));
}

/** VPERMILPD by a vector: bit 1 of each control lane. */
function permilpd<V, C, X>(o: Ops<V, C, X>, a: X, control: X): X {
  const constant = (qword: bigint): X => splatConstant(o, 64, qword);
  const chosen = o.simd2('v128.and', o.simdShift('i64x2.shr_u', control, o.int(32, 1)), constant(1n));
  const low = o.simd2('i32x4.mul', chosen, constant(0x08080808n));
  const bytes = o.shuffle(low, low, [0, 1, 2, 3, 0, 1, 2, 3, 8, 9, 10, 11, 8, 9, 10, 11]);
  return o.simd2('i8x16.swizzle', a, o.simd2('i8x16.add', bytes, constant(0x0706050403020100n)));
}

const permilpsByImmediate = vector1((o, a, i) =>
  o.shuffle(
    a,
    a,
    [0, 2, 4, 6].flatMap((shift) => laneBytes(4, (immediateOf(i) >> shift) & 3)),
  ),
);

/** A bit for each lane, so two for each chunk. */
const permilpdByImmediate = vector1((o, a, i, n) =>
  o.shuffle(
    a,
    a,
    [0, 1].flatMap((bit) => laneBytes(8, (immediateOf(i) >> (2 * n + bit)) & 1)),
  ),
);

/** VPERM2F128: for each chunk one of the four of both sources, or zero. VPERM2I128 is the same. */
export const perm2: Semantics = (o, i) => {
  const [destination, first, second] = i.operands;
  const b = o.readVectors(second!);
  const chunks = [...o.readVectors(first!), ...b];
  const chosen = [0, 4].map((shift) => {
    const control = immediateOf(i) >> shift;
    return control & 8 ? o.vectorConstant(0n, 0n) : chunks[control & 3]!;
  });
  o.writeVectors(destination!, chosen);
};

/** VINSERTF128, VINSERTI128: one chunk replaced. */
export const insert128: Semantics = (o, i) => {
  const [destination, first, second] = i.operands;
  const chunk = o.readVector(second!);
  const [low, high] = o.readVectors(first!);
  o.writeVectors(destination!, immediateOf(i) & 1 ? [low!, chunk] : [chunk, high!]);
};

/** VEXTRACTF128, VEXTRACTI128. */
export const extract128: Semantics = (o, i) => {
  const [destination, source] = i.operands;
  o.writeVectors(destination!, [o.readVectors(source!)[immediateOf(i) & 1]!]);
};

/** VTESTPS, VTESTPD: of the lanes' signs, ZF tells that none is in both sources, CF that the first has all of the second. */
const testSigns =
  (name: 'i32x4.bitmask' | 'i64x2.bitmask'): Semantics =>
  (o, i) => {
    const b = o.readVectors(i.operands[1]!);
    const a = o.readVectors(i.operands[0]!);
    const none = (x: 'v128.and' | 'v128.andnot') =>
      a
        .map((first, n) => o.isZero(32, o.simdMask(name, o.simd2(x, b[n]!, first))))
        .reduce((one, other) => o.both(one, other));
    const clear = o.condition(false);
    o.setFlags({ zf: none('v128.and'), cf: none('v128.andnot'), pf: clear, af: clear, sf: clear, of: clear });
  };

const REGISTERS = Array.from({ length: 16 }, (_, n) => n);

const zeroUpper: Semantics = (o) => o.clearVectorUppers();

const zeroAll: Semantics = (o) => {
  const zero = o.vectorConstant(0n, 0n);
  for (const n of REGISTERS) o.setVectorRegister(n, zero);
  o.clearVectorUppers();
};

export const avxOwnRows: readonly Row[] = [
  row('VEX.128.0F.WIG 77', 'VZEROUPPER', '', zeroUpper, AVX),
  row('VEX.256.0F.WIG 77', 'VZEROALL', '', zeroAll, AVX),
  ...both('66.0F38.W0 18 /r', 'VBROADCASTSS', 'Vx,Md', broadcast(32)),
  row('VEX.256.66.0F38.W0 19 /r', 'VBROADCASTSD', 'Vx,Mq', broadcast(64), AVX),
  row('VEX.256.66.0F38.W0 1A /r', 'VBROADCASTF128', 'Vx,Mdq', broadcastChunk, AVX),
  ...both('66.0F38.W0 0C /r', 'VPERMILPS', 'Vx,Hx,Wx', vector2(permilps)),
  ...both('66.0F38.W0 0D /r', 'VPERMILPD', 'Vx,Hx,Wx', vector2(permilpd)),
  ...both('66.0F3A.W0 04 /r ib', 'VPERMILPS', 'Vx,Wx,Ib', permilpsByImmediate, true),
  ...both('66.0F3A.W0 05 /r ib', 'VPERMILPD', 'Vx,Wx,Ib', permilpdByImmediate, true),
  row('VEX.256.66.0F3A.W0 06 /r ib', 'VPERM2F128', 'Vx,Hx,Wx,Ib', perm2, AVX_BY_IMMEDIATE),
  row('VEX.256.66.0F3A.W0 18 /r ib', 'VINSERTF128', 'Vx,Hx,Wdq,Ib', insert128, AVX_BY_IMMEDIATE),
  row('VEX.256.66.0F3A.W0 19 /r ib', 'VEXTRACTF128', 'Wdq,Vx,Ib', extract128, AVX_BY_IMMEDIATE),
  ...both('66.0F38.W0 0E /r', 'VTESTPS', 'Vx,Wx', testSigns('i32x4.bitmask')),
  ...both('66.0F38.W0 0F /r', 'VTESTPD', 'Vx,Wx', testSigns('i64x2.bitmask')),
];
