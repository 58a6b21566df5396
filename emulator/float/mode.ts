/**
 * What surrounds a floating-point operation: how to round, what to do with denormals, and which exceptions it met.
 * The exception bits sit where MXCSR and the x87 status word have them (SDM Vol. 1, 8.1.3 and 10.2.3).
 */

/** Exception flags, as in MXCSR bits 0..5. */
export const IE = 0x01;
export const DE = 0x02;
export const ZE = 0x04;
export const OE = 0x08;
export const UE = 0x10;
export const PE = 0x20;

/** The exceptions found by looking at the operands alone, before anything is computed (SDM Vol. 1, 4.9.2). */
export const PRE_COMPUTATION = IE | DE | ZE;

/** MXCSR bits besides the flags; the mask of a flag is the flag shifted left by MXCSR_MASK_SHIFT. */
export const MXCSR_DAZ = 0x40;
export const MXCSR_MASK_SHIFT = 7;
export const MXCSR_RC_SHIFT = 13;
export const MXCSR_FTZ = 0x8000;

/** The RC field of MXCSR and of the x87 control word. */
export const ROUND_NEAREST = 0;
export const ROUND_DOWN = 1;
export const ROUND_UP = 2;
export const ROUND_ZERO = 3;
export type Rounding = 0 | 1 | 2 | 3;

/** The settings one operation runs under. */
export interface FloatMode {
  /** The RC field. */
  readonly rounding: Rounding;
  /** Denormal operands count as zeros of the same sign (MXCSR.DAZ). */
  readonly denormalsAreZero: boolean;
  /** Tiny results become zeros while underflow is masked (MXCSR.FTZ). */
  readonly flushToZero: boolean;
  /** Whether OE is masked: if so an overflow is inexact by itself, otherwise PE speaks of the significand alone. */
  readonly overflowMasked: boolean;
  /** Whether UE is masked: if so UE needs a tiny and inexact result, otherwise a tiny one is enough. */
  readonly underflowMasked: boolean;
  /** Bits of significand to round to when fewer than the format has (the x87 PC field); exponent range unchanged. */
  readonly precision?: number;
}

/** The outcome of one operation. */
export interface FloatResult {
  /**
   * The bits of the result in its format. After an overflow or underflow that is not masked the exponent is off by
   * 3 * 2**(exponent bits - 2), which is what x87 registers then receive; SSE writes nothing.
   */
  readonly bits: bigint;
  /** IE DE ZE OE UE PE met on the way. */
  readonly flags: number;
  /** The magnitude was increased by rounding (the x87 C1 flag). */
  readonly roundedUp: boolean;
}

/** The mode that a value of MXCSR asks for. */
export function modeOfMxcsr(mxcsr: number): FloatMode {
  return {
    rounding: ((mxcsr >>> MXCSR_RC_SHIFT) & 3) as Rounding,
    denormalsAreZero: (mxcsr & MXCSR_DAZ) !== 0,
    flushToZero: (mxcsr & MXCSR_FTZ) !== 0,
    overflowMasked: (mxcsr & (OE << MXCSR_MASK_SHIFT)) !== 0,
    underflowMasked: (mxcsr & (UE << MXCSR_MASK_SHIFT)) !== 0,
  };
}

/** The exceptions among `flags` which a value of MXCSR leaves unmasked. */
export function unmaskedBy(mxcsr: number, flags: number): number {
  return flags & ~(mxcsr >>> MXCSR_MASK_SHIFT) & 0x3f;
}

/**
 * What a SIMD instruction adds to MXCSR, given the flags met by all its lanes together. An unmasked exception found in
 * the operands of any lane keeps every lane from being computed, so later exceptions stay unseen (SDM Vol. 1, 11.5.3).
 */
export function flagsRaised(mxcsr: number, flags: number): number {
  return unmaskedBy(mxcsr, flags & PRE_COMPUTATION) !== 0 ? flags & PRE_COMPUTATION : flags;
}
