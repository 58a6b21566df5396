/** Packed shifts: by a vector's low 64 bits or an immediate, and of the whole register by bytes. */
import type { Ops, SimdShift } from '../ops.ts';
import type { Row, Semantics } from '../row.ts';
import { vectorRows } from './forms.ts';
import { alignedVector, immediateOf, isVex, threeOperands, writePacked } from './operands.ts';

/** Lanes of `w` bits shifted by `count`, 64 bits: too large counts give zeros, or copies of the sign. */
export function shiftLanes<V, C, X>(o: Ops<V, C, X>, name: SimdShift, w: 16 | 32 | 64, a: X, count: V): X {
  const inRange = o.ltU(64, count, o.int(64, w));
  if (name.endsWith('shr_s')) {
    const limited = o.select(64, inRange, count, o.int(64, w - 1));
    return o.simdShift(name, a, o.truncate(64, 32, limited));
  }
  const within = o.truncate(64, 32, o.and(64, count, o.int(64, w - 1)));
  return o.selectVector(inRange, o.simdShift(name, a, within), o.vectorConstant(0n, 0n));
}

type Shift = <V, C, X>(o: Ops<V, C, X>, a: X, count: V) => X;

/** The count is the low 64 bits of a vector of 128, of which all must be readable. */
const byVector =
  (shift: Shift): Semantics =>
  (o, i) => {
    const [destination, first, second] = threeOperands(i);
    const count = o.lane(64, isVex(i) ? o.readVector(second) : alignedVector(o, second), 0);
    const shifted = o.readVectors(first).map((x) => shift(o, x, count));
    writePacked(o, i, destination, shifted);
  };

const byImmediate =
  (shift: Shift): Semantics =>
  (o, i) => {
    const [destination, first, second] = threeOperands(i);
    const count = o.zeroExtend(8, 64, o.read(second));
    const shifted = o.readVectors(first).map((x) => shift(o, x, count));
    writePacked(o, i, destination, shifted);
  };

/** PSRLDQ, PSLLDQ: bytes of each chunk followed or preceded by zeros. */
const shiftBytes =
  (left: boolean): Semantics =>
  (o, i) => {
    const [destination, first] = threeOperands(i);
    const count = Math.min(immediateOf(i), 16);
    const from = left ? 16 - count : count;
    const lanes = Array.from({ length: 16 }, (_, n) => n + from);
    const zero = o.vectorConstant(0n, 0n);
    const shifted = o.readVectors(first).map((x) => (left ? o.shuffle(zero, x, lanes) : o.shuffle(x, zero, lanes)));
    writePacked(o, i, destination, shifted);
  };

const avx2 = { wide: 'AVX2' } as const;
const avx2ByImmediate = { wide: 'AVX2', immediateInForm: true } as const;

const shifts = (byCount: string, opcode: string, mnemonic: string, name: SimdShift, w: 16 | 32 | 64): Row[] => {
  const shift: Shift = (o, a, count) => shiftLanes(o, name, w, a, count);
  return [
    ...vectorRows(`66 0F ${byCount} /r`, mnemonic, 'Vx,Hx,Wdq', byVector(shift), avx2),
    ...vectorRows(`66 0F ${opcode} ib`, mnemonic, 'Hx,Ux,Ib', byImmediate(shift), avx2),
  ];
};

export const shiftRows: readonly Row[] = [
  ...shifts('D1', '71 /2', 'PSRLW', 'i16x8.shr_u', 16),
  ...shifts('D2', '72 /2', 'PSRLD', 'i32x4.shr_u', 32),
  ...shifts('D3', '73 /2', 'PSRLQ', 'i64x2.shr_u', 64),
  ...shifts('E1', '71 /4', 'PSRAW', 'i16x8.shr_s', 16),
  ...shifts('E2', '72 /4', 'PSRAD', 'i32x4.shr_s', 32),
  ...shifts('F1', '71 /6', 'PSLLW', 'i16x8.shl', 16),
  ...shifts('F2', '72 /6', 'PSLLD', 'i32x4.shl', 32),
  ...shifts('F3', '73 /6', 'PSLLQ', 'i64x2.shl', 64),
  ...vectorRows('66 0F 73 /3 ib', 'PSRLDQ', 'Hx,Ux,Ib', shiftBytes(false), avx2ByImmediate),
  ...vectorRows('66 0F 73 /7 ib', 'PSLLDQ', 'Hx,Ux,Ib', shiftBytes(true), avx2ByImmediate),
];
