/** The vector registers of `RegionOps`, and floats: what is known of them, and that scalars stay what they are. */
import { bitsFromFloat, FLOAT, type FloatType, floatFromBits } from '../../interpreter/float-values.ts';
import type { Value } from '../../interpreter/values.ts';
import type { Instruction, Width } from '../../isa/instruction.ts';
import type { FloatBinary, FloatUnary, FloatVectorBinary } from '../../isa/ops.ts';
import { STATE, VECTOR_STRIDE } from '../../state.ts';
import { OP, SIMD, TYPE } from '../../wasm/opcodes.ts';
import { type Arithmetic, leaveUnlessPlain, scalarArithmetic, vectorArithmetic } from '../float.ts';
import { type FloatBound, type FloatConstant, MXCSR_BOUNDS, setFloatBounds } from '../float-mode.ts';
import { type Begin, empty } from './control.ts';
import { RegisterEmitter } from './registers.ts';

const { v128 } = TYPE;

/** What is known of the vector registers, by number. */
export interface KnownFloats {
  readonly plain: readonly number[];
  readonly twins: readonly number[];
  readonly scalars: readonly (FloatType | null)[];
}

/** A vector that is a scalar put into the lowest lane of another one. */
interface Composed {
  readonly t: FloatType;
  readonly scalar: Value;
  readonly rest: Value;
}

export abstract class VectorEmitter extends RegisterEmitter {
  /** What is known of floats: by value, and by register (`plainness`; 0 is nothing). */
  #plainValues = new Map<Value, number>();
  #plain: number[] = new Array<number>(16).fill(0);
  /** The register that a vector is, or that a scalar is the low lane of. */
  #registerOf = new Map<Value, number>();
  /** By register: those with the same number hold the same. */
  #twins = Array.from({ length: 16 }, (_, n) => n);
  #lastTwin = 16;
  /** Registers whose upper half an instruction was about, as a mask; clearing all is about none. */
  uppers = 0;
  /** Bits that were made from a float. */
  #floats = new Map<Value, Value>();
  /** Vectors that are zero but for their lowest lane, by that. */
  #alone = new Map<Value, Value>();
  #composed = new Map<Value, Composed>();
  /**
   * By register: of what type the scalar in its lowest lane is, where the frame's locals have that and the rest apart. The next
   * operation then starts from there; the vector itself is left to V8 to make where somebody wants it.
   */
  #scalars = new Array<FloatType | null>(16).fill(null);

  override begin(i: Instruction, begin: Begin): void {
    super.begin(i, begin);
    empty(this.#plainValues);
    empty(this.#registerOf);
    empty(this.#floats);
    empty(this.#alone);
    empty(this.#composed);
  }

  // --- registers ----------------------------------------------------------------------------------------------------

  override vectorRegister(n: number): Value {
    const value = this.alias(16 + n, v128, this.frame.vector(n));
    if (this.depth === 0) {
      this.#registerOf.set(value, n);
      this.#plainValues.set(value, this.#plain[n]!);
    }
    return value;
  }

  /** Its upper half. */
  protected vectorUpper(n: number): Value {
    this.uppers |= 1 << n;
    return this.alias(32 + n, v128, this.frame.upper(n));
  }

  override setVectorRegister(n: number, value: Value): void {
    this.#plain[n] = this.depth === 0 ? (this.#plainValues.get(value) ?? 0) : 0;
    const from = this.depth === 0 && value.type === v128 ? this.#registerOf.get(value) : undefined;
    this.#twins[n] = from === undefined ? this.#lastTwin++ : this.#twins[from]!;
    this.#keepScalar(n, value, from);
    for (const [v, register] of this.#registerOf) if (register === n) this.#registerOf.delete(v);
    this.settleAliases(16 + n);
    this.wrote();
    this.frame.wrote('vectors', n);
    this.push(value);
    this.f.set(this.frame.vector(n));
  }

  /** Register `n` becomes a value, which register `from` holds if that is a number. */
  #keepScalar(n: number, value: Value, from: number | undefined): void {
    const composed = this.depth === 0 ? this.#composedOf(value, from) : null;
    this.#scalars[n] = composed?.t ?? null;
    if (composed === null || from === n) return;
    const { t, scalar, rest } = composed;
    this.push(rest);
    this.f.set(this.frame.rest(n));
    this.push(scalar);
    this.f.set(this.frame.scalar(n, t));
  }

  #composedOf(value: Value, register: number | undefined): Composed | null {
    const t = register === undefined ? null : this.#scalars[register]!;
    if (register === undefined || t === null) return this.#composed.get(value) ?? null;
    const scalar: Value = { type: t.float, local: this.frame.scalar(register, t), constant: null };
    return { t, scalar, rest: { type: v128, local: this.frame.rest(register), constant: null } };
  }

  override setVectorUpper(n: number, value: Value): void {
    this.uppers |= 1 << n;
    this.#setUpper(n, value);
  }

  #setUpper(n: number, value: Value): void {
    this.settleAliases(32 + n);
    this.wrote();
    this.frame.wrote('upper', n);
    this.push(value);
    this.f.set(this.frame.upper(n));
  }

  /** Halves that nothing else in the region is about have no locals: once they are cleared in memory, they stay so. */
  override clearVectorUppers(): void {
    const { f, frame } = this;
    this.wrote();
    const zero = this.vectorConstant(0n, 0n);
    for (let n = 0; n < 16; n++) if (frame.uppers & (1 << n)) this.#setUpper(n, zero);
    if (frame.uppers === 0xffff) return;
    f.get(frame.uppersCleared);
    f.op(OP.i32Eqz);
    f.if();
    for (let n = 0; n < 16; n++) {
      if (frame.uppers & (1 << n)) continue;
      f.i32(0);
      this.push(zero);
      f.simdMemory(SIMD.v128Store, STATE.vector + VECTOR_STRIDE * n + 16);
    }
    f.i32(1);
    f.set(frame.uppersCleared);
    f.end();
  }

  override setMxcsr(value: Value): void {
    this.wrote();
    super.setMxcsr(value);
    setFloatBounds(this.f, new Map(MXCSR_BOUNDS.map((bound) => [bound, this.frame.floatBound(bound)])));
  }

  // --- floats -------------------------------------------------------------------------------------------------------

  /** A block starts, with what was known at the end of the only one before it; null if there are several ways to it. */
  enterBlock(before: KnownFloats | null): void {
    if (before === null) {
      this.#plain.fill(0);
      for (let n = 0; n < 16; n++) this.#twins[n] = this.#lastTwin++;
      this.#scalars.fill(null);
      return;
    }
    this.#plain = [...before.plain];
    this.#twins = [...before.twins];
    this.#scalars = [...before.scalars];
  }

  leaveBlock(): KnownFloats {
    return { plain: [...this.#plain], twins: [...this.#twins], scalars: [...this.#scalars] };
  }

  /** Whether a value is neither denormal nor a NaN, as far as that is known. */
  isPlain(t: FloatType, v: Value): boolean {
    const known = this.#plainValues.get(v);
    return known === plainness(t, v.type === v128) || known === ALL_ZERO;
  }

  /** It is plain; so is the register it was read from, until it is written. */
  nowPlain(t: FloatType, v: Value): void {
    if (this.depth > 0) return;
    this.#plainValues.set(v, plainness(t, v.type === v128));
    const register = this.#registerOf.get(v);
    if (register === undefined) return;
    for (const [n, twin] of this.#twins.entries()) {
      if (twin === this.#twins[register] && !this.isPlainRegister(t, n)) this.#plain[n] = plainness(t, v.type === v128);
    }
  }

  /** Whether all lanes of a register are plain. */
  isPlainRegister(t: FloatType, n: number): boolean {
    return this.#plain[n] === plainness(t, true) || this.#plain[n] === ALL_ZERO;
  }

  /** A scalar as a float. */
  asFloat(t: FloatType, v: Value): Value {
    const known = this.#floats.get(v);
    return known !== undefined && known.type === t.float ? known : floatFromBits(this, t, v);
  }

  /** The bits of a float, which goes into vectors as what it is. */
  asBits(t: FloatType, float: Value): Value {
    const bits = bitsFromFloat(this, t, float);
    this.#floats.set(bits, float);
    return bits;
  }

  override vectorConstant(low: bigint, high: bigint): Value {
    const v = super.vectorConstant(low, high);
    if (low === 0n && high === 0n) this.#plainValues.set(v, ALL_ZERO);
    return v;
  }

  override lane(w: Width, a: Value, n: number): Value {
    if (n !== 0 || w < 32) return super.lane(w, a, n);
    const t = FLOAT[w as 32 | 64];
    const register = this.#registerOf.get(a);
    const composed = this.depth === 0 ? this.#composedOf(a, register) : null;
    // As a float: V8 then moves it in one step, and not at all if nobody wants its bits.
    if (composed?.t === t) this.push(composed.scalar);
    else {
      this.push(a);
      this.f.simd(t.w === 64 ? SIMD.f64x2ExtractLane : SIMD.f32x4ExtractLane);
      this.f.code.u8(0);
    }
    const v = this.asBits(t, this.pop(t.float));
    if (this.depth > 0) return v;
    if (register !== undefined) this.#registerOf.set(v, register);
    const plain = this.#plainValues.get(a);
    if (plain === ALL_ZERO) this.#plainValues.set(v, ALL_ZERO);
    else if (plain === plainness(t, true) || plain === plainness(t, false))
      this.#plainValues.set(v, plainness(t, false));
    return v;
  }

  /** The lowest lane of a vector that is zero otherwise. */
  protected onlyLane(w: 32 | 64, vector: Value): Value {
    const value = this.lane(w, vector, 0);
    this.#alone.set(value, vector);
    const t = FLOAT[w];
    this.#composed.set(vector, { t, scalar: this.asFloat(t, value), rest: this.vectorConstant(0n, 0n) });
    return value;
  }

  override vectorFromInt(w: 32 | 64, value: Value): Value {
    const vector = this.#alone.get(value);
    if (vector !== undefined) return vector;
    if (this.#floats.get(value) === undefined) return super.vectorFromInt(w, value);
    return this.withLane(w, this.vectorConstant(0n, 0n), 0, value);
  }

  override withLane(w: Width, a: Value, n: number, value: Value): Value {
    const float = this.#floats.get(value);
    let r: Value;
    if (float === undefined || n !== 0) r = super.withLane(w, a, n, value);
    else {
      const t = FLOAT[w as 32 | 64];
      const composed = this.depth === 0 ? this.#composedOf(a, this.#registerOf.get(a)) : null;
      const rest = composed !== null && composed.t.w <= w ? composed.rest : a;
      this.push(rest);
      this.push(float);
      this.f.simd(w === 64 ? SIMD.f64x2ReplaceLane : SIMD.f32x4ReplaceLane);
      this.f.code.u8(n);
      r = this.pop(v128);
      if (this.depth === 0) this.#composed.set(r, { t, scalar: float, rest });
    }
    if (n !== 0 || w < 32) return r;
    const t = FLOAT[w as 32 | 64];
    if (this.isPlain(t, value)) this.#plainValues.set(r, plainness(t, this.isPlain(t, a)));
    return r;
  }

  floatBound(bound: FloatBound): number {
    return this.frame.floatBound(bound);
  }

  floatConstant(w: FloatConstant['w'], what: FloatConstant['what']): Value {
    return { type: v128, local: this.frame.floatConstant(w, what), constant: null };
  }

  override float2(name: FloatBinary, w: 32 | 64, a: Value, b: Value): Value {
    if (!isArithmetic(name)) return super.float2(name, w, a, b);
    return scalarArithmetic(this, name, w, a, b, this.writer.leave);
  }

  override float1(name: FloatUnary, w: 32 | 64, a: Value): Value {
    return name === 'sqrt' ? scalarArithmetic(this, name, w, a, a, this.writer.leave) : super.float1(name, w, a);
  }

  override floatVector2(name: FloatVectorBinary, w: 32 | 64, a: readonly Value[], b: readonly Value[]): Value[] {
    if (!isArithmetic(name)) return super.floatVector2(name, w, a, b);
    return vectorArithmetic(this, name, w, a, b, this.writer.leave);
  }

  override floatVector1(name: FloatUnary, w: 32 | 64, a: readonly Value[]): Value[] {
    return name === 'sqrt' ? vectorArithmetic(this, name, w, a, a, this.writer.leave) : super.floatVector1(name, w, a);
  }

  protected override ifPlain(t: FloatType, scalars: readonly [Value, Value], _type: unknown, then: () => Value): Value {
    leaveUnlessPlain(this, t, scalars, this.writer.leave);
    return then();
  }

  override floatOrder(_signalling: boolean, w: 32 | 64, a: Value, b: Value): { zf: Value; pf: Value; cf: Value } {
    const t = FLOAT[w];
    leaveUnlessPlain(this, t, [a, b], this.writer.leave);
    const { less, equal } = this.order(t, a, b);
    return { zf: equal, pf: this.condition(false), cf: less };
  }

  /** The float whose bits these are, if they were made from one. */
  protected floatOf(bits: Value): Value | undefined {
    return this.#floats.get(bits);
  }
}

/** Plain in the low lane, or in all. */
const plainness = (t: FloatType, all: boolean): number => t.w + (all ? 1 : 0);

/** All bits are zero. */
const ALL_ZERO = 1;

const isArithmetic = (name: FloatVectorBinary): name is Exclude<Arithmetic, 'sqrt'> =>
  name === 'add' || name === 'sub' || name === 'mul' || name === 'div';
