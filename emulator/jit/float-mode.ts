/**
 * What regions know of MXCSR, and the constants that their float operations compare with, in locals: `float.ts` and
 * `frame.ts` use them.
 */
import { ALL_LANES, FLOAT, MODE } from '../interpreter/float-values.ts';
import { LINEAR } from '../memory/layout.ts';
import { STATE } from '../state.ts';
import { OP, SIMD, TYPE, type ValueType } from '../wasm/opcodes.ts';
import type { FunctionWriter } from '../wasm/writer.ts';

const { i32, i64 } = TYPE;

/** What the local `mode` holds. */
export const FLOAT_MODE = { other: 0, nearestMasked: 1, inexactIsNothingNew: 2 } as const;

/**
 * What is known of MXCSR, each in a local, and what goes with it. `normals` and `lanes` are bounds that nothing meets unless
 * precision is no news: one comparison asks for the mode and for the number.
 */
export type FloatBound =
  | 'mode'
  /** By width: what lies below it is a normal number, as `pushAboveSmallest` turns it. */
  | 'normals32'
  | 'normals64'
  /** By width: what `pushAboveSmallest` adds, whatever MXCSR says. */
  | 'smallest32'
  | 'smallest64'
  /** `ALL_LANES`. */
  | 'lanes';
const FLOAT_BOUNDS: readonly FloatBound[] = ['mode', 'normals32', 'normals64', 'smallest32', 'smallest64', 'lanes'];

/** Type of the local. */
export const typeOfBound = (bound: FloatBound): ValueType => (bound.endsWith('64') ? i64 : i32);

/** Twice the smallest exponent, of twice the bits: results of it may have been tiny before rounding. */
const LEAST: Readonly<Record<32 | 64, bigint>> = { 32: 2n << 24n, 64: 2n << 53n };
/** From there to infinity. */
export const NORMALS: Readonly<Record<32 | 64, bigint>> = { 32: -3n << 24n, 64: -3n << 53n };

/** Pushes the mode. */
const pushMode = (f: FunctionWriter): void => {
  const { nearestMasked, inexactIsNothingNew } = MODE;
  for (const { mask, value } of [nearestMasked, inexactIsNothingNew]) {
    f.i32(0);
    f.memory(OP.i32Load, STATE.mxcsr);
    f.i32(mask);
    f.op(OP.i32And);
    f.i32(value);
    f.op(OP.i32Eq);
  }
  f.op(OP.i32Add);
};

/** Value of a bound if precision is no news, and otherwise. */
const CHOICES: Readonly<Record<Exclude<FloatBound, 'mode'>, readonly [bigint, bigint]>> = {
  normals32: [NORMALS[32], 0n],
  normals64: [NORMALS[64], 0n],
  smallest32: [-LEAST[32], -LEAST[32]],
  smallest64: [-LEAST[64], -LEAST[64]],
  lanes: [BigInt(ALL_LANES), -1n],
};

/** Those that a change of MXCSR may change. */
export const MXCSR_BOUNDS = FLOAT_BOUNDS.filter((bound) => bound === 'mode' || CHOICES[bound][0] !== CHOICES[bound][1]);

const BOUNDS_AREA = LINEAR.floatConstants + 0x100;

/** Sets locals from MXCSR. They pass through memory: V8 would compute them anew wherever they are used, in loops too. */
export const setFloatBounds = (f: FunctionWriter, locals: ReadonlyMap<FloatBound, number>): void => {
  for (const [bound, local] of locals) {
    const at = BOUNDS_AREA + 8 * FLOAT_BOUNDS.indexOf(bound);
    const wide = typeOfBound(bound) === i64;
    f.i32(0);
    if (bound === 'mode') pushMode(f);
    else {
      const [usual, other] = CHOICES[bound];
      const push = (value: bigint): void => (wide ? f.i64(value) : f.i32(Number(value)));
      push(usual);
      if (other !== usual) {
        push(other);
        pushMode(f);
        f.i32(FLOAT_MODE.inexactIsNothingNew);
        f.op(OP.i32Eq);
        f.op(OP.select);
      }
    }
    f.memory(wide ? OP.i64Store : OP.i32Store, at);
    f.i32(0);
    f.memory(wide ? OP.i64Load : OP.i32Load, at);
    f.set(local);
  }
};

/** Significand bits in the lower half: two numbers without them have an exact product. */
export const LOW_BITS: Readonly<Record<32 | 64, bigint>> = { 32: 0xfffn, 64: 0x7ffffffn };

/** All bits but the sign. */
export const magnitudeBits = (w: 32 | 64): bigint => (1n << BigInt(w - 1)) - 1n;

/** A vector with the same in all lanes. */
export interface FloatConstant {
  readonly w: 32 | 64;
  readonly what: 'smallest' | 'infinity' | 'magnitude' | 'lowBits';
}
export const FLOAT_CONSTANTS: readonly FloatConstant[] = ([32, 64] as const).flatMap((w) =>
  (['smallest', 'infinity', 'magnitude', 'lowBits'] as const).map((what) => ({ w, what })),
);

const bitsOfConstant = ({ w, what }: FloatConstant): bigint => {
  switch (what) {
    case 'smallest':
    case 'infinity':
      return FLOAT[w][what];
    case 'magnitude':
      return magnitudeBits(w);
    case 'lowBits':
      return LOW_BITS[w];
  }
};

/** Byte offset in linear memory of one of `FLOAT_CONSTANTS`. */
const constantAddress = (n: number): number => LINEAR.floatConstants + 16 * n;

/** Writes what regions load their constants from. */
export const writeFloatConstants = ({ view }: { readonly view: DataView }): void => {
  for (const [n, constant] of FLOAT_CONSTANTS.entries()) {
    const { w } = constant;
    for (let lane = 0; lane < 128 / w; lane++) {
      const at = constantAddress(n) + (lane * w) / 8;
      if (w === 64) view.setBigUint64(at, bitsOfConstant(constant), true);
      else view.setUint32(at, Number(bitsOfConstant(constant)), true);
    }
  }
};

/** Sets locals, by number of the constant. Loaded, since V8 makes constants anew for each use. */
export const loadFloatConstants = (f: FunctionWriter, locals: readonly number[]): void => {
  locals.forEach((local, n) => {
    f.i32(0);
    f.simdMemory(SIMD.v128Load, constantAddress(n));
    f.set(local);
  });
};
