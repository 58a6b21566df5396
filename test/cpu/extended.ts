/** Random x87 state: extended-precision values, stack and control words. */
import { X87_EXCEPTIONS, X87_STATUS } from '../../emulator/state.ts';
import type { Random } from './random.ts';
import type { X87State } from './x87.ts';

const MAX_EXPONENT = 0x7fff;
const BIAS = 0x3fff;
const ONE = 1n << 63n;

const EXPONENTS = [
  ...[0, 0, 1, 2, BIAS, BIAS - 1, BIAS + 1, BIAS + 31, BIAS + 62, BIAS + 63, BIAS + 64, BIAS - 63, BIAS - 64],
  ...[0x7ffe, MAX_EXPONENT, MAX_EXPONENT, BIAS - 1022, BIAS - 1023, BIAS + 1023, BIAS + 1024, BIAS - 126, BIAS + 127],
];
const SIGNIFICANDS = [
  ...[ONE, ONE, ONE, ONE | 1n, 0xffffffffffffffffn, 0xc000000000000000n, 0xa000000000000000n, 0x8000000000000800n],
  ...[0x8000000000000400n, 0x8000008000000000n, 0xfffffffffffff800n, 0xffffff0000000000n, 0xc90fdaa22168c235n],
  // Denormals, and what the processor does not know as a number: unnormals, pseudo-denormals, pseudo-NaNs.
  ...[0n, 0n, 1n, 0x7fffffffffffffffn, 0x4000000000000000n],
];

/** 80 bits. */
export const extended = (r: Random): bigint => {
  const sign = BigInt(r.below(2)) << 79n;
  const make = (exponent: number, significand: bigint) => sign | (BigInt(exponent) << 64n) | significand;
  switch (r.below(8)) {
    case 0:
      return make(r.pick(EXPONENTS), r.pick(SIGNIFICANDS));
    case 1: {
      // Numbers proper: infinities and NaNs with their leading one, zeros and denormals without.
      const exponent = r.pick(EXPONENTS);
      const significand = r.pick(SIGNIFICANDS);
      return make(exponent, exponent === 0 ? significand & ~ONE : significand | ONE);
    }
    case 2: // small integers
      return make(BIAS + r.below(20), ONE | (BigInt(r.next()) << 31n) | (BigInt(r.next()) & 0xfffffn & ~0xfffffn));
    case 3: // near one another
      return make(BIAS + r.below(8) - 4, ONE | (r.bits64() >> BigInt(r.below(63))));
    case 4: // what fits doubles and floats
      return make(BIAS + r.below(2048) - 1024, ONE | ((r.bits64() << BigInt(11 + r.below(30))) & (ONE - 1n)));
    case 5: // near the integers that 64, 32, 16 bits hold
      return make(
        BIAS + r.pick([14, 15, 30, 31, 62, 63]),
        r.chance(0.5) ? ONE : ~0n & (((1n << 64n) - 1n) & (-1n << BigInt(r.below(50)))),
      );
    default:
      return make(r.below(MAX_EXPONENT + 1), ONE | r.bits64());
  }
};

/** FCW: all rounding modes, precisions and masks; the precision which is reserved does not occur. */
export const x87Control = (r: Random): number => {
  if (r.chance(0.35)) return 0x37f;
  const precision = r.pick([0, 2, 3, 3]) << 8;
  const masks = r.chance(0.7) ? X87_EXCEPTIONS : r.below(64);
  return (r.below(4) << 10) | precision | masks | 0x40;
};

/** `lane` makes the contents of the registers. */
export const x87State = (r: Random, lane: (r: Random) => bigint): X87State => {
  const fcw = x87Control(r);
  const sticky = r.chance(0.3) ? r.below(64) & (r.chance(0.85) ? fcw : X87_EXCEPTIONS) : 0;
  const pending = (sticky & ~fcw & X87_EXCEPTIONS) !== 0;
  const codes = (r.next() & 0x4700) | (r.chance(0.1) ? X87_STATUS.SF : 0);
  const top = r.chance(0.5) ? 0 : r.below(8);
  return {
    fcw,
    fsw: sticky | codes | (top << 11) | (pending ? X87_STATUS.ES | X87_STATUS.B : 0),
    ftw: r.pick([0xff, 0xff, 0xff, 0, r.below(256), r.below(256)]),
    fop: pending ? r.below(0x800) : 0,
    fip: pending ? BigInt(r.next()) : 0n,
    fdp: pending ? BigInt(r.next()) : 0n,
    st: Array.from({ length: 8 }, () => lane(r)),
  };
};
