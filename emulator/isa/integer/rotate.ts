/**
 * ROL, ROR, RCL, RCR (SDM Vol. 2B).
 *
 * Only CF and OF change, and only if the masked count is not zero. OF, undefined for counts above one, follows the rule
 * for one, also where the count is a multiple of the (9 or 17 bit) circle: so AMD processors do.
 */
import type { Width } from '../instruction.ts';
import type { Ops } from '../ops.ts';
import type { Row, Semantics } from '../row.ts';
import { operand, resize, widthOf } from './common.ts';
import { maskedCount, shiftOverflow, shiftRows, shiftWidth } from './shift.ts';

/** Rotates `w` bits by a masked count: narrow values are repeated until they fill 32 bits. */
const rotated = <V, C, X>(o: Ops<V, C, X>, left: boolean, w: Width, a: V, count: V): V => {
  const wide = shiftWidth(w);
  const repeated = w === wide ? a : o.mul(wide, resize(o, w, wide, a), o.int(wide, w === 8 ? 0x01010101 : 0x00010001));
  return resize(o, wide, w, left ? o.rotl(wide, repeated, count) : o.rotr(wide, repeated, count));
};

const rotate =
  (left: boolean, once: boolean): Semantics =>
  (o, i) => {
    const target = operand(i.operands, 0);
    const w = widthOf(target);
    const wide = shiftWidth(w);
    const a = o.readForWrite(target);
    const count = once ? o.int(wide, 1) : maskedCount(o, w, operand(i.operands, 1));
    const r = rotated(o, left, w, a, count);
    o.write(target, r);
    const flags = () => {
      const cf = left ? o.bit(w, r, 0) : o.isNegative(w, r);
      o.setFlags({ cf, of: shiftOverflow(o, left, w, r, cf) });
    };
    if (once) flags();
    else o.if(o.negate(o.isZero(wide, count)), flags);
  };

/**
 * Rotates the circle of CF and `w` bits by `count` places, not zero and not above `w`. What comes round is moved in two
 * steps, since for a count of one it goes by the whole width, which is no valid count.
 */
const throughCarry = <V, C, X>(
  o: Ops<V, C, X>,
  left: boolean,
  w: 32 | 64,
  a: V,
  carry: V,
  count: V,
): { r: V; cf: C } => {
  const [move, back] = left ? (['shl', 'shrU'] as const) : (['shrU', 'shl'] as const);
  const one = o.int(w, 1);
  const before = o.sub(w, count, one);
  const carried = left ? o.shl(w, carry, before) : o.shl(w, carry, o.sub(w, o.int(w, w - 1), before));
  const round = o[back](w, o[back](w, a, one), o.sub(w, o.int(w, w - 1), before));
  const last = o[move](w, a, before);
  return {
    r: o.or(w, o.or(w, o[move](w, a, count), carried), round),
    cf: left ? o.isNegative(w, last) : o.bit(w, last, 0),
  };
};

/** 8 and 16 bits: the circle of w + 1 bits lies in 64 bits, twice. */
const narrowThroughCarry = <V, C, X>(o: Ops<V, C, X>, left: boolean, w: 8 | 16, a: V, carry: V, count: V) => {
  const places = w + 1;
  const circle = o.or(64, o.shl(64, carry, o.int(64, w)), o.zeroExtend(w, 64, a));
  const twice = o.or(64, o.shl(64, circle, o.int(64, places)), circle);
  const turn = o.remU(64, count, o.int(64, places));
  const right = left ? o.sub(64, o.int(64, places), turn) : turn;
  const r = o.shrU(64, twice, right);
  return { r: o.truncate(64, w, r), cf: o.bit(64, r, w) };
};

const rotateThroughCarry =
  (left: boolean, once: boolean): Semantics =>
  (o, i) => {
    const target = operand(i.operands, 0);
    const w = widthOf(target);
    const wide = shiftWidth(w);
    const a = o.readForWrite(target);
    const count = once ? o.int(wide, 1) : maskedCount(o, w, operand(i.operands, 1));
    const finish = () => {
      const { r, cf } =
        w === 8 || w === 16
          ? narrowThroughCarry(o, left, w, a, o.fromCondition(64, o.flag('cf')), o.zeroExtend(32, 64, count))
          : throughCarry(o, left, w, a, o.fromCondition(w, o.flag('cf')), count);
      o.write(target, r);
      o.setFlags({ cf, of: shiftOverflow(o, left, w, r, cf) });
    };
    if (once) finish();
    else o.if(o.negate(o.isZero(wide, count)), finish, () => o.write(target, a));
  };

export const rotates: readonly Row[] = [
  ...shiftRows(0, 'ROL', rotate(true, false), rotate(true, true)),
  ...shiftRows(1, 'ROR', rotate(false, false), rotate(false, true)),
  ...shiftRows(2, 'RCL', rotateThroughCarry(true, false), rotateThroughCarry(true, true)),
  ...shiftRows(3, 'RCR', rotateThroughCarry(false, false), rotateThroughCarry(false, true)),
];
