/** FADD, FSUB, FMUL, FDIV in all their forms, and FSQRT (SDM Vol. 1, 8.3.5). */
import { add, div, mul, sqrt, sub } from '../../float/arithmetic.ts';
import { EXTENDED80, type Format, isNaNKind, unpack } from '../../float/format.ts';
import { type FloatMode, type FloatResult, IE, ZE } from '../../float/mode.ts';
import { type Row, row, type Semantics } from '../row.ts';
import { INDEFINITE } from './fpu.ts';
import { type Operation, x87 } from './operation.ts';
import { memoryFloat, memoryInteger, type Source } from './source.ts';

type Binary = (f: Format, a: bigint, b: bigint, mode: FloatMode) => FloatResult;

const reversed =
  (f: Binary): Binary =>
  (format, a, b, mode) =>
    f(format, b, a, mode);

/** Whether a denormal operand goes unreported beside what these operands and flags tell. */
const hidesDenormal = (a: bigint, b: bigint, flags: number): boolean =>
  (flags & (IE | ZE)) !== 0 || [a, b].some((bits) => isNaNKind(unpack(EXTENDED80, bits, false).kind));

/** ST(0) = f(ST(0), memory). */
const withMemory =
  (f: Binary, source: Source): Operation =>
  (fpu, operands) => {
    const { bits, flags: denormal } = source(fpu, operands);
    if (fpu.isEmpty(0)) {
      if (fpu.underflow()) fpu.setSt(0, INDEFINITE);
      return;
    }
    const st0 = fpu.st(0);
    const result = f(EXTENDED80, st0, bits, fpu.modeWithPrecision);
    const flags = result.flags | (hidesDenormal(st0, bits, result.flags) ? 0 : denormal);
    if (fpu.settle(flags, result.roundedUp)) fpu.setSt(0, result.bits);
  };

/** ST(to) = f(ST(to), ST(from)), one of the two being ST(0). */
const withRegister =
  (f: Binary, toStack: 'ST0' | 'STi' | 'STi, pop'): Operation =>
  (fpu, { register }) => {
    const [to, from] = toStack === 'ST0' ? [0, register] : [register, 0];
    if (fpu.anyEmpty(to, from)) {
      if (!fpu.underflow()) return;
      fpu.setSt(to, INDEFINITE);
    } else {
      const result = f(EXTENDED80, fpu.st(to), fpu.st(from), fpu.modeWithPrecision);
      if (!fpu.settle(result.flags, result.roundedUp)) return;
      fpu.setSt(to, result.bits);
    }
    if (toStack === 'STi, pop') fpu.pop();
  };

const squareRoot: Operation = (fpu) => {
  if (fpu.isEmpty(0)) {
    if (fpu.underflow()) fpu.setSt(0, INDEFINITE);
    return;
  }
  const { bits, flags, roundedUp } = sqrt(EXTENDED80, fpu.st(0), fpu.modeWithPrecision);
  if (fpu.settle(flags, roundedUp)) fpu.setSt(0, bits);
};

const hex = (n: number): string => n.toString(16).toUpperCase();

/**
 * All forms of one operation. `digit` is its number in ModRM.reg of D8; in DC and DE, where ST(i) is the destination, the
 * reversed operation has it, so that a register form subtracts or divides the other way round than its digit says.
 */
const forms = (name: string, digit: number, swapped: number, f: Binary): Row[] => {
  const memory = (source: Source): Semantics => x87(withMemory(f, source));
  const toSt0 = hex(0xc0 + digit * 8);
  const toSti = hex(0xc0 + swapped * 8);
  return [
    row(`D8 /${digit}`, `F${name}`, 'Md', memory(memoryFloat(32))),
    row(`DC /${digit}`, `F${name}`, 'Mq', memory(memoryFloat(64))),
    row(`DA /${digit}`, `FI${name}`, 'Md', memory(memoryInteger(32))),
    row(`DE /${digit}`, `FI${name}`, 'Mw', memory(memoryInteger(16))),
    row(`D8 ${toSt0}+i`, `F${name}`, 'ST0,STi', x87(withRegister(f, 'ST0'))),
    row(`DC ${toSti}+i`, `F${name}`, 'STi,ST0', x87(withRegister(f, 'STi'))),
    row(`DE ${toSti}+i`, `F${name}P`, 'STi,ST0', x87(withRegister(f, 'STi, pop'))),
  ];
};

export const arithmeticRows: readonly Row[] = [
  ...forms('ADD', 0, 0, add),
  ...forms('MUL', 1, 1, mul),
  ...forms('SUB', 4, 5, sub),
  ...forms('SUBR', 5, 4, reversed(sub)),
  ...forms('DIV', 6, 7, div),
  ...forms('DIVR', 7, 6, reversed(div)),
  row('D9 FA', 'FSQRT', '', x87(squareRoot)),
];
