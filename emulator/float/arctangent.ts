/**
 * The angle of a point in the steps of AMD's FPATAN: the ratio of the smaller to the larger coordinate is rounded to 68 bits;
 * its arctangent is the answer if it belongs to y / x with x positive, and otherwise, rounded to 68 bits, is added to half of
 * pi or subtracted from that or from pi, constants of 68 bits too.
 */
import { arcTangent, inexact, isSmaller, type Real } from './elementary.ts';
import { divide68, round68, sum } from './register68.ts';

/** pi, 68 bits. */
const PI: Real = { negative: false, significand: 0xc90fdaa22168c234cn, exponent: -66 };
const HALF_PI: Real = { ...PI, exponent: -67 };

const magnitude = (x: Real): Real => ({ ...x, negative: false });

/** The angle of (x, y), from -pi to pi with the sign of y; neither may be 0. */
export function arcTangent68(y: Real, x: Real): Real {
  const steep = isSmaller(x, y);
  const [small, large] = steep ? [x, y] : [y, x];
  const arc = arcTangent(divide68(magnitude(small), magnitude(large)));
  const turned = (from: Real, negative: boolean): Real => inexact(sum(from, { ...round68(arc), negative }));
  const angle = steep ? turned(HALF_PI, !x.negative) : x.negative ? turned(PI, true) : arc;
  return { ...angle, negative: y.negative };
}
