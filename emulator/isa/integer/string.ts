/**
 * MOVS, STOS, LODS, SCAS, CMPS with REP, REPE and REPNE (SDM Vol. 1, 7.3.9; Vol. 2B, REP).
 *
 * Each round writes rSI, rDI, rCX and flags, so a fault leaves the registers at the element that faulted. (For the
 * flags SDM Vol. 2B, REP, promises those from before the instruction; AMD processors leave those of the last whole
 * round.) MOVS, STOS and LODS take either prefix as REP.
 */
import { REPEAT_LIMIT } from '../../cpu.ts';
import { REG } from '../../state.ts';
import type { Instruction } from '../instruction.ts';
import type { Ops } from '../ops.ts';
import { type Row, row, type Semantics } from '../row.ts';
import { operand, widthOf } from './common.ts';

const { rcx, rsi, rdi } = REG;

/** Moves an index register by one element; 32-bit addressing clears the upper half. */
const advance = <V, C, X>(o: Ops<V, C, X>, i: Instruction, register: number, distance: V): void => {
  const w = i.addressSize;
  o.setRegister(w, register, o.add(w, o.register(w, register), distance));
};

/** Element size, negative with DF set, in the width of addresses. */
const distanceOf = <V, C, X>(o: Ops<V, C, X>, i: Instruction): V => {
  const w = i.addressSize;
  const bytes = widthOf(operand(i.operands, 0)) / 8;
  return o.select(w, o.directionFlag(), o.int(w, -bytes), o.int(w, bytes));
};

/**
 * Repeats `round` while rCX counts down to zero and `goOn`, asked after each round, holds. Without a prefix there is
 * one round and no count.
 */
const repeat = <V, C, X>(o: Ops<V, C, X>, i: Instruction, round: () => void, goOn?: () => C): void => {
  if (i.repeat === 'none') {
    round();
    return;
  }
  const w = i.addressSize;
  const counting = () => o.negate(o.isZero(w, o.register(w, rcx)));
  const unfinished = () => (goOn ? o.both(counting(), goOn()) : counting());
  o.if(counting(), () => {
    o.loop(REPEAT_LIMIT, () => {
      round();
      o.setRegister(w, rcx, o.sub(w, o.register(w, rcx), o.int(w, 1)));
      return unfinished();
    });
    o.if(unfinished(), () => o.again());
  });
};

const movs: Semantics = (o, i) => {
  const distance = distanceOf(o, i);
  repeat(o, i, () => {
    o.write(operand(i.operands, 0), o.read(operand(i.operands, 1)));
    advance(o, i, rsi, distance);
    advance(o, i, rdi, distance);
  });
};

const stos: Semantics = (o, i) => {
  const distance = distanceOf(o, i);
  const value = o.read(operand(i.operands, 1));
  repeat(o, i, () => {
    o.write(operand(i.operands, 0), value);
    advance(o, i, rdi, distance);
  });
};

const lods: Semantics = (o, i) => {
  const distance = distanceOf(o, i);
  repeat(o, i, () => {
    o.write(operand(i.operands, 0), o.read(operand(i.operands, 1)));
    advance(o, i, rsi, distance);
  });
};

/**
 * SCAS and CMPS differ in what is compared and which registers move. Which of two faults comes first is as AMD processors
 * have it: memory at rDI is read before that at rSI, but for REPE CMPSB.
 */
const compare = <V, C, X>(o: Ops<V, C, X>, i: Instruction, registers: readonly number[]): void => {
  const first = operand(i.operands, 0);
  const second = operand(i.operands, 1);
  const w = widthOf(first);
  const distance = distanceOf(o, i);
  const inOrder = i.repeat === 'rep' && w === 8;
  const round = () => {
    const early = o.read(inOrder ? first : second);
    const late = o.read(inOrder ? second : first);
    const [a, b] = inOrder ? [early, late] : [late, early];
    for (const register of registers) advance(o, i, register, distance);
    o.flagsSub(w, a, b, o.sub(w, a, b));
  };
  repeat(o, i, round, () => (i.repeat === 'rep' ? o.flag('zf') : o.negate(o.flag('zf'))));
};

const scas: Semantics = (o, i) => compare(o, i, [rdi]);
const cmps: Semantics = (o, i) => compare(o, i, [rsi, rdi]);

const repeats = { repeats: true } as const;

export const strings: readonly Row[] = [
  row('A4', 'MOVSB', 'Yb,Xb', movs, repeats),
  row('A5', 'MOVSW/MOVSD/MOVSQ', 'Yv,Xv', movs, repeats),
  row('A6', 'CMPSB', 'Xb,Yb', cmps, repeats),
  row('A7', 'CMPSW/CMPSD/CMPSQ', 'Xv,Yv', cmps, repeats),
  row('AA', 'STOSB', 'Yb,AL', stos, repeats),
  row('AB', 'STOSW/STOSD/STOSQ', 'Yv,rAX', stos, repeats),
  row('AC', 'LODSB', 'AL,Xb', lods, repeats),
  row('AD', 'LODSW/LODSD/LODSQ', 'rAX,Xv', lods, repeats),
  row('AE', 'SCASB', 'AL,Yb', scas, repeats),
  row('AF', 'SCASW/SCASD/SCASQ', 'rAX,Yv', scas, repeats),
];
