/**
 * Integer values and conditions as WebAssembly locals: the part of the emitter that knows neither operands nor memory.
 *
 * A value of 8, 16 or 32 bits is an i32, zero-extended; one of 64 bits is an i64; a condition is an i32 of 0 or 1.
 * Every operation ends in a new local, never written again, so that values may be used anywhere after.
 */
import type { Width } from '../isa/instruction.ts';
import type { Variable } from '../isa/ops.ts';
import { OP, TYPE, type ValueType } from '../wasm/opcodes.ts';
import type { FunctionWriter } from '../wasm/writer.ts';

/** A local, or a constant that is not yet anywhere. */
export type Value =
  | { readonly type: ValueType; readonly local: number; readonly constant: null }
  | { readonly type: ValueType; readonly local: -1; readonly constant: bigint };

const { i32, i64 } = TYPE;

export const typeOf = (w: Width): ValueType => (w === 64 ? i64 : i32);
const MASK: Readonly<Record<8 | 16, number>> = { 8: 0xff, 16: 0xffff };

const binaries = {
  add: [OP.i32Add, OP.i64Add],
  sub: [OP.i32Sub, OP.i64Sub],
  mul: [OP.i32Mul, OP.i64Mul],
  divU: [OP.i32DivU, OP.i64DivU],
  divS: [OP.i32DivS, OP.i64DivS],
  remU: [OP.i32RemU, OP.i64RemU],
  remS: [OP.i32RemS, OP.i64RemS],
  and: [OP.i32And, OP.i64And],
  or: [OP.i32Or, OP.i64Or],
  xor: [OP.i32Xor, OP.i64Xor],
  shl: [OP.i32Shl, OP.i64Shl],
  shrU: [OP.i32ShrU, OP.i64ShrU],
  shrS: [OP.i32ShrS, OP.i64ShrS],
  rotl: [OP.i32Rotl, OP.i64Rotl],
  rotr: [OP.i32Rotr, OP.i64Rotr],
  eq: [OP.i32Eq, OP.i64Eq],
  ne: [OP.i32Ne, OP.i64Ne],
  ltU: [OP.i32LtU, OP.i64LtU],
  ltS: [OP.i32LtS, OP.i64LtS],
} as const;

/** What the operations give for constants; divisions and rotations are left to run. */
const FOLD: Readonly<Partial<Record<keyof typeof binaries, (w: 32 | 64, a: bigint, b: bigint) => bigint>>> = {
  add: (_w, a, b) => a + b,
  sub: (_w, a, b) => a - b,
  mul: (_w, a, b) => a * b,
  and: (_w, a, b) => a & b,
  or: (_w, a, b) => a | b,
  xor: (_w, a, b) => a ^ b,
  shl: (w, a, b) => a << (b & BigInt(w - 1)),
  shrU: (w, a, b) => a >> (b & BigInt(w - 1)),
  eq: (_w, a, b) => (a === b ? 1n : 0n),
  ne: (_w, a, b) => (a === b ? 0n : 1n),
  ltU: (_w, a, b) => (a < b ? 1n : 0n),
};

export class ValueEmitter {
  readonly f: FunctionWriter;
  /** How many `if`s and loops are open: what is computed inside one may not be reused outside. */
  protected depth = 0;

  constructor(f: FunctionWriter) {
    this.f = f;
  }

  /** Pushes a value on the WebAssembly stack. */
  push(v: Value): void {
    if (v.constant === null) this.f.get(v.local);
    else if (v.type === i64) this.f.i64(v.constant);
    else this.f.i32(Number(BigInt.asIntN(32, v.constant)));
  }

  /** What is on the stack becomes a value. */
  pop(type: ValueType): Value {
    const local = this.f.local(type);
    this.f.set(local);
    return { type, local, constant: null };
  }

  int(w: Width, value: number | bigint): Value {
    return { type: typeOf(w), local: -1, constant: BigInt.asUintN(w, BigInt(value)) };
  }

  add(w: Width, a: Value, b: Value): Value {
    return this.#narrowed(w, 'add', a, b);
  }
  sub(w: Width, a: Value, b: Value): Value {
    return this.#narrowed(w, 'sub', a, b);
  }
  mul(w: Width, a: Value, b: Value): Value {
    return this.#narrowed(w, 'mul', a, b);
  }
  mulHighU(w: Width, a: Value, b: Value): Value {
    if (w < 32) return this.#binary(32, 'shrU', this.#binary(32, 'mul', a, b), this.int(32, w));
    if (w === 32) {
      const wide = this.mul(64, this.zeroExtend(32, 64, a), this.zeroExtend(32, 64, b));
      return this.truncate(64, 32, this.shrU(64, wide, this.int(64, 32)));
    }
    const n32 = this.int(64, 32);
    const low = (v: Value) => this.and(64, v, this.int(64, 0xffffffff));
    const high = (v: Value) => this.shrU(64, v, n32);
    const [a0, a1, b0, b1] = [low(a), high(a), low(b), high(b)];
    const middle = this.add(64, this.mul(64, a1, b0), high(this.mul(64, a0, b0)));
    const middle2 = this.add(64, this.mul(64, a0, b1), low(middle));
    return this.add(64, this.add(64, this.mul(64, a1, b1), high(middle)), high(middle2));
  }
  mulHighS(w: Width, a: Value, b: Value): Value {
    if (w < 32) {
      const product = this.#binary(32, 'mul', this.signExtend(w, 32, a), this.signExtend(w, 32, b));
      return this.truncate(32, w, this.shrU(32, product, this.int(32, w)));
    }
    if (w === 32) {
      const wide = this.mul(64, this.signExtend(32, 64, a), this.signExtend(32, 64, b));
      return this.truncate(64, 32, this.shrU(64, wide, this.int(64, 32)));
    }
    const ifNegative = (x: Value, y: Value) => this.and(64, this.shrS(64, x, this.int(64, 63)), y);
    return this.sub(64, this.sub(64, this.mulHighU(64, a, b), ifNegative(a, b)), ifNegative(b, a));
  }
  divU(w: Width, a: Value, b: Value): Value {
    return this.#binary(w, 'divU', a, b);
  }
  divS(w: Width, a: Value, b: Value): Value {
    return this.#signed(w, 'divS', a, b);
  }
  remU(w: Width, a: Value, b: Value): Value {
    return this.#binary(w, 'remU', a, b);
  }
  remS(w: Width, a: Value, b: Value): Value {
    return this.#signed(w, 'remS', a, b);
  }
  and(w: Width, a: Value, b: Value): Value {
    return this.#binary(w, 'and', a, b);
  }
  or(w: Width, a: Value, b: Value): Value {
    return this.#binary(w, 'or', a, b);
  }
  xor(w: Width, a: Value, b: Value): Value {
    return this.#binary(w, 'xor', a, b);
  }
  not(w: Width, a: Value): Value {
    return this.xor(w, a, this.int(w, -1));
  }
  neg(w: Width, a: Value): Value {
    return this.sub(w, this.int(w, 0), a);
  }
  shl(w: Width, a: Value, count: Value): Value {
    return this.#narrowed(w, 'shl', a, count);
  }
  shrU(w: Width, a: Value, count: Value): Value {
    return this.#binary(w, 'shrU', a, count);
  }
  shrS(w: Width, a: Value, count: Value): Value {
    return w < 32
      ? this.truncate(32, w, this.#binary(32, 'shrS', this.signExtend(w, 32, a), count))
      : this.#binary(w, 'shrS', a, count);
  }
  rotl(w: 32 | 64, a: Value, count: Value): Value {
    return this.#binary(w, 'rotl', a, count);
  }
  rotr(w: 32 | 64, a: Value, count: Value): Value {
    return this.#binary(w, 'rotr', a, count);
  }
  clz(w: 32 | 64, a: Value): Value {
    return this.#unary(typeOf(w), w === 64 ? OP.i64Clz : OP.i32Clz, a);
  }
  ctz(w: 32 | 64, a: Value): Value {
    return this.#unary(typeOf(w), w === 64 ? OP.i64Ctz : OP.i32Ctz, a);
  }
  popcnt(w: 32 | 64, a: Value): Value {
    return this.#unary(typeOf(w), w === 64 ? OP.i64Popcnt : OP.i32Popcnt, a);
  }
  zeroExtend(from: Width, to: Width, a: Value): Value {
    if (to !== 64 || from === 64) return a;
    return a.constant === null ? this.#unary(i64, OP.i64ExtendI32U, a) : this.int(64, a.constant);
  }
  signExtend(from: Width, to: Width, a: Value): Value {
    if (from === to) return a;
    if (a.constant !== null) return this.int(to, BigInt.asIntN(from, a.constant));
    this.push(a);
    if (from === 8) this.f.op(OP.i32Extend8S);
    else if (from === 16) this.f.op(OP.i32Extend16S);
    if (to === 64) {
      this.f.op(OP.i64ExtendI32S);
      return this.pop(i64);
    }
    if (to === 16) this.#mask(16);
    return this.pop(i32);
  }
  truncate(from: Width, to: Width, a: Value): Value {
    if (from === to) return a;
    if (a.constant !== null) return this.int(to, a.constant);
    this.push(a);
    if (from === 64) this.f.op(OP.i32WrapI64);
    if (to < 32) this.#mask(to as 8 | 16);
    return this.pop(i32);
  }
  select(w: Width, c: Value, a: Value, b: Value): Value {
    this.push(a);
    this.push(b);
    this.push(c);
    this.f.op(OP.select);
    return this.pop(typeOf(w));
  }
  fromCondition(w: Width, c: Value): Value {
    return w === 64 ? this.zeroExtend(32, 64, c) : c;
  }

  condition(value: boolean): Value {
    return this.int(32, value ? 1 : 0);
  }
  eq(w: Width, a: Value, b: Value): Value {
    return this.#compare(w, 'eq', a, b);
  }
  ne(w: Width, a: Value, b: Value): Value {
    return this.#compare(w, 'ne', a, b);
  }
  ltU(w: Width, a: Value, b: Value): Value {
    return this.#compare(w, 'ltU', a, b);
  }
  ltS(w: Width, a: Value, b: Value): Value {
    return w < 32
      ? this.#compare(32, 'ltS', this.signExtend(w, 32, a), this.signExtend(w, 32, b))
      : this.#compare(w, 'ltS', a, b);
  }
  isZero(w: Width, a: Value): Value {
    return this.#unary(i32, w === 64 ? OP.i64Eqz : OP.i32Eqz, a);
  }
  isNegative(w: Width, a: Value): Value {
    return this.bit(w, a, w - 1);
  }
  bit(w: Width, a: Value, n: number): Value {
    const shifted = n === 0 ? a : this.shrU(w, a, this.int(w, n));
    const bit = n === w - 1 ? shifted : this.and(w, shifted, this.int(w, 1));
    return this.truncate(w === 64 ? 64 : 32, 32, bit);
  }
  both(a: Value, b: Value): Value {
    return this.#binary(32, 'and', a, b);
  }
  either(a: Value, b: Value): Value {
    return this.#binary(32, 'or', a, b);
  }
  differ(a: Value, b: Value): Value {
    return this.#binary(32, 'xor', a, b);
  }
  negate(a: Value): Value {
    return this.#unary(i32, OP.i32Eqz, a);
  }

  variable(w: Width, initial: Value): Variable<Value> {
    const type = typeOf(w);
    const local = this.f.local(type);
    this.push(initial);
    this.f.set(local);
    return {
      // A copy: the variable may change while the value is still used.
      get: () => {
        this.f.get(local);
        return this.pop(type);
      },
      set: (value) => {
        this.push(value);
        this.f.set(local);
      },
    };
  }

  if(c: Value, then: () => void, otherwise?: () => void): void {
    if (c.constant !== null) {
      if (c.constant !== 0n) then();
      else otherwise?.();
      return;
    }
    this.push(c);
    this.f.if();
    this.depth++;
    then();
    if (otherwise !== undefined) {
      this.f.else();
      otherwise();
    }
    this.depth--;
    this.f.end();
  }

  loop(limit: number, body: () => Value): void {
    const round = this.f.local(i32);
    this.f.i32(0);
    this.f.set(round);
    this.f.loop();
    this.depth++;
    const more = body();
    this.f.get(round);
    this.f.i32(1);
    this.f.op(OP.i32Add);
    this.f.set(round);
    this.push(more);
    this.f.get(round);
    this.f.i32(limit);
    this.f.op(OP.i32LtU);
    this.f.op(OP.i32And);
    this.f.brIf(0);
    this.depth--;
    this.f.end();
  }

  #unary(type: ValueType, opcode: number, a: Value): Value {
    if (a.constant !== null && (opcode === OP.i32Eqz || opcode === OP.i64Eqz)) return this.condition(a.constant === 0n);
    this.push(a);
    this.f.op(opcode);
    return this.pop(type);
  }

  /** The result for constants, in `w` bits, or null. */
  #folded(w: Width, name: keyof typeof binaries, a: Value, b: Value): Value | null {
    if (a.constant === null || b.constant === null) return null;
    const fold = FOLD[name];
    return fold === undefined ? null : this.int(w, fold(w === 64 ? 64 : 32, a.constant, b.constant));
  }

  #binary(w: Width, name: keyof typeof binaries, a: Value, b: Value): Value {
    const folded = this.#folded(w < 32 ? 32 : w, name, a, b);
    if (folded !== null) return folded;
    this.push(a);
    this.push(b);
    this.f.op(binaries[name][w === 64 ? 1 : 0]);
    return this.pop(typeOf(w));
  }

  /** For operations whose i32 result may have bits above the width. */
  #narrowed(w: Width, name: keyof typeof binaries, a: Value, b: Value): Value {
    const folded = this.#folded(w, name, a, b);
    if (folded !== null) return folded;
    this.push(a);
    this.push(b);
    this.f.op(binaries[name][w === 64 ? 1 : 0]);
    if (w < 32) this.#mask(w as 8 | 16);
    return this.pop(typeOf(w));
  }

  #signed(w: Width, name: 'divS' | 'remS', a: Value, b: Value): Value {
    return w < 32
      ? this.truncate(32, w, this.#binary(32, name, this.signExtend(w, 32, a), this.signExtend(w, 32, b)))
      : this.#binary(w, name, a, b);
  }

  #compare(w: Width, name: keyof typeof binaries, a: Value, b: Value): Value {
    const folded = this.#folded(32, name, a, b);
    if (folded !== null) return folded;
    this.push(a);
    this.push(b);
    this.f.op(binaries[name][w === 64 ? 1 : 0]);
    return this.pop(i32);
  }

  #mask(w: 8 | 16): void {
    this.f.i32(MASK[w]);
    this.f.op(OP.i32And);
  }
}
