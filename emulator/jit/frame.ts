/**
 * Where the state of the CPU lives inside a region's function: in locals, loaded when the region is entered and stored where
 * it is left, at one place for all (`save`): V8 then spills only what does not fit, and that outside of the hot code where it
 * can. A register that the region never names has no local; one that it never writes is not stored.
 *
 * Flags are four locals: the result, and how CF, OF and AF follow. `kind` 0: `a` is `flagsAux`; otherwise `flagKind`, and
 * they are those of the addition or subtraction of `a` and `b`. `result` is as in `state.ts`, and no inversion is set.
 */
import type { FloatType } from '../interpreter/float-values.ts';
import type { Width } from '../isa/instruction.ts';
import { STATE, VECTOR_STRIDE } from '../state.ts';
import { OP, SIMD, TYPE, type ValueType } from '../wasm/opcodes.ts';
import type { FunctionWriter } from '../wasm/writer.ts';
import {
  FLOAT_CONSTANTS,
  type FloatBound,
  type FloatConstant,
  loadFloatConstants,
  setFloatBounds,
  typeOfBound,
} from './float-mode.ts';
import type { RegionWriter } from './writer.ts';

const { i32, i64, v128 } = TYPE;

/** Value of the local `kind` for flags that follow from operands: the width, and a bit for subtraction. */
export const flagKind = (operation: 'add' | 'sub', w: Width): number => w | (operation === 'sub' ? SUBTRACTION : 0);
export const SUBTRACTION = 0x80;

export class Frame {
  readonly f: RegionWriter;
  /** Label outside which the region is left for the interpreter, with `position` set. */
  exitLabel: number;
  /** Local: which instruction is being executed, see `region.ts`. */
  readonly position: number;
  readonly flags: { readonly kind: number; readonly a: number; readonly b: number; readonly result: number };
  #order: { readonly less: number; readonly equal: number } | undefined;
  /** Registers whose upper half may have a local, as a mask; the others are in memory. */
  uppers = 0xffff;
  /** Parameters of the function. */
  readonly record = 0;
  readonly budget = 1;
  #general: number[] = [];
  #vectors: number[] = [];
  #upper: number[] = [];
  #rest: number[] = [];
  /** By type of the float. */
  #scalars = new Map<ValueType, number[]>();
  #uppersCleared: number | undefined;
  #floatBounds = new Map<FloatBound, number>();
  #floatConstants: number[] = [];
  #written = { general: 0, vectors: 0, upper: 0 };

  constructor(f: RegionWriter, exitLabel: number) {
    this.f = f;
    this.exitLabel = exitLabel;
    this.position = f.fixed(i32);
    this.flags = { kind: f.fixed(i32), a: f.fixed(i64), b: f.fixed(i64), result: f.fixed(i64) };
  }

  general(n: number): number {
    this.#general[n] ??= this.f.fixed(i64);
    return this.#general[n];
  }

  vector(n: number): number {
    this.#vectors[n] ??= this.f.fixed(v128);
    return this.#vectors[n];
  }

  upper(n: number): number {
    this.#upper[n] ??= this.f.fixed(v128);
    return this.#upper[n];
  }

  /** Local: a vector register but for its lowest lane, which is in `scalar` (`emit/vectors.ts`). */
  rest(n: number): number {
    this.#rest[n] ??= this.f.fixed(v128);
    return this.#rest[n];
  }

  /** Local: the lowest lane of a vector register as a float. */
  scalar(n: number, { float }: FloatType): number {
    const locals = this.#scalars.get(float) ?? [];
    this.#scalars.set(float, locals);
    locals[n] ??= this.f.fixed(float);
    return locals[n];
  }

  /** Locals: how two floats compared, 0 or 1. */
  get order(): { readonly less: number; readonly equal: number } {
    this.#order ??= { less: this.f.fixed(i32), equal: this.f.fixed(i32) };
    return this.#order;
  }

  /** Local: 1 once the upper halves that have no locals are zero. */
  get uppersCleared(): number {
    this.#uppersCleared ??= this.f.fixed(i32);
    return this.#uppersCleared;
  }

  /** Local: what MXCSR says of float operations, see `float.ts`. */
  floatBound(bound: FloatBound): number {
    let local = this.#floatBounds.get(bound);
    if (local === undefined) {
      local = this.f.fixed(typeOfBound(bound));
      this.#floatBounds.set(bound, local);
    }
    return local;
  }

  /** Local. */
  floatConstant(w: FloatConstant['w'], what: FloatConstant['what']): number {
    const n = FLOAT_CONSTANTS.findIndex((constant) => constant.w === w && constant.what === what);
    this.#floatConstants[n] ??= this.f.fixed(v128);
    return this.#floatConstants[n];
  }

  /** Emits loads of all that has a local. */
  load(f: FunctionWriter): void {
    this.#general.forEach((local, n) => {
      f.i32(0);
      f.memory(OP.i64Load, STATE.gpr + 8 * n);
      f.set(local);
    });
    this.#vectors.forEach((local, n) => {
      f.i32(0);
      f.simdMemory(SIMD.v128Load, STATE.vector + VECTOR_STRIDE * n);
      f.set(local);
    });
    this.#upper.forEach((local, n) => {
      f.i32(0);
      f.simdMemory(SIMD.v128Load, STATE.vector + VECTOR_STRIDE * n + 16);
      f.set(local);
    });
    setFloatBounds(f, this.#floatBounds);
    loadFloatConstants(f, this.#floatConstants);
    f.i32(0);
    f.memory(OP.i64Load, STATE.flagsResult);
    f.set(this.flags.result);
    f.i32(0);
    f.memory(OP.i64Load32u, STATE.flagsAux);
    f.set(this.flags.a);
  }

  /** A register was written. */
  wrote(set: 'general' | 'vectors' | 'upper', n: number): void {
    this.#written[set] |= 1 << n;
  }

  /** Emits stores of the registers that are written anywhere: the locals are the truth wherever the region is left. */
  save(): void {
    const { f } = this;
    const { general, vectors, upper } = this.#written;
    for (let n = 0; n < 16; n++) {
      const bit = 1 << n;
      if (general & bit) {
        f.i32(0);
        f.get(this.general(n));
        f.memory(OP.i64Store, STATE.gpr + 8 * n);
      }
      if (vectors & bit) {
        f.i32(0);
        f.get(this.vector(n));
        f.simdMemory(SIMD.v128Store, STATE.vector + VECTOR_STRIDE * n);
      }
      if (upper & bit) {
        f.i32(0);
        f.get(this.upper(n));
        f.simdMemory(SIMD.v128Store, STATE.vector + VECTOR_STRIDE * n + 16);
      }
    }
  }
}
