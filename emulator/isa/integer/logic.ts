/** AND, OR, XOR, NOT, TEST (SDM Vol. 2). AF, which the manual leaves undefined, is cleared as processors do. */
import { type Row, row, type Semantics } from '../row.ts';
import { arithmeticRows, operand, readAs, widthOf } from './common.ts';

const bitwise =
  (name: 'and' | 'or' | 'xor'): Semantics =>
  (o, i) => {
    const target = operand(i.operands, 0);
    const w = widthOf(target);
    const a = o.readForWrite(target);
    const b = readAs(o, operand(i.operands, 1), w);
    const r = o[name](w, a, b);
    o.write(target, r);
    o.flagsLogic(w, r);
  };

const test: Semantics = (o, i) => {
  const first = operand(i.operands, 0);
  const w = widthOf(first);
  o.flagsLogic(w, o.and(w, o.read(first), readAs(o, operand(i.operands, 1), w)));
};

const not: Semantics = (o, i) => {
  const target = operand(i.operands, 0);
  o.write(target, o.not(widthOf(target), o.readForWrite(target)));
};

const lock = { lock: true } as const;

export const logic: readonly Row[] = [
  ...arithmeticRows(1, 'OR', bitwise('or'), lock),
  ...arithmeticRows(4, 'AND', bitwise('and'), lock),
  ...arithmeticRows(6, 'XOR', bitwise('xor'), lock),
  row('84 /r', 'TEST', 'Eb,Gb', test),
  row('85 /r', 'TEST', 'Ev,Gv', test),
  row('A8', 'TEST', 'AL,Ib', test),
  row('A9', 'TEST', 'rAX,Iz', test),
  row('F6 /0', 'TEST', 'Eb,Ib', test),
  row('F7 /0', 'TEST', 'Ev,Iz', test),
  // Not in Intel's opcode map, but every processor takes /1 for /0 here, and AMD's map says so.
  row('F6 /1', 'TEST', 'Eb,Ib', test),
  row('F7 /1', 'TEST', 'Ev,Iz', test),
  row('F6 /2', 'NOT', 'Eb', not, lock),
  row('F7 /2', 'NOT', 'Ev', not, lock),
];
