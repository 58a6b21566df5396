/** Comparison and classification (SDM Vol. 1, 8.3.6). */
import { compare, EQUAL, GREATER, LESS, type Relation, UNORDERED } from '../../float/compare.ts';
import { EXTENDED80, INFINITY, QUIET_NAN, SIGNALLING_NAN, UNSUPPORTED, unpack, ZERO } from '../../float/format.ts';

import type { Ops } from '../ops.ts';
import { type Row, row } from '../row.ts';
import { C0, C1, C2, C3, CONDITIONS, EXACT, type Fpu } from './fpu.ts';
import { type Operands, type Operation, type ResultOperation, x87, x87With } from './operation.ts';
import { memoryFloat, memoryInteger, type Source, type SourceValue } from './source.ts';

/** SDM Vol. 1, table 8-6. */
const CONDITION_OF: Readonly<Record<Relation, number>> = {
  [GREATER]: 0,
  [LESS]: C0,
  [EQUAL]: C3,
  [UNORDERED]: C0 | C2 | C3,
};

/** Compares ST(0); `signalling` objects to quiet NaNs too. Gives the relation as the conditions, or null: not done. */
const relate = (
  fpu: Fpu,
  other: SourceValue | null,
  signalling: boolean,
  keepsC1: boolean,
): { conditions: number; done: boolean } => {
  const unordered = CONDITION_OF[UNORDERED];
  if (other === null || fpu.isEmpty(0)) return { conditions: unordered, done: fpu.underflow() };
  const { relation, flags } = compare(EXTENDED80, fpu.st(0), other.bits, EXACT, signalling);
  const c1 = fpu.status & C1;
  const done = fpu.settle(flags | (relation === UNORDERED ? 0 : other.flags));
  if (keepsC1) fpu.setConditions(C1, c1);
  return { conditions: CONDITION_OF[relation], done };
};

const registerOf = (fpu: Fpu, { register }: Operands): SourceValue | null =>
  fpu.isEmpty(register) ? null : { bits: fpu.st(register), flags: 0 };

/** FCOM and its kin: the relation goes to C3, C2 and C0. */
const compareWith =
  (source: Source | typeof registerOf, signalling: boolean, pops: number): Operation =>
  (fpu, operands) => {
    const { conditions, done } = relate(fpu, source(fpu, operands), signalling, false);
    fpu.setConditions(C0 | C2 | C3, conditions);
    if (done) for (let n = 0; n < pops; n++) fpu.pop();
  };

/** FCOMI and its kin: the result is C3, C2 and C0 too, which go to ZF, PF and CF. */
const compareToFlags =
  (signalling: boolean, pops: boolean): ResultOperation =>
  (fpu, operands) => {
    const { conditions, done } = relate(fpu, registerOf(fpu, operands), signalling, true);
    if (done && pops) fpu.pop();
    return conditions;
  };

const setFlags = <V, C, X>(o: Ops<V, C, X>, conditions: V): void => {
  const bit = (mask: number): C => o.bit(64, conditions, Math.log2(mask));
  const no = o.condition(false);
  o.setFlags({ zf: bit(C3), pf: bit(C2), cf: bit(C0), of: no, sf: no, af: no });
};

const fcomi = (encoding: string, mnemonic: string, signalling: boolean, pops: boolean): Row =>
  row(encoding, mnemonic, 'ST0,STi', x87With(compareToFlags(signalling, pops), setFlags));

const zero: Source = () => ({ bits: 0n, flags: 0 });

/** FXAM: SDM Vol. 2A, table 3-42. */
const examine: Operation = (fpu) => {
  const bits = fpu.st(0);
  const sign = bits & EXTENDED80.signBit ? C1 : 0;
  fpu.setConditions(CONDITIONS, sign | (fpu.isEmpty(0) ? C3 | C0 : classOf(bits)));
};

const classOf = (bits: bigint): number => {
  const { kind, denormal } = unpack(EXTENDED80, bits, false);
  switch (kind) {
    case UNSUPPORTED:
      return 0;
    case QUIET_NAN:
    case SIGNALLING_NAN:
      return C0;
    case INFINITY:
      return C2 | C0;
    case ZERO:
      return C3;
    default:
      return denormal ? C3 | C2 : C2;
  }
};

const com = (encoding: string, mnemonic: string, signalling: boolean, pops: number): Row =>
  row(encoding, mnemonic, 'STi', x87(compareWith(registerOf, signalling, pops)));

const comMemory = (digit: number, name: string, pops: number): Row[] => [
  row(`D8 /${digit}`, `F${name}`, 'Md', x87(compareWith(memoryFloat(32), true, pops))),
  row(`DC /${digit}`, `F${name}`, 'Mq', x87(compareWith(memoryFloat(64), true, pops))),
  row(`DA /${digit}`, `FI${name}`, 'Md', x87(compareWith(memoryInteger(32), true, pops))),
  row(`DE /${digit}`, `FI${name}`, 'Mw', x87(compareWith(memoryInteger(16), true, pops))),
];

export const compareRows: readonly Row[] = [
  ...comMemory(2, 'COM', 0),
  ...comMemory(3, 'COMP', 1),
  com('D8 D0+i', 'FCOM', true, 0),
  com('D8 D8+i', 'FCOMP', true, 1),
  row('DE D9', 'FCOMPP', '', x87(compareWith(registerOf, true, 2))),
  com('DD E0+i', 'FUCOM', false, 0),
  com('DD E8+i', 'FUCOMP', false, 1),
  row('DA E9', 'FUCOMPP', '', x87(compareWith(registerOf, false, 2))),
  // Other encodings of the same, which manuals leave out and processors execute.
  com('DC D0+i', 'FCOM', true, 0),
  com('DC D8+i', 'FCOMP', true, 1),
  com('DE D0+i', 'FCOMP', true, 1),
  fcomi('DB F0+i', 'FCOMI', true, false),
  fcomi('DF F0+i', 'FCOMIP', true, true),
  fcomi('DB E8+i', 'FUCOMI', false, false),
  fcomi('DF E8+i', 'FUCOMIP', false, true),
  row('D9 E4', 'FTST', '', x87(compareWith(zero, true, 0))),
  row('D9 E5', 'FXAM', '', x87(examine)),
];
