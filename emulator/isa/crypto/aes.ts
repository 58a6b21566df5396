/** AES-NI (SDM Vol. 2A, AES*; FIPS 197): one round on the 16 bytes of a state, whose column n is lane n of 32 bits. */
import type { Ops } from '../ops.ts';
import type { Row } from '../row.ts';
import { type Forms, vectorRows } from '../sse/forms.ts';
import { lanesBytes } from '../sse/lanes.ts';
import { vector1, vector2 } from '../sse/operands.ts';
import { substitute } from './substitution.ts';

/** Byte `n` of the result, row n & 3 of column n >> 2, comes from as many columns further as the row says. */
const shiftedRows = (direction: 1 | -1): number[] =>
  Array.from({ length: 16 }, (_, n) => (n + direction * (n & 3) * 4 + 16) & 15);
const SHIFT_ROWS = shiftedRows(1);
const INVERSE_SHIFT_ROWS = shiftedRows(-1);

/** Within each column, byte n comes from n + `by`. */
const rotatedColumns = (by: number): number[] => Array.from({ length: 16 }, (_, n) => (n & 12) | ((n + by) & 3));
const ROTATE_1 = rotatedColumns(1);
const ROTATE_2 = rotatedColumns(2);

function xor<V, C, X>(o: Ops<V, C, X>, a: X, b: X): X {
  return o.simd2('v128.xor', a, b);
}

/** Twice each byte in AES's field. */
function doubled<V, C, X>(o: Ops<V, C, X>, a: X): X {
  const overflowing = o.simd2('i8x16.gt_s', o.vectorConstant(0n, 0n), a);
  const reduction = o.simd2('v128.and', overflowing, o.vectorConstant(0x1b1b1b1b1b1b1b1bn, 0x1b1b1b1b1b1b1b1bn));
  return xor(o, o.simd2('i8x16.add', a, a), reduction);
}

/** 2 a + 3 b + c + d for the byte a of a column and those below it, which is 2 (a + b) + b + (c + d). */
function mixColumns<V, C, X>(o: Ops<V, C, X>, a: X): X {
  const b = o.shuffle(a, a, ROTATE_1);
  const sum = xor(o, a, b);
  return xor(o, xor(o, doubled(o, sum), b), o.shuffle(sum, sum, ROTATE_2));
}

/** The inverse of MixColumns is MixColumns of a + 4 (a + c). */
function inverseMixColumns<V, C, X>(o: Ops<V, C, X>, a: X): X {
  const sum = xor(o, a, o.shuffle(a, a, ROTATE_2));
  return mixColumns(o, xor(o, a, doubled(o, doubled(o, sum))));
}

const encrypt = (last: boolean) =>
  vector2((o, state, key) => {
    const bytes = substitute(o, 'forward', o.shuffle(state, state, SHIFT_ROWS));
    return xor(o, last ? bytes : mixColumns(o, bytes), key);
  });

const decrypt = (last: boolean) =>
  vector2((o, state, key) => {
    const bytes = substitute(o, 'backward', o.shuffle(state, state, INVERSE_SHIFT_ROWS));
    return xor(o, last ? bytes : inverseMixColumns(o, bytes), key);
  });

/** Lanes 1 and 3, each as it is and rotated by a byte (RotWord). */
const KEY_WORDS = [...lanesBytes(4, [1]), 5, 6, 7, 4, ...lanesBytes(4, [3]), 13, 14, 15, 12];
/** A value of lane 0 in lanes 1 and 3, from a second vector of zeros. */
const ROUND_CONSTANT = lanesBytes(4, [4, 0, 4, 0]);

const keygenassist = vector1((o, a, i) => {
  const constant = o.vectorFromInt(32, o.zeroExtend(8, 32, o.read(i.operands.at(-1)!)));
  const words = substitute(o, 'forward', o.shuffle(a, a, KEY_WORDS));
  return xor(o, words, o.shuffle(constant, o.vectorConstant(0n, 0n), ROUND_CONSTANT));
});

const forms: Forms = { legacy: 'AES', vex: ['AES', 'AVX'] };

export const aesRows: readonly Row[] = [
  ...vectorRows('66 0F 38 DB /r', 'AESIMC', 'Vdq,Wdq', vector1(inverseMixColumns), forms),
  ...vectorRows('66 0F 38 DC /r', 'AESENC', 'Vdq,Hdq,Wdq', encrypt(false), forms),
  ...vectorRows('66 0F 38 DD /r', 'AESENCLAST', 'Vdq,Hdq,Wdq', encrypt(true), forms),
  ...vectorRows('66 0F 38 DE /r', 'AESDEC', 'Vdq,Hdq,Wdq', decrypt(false), forms),
  ...vectorRows('66 0F 38 DF /r', 'AESDECLAST', 'Vdq,Hdq,Wdq', decrypt(true), forms),
  ...vectorRows('66 0F 3A DF /r ib', 'AESKEYGENASSIST', 'Vdq,Wdq,Ib', keygenassist, forms),
];
