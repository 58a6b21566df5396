/** ADD, ADC, SUB, SBB, CMP, INC, DEC, NEG (SDM Vol. 2). */
import type { Ops } from '../ops.ts';
import { type Row, row, type Semantics } from '../row.ts';
import { arithmeticRows, operand, readAs, widthOf } from './common.ts';

const add: Semantics = (o, i) => {
  const target = operand(i.operands, 0);
  const w = widthOf(target);
  const a = o.readForWrite(target);
  const b = readAs(o, operand(i.operands, 1), w);
  const r = o.add(w, a, b);
  o.write(target, r);
  o.flagsAdd(w, a, b, r);
};

const adc: Semantics = (o, i) => {
  const target = operand(i.operands, 0);
  const w = widthOf(target);
  const a = o.readForWrite(target);
  const b = readAs(o, operand(i.operands, 1), w);
  const r = o.add(w, o.add(w, a, b), o.fromCondition(w, o.flag('cf')));
  o.write(target, r);
  o.flagsAdd(w, a, b, r);
};

const sub: Semantics = (o, i) => {
  const target = operand(i.operands, 0);
  const w = widthOf(target);
  const a = o.readForWrite(target);
  const b = readAs(o, operand(i.operands, 1), w);
  const r = o.sub(w, a, b);
  o.write(target, r);
  o.flagsSub(w, a, b, r);
};

const sbb: Semantics = (o, i) => {
  const target = operand(i.operands, 0);
  const w = widthOf(target);
  const a = o.readForWrite(target);
  const b = readAs(o, operand(i.operands, 1), w);
  const r = o.sub(w, o.sub(w, a, b), o.fromCondition(w, o.flag('cf')));
  o.write(target, r);
  o.flagsSub(w, a, b, r);
};

const cmp: Semantics = (o, i) => {
  const first = operand(i.operands, 0);
  const w = widthOf(first);
  const a = o.read(first);
  const b = readAs(o, operand(i.operands, 1), w);
  o.flagsSub(w, a, b, o.sub(w, a, b));
};

/**
 * INC and DEC leave CF alone. A carry out of bit 3 shows as a change of bit 4; overflow as `overflowed` of both
 * values.
 */
const step =
  (delta: 1 | -1): Semantics =>
  (o, i) => {
    const target = operand(i.operands, 0);
    const w = widthOf(target);
    const a = o.readForWrite(target);
    const one = o.int(w, 1);
    const r = delta === 1 ? o.add(w, a, one) : o.sub(w, a, one);
    o.write(target, r);
    const overflowed = delta === 1 ? signAppears(o, w, a, r) : signAppears(o, w, r, a);
    o.flagsResult(w, r, { af: o.bit(w, o.xor(w, a, r), 4), of: overflowed });
  };

const signAppears = <V, C, X>(o: Ops<V, C, X>, w: 8 | 16 | 32 | 64, before: V, after: V): C =>
  o.isNegative(w, o.and(w, o.not(w, before), after));

const neg: Semantics = (o, i) => {
  const target = operand(i.operands, 0);
  const w = widthOf(target);
  const a = o.readForWrite(target);
  const zero = o.int(w, 0);
  const r = o.sub(w, zero, a);
  o.write(target, r);
  o.flagsSub(w, zero, a, r);
};

const lock = { lock: true } as const;

export const arithmetic: readonly Row[] = [
  ...arithmeticRows(0, 'ADD', add, lock),
  ...arithmeticRows(2, 'ADC', adc, lock),
  ...arithmeticRows(3, 'SBB', sbb, lock),
  ...arithmeticRows(5, 'SUB', sub, lock),
  ...arithmeticRows(7, 'CMP', cmp),
  row('FE /0', 'INC', 'Eb', step(1), lock),
  row('FF /0', 'INC', 'Ev', step(1), lock),
  row('FE /1', 'DEC', 'Eb', step(-1), lock),
  row('FF /1', 'DEC', 'Ev', step(-1), lock),
  row('F6 /3', 'NEG', 'Eb', neg, lock),
  row('F7 /3', 'NEG', 'Ev', neg, lock),
];
