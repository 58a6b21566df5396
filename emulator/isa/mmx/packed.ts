/** Packed integer instructions on MMX registers: those of the XMM registers on half as many lanes. */
import type { Feature } from '../features.ts';
import type { Instruction } from '../instruction.ts';
import type { Ops, SimdBinary, SimdShift, SimdUnary } from '../ops.ts';
import { type Row, row, type Semantics } from '../row.ts';
import { immediateOf } from '../sse/operands.ts';
import { multiplyHigh, pmuludq, psadbw } from '../sse/packed.ts';
import { shiftLanes } from '../sse/shift.ts';
import { chooseFour, interleave } from '../sse/shuffle.ts';
import { horizontal, pmaddubsw, pmulhrsw, psign } from '../sse/ssse3.ts';
import { enter, mmx1, mmx2, wait, widened } from './state.ts';

type Chunk = <V, C, X>(o: Ops<V, C, X>, a: X, b: X, i: Instruction) => X;

const packed = (opcode: string, mnemonic: string, operation: Chunk): Row =>
  row(`NP 0F ${opcode} /r`, mnemonic, 'Pq,Qq', mmx2(operation));

const simple = (opcode: string, mnemonic: string, name: SimdBinary): Row =>
  packed(opcode, mnemonic, (o, a, b) => o.simd2(name, a, b));

const LOW_OF_BOTH = [0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23];
const HIGH_HALF = [8, 9, 10, 11, 12, 13, 14, 15, 8, 9, 10, 11, 12, 13, 14, 15];

/** For operations that take the lanes of a and then those of b to half of the result each: one vector of both halves. */
const together =
  (operation: Chunk): Chunk =>
  (o, a, b, i) => {
    const both = o.shuffle(a, b, LOW_OF_BOTH);
    return operation(o, both, both, i);
  };

const narrow = (opcode: string, mnemonic: string, name: SimdBinary): Row =>
  packed(
    opcode,
    mnemonic,
    together((o, a, b) => o.simd2(name, a, b)),
  );

/** Interleaving low halves of XMM registers is interleaving all of MMX registers; the high form wants the upper half of it. */
const unpack = (opcode: string, mnemonic: string, size: number, high: boolean): Row => {
  const lanes = interleave(size, false);
  // The low form reads 32 bits of memory.
  const operands = high ? 'Pq,Qq' : 'Pq,Qd';
  const operation: Chunk = (o, a, b) => {
    const all = o.shuffle(a, b, lanes);
    return high ? o.shuffle(all, all, HIGH_HALF) : all;
  };
  return row(`NP 0F ${opcode} /r`, mnemonic, operands, mmx2(operation));
};

const shifts = (byRegister: string, opcode: string, mnemonic: string, name: SimdShift, w: 16 | 32 | 64): Row[] => {
  const byImmediate: Semantics = (o, i) => {
    const [destination, count] = i.operands;
    wait(o);
    enter(o);
    const a = widened(o, o.read(destination!));
    o.write(destination!, o.lane(64, shiftLanes(o, name, w, a, o.zeroExtend(8, 64, o.read(count!))), 0));
  };
  return [
    packed(byRegister, mnemonic, (o, a, b) => shiftLanes(o, name, w, a, o.lane(64, b, 0))),
    row(`NP 0F ${opcode} ib`, mnemonic, 'Nq,Ib', byImmediate),
  ];
};

const pshufw = mmx1((o, a, i) => o.shuffle(a, a, [...chooseFour(2, 0, immediateOf(i)), ...HIGH_HALF.slice(8)]));

const SSSE3 = { feature: 'SSSE3' as Feature };

const ssse3 = (opcode: string, mnemonic: string, operation: Chunk): Row =>
  row(`NP 0F 38 ${opcode} /r`, mnemonic, 'Pq,Qq', mmx2(operation), SSSE3);

const absolute = (opcode: string, mnemonic: string, name: SimdUnary): Row =>
  row(
    `NP 0F 38 ${opcode} /r`,
    mnemonic,
    'Pq,Qq',
    mmx1((o, a) => o.simd1(name, a)),
    SSSE3,
  );

/** Only the sign and the low three bits of an index byte count. */
const pshufb: Chunk = (o, a, b) => {
  const mask = o.vectorConstant(0x8787878787878787n, 0n);
  return o.simd2('i8x16.swizzle', a, o.simd2('v128.and', b, mask));
};

/** 8 bytes of a:b, a the upper half, from byte `immediate` on. */
const palignr: Chunk = (o, a, b, i) => {
  const both = o.shuffle(b, a, LOW_OF_BOTH);
  const from = Math.min(immediateOf(i), 16);
  const lanes = Array.from({ length: 16 }, (_, n) => n + from);
  return o.shuffle(both, o.vectorConstant(0n, 0n), lanes);
};

export const packedRows: readonly Row[] = [
  unpack('60', 'PUNPCKLBW', 1, false),
  unpack('61', 'PUNPCKLWD', 2, false),
  unpack('62', 'PUNPCKLDQ', 4, false),
  narrow('63', 'PACKSSWB', 'i8x16.narrow_i16x8_s'),
  simple('64', 'PCMPGTB', 'i8x16.gt_s'),
  simple('65', 'PCMPGTW', 'i16x8.gt_s'),
  simple('66', 'PCMPGTD', 'i32x4.gt_s'),
  narrow('67', 'PACKUSWB', 'i8x16.narrow_i16x8_u'),
  unpack('68', 'PUNPCKHBW', 1, true),
  unpack('69', 'PUNPCKHWD', 2, true),
  unpack('6A', 'PUNPCKHDQ', 4, true),
  narrow('6B', 'PACKSSDW', 'i16x8.narrow_i32x4_s'),
  row('NP 0F 70 /r ib', 'PSHUFW', 'Pq,Qq,Ib', pshufw, { immediateInForm: true }),
  simple('74', 'PCMPEQB', 'i8x16.eq'),
  simple('75', 'PCMPEQW', 'i16x8.eq'),
  simple('76', 'PCMPEQD', 'i32x4.eq'),
  ...shifts('D1', '71 /2', 'PSRLW', 'i16x8.shr_u', 16),
  ...shifts('D2', '72 /2', 'PSRLD', 'i32x4.shr_u', 32),
  ...shifts('D3', '73 /2', 'PSRLQ', 'i64x2.shr_u', 64),
  simple('D4', 'PADDQ', 'i64x2.add'),
  simple('D5', 'PMULLW', 'i16x8.mul'),
  simple('D8', 'PSUBUSB', 'i8x16.sub_sat_u'),
  simple('D9', 'PSUBUSW', 'i16x8.sub_sat_u'),
  simple('DA', 'PMINUB', 'i8x16.min_u'),
  simple('DB', 'PAND', 'v128.and'),
  simple('DC', 'PADDUSB', 'i8x16.add_sat_u'),
  simple('DD', 'PADDUSW', 'i16x8.add_sat_u'),
  simple('DE', 'PMAXUB', 'i8x16.max_u'),
  packed('DF', 'PANDN', (o, a, b) => o.simd2('v128.andnot', b, a)),
  simple('E0', 'PAVGB', 'i8x16.avgr_u'),
  ...shifts('E1', '71 /4', 'PSRAW', 'i16x8.shr_s', 16),
  ...shifts('E2', '72 /4', 'PSRAD', 'i32x4.shr_s', 32),
  simple('E3', 'PAVGW', 'i16x8.avgr_u'),
  packed('E4', 'PMULHUW', multiplyHigh('u')),
  packed('E5', 'PMULHW', multiplyHigh('s')),
  simple('E8', 'PSUBSB', 'i8x16.sub_sat_s'),
  simple('E9', 'PSUBSW', 'i16x8.sub_sat_s'),
  simple('EA', 'PMINSW', 'i16x8.min_s'),
  simple('EB', 'POR', 'v128.or'),
  simple('EC', 'PADDSB', 'i8x16.add_sat_s'),
  simple('ED', 'PADDSW', 'i16x8.add_sat_s'),
  simple('EE', 'PMAXSW', 'i16x8.max_s'),
  simple('EF', 'PXOR', 'v128.xor'),
  ...shifts('F1', '71 /6', 'PSLLW', 'i16x8.shl', 16),
  ...shifts('F2', '72 /6', 'PSLLD', 'i32x4.shl', 32),
  ...shifts('F3', '73 /6', 'PSLLQ', 'i64x2.shl', 64),
  packed('F4', 'PMULUDQ', pmuludq),
  simple('F5', 'PMADDWD', 'i32x4.dot_i16x8_s'),
  packed('F6', 'PSADBW', psadbw),
  simple('F8', 'PSUBB', 'i8x16.sub'),
  simple('F9', 'PSUBW', 'i16x8.sub'),
  simple('FA', 'PSUBD', 'i32x4.sub'),
  simple('FB', 'PSUBQ', 'i64x2.sub'),
  simple('FC', 'PADDB', 'i8x16.add'),
  simple('FD', 'PADDW', 'i16x8.add'),
  simple('FE', 'PADDD', 'i32x4.add'),
  ssse3('00', 'PSHUFB', pshufb),
  ssse3('01', 'PHADDW', together(horizontal('i16x8.add', 2))),
  ssse3('02', 'PHADDD', together(horizontal('i32x4.add', 4))),
  ssse3('03', 'PHADDSW', together(horizontal('i16x8.add_sat_s', 2))),
  ssse3('04', 'PMADDUBSW', pmaddubsw),
  ssse3('05', 'PHSUBW', together(horizontal('i16x8.sub', 2))),
  ssse3('06', 'PHSUBD', together(horizontal('i32x4.sub', 4))),
  ssse3('07', 'PHSUBSW', together(horizontal('i16x8.sub_sat_s', 2))),
  ssse3('08', 'PSIGNB', psign('i8x16')),
  ssse3('09', 'PSIGNW', psign('i16x8')),
  ssse3('0A', 'PSIGND', psign('i32x4')),
  ssse3('0B', 'PMULHRSW', pmulhrsw),
  absolute('1C', 'PABSB', 'i8x16.abs'),
  absolute('1D', 'PABSW', 'i16x8.abs'),
  absolute('1E', 'PABSD', 'i32x4.abs'),
  row('NP 0F 3A 0F /r ib', 'PALIGNR', 'Pq,Qq,Ib', mmx2(palignr), { ...SSSE3, immediateInForm: true }),
];
