/**
 * FSIN, FCOS, FSINCOS, FPTAN, FPATAN, F2XM1, FYL2X, FYL2XP1 (SDM Vol. 1, 8.3.7 and 8.3.8, and the tables of Vol. 2A).
 *
 * Manuals promise one unit in the last place. Logarithms, the power and the arctangent go through the steps of AMD's
 * processors, and give their last bit but for few arguments (`float/logarithm.ts`, `power.ts`, `arctangent.ts`); sine,
 * cosine and tangent round the exact value of the reduced argument once. Where manuals say nothing, AMD's processors were asked:
 * what is out of range, and which exact results count as inexact (all but those of zeros and infinities).
 */
import { arcTangent68 } from '../../float/arctangent.ts';
import { leadingExponent, quartersOfPi, type Real, sineAndCosine, tangent } from '../../float/elementary.ts';
import { EXTENDED80, INFINITY, infinityOf, type Unpacked, unpack, ZERO, zeroOf } from '../../float/format.ts';
import { logarithm68, logarithmOfOnePlus68 } from '../../float/logarithm.ts';
import { type FloatMode, type FloatResult, PE, UE, ZE } from '../../float/mode.ts';
import { denormalFlag, exact, invalid, nanResult } from '../../float/nan.ts';
import { exponentialMinusOne68 } from '../../float/power.ts';
import { product } from '../../float/register68.ts';
import { roundToFormat } from '../../float/round.ts';
import { type Row, row } from '../row.ts';
import { C1, C2, type Fpu, INDEFINITE } from './fpu.ts';
import { type Operation, x87 } from './operation.ts';

const F = EXTENDED80;
const ONE = (BigInt(F.bias) << F.fieldBits) | (1n << BigInt(F.precision - 1));

const round = ({ negative, significand, exponent }: Real, mode: FloatMode, flags: number): FloatResult =>
  roundToFormat(F, negative, significand, exponent, mode, flags);

// --- trigonometry ---------------------------------------------------------------------------------------------------

/** Half of pi as processors take it for reducing arguments: 66 bits, the last of them worth 2**-65. */
const HALF_PI = 0x3243f6a8885a308d3n;
const HALF_PI_EXPONENT = -65;

/** From here on an argument is refused. */
const RANGE = 63;

/** The rest of a number by halves of pi, at most a quarter of pi, and how many of them modulo 4. */
function reduce(x: Unpacked): { rest: Real; quarter: number } {
  if (leadingExponent(x) < -1) return { rest: x, quarter: 0 };
  const shift = x.exponent - HALF_PI_EXPONENT;
  const unit = HALF_PI << BigInt(Math.max(0, -shift));
  const value = x.significand << BigInt(Math.max(0, shift));
  const count = (value * 2n + unit) / (unit * 2n);
  const rest = value - count * unit;
  const negative = rest < 0n !== x.negative;
  return {
    rest: { negative, significand: rest < 0n ? -rest : rest, exponent: Math.min(x.exponent, HALF_PI_EXPONENT) },
    quarter: Number(BigInt.asUintN(2, x.negative ? -count : count)),
  };
}

const negated = (x: Real): Real => ({ ...x, negative: !x.negative });
const negatedIf = (condition: boolean, x: Real): Real => (condition ? negated(x) : x);

/** Sine and cosine, each rounded, of a finite number that is not zero and in range. */
function sinesOf(x: Unpacked, mode: FloatMode): { sine: FloatResult; cosine: FloatResult } {
  const flags = denormalFlag(x);
  const { rest, quarter } = reduce(x);
  const { sine, cosine } = sineAndCosine(rest);
  const [s, c] = quarter & 1 ? [cosine, negated(sine)] : [sine, cosine];
  const turned = (quarter & 2) !== 0;
  return { sine: round(negatedIf(turned, s), mode, flags), cosine: round(negatedIf(turned, c), mode, flags) };
}

/** What all trigonometric functions answer alike: a NaN, infinities, or that the argument is out of range. */
const unusual = (x: Unpacked, bits: bigint): FloatResult | 'out of range' | undefined => {
  const nan = nanResult(F, [bits], [x]);
  if (nan) return nan;
  if (x.kind === INFINITY) return invalid(F);
  return x.kind !== ZERO && leadingExponent(x) >= RANGE ? 'out of range' : undefined;
};

/** FSIN and FCOS. */
const sineOrCosine =
  (which: 'sine' | 'cosine'): Operation =>
  (fpu) => {
    fpu.setConditions(C1 | C2, 0);
    if (fpu.isEmpty(0)) {
      if (fpu.underflow()) fpu.setSt(0, INDEFINITE);
      return;
    }
    const bits = fpu.st(0);
    const x = unpack(F, bits, false);
    const answer = unusual(x, bits);
    if (answer === 'out of range') fpu.setConditions(C2, C2);
    if (answer === 'out of range') return;
    const result = answer ?? (x.kind === ZERO ? exact(which === 'sine' ? bits : ONE, 0) : sinesOf(x, fpu.mode)[which]);
    if (fpu.settle(result.flags, result.roundedUp)) fpu.setSt(0, result.bits);
  };

/** FSINCOS and FPTAN: replaces ST(0) by the first answer and pushes the second. */
const withPush =
  (compute: (x: Unpacked, bits: bigint, mode: FloatMode) => { first: FloatResult; second: FloatResult }): Operation =>
  (fpu) => {
    fpu.setConditions(C1 | C2, 0);
    const [empty, full] = [fpu.isEmpty(0), !fpu.isEmpty(7)];
    if (empty || full) {
      if (empty ? !fpu.underflow() : !fpu.overflow()) return;
      fpu.setSt(0, INDEFINITE);
      fpu.push(INDEFINITE);
      return;
    }
    const bits = fpu.st(0);
    const x = unpack(F, bits, false);
    const answer = unusual(x, bits);
    if (answer === 'out of range') fpu.setConditions(C2, C2);
    if (answer === 'out of range') return;
    const { first, second } = answer ? { first: answer, second: answer } : compute(x, bits, fpu.mode);
    if (!fpu.settle(first.flags | second.flags, first.roundedUp)) return;
    fpu.setSt(0, first.bits);
    fpu.push(second.bits);
  };

const sineAndCosineOf = withPush((x, bits, mode) => {
  if (x.kind === ZERO) return { first: exact(bits, 0), second: exact(ONE, 0) };
  const { sine, cosine } = sinesOf(x, mode);
  return { first: sine, second: cosine };
});

const partialTangent = withPush((x, bits, mode) => {
  if (x.kind === ZERO) return { first: exact(bits, 0), second: exact(ONE, 0) };
  const { rest, quarter } = reduce(x);
  return { first: round(tangent(rest, (quarter & 1) !== 0), mode, denormalFlag(x)), second: exact(ONE, 0) };
});

/** The angle of (x, y): ST(1) = y, ST(0) = x (SDM Vol. 2A, table 3-31). */
function arcTangent(y: bigint, x: bigint, mode: FloatMode): FloatResult {
  const uy = unpack(F, y, false);
  const ux = unpack(F, x, false);
  const nan = nanResult(F, [y, x], [uy, ux]);
  if (nan) return nan;
  const flags = denormalFlag(uy, ux);
  const quarters = (n: number): FloatResult => round(quartersOfPi(n, uy.negative), mode, flags);
  if (uy.kind === INFINITY) return quarters(ux.kind !== INFINITY ? 2 : ux.negative ? 3 : 1);
  if (uy.kind === ZERO || ux.kind === INFINITY) return ux.negative ? quarters(4) : exact(zeroOf(F, uy.negative), flags);
  if (ux.kind === ZERO) return quarters(2);
  return round(arcTangent68(uy, ux), mode, flags);
}

// --- exponential and logarithms -----------------------------------------------------------------------------------------

const ALMOST_BITS = 128;
/** What 2**1 - 1 is before rounding. */
const ALMOST_ONE = (1n << BigInt(ALMOST_BITS)) - 1n;

/** 2**x - 1. */
function powerMinusOne(bits: bigint, mode: FloatMode): FloatResult {
  const x = unpack(F, bits, false);
  const nan = nanResult(F, [bits], [x]);
  if (nan) return nan;
  if (x.kind === ZERO) return exact(bits, 0);
  if (x.kind === INFINITY) return exact(x.negative ? ONE | F.signBit : bits, 0);
  const flags = denormalFlag(x);
  if (bits === ONE) return round({ negative: false, significand: ALMOST_ONE, exponent: -ALMOST_BITS }, mode, flags);
  if (bits === (ONE | F.signBit)) return exact(bits - (1n << F.fieldBits), PE);
  // Beyond the range arguments come back.
  if (leadingExponent(x) >= 0) return exact(bits, flags | PE);
  return round(exponentialMinusOne68(x), mode, flags);
}

/** y * log2(x), SDM Vol. 2A, table 3-60. */
function yLog2X(y: bigint, x: bigint, mode: FloatMode): FloatResult {
  const uy = unpack(F, y, false);
  const ux = unpack(F, x, false);
  const nan = nanResult(F, [y, x], [uy, ux]);
  if (nan) return nan;
  const flags = denormalFlag(uy, ux);
  if (ux.kind === ZERO) {
    if (uy.kind === ZERO) return invalid(F);
    return exact(infinityOf(F, !uy.negative), uy.kind === INFINITY ? 0 : ZE);
  }
  if (ux.negative) return invalid(F);
  const isOne = x === ONE;
  const below = leadingExponent(ux) < 0 && ux.kind !== INFINITY;
  if (uy.kind === INFINITY) return isOne ? invalid(F) : exact(infinityOf(F, uy.negative !== below), flags);
  if (ux.kind === INFINITY) return uy.kind === ZERO ? invalid(F) : exact(infinityOf(F, uy.negative), flags);
  if (uy.kind === ZERO || isOne) return exact(zeroOf(F, uy.negative !== below), flags);
  return inexactAlways(round(product(uy, logarithm68(ux)), mode, flags), mode);
}

/** y * log2(x + 1), SDM Vol. 2A, table 3-61. */
function yLog2XPlusOne(y: bigint, x: bigint, mode: FloatMode): FloatResult {
  const uy = unpack(F, y, false);
  const ux = unpack(F, x, false);
  const nan = nanResult(F, [y, x], [uy, ux]);
  if (nan) return nan;
  const flags = denormalFlag(uy, ux);
  const negative = uy.negative !== ux.negative;
  if (ux.kind === INFINITY) {
    return ux.negative || uy.kind === ZERO ? invalid(F) : exact(infinityOf(F, negative), flags);
  }
  if (uy.kind === INFINITY) return ux.kind === ZERO ? invalid(F) : exact(infinityOf(F, negative), flags);
  if (ux.kind === ZERO || uy.kind === ZERO) return exact(zeroOf(F, negative), flags);
  // Logarithms of what is not positive have no answer in manuals.
  if (ux.negative && leadingExponent(ux) >= 0) return exact(x, flags | PE);
  return inexactAlways(round(product(uy, logarithmOfOnePlus68(ux)), mode, flags), mode);
}

/** What is exact is not said to be, and a tiny result of that kind counts as an underflow. */
const inexactAlways = (result: FloatResult, mode: FloatMode): FloatResult => {
  const tiny = (result.bits & ~F.signBit) >> F.fieldBits === 0n && mode.underflowMasked;
  return { ...result, flags: result.flags | PE | (tiny ? UE : 0) };
};

/** ST(1) = f(ST(1), ST(0)), and a pop. */
const binary =
  (f: (st1: bigint, st0: bigint, mode: FloatMode) => FloatResult): Operation =>
  (fpu) => {
    if (fpu.anyEmpty(0, 1)) {
      if (!fpu.underflow()) return;
      fpu.setSt(1, INDEFINITE);
    } else {
      const { bits, flags, roundedUp } = f(fpu.st(1), fpu.st(0), fpu.mode);
      if (!fpu.settle(flags, roundedUp)) return;
      fpu.setSt(1, bits);
    }
    fpu.pop();
  };

const power: Operation = (fpu: Fpu) => {
  if (fpu.isEmpty(0)) {
    if (fpu.underflow()) fpu.setSt(0, INDEFINITE);
    return;
  }
  const { bits, flags, roundedUp } = powerMinusOne(fpu.st(0), fpu.mode);
  if (fpu.settle(flags, roundedUp)) fpu.setSt(0, bits);
};

export const transcendentalRows: readonly Row[] = [
  row('D9 F0', 'F2XM1', '', x87(power)),
  row('D9 F1', 'FYL2X', '', x87(binary(yLog2X))),
  row('D9 F2', 'FPTAN', '', x87(partialTangent)),
  row('D9 F3', 'FPATAN', '', x87(binary(arcTangent))),
  row('D9 F9', 'FYL2XP1', '', x87(binary(yLog2XPlusOne))),
  row('D9 FB', 'FSINCOS', '', x87(sineAndCosineOf)),
  row('D9 FE', 'FSIN', '', x87(sineOrCosine('sine'))),
  row('D9 FF', 'FCOS', '', x87(sineOrCosine('cosine'))),
];
