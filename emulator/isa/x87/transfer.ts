/** Loads, stores, constants, FXCH, FCMOVcc and the sign (SDM Vol. 1, 8.3.3 and 8.3.4). */
import { convert, toInteger } from '../../float/convert.ts';
import { BINARY32, BINARY64, EXTENDED80, SIGNALLING_NAN, unpack } from '../../float/format.ts';
import { DE, type FloatResult, IE, OE, ROUND_NEAREST, ROUND_UP, ROUND_ZERO, UE } from '../../float/mode.ts';
import { exact } from '../../float/nan.ts';
import { type Row, row } from '../row.ts';
import { fromBcd, INDEFINITE_BCD, toBcd } from './bcd.ts';
import { type Fpu, INDEFINITE } from './fpu.ts';
import { type Operation, x87 } from './operation.ts';
import { memoryExtended, memoryFloat, memoryInteger, type Source } from './source.ts';

/** A denormal is loaded even if that exception is not masked (so on AMD). */
const load =
  (source: Source): Operation =>
  (fpu, operands) => {
    const { bits, flags } = source(fpu, operands);
    if (!fpu.isEmpty(7)) {
      if (fpu.overflow()) fpu.push(INDEFINITE);
    } else if (fpu.settle(flags) || flags === DE) fpu.push(bits);
  };

/** A signalling NaN in one of the shorter formats becomes quiet on its way; m80 is taken as it is. */
const loadFloat = (width: 32 | 64): Operation => {
  const source = memoryFloat(width);
  return load((fpu, operands) => {
    const value = source(fpu, operands);
    if (unpack(EXTENDED80, value.bits, false).kind !== SIGNALLING_NAN) return value;
    return { bits: value.bits | EXTENDED80.quietBit, flags: IE };
  });
};

const loadRegister: Operation = (fpu, { register }) => {
  if (fpu.isEmpty(register)) {
    if (fpu.underflow()) fpu.push(INDEFINITE);
    return;
  }
  const bits = fpu.st(register);
  if (!fpu.isEmpty(7)) {
    if (fpu.overflow()) fpu.push(INDEFINITE);
  } else if (fpu.settle(0)) fpu.push(bits);
};

/**
 * A constant, held as its first 64 bits: the rest of it is below a half (`up` false) or above (SDM Vol. 1, 8.3.8: they are
 * rounded as the control word says, without an exception).
 */
const constant = (truncated: bigint, above: 'exact' | 'below half' | 'above half'): Operation =>
  load((fpu) => {
    const { rounding } = fpu;
    const up = rounding === ROUND_UP || (rounding === ROUND_NEAREST && above === 'above half');
    return { bits: above !== 'exact' && up ? truncated + 1n : truncated, flags: 0 };
  });

/** What a store makes of ST(0). `bytes` of memory are written in pieces of these sizes. */
interface Target {
  readonly pieces: readonly number[];
  readonly indefinite: bigint;
  convert(fpu: Fpu, st0: bigint): FloatResult;
}

const store =
  (target: Target, pops: boolean): Operation =>
  (fpu, { address }) => {
    const { context } = fpu;
    const places = target.pieces.map((bytes, n) => ({
      bytes,
      offset: BigInt(target.pieces.slice(0, n).reduce((sum, size) => sum + size, 0)),
    }));
    const at = (offset: bigint): bigint => BigInt.asUintN(64, address + offset);
    for (const { bytes, offset } of places) context.probeWrite(at(offset), bytes);
    let bits = target.indefinite;
    if (fpu.isEmpty(0)) {
      if (!fpu.underflow()) return;
    } else {
      const result = target.convert(fpu, fpu.st(0));
      // A result that is too large or too small for memory and must not be has nowhere to go (SDM Vol. 1, 8.5.4, 8.5.5).
      const impossible = fpu.unmasked(result.flags & (OE | UE));
      if (impossible !== 0) {
        fpu.settle(impossible);
        return;
      }
      if (!fpu.settle(result.flags, result.roundedUp)) return;
      bits = result.bits;
    }
    for (const { bytes, offset } of places) {
      context.store(bytes, at(offset), BigInt.asUintN(bytes * 8, bits >> (offset * 8n)));
    }
    if (pops) fpu.pop();
  };

const floatTarget = (width: 32 | 64): Target => {
  const format = width === 32 ? BINARY32 : BINARY64;
  return {
    pieces: [width / 8],
    indefinite: format.defaultNaN,
    convert(fpu, st0) {
      // Stores do not report denormals.
      const { bits, flags, roundedUp } = convert(EXTENDED80, format, st0, fpu.mode);
      return { bits, flags: flags & ~DE, roundedUp };
    },
  };
};

const extendedTarget: Target = { pieces: [8, 2], indefinite: INDEFINITE, convert: (_, st0) => exact(st0, 0) };

const integerTarget = (width: 16 | 32 | 64): Target => ({
  pieces: [width / 8],
  indefinite: 1n << BigInt(width - 1),
  convert: (fpu, st0) => toInteger(EXTENDED80, st0, width, fpu.mode, fpu.rounding),
});

/** FISTTP rounds towards zero, whatever the control word says. */
const truncatedTarget = (width: 16 | 32 | 64): Target => ({
  ...integerTarget(width),
  convert: (fpu, st0) => toInteger(EXTENDED80, st0, width, fpu.mode, ROUND_ZERO),
});

const bcdTarget: Target = {
  pieces: [8, 2],
  indefinite: INDEFINITE_BCD,
  convert: (fpu, st0) => toBcd(st0, fpu.mode),
};

const memoryBcd: Source = (fpu, operands) => ({ bits: fromBcd(memoryExtended(fpu, operands).bits), flags: 0 });

const storeRegister =
  (pops: boolean): Operation =>
  (fpu, { register }) => {
    if (fpu.isEmpty(0)) {
      if (!fpu.underflow()) return;
      fpu.setSt(register, INDEFINITE);
    } else {
      fpu.settle(0);
      fpu.setSt(register, fpu.st(0));
    }
    if (pops) fpu.pop();
  };

/** D9 D8+i: a FSTP that does not mind an empty ST(0), which it just drops. */
const storeUnchecked: Operation = (fpu, { register }) => {
  fpu.settle(0);
  if (!fpu.isEmpty(0)) fpu.setSt(register, fpu.st(0));
  fpu.pop();
};

const exchange: Operation = (fpu, { register }) => {
  if (fpu.anyEmpty(0, register)) {
    if (!fpu.underflow()) return;
  } else fpu.settle(0);
  const value = (n: number): bigint => (fpu.isEmpty(n) ? INDEFINITE : fpu.st(n));
  const [a, b] = [value(0), value(register)];
  fpu.setSt(0, b);
  fpu.setSt(register, a);
};

const conditionalMove: Operation = (fpu, { register, extra }) => {
  if (fpu.anyEmpty(0, register)) {
    if (fpu.underflow()) fpu.setSt(0, INDEFINITE);
  } else if (extra !== 0n) fpu.setSt(0, fpu.st(register));
};

/** FABS and FCHS change the sign of anything. */
const changeSign =
  (change: (bits: bigint) => bigint): Operation =>
  (fpu) => {
    if (fpu.isEmpty(0)) {
      if (fpu.underflow()) fpu.setSt(0, INDEFINITE);
    } else {
      fpu.settle(0);
      fpu.setSt(0, change(fpu.st(0)));
    }
  };

const fcmov = (encoding: string, mnemonic: string, condition: number): Row =>
  row(
    encoding,
    mnemonic,
    'ST0,STi',
    x87(conditionalMove, {}, (o) => o.fromCondition(64, o.conditionCode(condition))),
  );

export const transferRows: readonly Row[] = [
  row('D9 /0', 'FLD', 'Md', x87(loadFloat(32))),
  row('DD /0', 'FLD', 'Mq', x87(loadFloat(64))),
  row('DB /5', 'FLD', 'Mt', x87(load(memoryExtended))),
  row('D9 C0+i', 'FLD', 'STi', x87(loadRegister)),
  row('DF /0', 'FILD', 'Mw', x87(load(memoryInteger(16)))),
  row('DB /0', 'FILD', 'Md', x87(load(memoryInteger(32)))),
  row('DF /5', 'FILD', 'Mq', x87(load(memoryInteger(64)))),
  row('DF /4', 'FBLD', 'Mt', x87(load(memoryBcd))),
  row('D9 /2', 'FST', 'Md', x87(store(floatTarget(32), false))),
  row('DD /2', 'FST', 'Mq', x87(store(floatTarget(64), false))),
  row('DD D0+i', 'FST', 'STi', x87(storeRegister(false))),
  row('D9 /3', 'FSTP', 'Md', x87(store(floatTarget(32), true))),
  row('DD /3', 'FSTP', 'Mq', x87(store(floatTarget(64), true))),
  row('DB /7', 'FSTP', 'Mt', x87(store(extendedTarget, true))),
  row('DD D8+i', 'FSTP', 'STi', x87(storeRegister(true))),
  row('DF /2', 'FIST', 'Mw', x87(store(integerTarget(16), false))),
  row('DB /2', 'FIST', 'Md', x87(store(integerTarget(32), false))),
  row('DF /3', 'FISTP', 'Mw', x87(store(integerTarget(16), true))),
  row('DB /3', 'FISTP', 'Md', x87(store(integerTarget(32), true))),
  row('DF /7', 'FISTP', 'Mq', x87(store(integerTarget(64), true))),
  row('DF /1', 'FISTTP', 'Mw', x87(store(truncatedTarget(16), true)), { feature: 'SSE3' }),
  row('DB /1', 'FISTTP', 'Md', x87(store(truncatedTarget(32), true)), { feature: 'SSE3' }),
  row('DD /1', 'FISTTP', 'Mq', x87(store(truncatedTarget(64), true)), { feature: 'SSE3' }),
  row('DF /6', 'FBSTP', 'Mt', x87(store(bcdTarget, true))),
  row('D9 C8+i', 'FXCH', 'STi', x87(exchange)),
  // Other encodings of the same, which manuals leave out and processors execute.
  row('D9 D8+i', 'FSTPNCE', 'STi,ST0', x87(storeUnchecked)),
  row('DF D0+i', 'FSTP', 'STi', x87(storeRegister(true))),
  row('DF D8+i', 'FSTP', 'STi', x87(storeRegister(true))),
  row('DD C8+i', 'FXCH', 'STi', x87(exchange)),
  row('DF C8+i', 'FXCH', 'STi', x87(exchange)),
  fcmov('DA C0+i', 'FCMOVB', 2),
  fcmov('DA C8+i', 'FCMOVE', 4),
  fcmov('DA D0+i', 'FCMOVBE', 6),
  fcmov('DA D8+i', 'FCMOVU', 10),
  fcmov('DB C0+i', 'FCMOVNB', 3),
  fcmov('DB C8+i', 'FCMOVNE', 5),
  fcmov('DB D0+i', 'FCMOVNBE', 7),
  fcmov('DB D8+i', 'FCMOVNU', 11),
  row('D9 E0', 'FCHS', '', x87(changeSign((bits) => bits ^ EXTENDED80.signBit))),
  row('D9 E1', 'FABS', '', x87(changeSign((bits) => bits & ~EXTENDED80.signBit))),
  row('D9 E8', 'FLD1', '', x87(constant(0x3fff8000000000000000n, 'exact'))),
  row('D9 E9', 'FLDL2T', '', x87(constant(0x4000d49a784bcd1b8afen, 'below half'))),
  row('D9 EA', 'FLDL2E', '', x87(constant(0x3fffb8aa3b295c17f0bbn, 'above half'))),
  row('D9 EB', 'FLDPI', '', x87(constant(0x4000c90fdaa22168c234n, 'above half'))),
  row('D9 EC', 'FLDLG2', '', x87(constant(0x3ffd9a209a84fbcff798n, 'above half'))),
  row('D9 ED', 'FLDLN2', '', x87(constant(0x3ffeb17217f7d1cf79abn, 'above half'))),
  row('D9 EE', 'FLDZ', '', x87(constant(0n, 'exact'))),
];
