/** SSSE3 (SDM Vol. 2, PABS*, PALIGNR, PHADD*, PHSUB*, PMADDUBSW, PMULHRSW, PSHUFB, PSIGN*), by 128-bit chunks. */
import type { Instruction } from '../instruction.ts';
import type { Ops, SimdBinary, SimdUnary } from '../ops.ts';
import type { Row, Semantics } from '../row.ts';
import { vectorRows } from './forms.ts';
import { evenLanes, oddLanes, splatConstant, zeros } from './lanes.ts';
import { immediateOf, vector1, vector2 } from './operands.ts';

/** Only the sign and the low four bits of an index byte count. */
export function pshufb<V, C, X>(o: Ops<V, C, X>, a: X, b: X): X {
  return o.simd2('i8x16.swizzle', a, o.simd2('v128.and', b, splatConstant(o, 8, 0x8fn)));
}

/** The even lane of each pair, and then the odd one, into an operation: pairs of a, then pairs of b. */
export const horizontal = (name: SimdBinary, size: 2 | 4) => {
  const [even, odd] = [evenLanes(size), oddLanes(size)];
  return <V, C, X>(o: Ops<V, C, X>, a: X, b: X): X => o.simd2(name, o.shuffle(a, b, even), o.shuffle(a, b, odd));
};

/** Unsigned bytes of a times signed bytes of b fit in 16 bits; their sums by pairs saturate. */
export function pmaddubsw<V, C, X>(o: Ops<V, C, X>, a: X, b: X): X {
  const eight = o.int(32, 8);
  const evenA = o.simd2('v128.and', a, splatConstant(o, 16, 0xffn));
  const oddA = o.simdShift('i16x8.shr_u', a, eight);
  const evenB = o.simdShift('i16x8.shr_s', o.simdShift('i16x8.shl', b, eight), eight);
  const oddB = o.simdShift('i16x8.shr_s', b, eight);
  return o.simd2('i16x8.add_sat_s', o.simd2('i16x8.mul', evenA, evenB), o.simd2('i16x8.mul', oddA, oddB));
}

/** WebAssembly saturates the one product that is too large; here it wraps. */
export function pmulhrsw<V, C, X>(o: Ops<V, C, X>, a: X, b: X): X {
  const least = splatConstant(o, 16, 0x8000n);
  const both = o.simd2('v128.and', o.simd2('i16x8.eq', a, least), o.simd2('i16x8.eq', b, least));
  return o.simd2('v128.xor', o.simd2('i16x8.q15mulr_sat_s', a, b), both);
}

/** a, its negative or zero by the sign of b. */
export const psign =
  (lane: 'i8x16' | 'i16x8' | 'i32x4') =>
  <V, C, X>(o: Ops<V, C, X>, a: X, b: X): X => {
    const negative = o.simd2(`${lane}.gt_s`, zeros(o), b);
    const signed = o.simd2(`${lane}.sub`, o.simd2('v128.xor', a, negative), negative);
    return o.simd2('v128.andnot', signed, o.simd2(`${lane}.eq`, b, zeros(o)));
  };

/** 16 bytes of a:b, a the upper half, from byte `immediate` on. */
export function palignr<V, C, X>(o: Ops<V, C, X>, a: X, b: X, i: Instruction): X {
  const from = Math.min(immediateOf(i), 32);
  const lanes = Array.from({ length: 16 }, (_, n) => n + (from & 15));
  return from < 16 ? o.shuffle(b, a, lanes) : from < 32 ? o.shuffle(a, zeros(o), lanes) : zeros(o);
}

const packed = (opcode: string, mnemonic: string, semantics: Semantics): Row[] =>
  vectorRows(`66 0F 38 ${opcode} /r`, mnemonic, 'Vx,Hx,Wx', semantics, { legacy: 'SSSE3', wide: 'AVX2' });

const absolute = (opcode: string, mnemonic: string, name: SimdUnary): Row[] =>
  vectorRows(
    `66 0F 38 ${opcode} /r`,
    mnemonic,
    'Vx,Wx',
    vector1((o, a) => o.simd1(name, a)),
    { legacy: 'SSSE3', wide: 'AVX2' },
  );

export const ssse3Rows: readonly Row[] = [
  ...packed('00', 'PSHUFB', vector2(pshufb)),
  ...packed('01', 'PHADDW', vector2(horizontal('i16x8.add', 2))),
  ...packed('02', 'PHADDD', vector2(horizontal('i32x4.add', 4))),
  ...packed('03', 'PHADDSW', vector2(horizontal('i16x8.add_sat_s', 2))),
  ...packed('04', 'PMADDUBSW', vector2(pmaddubsw)),
  ...packed('05', 'PHSUBW', vector2(horizontal('i16x8.sub', 2))),
  ...packed('06', 'PHSUBD', vector2(horizontal('i32x4.sub', 4))),
  ...packed('07', 'PHSUBSW', vector2(horizontal('i16x8.sub_sat_s', 2))),
  ...packed('08', 'PSIGNB', vector2(psign('i8x16'))),
  ...packed('09', 'PSIGNW', vector2(psign('i16x8'))),
  ...packed('0A', 'PSIGND', vector2(psign('i32x4'))),
  ...packed('0B', 'PMULHRSW', vector2(pmulhrsw)),
  ...absolute('1C', 'PABSB', 'i8x16.abs'),
  ...absolute('1D', 'PABSW', 'i16x8.abs'),
  ...absolute('1E', 'PABSD', 'i32x4.abs'),
  ...vectorRows('66 0F 3A 0F /r ib', 'PALIGNR', 'Vx,Hx,Wx,Ib', vector2(palignr), {
    legacy: 'SSSE3',
    wide: 'AVX2',
    immediateInForm: true,
  }),
];
