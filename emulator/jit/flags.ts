/**
 * Arithmetic flags inside a region: what set them last is kept in locals (`frame.ts`) and, where it is known at translation,
 * in `known`; a condition is then one comparison, and flags that nobody reads cost nothing.
 */

import type { Value } from '../interpreter/values.ts';
import type { Width } from '../isa/instruction.ts';
import type { FlagName } from '../isa/ops.ts';
import { STATE } from '../state.ts';
import { OP, TYPE } from '../wasm/opcodes.ts';
import { type Carry, settleCarried } from './carry.ts';
import type { RegionOps } from './emit.ts';
import { type Frame, flagKind } from './frame.ts';
import { AF_BIT, CARRY_BITS, PF_INVERTED_BIT, pushAuxOfOperation } from './runtime.ts';

const { i32, i64 } = TYPE;

/**
 * What the locals are known to hold: operands of an addition or subtraction (`plain` if no carry came in), the result of a
 * logic operation, a result with `aux` but no inversions, or anything in the form of `state.ts`.
 */
export type KnownFlags =
  | { readonly kind: 'operation'; readonly operation: 'add' | 'sub'; readonly w: Width; readonly plain: boolean }
  | { readonly kind: 'logic'; readonly w: Width }
  | { readonly kind: 'result'; readonly w: Width }
  | { readonly kind: 'explicit' }
  /** The order of two floats: explicit, and the frame's `less` and `equal` are CF and ZF; the other flags are clear. */
  | { readonly kind: 'order' }
  /** In the locals of the carry, not in the frame's. */
  | { readonly kind: 'carried'; readonly carry: Carry };

export class LazyFlags {
  /** Null: only the local `kind` tells. */
  known: KnownFlags | null = { kind: 'explicit' };
  #o: RegionOps;
  #frame: Frame;

  constructor(o: RegionOps, frame: Frame) {
    this.#o = o;
    this.#frame = frame;
  }

  operation(operation: 'add' | 'sub', w: Width, a: Value, b: Value, r: Value): void {
    const { f, flags } = this.#frame;
    f.i32(flagKind(operation, w));
    f.set(flags.kind);
    this.#o.push(this.#o.zeroExtend(w, 64, a));
    f.set(flags.a);
    this.#o.push(this.#o.zeroExtend(w, 64, b));
    f.set(flags.b);
    this.#setResult(w, r);
    const known = { kind: 'operation', operation, w, plain: this.#o.isResultOf(operation, a, b, r) } as const;
    this.known = known;
    this.#o.tracker?.follow(known, a, b, r);
  }

  logic(w: Width, r: Value): void {
    this.storeAux(this.#o.int(32, 0));
    this.#setResult(w, r);
    const known = { kind: 'logic', w } as const;
    this.known = known;
    this.#o.tracker?.follow(known, null, null, r);
  }

  order(less: Value, equal: Value): void {
    const o = this.#o;
    const { f, order } = this.#frame;
    o.push(less);
    f.set(order.less);
    o.push(equal);
    f.set(order.equal);
    // The result 0 has ZF; PF, which it has too, is inverted.
    const carry = o.and(32, o.neg(32, this.#orderLocal('less')), o.int(32, CARRY_BITS));
    this.storeAux(o.or(32, carry, o.shl(32, this.#orderLocal('equal'), o.int(32, Math.log2(PF_INVERTED_BIT)))));
    this.#setResult(64, o.zeroExtend(32, 64, o.negate(this.#orderLocal('equal'))));
    this.known = { kind: 'order' };
    o.tracker?.lose();
  }

  /** Flags that are carried come to the frame's locals. */
  settle(): void {
    if (this.known?.kind !== 'carried') return;
    settleCarried(this.#frame.f, this.#frame, this.known.carry);
    this.known = null;
  }

  storeAux(aux: Value): void {
    const { f, flags } = this.#frame;
    f.i32(0);
    f.set(flags.kind);
    this.#o.push(this.#o.zeroExtend(32, 64, aux));
    f.set(flags.a);
  }

  /** `flagsAux` as in `state.ts`. */
  aux(): Value {
    this.settle();
    const o = this.#o;
    if (this.known === null) this.#makeExplicit();
    const { known } = this;
    if (known?.kind === 'logic') return o.int(32, 0);
    if (known?.kind !== 'operation') return this.#narrow(32, this.#frame.flags.a);
    const { w, operation } = known;
    const wide = w === 64 ? 64 : 32;
    const [a, b, r] = [this.#operand(w, 'a'), this.#operand(w, 'b'), this.#operand(w, 'result')];
    const left = operation === 'sub' ? o.not(wide, a) : a;
    const right = operation === 'sub' ? r : o.not(wide, r);
    const carries = o.or(wide, o.and(wide, left, b), o.and(wide, o.or(wide, left, b), right));
    const top =
      w === 64 ? o.truncate(64, 32, o.shrU(64, carries, o.int(64, 32))) : o.shl(32, carries, o.int(32, 32 - w));
    const low = o.truncate(wide, 32, carries);
    return o.or(32, o.and(32, top, o.int(32, CARRY_BITS)), o.and(32, low, o.int(32, AF_BIT)));
  }

  /** A flag where it is cheaper than from result and aux; null otherwise. */
  flag(name: FlagName): Value | null {
    this.settle();
    const o = this.#o;
    const { known } = this;
    if (name === 'zf') return this.#isZero();
    if (known?.kind === 'order') return name === 'cf' ? this.#orderLocal('less') : o.condition(false);
    if (known === null || known.kind === 'explicit' || known.kind === 'carried') return null;
    switch (name) {
      case 'cf':
        if (known.kind === 'logic') return o.condition(false);
        if (known.kind !== 'operation' || !known.plain) return null;
        return known.operation === 'sub'
          ? o.ltU(known.w, this.#operand(known.w, 'a'), this.#operand(known.w, 'b'))
          : o.ltU(known.w, this.#operand(known.w, 'result'), this.#operand(known.w, 'a'));
      case 'of':
        return known.kind === 'logic' ? o.condition(false) : null;
      case 'sf':
        return o.ltS(64, this.#local('result'), o.int(64, 0));
      case 'pf': {
        const low = o.and(32, this.#narrow(32, this.#frame.flags.result), o.int(32, 0xff));
        return o.isZero(32, o.and(32, o.popcnt(32, low), o.int(32, 1)));
      }
      default:
        return null;
    }
  }

  /** Whether the even condition code of a pair holds (SDM Vol. 2D, B.1.4.7). */
  condition(pair: number): Value {
    this.settle();
    const o = this.#o;
    const { known } = this;
    if (known?.kind === 'operation' && known.operation === 'sub' && known.plain) {
      const { w } = known;
      const operands = (): [Value, Value] => [this.#operand(w, 'a'), this.#operand(w, 'b')];
      const [a, b] = operands();
      if (pair === 2) return o.eq(w, a, b);
      if (pair === 3) return o.negate(o.ltU(w, b, a));
      if (pair === 6) return o.ltS(w, a, b);
      if (pair === 7) return o.negate(o.ltS(w, b, a));
    }
    if (known?.kind === 'logic') {
      if (pair === 3) return this.#isZero();
      if (pair === 6) return this.#flag('sf');
      if (pair === 7) return o.negate(o.ltS(64, o.int(64, 0), this.#local('result')));
    }
    switch (pair) {
      case 0:
        return this.#flag('of');
      case 1:
        return this.#flag('cf');
      case 2:
        return this.#isZero();
      case 3:
        return o.either(this.#flag('cf'), this.#isZero());
      case 4:
        return this.#flag('sf');
      case 5:
        return this.#flag('pf');
      case 6:
        return o.differ(this.#flag('sf'), this.#flag('of'));
      default:
        return o.either(this.#isZero(), o.differ(this.#flag('sf'), this.#flag('of')));
    }
  }

  /** Stores the flags in the CPU state. */
  store(): void {
    const { f, flags } = this.#frame;
    const aux = this.aux();
    f.i32(0);
    this.#o.push(aux);
    f.memory(OP.i32Store, STATE.flagsAux);
    f.i32(0);
    f.get(flags.result);
    f.memory(OP.i64Store, STATE.flagsResult);
  }

  #flag(name: FlagName): Value {
    return this.flag(name) ?? this.#o.plainFlag(name);
  }

  #isZero(): Value {
    const { known } = this;
    if (known?.kind === 'order') return this.#orderLocal('equal');
    const narrow = known !== null && known.kind !== 'explicit' && known.kind !== 'carried' && known.w <= 32;
    if (narrow) return this.#o.isZero(32, this.#narrow(32, this.#frame.flags.result));
    return this.#o.isZero(64, this.#local('result'));
  }

  #orderLocal(name: 'less' | 'equal'): Value {
    return { type: i32, local: this.#frame.order[name], constant: null };
  }

  #local(name: 'a' | 'b' | 'result'): Value {
    return { type: i64, local: this.#frame.flags[name], constant: null };
  }

  #operand(w: Width, name: 'a' | 'b' | 'result'): Value {
    if (w === 64) return this.#local(name);
    const value = this.#narrow(32, this.#frame.flags[name]);
    return w < 32 && name === 'result' ? this.#o.and(32, value, this.#o.int(32, w === 8 ? 0xff : 0xffff)) : value;
  }

  #narrow(_w: 32, local: number): Value {
    const { f } = this.#frame;
    f.get(local);
    f.op(OP.i32WrapI64);
    return this.#o.pop(i32);
  }

  #setResult(w: Width, r: Value): void {
    this.#o.push(w === 64 ? r : this.#o.signExtend(w, 64, r));
    this.#frame.f.set(this.#frame.flags.result);
  }

  /** Brings the locals into the form with aux, whichever they are in. */
  #makeExplicit(): void {
    const { f, flags } = this.#frame;
    f.get(flags.kind);
    f.if();
    pushAuxOfOperation(f, flags, (type) => f.local(type));
    f.set(flags.a);
    f.i32(0);
    f.set(flags.kind);
    f.end();
    this.known = { kind: 'explicit' };
  }
}
