/** Which NaN an operation answers with, and the exceptions its operands alone decide. */
import { type Format, isNaNKind, QUIET_NAN, SIGNALLING_NAN, UNSUPPORTED, type Unpacked } from './format.ts';
import { DE, type FloatResult, IE } from './mode.ts';

/** An invalid operation: the default NaN. */
export function invalid(f: Format): FloatResult {
  return { bits: f.defaultNaN, flags: IE, roundedUp: false };
}

/** A result that needs no rounding. */
export function exact(bits: bigint, flags: number): FloatResult {
  return { bits, flags, roundedUp: false };
}

/** DE if any operand is denormal. */
export function denormalFlag(...operands: Unpacked[]): number {
  return operands.some((o) => o.denormal) ? DE : 0;
}

/**
 * The answer when an operand is a NaN or no number at all; undefined when none is. SSE takes the first operand that is
 * a NaN (SDM Vol. 1, table 4-7); the x87, whose every operation is on the extended format, prefers a quiet NaN to a
 * signalling one and otherwise takes the larger significand.
 */
export function nanResult(f: Format, bits: readonly bigint[], operands: readonly Unpacked[]): FloatResult | undefined {
  let signalling = false;
  let chosen = -1;
  for (let i = 0; i < operands.length; i++) {
    const kind = operands[i]!.kind;
    if (kind === UNSUPPORTED) return invalid(f);
    if (!isNaNKind(kind)) continue;
    if (kind === SIGNALLING_NAN) signalling = true;
    if (chosen < 0 || (f.explicitInteger && x87Prefers(f, bits, operands, i, chosen))) chosen = i;
  }
  if (chosen < 0) return undefined;
  return exact(bits[chosen]! | f.quietBit, signalling ? IE : 0);
}

function x87Prefers(f: Format, bits: readonly bigint[], operands: readonly Unpacked[], i: number, chosen: number) {
  const a = operands[i]!;
  const b = operands[chosen]!;
  if (a.kind !== b.kind) return a.kind === QUIET_NAN;
  const difference = (bits[i]! & f.fieldMask) - (bits[chosen]! & f.fieldMask);
  return difference > 0n || (difference === 0n && !a.negative && b.negative);
}
