/**
 * MUL, IMUL, DIV, IDIV (SDM Vol. 2). Flags which the manual leaves undefined are as AMD processors leave them: a
 * product leaves SF, ZF, AF and PF alone; a division clears SF, ZF and PF, sets AF, and leaves CF and OF alone.
 */
import { REG } from '../../state.ts';
import type { Operand, Width } from '../instruction.ts';
import { type Ops, VECTOR } from '../ops.ts';
import { type Row, row, type Semantics } from '../row.ts';
import { operand, readAs, widthOf } from './common.ts';

const { rax, rdx } = REG;

/** Stores a double-width result in AX or rDX:rAX. */
const setPair = <V, C, X>(o: Ops<V, C, X>, w: Width, high: V, low: V): void => {
  if (w === 8) {
    o.setRegister(8, rax, low);
    o.setHighByte(rax, high);
  } else {
    o.setRegister(w, rax, low);
    o.setRegister(w, rdx, high);
  }
};

/** One-operand MUL and IMUL: CF = OF = the high half says something the low half does not. */
const multiply =
  (signed: boolean): Semantics =>
  (o, i) => {
    const source = operand(i.operands, 0);
    const w = widthOf(source);
    const a = o.register(w, rax);
    const b = o.read(source);
    const low = o.mul(w, a, b);
    const high = signed ? o.mulHighS(w, a, b) : o.mulHighU(w, a, b);
    setPair(o, w, high, low);
    const large = signed ? o.ne(w, high, signOf(o, w, low)) : o.negate(o.isZero(w, high));
    o.setFlags({ cf: large, of: large });
  };

/** All bits the sign of the value. */
const signOf = <V, C, X>(o: Ops<V, C, X>, w: Width, value: V): V => o.shrS(w, value, o.int(w, w - 1));

/** Two- and three-operand IMUL: the first operand is the target, the last two (or both) are multiplied. */
const imul: Semantics = (o, i) => {
  const target = operand(i.operands, 0);
  const w = widthOf(target);
  const a = o.read(operand(i.operands, i.operands.length - 2));
  const b = readAs(o, operand(i.operands, i.operands.length - 1), w);
  const low = o.mul(w, a, b);
  o.write(target, low);
  const large = o.ne(w, o.mulHighS(w, a, b), signOf(o, w, low));
  o.setFlags({ cf: large, of: large });
};

/** A result of one: no sign, not zero, odd parity. */
const divisionFlags = <V, C, X>(o: Ops<V, C, X>): void => o.flagsResult(8, o.int(8, 1), { af: o.condition(true) });

/** The dividend of an 8, 16 or 32 bit division in one value of twice the width. */
const dividend = <V, C, X>(o: Ops<V, C, X>, w: 8 | 16 | 32): V => {
  if (w === 8) return o.register(16, rax);
  const twice = w === 16 ? 32 : 64;
  const high = o.shl(twice, o.zeroExtend(w, twice, o.register(w, rdx)), o.int(twice, w));
  return o.or(twice, high, o.zeroExtend(w, twice, o.register(w, rax)));
};

const twiceOf = (w: 8 | 16 | 32) => (w === 8 ? 16 : w === 16 ? 32 : 64);

const divNarrow = <V, C, X>(o: Ops<V, C, X>, w: 8 | 16 | 32, source: Operand): void => {
  const twice = twiceOf(w);
  const n = dividend(o, w);
  const d = o.zeroExtend(w, twice, o.read(source));
  // The quotient fits if the high half is below the divisor; a zero divisor never lets it.
  const high = o.shrU(twice, n, o.int(twice, w));
  o.raiseIf(o.negate(o.ltU(twice, high, d)), VECTOR.DE);
  const q = o.divU(twice, n, d);
  const r = o.remU(twice, n, d);
  setPair(o, w, o.truncate(twice, w, r), o.truncate(twice, w, q));
};

const divWide = <V, C, X>(o: Ops<V, C, X>, source: Operand): void => {
  const d = o.read(source);
  const high = o.register(64, rdx);
  const low = o.register(64, rax);
  o.raiseIf(o.negate(o.ltU(64, high, d)), VECTOR.DE);
  const q = o.variable(64, low);
  const r = o.variable(64, low);
  o.if(
    o.isZero(64, high),
    () => {
      q.set(o.divU(64, low, d));
      r.set(o.remU(64, low, d));
    },
    () => {
      q.set(o.call('divU128', high, low, d));
      r.set(o.call('remU128', high, low, d));
    },
  );
  setPair(o, 64, r.get(), q.get());
};

const div: Semantics = (o, i) => {
  const source = operand(i.operands, 0);
  const w = widthOf(source);
  if (w === 64) divWide(o, source);
  else divNarrow(o, w, source);
  divisionFlags(o);
};

const idivNarrow = <V, C, X>(o: Ops<V, C, X>, w: 8 | 16 | 32, source: Operand): void => {
  // 8 and 16 bits are divided with room to spare, so that only the 32-bit form can overflow the division itself.
  const wide = w === 32 ? 64 : 32;
  const n = w === 8 ? o.signExtend(16, 32, dividend(o, w)) : dividend(o, w);
  const d = o.signExtend(w, wide, o.read(source));
  o.raiseIf(o.isZero(wide, d), VECTOR.DE);
  const minimum = o.int(wide, wide === 64 ? 1n << 63n : (1 << 31) >>> 0);
  const overflows = o.both(o.eq(wide, n, minimum), o.isZero(wide, o.not(wide, d)));
  o.raiseIf(overflows, VECTOR.DE);
  const q = o.divS(wide, n, d);
  const r = o.remS(wide, n, d);
  const low = o.truncate(wide, w, q);
  o.raiseIf(o.ne(wide, q, o.signExtend(w, wide, low)), VECTOR.DE);
  setPair(o, w, o.truncate(wide, w, r), low);
};

const idivWide = <V, C, X>(o: Ops<V, C, X>, source: Operand): void => {
  const d = o.read(source);
  const high = o.register(64, rdx);
  const low = o.register(64, rax);
  o.raiseIf(o.isZero(64, d), VECTOR.DE);
  const q = o.variable(64, low);
  const r = o.variable(64, low);
  // A dividend of 64 bits, divided by anything but minus one, needs no help.
  const plain = o.both(o.eq(64, high, signOf(o, 64, low)), o.negate(o.isZero(64, o.not(64, d))));
  o.if(
    plain,
    () => {
      q.set(o.divS(64, low, d));
      r.set(o.remS(64, low, d));
    },
    () => {
      q.set(o.call('divS128', high, low, d));
      r.set(o.call('remS128', high, low, d));
    },
  );
  setPair(o, 64, r.get(), q.get());
};

const idiv: Semantics = (o, i) => {
  const source = operand(i.operands, 0);
  const w = widthOf(source);
  if (w === 64) idivWide(o, source);
  else idivNarrow(o, w, source);
  divisionFlags(o);
};

export const multiplication: readonly Row[] = [
  row('F6 /4', 'MUL', 'Eb', multiply(false)),
  row('F7 /4', 'MUL', 'Ev', multiply(false)),
  row('F6 /5', 'IMUL', 'Eb', multiply(true)),
  row('F7 /5', 'IMUL', 'Ev', multiply(true)),
  row('0F AF /r', 'IMUL', 'Gv,Ev', imul),
  row('69 /r', 'IMUL', 'Gv,Ev,Iz', imul),
  row('6B /r', 'IMUL', 'Gv,Ev,Ibs', imul),
  row('F6 /6', 'DIV', 'Eb', div),
  row('F7 /6', 'DIV', 'Ev', div),
  row('F6 /7', 'IDIV', 'Eb', idiv),
  row('F7 /7', 'IDIV', 'Ev', idiv),
];
