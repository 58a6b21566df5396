/** Rearranging lanes: unpack, shuffle, insert and extract (SDM Vol. 2, PUNPCK*, UNPCK*, PSHUF*, SHUFP*, PINSRW, PEXTRW). */
import { type Row, row, type Semantics } from '../row.ts';
import { alignedVector, immediateOf, vector1, vector2 } from './operands.ts';

/** Bytes of lane `n` when lanes are `size` bytes wide. */
const lane = (size: number, n: number): number[] => Array.from({ length: size }, (_, byte) => n * size + byte);

/** Lanes of both vectors in turn, from their low or high halves. */
const interleave = (size: number, high: boolean): number[] => {
  const half = 8 / size;
  return Array.from({ length: half }, (_, n) => n + (high ? half : 0)).flatMap((n) => [
    ...lane(size, n),
    ...lane(size, n + 16 / size),
  ]);
};

const unpack = (encoding: string, mnemonic: string, operands: string, size: number, high: boolean): Row => {
  const lanes = interleave(size, high);
  return row(
    encoding,
    mnemonic,
    operands,
    vector2((o, a, b) => o.shuffle(a, b, lanes)),
  );
};

const IDENTITY = lane(16, 0);

/** Four lanes chosen by the immediate, two bits each; lane 0 is at byte `start`. */
const chooseFour = (size: number, start: number, immediate: number): number[] =>
  [0, 2, 4, 6].flatMap((shift) => lane(size, (immediate >> shift) & 3).map((byte) => byte + start));

const pshufd = vector1((o, a, i) => o.shuffle(a, a, chooseFour(4, 0, immediateOf(i))));
const pshuflw = vector1((o, a, i) => o.shuffle(a, a, [...chooseFour(2, 0, immediateOf(i)), ...IDENTITY.slice(8)]));
const pshufhw = vector1((o, a, i) => o.shuffle(a, a, [...IDENTITY.slice(0, 8), ...chooseFour(2, 8, immediateOf(i))]));

/** SHUFPS: the two low lanes come from the destination, the two high ones from the source. */
const shufps = vector2((o, a, b, i) => {
  const chosen = chooseFour(4, 0, immediateOf(i));
  return o.shuffle(a, b, [...chosen.slice(0, 8), ...chosen.slice(8).map((byte) => byte + 16)]);
});

const shufpd = vector2((o, a, b, i) =>
  o.shuffle(a, b, [...lane(8, immediateOf(i) & 1), ...lane(8, 2 + ((immediateOf(i) >> 1) & 1))]),
);

const pinsrw: Semantics = (o, i) => {
  const [destination, source] = i.operands;
  const from = o.read(source!);
  const value = source!.kind === 'reg' ? o.truncate(source.width, 16, from) : from;
  o.writeVector(destination!, o.withLane(16, o.readVector(destination!), immediateOf(i) & 7, value));
};

const pextrw: Semantics = (o, i) => {
  const value = o.lane(16, alignedVector(o, i.operands[1]!), immediateOf(i) & 7);
  o.write(i.operands[0]!, o.zeroExtend(16, 32, value));
};

const byImmediate = { immediateInForm: true } as const;

export const shuffleRows: readonly Row[] = [
  unpack('NP 0F 14 /r', 'UNPCKLPS', 'Vps,Wps', 4, false),
  unpack('66 0F 14 /r', 'UNPCKLPD', 'Vpd,Wpd', 8, false),
  unpack('NP 0F 15 /r', 'UNPCKHPS', 'Vps,Wps', 4, true),
  unpack('66 0F 15 /r', 'UNPCKHPD', 'Vpd,Wpd', 8, true),
  unpack('66 0F 60 /r', 'PUNPCKLBW', 'Vdq,Wdq', 1, false),
  unpack('66 0F 61 /r', 'PUNPCKLWD', 'Vdq,Wdq', 2, false),
  unpack('66 0F 62 /r', 'PUNPCKLDQ', 'Vdq,Wdq', 4, false),
  unpack('66 0F 68 /r', 'PUNPCKHBW', 'Vdq,Wdq', 1, true),
  unpack('66 0F 69 /r', 'PUNPCKHWD', 'Vdq,Wdq', 2, true),
  unpack('66 0F 6A /r', 'PUNPCKHDQ', 'Vdq,Wdq', 4, true),
  unpack('66 0F 6C /r', 'PUNPCKLQDQ', 'Vdq,Wdq', 8, false),
  unpack('66 0F 6D /r', 'PUNPCKHQDQ', 'Vdq,Wdq', 8, true),
  row('66 0F 70 /r ib', 'PSHUFD', 'Vdq,Wdq,Ib', pshufd, byImmediate),
  row('F2 0F 70 /r ib', 'PSHUFLW', 'Vdq,Wdq,Ib', pshuflw, byImmediate),
  row('F3 0F 70 /r ib', 'PSHUFHW', 'Vdq,Wdq,Ib', pshufhw, byImmediate),
  row('66 0F C4 /r ib', 'PINSRW', 'Vdq,Mw,Ib', pinsrw, byImmediate),
  row('66 0F C4 /r ib', 'PINSRW', 'Vdq,Rd,Ib', pinsrw, byImmediate),
  row('66 0F C5 /r ib', 'PEXTRW', 'Gd,Udq,Ib', pextrw, byImmediate),
  row('NP 0F C6 /r ib', 'SHUFPS', 'Vps,Wps,Ib', shufps, byImmediate),
  row('66 0F C6 /r ib', 'SHUFPD', 'Vpd,Wpd,Ib', shufpd, byImmediate),
];
