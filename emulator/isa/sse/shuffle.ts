/** Rearranging lanes: unpack, shuffle, insert and extract (SDM Vol. 2, PUNPCK*, UNPCK*, PSHUF*, SHUFP*, PINSRW, PEXTRW). */
import type { Row, Semantics } from '../row.ts';
import { type Forms, vectorRows } from './forms.ts';
import { laneBytes } from './lanes.ts';
import { immediateOf, threeOperands, vector1, vector2, writePacked } from './operands.ts';

/** Lanes of both vectors in turn, from their low or high halves. */
export const interleave = (size: number, high: boolean): number[] => {
  const half = 8 / size;
  return Array.from({ length: half }, (_, n) => n + (high ? half : 0)).flatMap((n) => [
    ...laneBytes(size, n),
    ...laneBytes(size, n + 16 / size),
  ]);
};

const avx = { wide: 'AVX' } as const;
const avx2 = { wide: 'AVX2' } as const;

const unpack = (
  encoding: string,
  mnemonic: string,
  operands: string,
  size: number,
  high: boolean,
  forms: Forms = avx2,
): Row[] => {
  const lanes = interleave(size, high);
  return vectorRows(
    encoding,
    mnemonic,
    operands,
    vector2((o, a, b) => o.shuffle(a, b, lanes)),
    forms,
  );
};

const IDENTITY = laneBytes(16, 0);

/** Four lanes chosen by the immediate, two bits each; lane 0 is at byte `start`. */
export const chooseFour = (size: number, start: number, immediate: number): number[] =>
  [0, 2, 4, 6].flatMap((shift) => laneBytes(size, (immediate >> shift) & 3).map((byte) => byte + start));

const pshufd = vector1((o, a, i) => o.shuffle(a, a, chooseFour(4, 0, immediateOf(i))));
const pshuflw = vector1((o, a, i) => o.shuffle(a, a, [...chooseFour(2, 0, immediateOf(i)), ...IDENTITY.slice(8)]));
const pshufhw = vector1((o, a, i) => o.shuffle(a, a, [...IDENTITY.slice(0, 8), ...chooseFour(2, 8, immediateOf(i))]));

/** SHUFPS: the two low lanes come from the destination, the two high ones from the source. */
const shufps = vector2((o, a, b, i) => {
  const chosen = chooseFour(4, 0, immediateOf(i));
  return o.shuffle(a, b, [...chosen.slice(0, 8), ...chosen.slice(8).map((byte) => byte + 16)]);
});

/** SHUFPD: a bit for each lane, so two for each chunk. */
const shufpd = vector2((o, a, b, i, n) => {
  const bits = immediateOf(i) >> (2 * n);
  return o.shuffle(a, b, [...laneBytes(8, bits & 1), ...laneBytes(8, 2 + ((bits >> 1) & 1))]);
});

const pinsrw: Semantics = (o, i) => {
  const [destination, first, source] = threeOperands(i);
  const from = o.read(source);
  const value = source.kind === 'reg' ? o.truncate(source.width, 16, from) : from;
  writePacked(o, i, destination, [o.withLane(16, o.readVector(first), immediateOf(i) & 7, value)]);
};

const pextrw: Semantics = (o, i) => {
  const value = o.lane(16, o.readVector(i.operands[1]!), immediateOf(i) & 7);
  o.write(i.operands[0]!, o.zeroExtend(16, 32, value));
};

const byImmediate = { immediateInForm: true } as const;

export const shuffleRows: readonly Row[] = [
  ...unpack('NP 0F 14 /r', 'UNPCKLPS', 'Vps,Hps,Wps', 4, false, avx),
  ...unpack('66 0F 14 /r', 'UNPCKLPD', 'Vpd,Hpd,Wpd', 8, false, avx),
  ...unpack('NP 0F 15 /r', 'UNPCKHPS', 'Vps,Hps,Wps', 4, true, avx),
  ...unpack('66 0F 15 /r', 'UNPCKHPD', 'Vpd,Hpd,Wpd', 8, true, avx),
  ...unpack('66 0F 60 /r', 'PUNPCKLBW', 'Vx,Hx,Wx', 1, false),
  ...unpack('66 0F 61 /r', 'PUNPCKLWD', 'Vx,Hx,Wx', 2, false),
  ...unpack('66 0F 62 /r', 'PUNPCKLDQ', 'Vx,Hx,Wx', 4, false),
  ...unpack('66 0F 68 /r', 'PUNPCKHBW', 'Vx,Hx,Wx', 1, true),
  ...unpack('66 0F 69 /r', 'PUNPCKHWD', 'Vx,Hx,Wx', 2, true),
  ...unpack('66 0F 6A /r', 'PUNPCKHDQ', 'Vx,Hx,Wx', 4, true),
  ...unpack('66 0F 6C /r', 'PUNPCKLQDQ', 'Vx,Hx,Wx', 8, false),
  ...unpack('66 0F 6D /r', 'PUNPCKHQDQ', 'Vx,Hx,Wx', 8, true),
  ...vectorRows('66 0F 70 /r ib', 'PSHUFD', 'Vx,Wx,Ib', pshufd, { ...avx2, ...byImmediate }),
  ...vectorRows('F2 0F 70 /r ib', 'PSHUFLW', 'Vx,Wx,Ib', pshuflw, { ...avx2, ...byImmediate }),
  ...vectorRows('F3 0F 70 /r ib', 'PSHUFHW', 'Vx,Wx,Ib', pshufhw, { ...avx2, ...byImmediate }),
  ...vectorRows('66 0F C4 /r ib', 'PINSRW', 'Vdq,Hdq,Mw,Ib', pinsrw, byImmediate),
  ...vectorRows('66 0F C4 /r ib', 'PINSRW', 'Vdq,Hdq,Rd,Ib', pinsrw, byImmediate),
  ...vectorRows('66 0F C5 /r ib', 'PEXTRW', 'Gd,Udq,Ib', pextrw, byImmediate),
  ...vectorRows('NP 0F C6 /r ib', 'SHUFPS', 'Vps,Hps,Wps,Ib', shufps, { ...avx, ...byImmediate }),
  ...vectorRows('66 0F C6 /r ib', 'SHUFPD', 'Vpd,Hpd,Wpd,Ib', shufpd, { ...avx, ...byImmediate }),
];
