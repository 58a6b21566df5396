/**
 * SHL, SHR, SAR, SHLD, SHRD (SDM Vol. 2B).
 *
 * The count is masked to 5 bits, or 6 for 64-bit operands; a masked count of zero changes no flag. What the manual
 * leaves undefined is as AMD processors leave it: OF is set for every count by the rule for one, AF is set, CF is the
 * last bit shifted out and clear once the operand is exhausted.
 */
import type { Operand, Width } from '../instruction.ts';
import type { Ops } from '../ops.ts';
import { type Row, row, type Semantics } from '../row.ts';
import { operand, resize, widthOf } from './common.ts';

/** Narrow operands are shifted in 32 bits, which every masked count fits. */
export const shiftWidth = (w: Width): 32 | 64 => (w === 64 ? 64 : 32);

/** The masked count in `shiftWidth` bits. */
export const maskedCount = <V, C, X>(o: Ops<V, C, X>, w: Width, count: Operand): V => {
  const wide = shiftWidth(w);
  return o.and(wide, resize(o, widthOf(count), wide, o.read(count)), o.int(wide, wide - 1));
};

type Shift = 'shl' | 'shrU' | 'shrS';

const shifted = <V, C, X>(o: Ops<V, C, X>, kind: Shift, w: Width, a: V, count: V): { r: V; cf: (before: V) => C } => {
  const wide = shiftWidth(w);
  const extended = kind === 'shrS' && w < wide ? o.signExtend(w, wide, a) : resize(o, w, wide, a);
  const r = o[kind](wide, extended, count);
  return {
    r: resize(o, wide, w, r),
    // Left: a narrow operand keeps the bit above it; right: the bit that was lowest one step before.
    cf: (before) => {
      if (kind === 'shl' && w < wide) return o.bit(wide, r, w);
      const last = o[kind](wide, extended, before);
      return kind === 'shl' ? o.isNegative(wide, last) : o.bit(wide, last, 0);
    },
  };
};

/**
 * OF by the rule for a count of one: left, sign of the result against CF; right, the two highest bits of the result.
 */
export const shiftOverflow = <V, C, X>(o: Ops<V, C, X>, left: boolean, w: Width, r: V, cf: C): C =>
  left ? o.differ(o.isNegative(w, r), cf) : o.differ(o.isNegative(w, r), o.bit(w, r, w - 2));

const shift =
  (kind: Shift): Semantics =>
  (o, i) => {
    const target = operand(i.operands, 0);
    const w = widthOf(target);
    const wide = shiftWidth(w);
    const a = o.readForWrite(target);
    const count = maskedCount(o, w, operand(i.operands, 1));
    const { r, cf } = shifted(o, kind, w, a, count);
    o.write(target, r);
    o.if(o.negate(o.isZero(wide, count)), () => {
      const carry = cf(o.sub(wide, count, o.int(wide, 1)));
      o.flagsResult(w, r, { cf: carry, af: o.condition(true), of: shiftOverflow(o, kind === 'shl', w, r, carry) });
    });
  };

/** By one, the count of the opcodes D0 and D1. */
const shiftOnce =
  (kind: Shift): Semantics =>
  (o, i) => {
    const target = operand(i.operands, 0);
    const w = widthOf(target);
    const wide = shiftWidth(w);
    const a = o.readForWrite(target);
    const { r, cf } = shifted(o, kind, w, a, o.int(wide, 1));
    o.write(target, r);
    const carry = cf(o.int(wide, 0));
    o.flagsResult(w, r, { cf: carry, af: o.condition(true), of: shiftOverflow(o, kind === 'shl', w, r, carry) });
  };

/** Result, last bit shifted out and OF of a double shift by a count that may be zero (then only the result counts). */
interface Doubled<V, C> {
  readonly r: V;
  flags(): { cf: C; of: C };
}

/** 32 and 64 bits. `count` is below the width. */
const doubleWide = <V, C, X>(o: Ops<V, C, X>, left: boolean, w: 32 | 64, a: V, b: V, count: V): Doubled<V, C> => {
  const [move, back] = left ? (['shl', 'shrU'] as const) : (['shrU', 'shl'] as const);
  const rest = o.and(w, o.neg(w, count), o.int(w, w - 1));
  const filled = o.or(w, o[move](w, a, count), o[back](w, b, rest));
  const r = o.select(w, o.isZero(w, count), a, filled);
  return {
    r,
    flags: () => {
      const last = o[move](w, a, o.sub(w, count, o.int(w, 1)));
      const cf = left ? o.isNegative(w, last) : o.bit(w, last, 0);
      return { cf, of: shiftOverflow(o, left, w, r, cf) };
    },
  };
};

/**
 * 16 bits. For counts above 16 processors shift on into a second copy of the source; CF, and OF to the left, see the
 * target.
 */
const doubleWord = <V, C, X>(o: Ops<V, C, X>, left: boolean, a: V, b: V, count32: V): Doubled<V, C> => {
  const word = (value: V, position: 0 | 16 | 32) => o.shl(64, o.zeroExtend(16, 64, value), o.int(64, position));
  const copies = o.or(64, word(b, 16), word(b, left ? 0 : 32));
  const all = o.or(64, copies, word(a, left ? 32 : 0));
  const count = o.zeroExtend(32, 64, count32);
  const r = o.truncate(64, 16, left ? o.shrU(64, o.shl(64, all, count), o.int(64, 32)) : o.shrU(64, all, count));
  return {
    r,
    flags: () => {
      const before = o.sub(64, count, o.int(64, 1));
      if (left) {
        // What is left of the target alone one step before.
        const rest = o.truncate(64, 16, o.shl(64, o.zeroExtend(16, 64, a), before));
        const cf = o.isNegative(16, rest);
        return { cf, of: o.differ(cf, o.bit(16, rest, 14)) };
      }
      const cf = o.bit(64, o.shrU(64, o.zeroExtend(16, 64, a), before), 0);
      return { cf, of: shiftOverflow(o, left, 16, r, cf) };
    },
  };
};

const double =
  (left: boolean): Semantics =>
  (o, i) => {
    const target = operand(i.operands, 0);
    const w = widthOf(target);
    const wide = shiftWidth(w);
    const a = o.readForWrite(target);
    const b = o.read(operand(i.operands, 1));
    const count = maskedCount(o, w, operand(i.operands, 2));
    const { r, flags } = w === 16 ? doubleWord(o, left, a, b, count) : doubleWide(o, left, wide, a, b, count);
    o.write(target, r);
    o.if(o.negate(o.isZero(wide, count)), () => o.flagsResult(w, r, { ...flags(), af: o.condition(true) }));
  };

/** C0 C1 D0 D1 D2 D3 with a ModRM extension. */
export const shiftRows = (n: number, mnemonic: string, byCount: Semantics, once: Semantics): Row[] => [
  row(`C0 /${n}`, mnemonic, 'Eb,Ib', byCount),
  row(`C1 /${n}`, mnemonic, 'Ev,Ib', byCount),
  row(`D0 /${n}`, mnemonic, 'Eb,1', once),
  row(`D1 /${n}`, mnemonic, 'Ev,1', once),
  row(`D2 /${n}`, mnemonic, 'Eb,CL', byCount),
  row(`D3 /${n}`, mnemonic, 'Ev,CL', byCount),
];

export const shifts: readonly Row[] = [
  ...shiftRows(4, 'SHL', shift('shl'), shiftOnce('shl')),
  ...shiftRows(5, 'SHR', shift('shrU'), shiftOnce('shrU')),
  ...shiftRows(6, 'SHL', shift('shl'), shiftOnce('shl')), // Intel's map leaves /6 empty; processors do SHL
  ...shiftRows(7, 'SAR', shift('shrS'), shiftOnce('shrS')),
  row('0F A4 /r', 'SHLD', 'Ev,Gv,Ib', double(true)),
  row('0F A5 /r', 'SHLD', 'Ev,Gv,CL', double(true)),
  row('0F AC /r', 'SHRD', 'Ev,Gv,Ib', double(false)),
  row('0F AD /r', 'SHRD', 'Ev,Gv,CL', double(false)),
];
