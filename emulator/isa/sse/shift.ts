/** Packed shifts: by a vector's low 64 bits or an immediate, and of the whole register by bytes. */
import type { Instruction } from '../instruction.ts';
import type { Ops, SimdShift } from '../ops.ts';
import { type Row, row, type Semantics } from '../row.ts';
import { alignedVector, immediateOf } from './operands.ts';

/** Lanes of `w` bits shifted by `count`, 64 bits: too large counts give zeros, or copies of the sign. */
function shiftLanes<V, C, X>(o: Ops<V, C, X>, name: SimdShift, w: 16 | 32 | 64, a: X, count: V): X {
  const inRange = o.ltU(64, count, o.int(64, w));
  if (name.endsWith('shr_s')) {
    const limited = o.select(64, inRange, count, o.int(64, w - 1));
    return o.simdShift(name, a, o.truncate(64, 32, limited));
  }
  const within = o.truncate(64, 32, o.and(64, count, o.int(64, w - 1)));
  return o.selectVector(inRange, o.simdShift(name, a, within), o.vectorConstant(0n, 0n));
}

const byVector =
  (name: SimdShift, w: 16 | 32 | 64): Semantics =>
  (o, i) => {
    const [destination, source] = i.operands;
    const count = o.lane(64, alignedVector(o, source!), 0);
    o.writeVector(destination!, shiftLanes(o, name, w, o.readVector(destination!), count));
  };

const byImmediate =
  (name: SimdShift, w: 16 | 32 | 64): Semantics =>
  (o, i) => {
    const [destination, source] = i.operands;
    const count = o.zeroExtend(8, 64, o.read(source!));
    o.writeVector(destination!, shiftLanes(o, name, w, o.readVector(destination!), count));
  };

/** PSRLDQ, PSLLDQ: bytes of the vector followed or preceded by zeros. */
function shiftBytes<V, C, X>(o: Ops<V, C, X>, i: Instruction, left: boolean): void {
  const count = Math.min(immediateOf(i), 16);
  const from = left ? 16 - count : count;
  const lanes = Array.from({ length: 16 }, (_, n) => n + from);
  const value = o.readVector(i.operands[0]!);
  const zero = o.vectorConstant(0n, 0n);
  o.writeVector(i.operands[0]!, left ? o.shuffle(zero, value, lanes) : o.shuffle(value, zero, lanes));
}

const shifts = (byCount: string, opcode: string, mnemonic: string, name: SimdShift, w: 16 | 32 | 64): Row[] => [
  row(`66 0F ${byCount} /r`, mnemonic, 'Vdq,Wdq', byVector(name, w)),
  row(`66 0F ${opcode} ib`, mnemonic, 'Udq,Ib', byImmediate(name, w)),
];

export const shiftRows: readonly Row[] = [
  ...shifts('D1', '71 /2', 'PSRLW', 'i16x8.shr_u', 16),
  ...shifts('D2', '72 /2', 'PSRLD', 'i32x4.shr_u', 32),
  ...shifts('D3', '73 /2', 'PSRLQ', 'i64x2.shr_u', 64),
  ...shifts('E1', '71 /4', 'PSRAW', 'i16x8.shr_s', 16),
  ...shifts('E2', '72 /4', 'PSRAD', 'i32x4.shr_s', 32),
  ...shifts('F1', '71 /6', 'PSLLW', 'i16x8.shl', 16),
  ...shifts('F2', '72 /6', 'PSLLD', 'i32x4.shl', 32),
  ...shifts('F3', '73 /6', 'PSLLQ', 'i64x2.shl', 64),
  row('66 0F 73 /3 ib', 'PSRLDQ', 'Udq,Ib', (o, i) => shiftBytes(o, i, false), { immediateInForm: true }),
  row('66 0F 73 /7 ib', 'PSLLDQ', 'Udq,Ib', (o, i) => shiftBytes(o, i, true), { immediateInForm: true }),
];
