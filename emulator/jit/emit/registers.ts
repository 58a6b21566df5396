/** The general registers of `RegionOps`, and what is known of sums of them. */
import type { Value } from '../../interpreter/values.ts';
import type { Instruction, Width } from '../../isa/instruction.ts';
import { OP, TYPE, type ValueType } from '../../wasm/opcodes.ts';
import { FlagTracker } from '../carry.ts';
import { constant, type Linear, plus, times } from '../linear.ts';
import { type Begin, ControlEmitter, empty } from './control.ts';

const { i32, i64 } = TYPE;

/** A value that is a register's local for now. */
interface Alias {
  type: ValueType;
  local: number;
  constant: null;
}

export abstract class RegisterEmitter extends ControlEmitter {
  /** Where accesses are observed: follows what flags come from. */
  tracker: FlagTracker | null = null;
  #aliases = new Map<number, Alias[]>();
  /** What is known of 64-bit values and of the registers, where accesses are observed. */
  #sums = new Map<Value, Linear>();
  #registers: Linear[] | null = null;
  #fresh: () => Linear = () => {
    throw new Error('nothing is observed');
  };
  #origins = new Map<Value, { readonly operation: 'add' | 'sub'; readonly a: Value; readonly b: Value }>();

  override begin(i: Instruction, begin: Begin): void {
    super.begin(i, begin);
    this.tracker?.begin();
    empty(this.#aliases);
    empty(this.#sums);
    empty(this.#origins);
  }

  /**
   * From now on accesses are collected in `accesses`, and sums of registers followed: `registers` holds what is in each, and is
   * kept up to date. `fresh` names what is not known.
   */
  observe(registers: Linear[], fresh: () => Linear): void {
    this.tracker ??= new FlagTracker();
    this.flags.known = null;
    this.#registers = registers;
    this.#fresh = fresh;
  }

  /** Whether accesses are observed instead of made. */
  protected get observing(): boolean {
    return this.#registers !== null;
  }

  protected override beginBranches(): void {
    if (this.beginning.conditional) for (const [key, aliases] of this.#aliases) this.settleAliases(key, aliases);
  }

  /** A value that names a local of the frame. `key` tells which. */
  protected alias(key: number, type: ValueType, local: number): Value {
    if (this.depth > 0 && this.beginning.conditional) {
      this.f.get(local);
      return this.pop(type);
    }
    const alias: Alias = { type, local, constant: null };
    const aliases = this.#aliases.get(key);
    if (aliases === undefined) this.#aliases.set(key, [alias]);
    else aliases.push(alias);
    return alias;
  }

  /** Before a local of the frame changes: values that name it move to a temporary. */
  protected settleAliases(key: number, aliases = this.#aliases.get(key)): void {
    if (aliases === undefined || aliases.length === 0) return;
    const { type, local } = aliases[0]!;
    const temporary = this.f.local(type);
    this.f.get(local);
    this.f.set(temporary);
    for (const alias of aliases) alias.local = temporary;
    this.#aliases.delete(key);
  }

  override register(w: Width, n: number): Value {
    const local = this.frame.general(n);
    if (w === 64) {
      const value = this.alias(n, i64, local);
      this.tracker?.wasRead(n, value);
      return this.#registers === null ? value : this.#isSum(value, this.#registers[n]!);
    }
    this.f.get(local);
    this.f.op(OP.i32WrapI64);
    if (w < 32) {
      this.f.i32(w === 8 ? 0xff : 0xffff);
      this.f.op(OP.i32And);
    }
    const value = this.pop(i32);
    this.tracker?.wasRead(n, value);
    return value;
  }

  /** What is in a register now. */
  #follow(n: number, sum: Linear | null, value: Value | null): void {
    this.tracker?.wasWritten(n, this.depth === 0 ? value : null);
    if (this.#registers !== null) this.#registers[n] = (this.depth === 0 ? sum : null) ?? this.#fresh();
  }

  override setRegister(w: Width, n: number, value: Value): void {
    this.#follow(n, w === 64 || (w === 32 && value.constant !== null) ? this.sumOf(value) : null, value);
    const local = this.frame.general(n);
    this.settleAliases(n);
    this.wrote();
    this.frame.wrote('general', n);
    if (w >= 32) this.push(this.zeroExtend(w, 64, value));
    else {
      this.f.get(local);
      this.f.i64(w === 8 ? ~0xffn : ~0xffffn);
      this.f.op(OP.i64And);
      this.push(this.zeroExtend(w, 64, value));
      this.f.op(OP.i64Or);
    }
    this.f.set(local);
  }

  override highByte(n: number): Value {
    this.f.get(this.frame.general(n));
    this.f.op(OP.i32WrapI64);
    this.f.i32(8);
    this.f.op(OP.i32ShrU);
    this.f.i32(0xff);
    this.f.op(OP.i32And);
    return this.pop(i32);
  }

  override setHighByte(n: number, value: Value): void {
    this.#follow(n, null, null);
    const local = this.frame.general(n);
    this.settleAliases(n);
    this.wrote();
    this.frame.wrote('general', n);
    this.f.get(local);
    this.f.i64(~0xff00n);
    this.f.op(OP.i64And);
    this.push(this.zeroExtend(8, 64, value));
    this.f.i64(8n);
    this.f.op(OP.i64Shl);
    this.f.op(OP.i64Or);
    this.f.set(local);
  }

  // --- sums ---------------------------------------------------------------------------------------------------------

  /** A value as a sum, if it is known as one. */
  protected sumOf(v: Value): Linear | null {
    return v.constant !== null ? constant(v.constant) : (this.#sums.get(v) ?? null);
  }

  #isSum(v: Value, sum: Linear | null): Value {
    if (sum !== null && v.constant === null) this.#sums.set(v, sum);
    return v;
  }

  override add(w: Width, a: Value, b: Value): Value {
    const r = this.#from('add', a, b, super.add(w, a, b));
    if (this.#registers === null || w !== 64) return r;
    const [x, y] = [this.sumOf(a), this.sumOf(b)];
    return x === null || y === null ? r : this.#isSum(r, plus(x, y));
  }

  override sub(w: Width, a: Value, b: Value): Value {
    const r = this.#from('sub', a, b, super.sub(w, a, b));
    if (this.#registers === null || w !== 64) return r;
    const [x, y] = [this.sumOf(a), this.sumOf(b)];
    const minus = y === null ? null : times(y, -1);
    return x === null || minus === null ? r : this.#isSum(r, plus(x, minus));
  }

  override shl(w: Width, a: Value, b: Value): Value {
    const r = super.shl(w, a, b);
    if (this.#registers === null || w !== 64 || b.constant === null || b.constant > 3n) return r;
    const x = this.sumOf(a);
    return x === null ? r : this.#isSum(r, times(x, 1 << Number(b.constant)));
  }

  #from(operation: 'add' | 'sub', a: Value, b: Value, r: Value): Value {
    this.#origins.set(r, { operation, a, b });
    return r;
  }

  /** Whether `r` is just the sum or difference. */
  isResultOf(operation: 'add' | 'sub', a: Value, b: Value, r: Value): boolean {
    const origin = this.#origins.get(r);
    return origin !== undefined && origin.operation === operation && origin.a === a && origin.b === b;
  }
}
