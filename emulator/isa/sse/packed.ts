/** Packed integer arithmetic, comparison and logic of SSE2 (SDM Vol. 2, P*). */
import type { Ops, SimdBinary } from '../ops.ts';
import type { Row, Semantics } from '../row.ts';
import { vectorRows } from './forms.ts';
import { vector2 } from './operands.ts';

/** All of them are AVX2 at 256 bits. */
const packed = (opcode: string, mnemonic: string, semantics: Semantics): Row[] =>
  vectorRows(`66 0F ${opcode} /r`, mnemonic, 'Vx,Hx,Wx', semantics, { wide: 'AVX2' });

const simple = (opcode: string, mnemonic: string, name: SimdBinary): Row[] =>
  packed(
    opcode,
    mnemonic,
    vector2((o, a, b) => o.simd2(name, a, b)),
  );

const LOW_WORDS = [2, 3, 6, 7, 10, 11, 14, 15];
/** The upper 16 bits of four 32-bit lanes of each of two vectors. */
const UPPER_WORDS = [...LOW_WORDS, ...LOW_WORDS.map((n) => n + 16)];

/** PMULHW, PMULHUW: products of 32 bits, of which the upper halves stay. */
export const multiplyHigh =
  (sign: 's' | 'u') =>
  <V, C, X>(o: Ops<V, C, X>, a: X, b: X): X => {
    const low = o.simd2(`i32x4.extmul_low_i16x8_${sign}`, a, b);
    return o.shuffle(low, o.simd2(`i32x4.extmul_high_i16x8_${sign}`, a, b), UPPER_WORDS);
  };

/** PMULUDQ multiplies lanes 0 and 2. */
export function pmuludq<V, C, X>(o: Ops<V, C, X>, a: X, b: X): X {
  const even = [0, 1, 2, 3, 8, 9, 10, 11, 0, 1, 2, 3, 8, 9, 10, 11];
  return o.simd2('i64x2.extmul_low_i32x4_u', o.shuffle(a, a, even), o.shuffle(b, b, even));
}

/** PSADBW: absolute differences of bytes, summed pair by pair, then by fours, then by eights. */
export function psadbw<V, C, X>(o: Ops<V, C, X>, a: X, b: X): X {
  const difference = o.simd2('i8x16.sub', o.simd2('i8x16.max_u', a, b), o.simd2('i8x16.min_u', a, b));
  const evenBytes = o.vectorConstant(0x00ff00ff00ff00ffn, 0x00ff00ff00ff00ffn);
  const odd = o.simdShift('i16x8.shr_u', difference, o.int(32, 8));
  const pairs = o.simd2('i16x8.add', o.simd2('v128.and', difference, evenBytes), odd);
  const ones = o.vectorConstant(0x0001000100010001n, 0x0001000100010001n);
  const fours = o.simd2('i32x4.dot_i16x8_s', pairs, ones);
  const eights = o.simd2('i64x2.add', fours, o.simdShift('i64x2.shr_u', fours, o.int(32, 32)));
  return o.simd2('v128.and', eights, o.vectorConstant(0xffffffffn, 0xffffffffn));
}

export const packedRows: readonly Row[] = [
  ...simple('63', 'PACKSSWB', 'i8x16.narrow_i16x8_s'),
  ...simple('64', 'PCMPGTB', 'i8x16.gt_s'),
  ...simple('65', 'PCMPGTW', 'i16x8.gt_s'),
  ...simple('66', 'PCMPGTD', 'i32x4.gt_s'),
  ...simple('67', 'PACKUSWB', 'i8x16.narrow_i16x8_u'),
  ...simple('6B', 'PACKSSDW', 'i16x8.narrow_i32x4_s'),
  ...simple('74', 'PCMPEQB', 'i8x16.eq'),
  ...simple('75', 'PCMPEQW', 'i16x8.eq'),
  ...simple('76', 'PCMPEQD', 'i32x4.eq'),
  ...simple('D4', 'PADDQ', 'i64x2.add'),
  ...simple('D5', 'PMULLW', 'i16x8.mul'),
  ...simple('D8', 'PSUBUSB', 'i8x16.sub_sat_u'),
  ...simple('D9', 'PSUBUSW', 'i16x8.sub_sat_u'),
  ...simple('DA', 'PMINUB', 'i8x16.min_u'),
  ...simple('DB', 'PAND', 'v128.and'),
  ...simple('DC', 'PADDUSB', 'i8x16.add_sat_u'),
  ...simple('DD', 'PADDUSW', 'i16x8.add_sat_u'),
  ...simple('DE', 'PMAXUB', 'i8x16.max_u'),
  ...packed(
    'DF',
    'PANDN',
    vector2((o, a, b) => o.simd2('v128.andnot', b, a)),
  ),
  ...simple('E0', 'PAVGB', 'i8x16.avgr_u'),
  ...simple('E3', 'PAVGW', 'i16x8.avgr_u'),
  ...packed('E4', 'PMULHUW', vector2(multiplyHigh('u'))),
  ...packed('E5', 'PMULHW', vector2(multiplyHigh('s'))),
  ...simple('E8', 'PSUBSB', 'i8x16.sub_sat_s'),
  ...simple('E9', 'PSUBSW', 'i16x8.sub_sat_s'),
  ...simple('EA', 'PMINSW', 'i16x8.min_s'),
  ...simple('EB', 'POR', 'v128.or'),
  ...simple('EC', 'PADDSB', 'i8x16.add_sat_s'),
  ...simple('ED', 'PADDSW', 'i16x8.add_sat_s'),
  ...simple('EE', 'PMAXSW', 'i16x8.max_s'),
  ...simple('EF', 'PXOR', 'v128.xor'),
  ...packed('F4', 'PMULUDQ', vector2(pmuludq)),
  ...simple('F5', 'PMADDWD', 'i32x4.dot_i16x8_s'),
  ...packed('F6', 'PSADBW', vector2(psadbw)),
  ...simple('F8', 'PSUBB', 'i8x16.sub'),
  ...simple('F9', 'PSUBW', 'i16x8.sub'),
  ...simple('FA', 'PSUBD', 'i32x4.sub'),
  ...simple('FB', 'PSUBQ', 'i64x2.sub'),
  ...simple('FC', 'PADDB', 'i8x16.add'),
  ...simple('FD', 'PADDW', 'i16x8.add'),
  ...simple('FE', 'PADDD', 'i32x4.add'),
];
