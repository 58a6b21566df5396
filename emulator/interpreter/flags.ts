/**
 * Lazy flags: `flagsResult` and `flagsAux` of the CPU state, as `state.ts` defines them.
 */
import type { Width } from '../isa/instruction.ts';
import type { FlagName } from '../isa/ops.ts';
import { ARITHMETIC_FLAGS, RFLAGS, STATE } from '../state.ts';
import { OP, TYPE } from '../wasm/opcodes.ts';
import { type Value, ValueEmitter } from './values.ts';

const { i32, i64 } = TYPE;

/** Bits of `flagsAux`. */
const AUX = { cf: 31, cfXorOf: 30, sfInverted: 29, af: 3, pfInverted: 1 } as const;
const CARRY_BITS = (1 << AUX.cf) | (1 << AUX.cfXorOf);

export class FlagEmitter extends ValueEmitter {
  /** Set by an instruction after which the executor must look at TF and AC. */
  protected mustLook = false;

  flagsAdd(w: Width, a: Value, b: Value, r: Value): void {
    // Carry out of each bit: both inputs set, or one of them and no sum bit.
    const carries = this.or(w, this.and(w, a, b), this.and(w, this.or(w, a, b), this.not(w, r)));
    this.storeResult(w, r);
    this.#storeCarries(w, carries);
  }

  flagsSub(w: Width, a: Value, b: Value, r: Value): void {
    const notA = this.not(w, a);
    const borrows = this.or(w, this.and(w, notA, b), this.and(w, this.or(w, notA, b), r));
    this.storeResult(w, r);
    this.#storeCarries(w, borrows);
  }

  flagsLogic(w: Width, r: Value): void {
    this.storeResult(w, r);
    this.storeAux(this.int(32, 0));
  }

  flagsResult(w: Width, r: Value, others: { cf?: Value; af?: Value; of?: Value }): void {
    const cf = others.cf ?? this.flag('cf');
    const of = others.of ?? this.flag('of');
    const af = others.af ?? this.flag('af');
    this.storeResult(w, r);
    this.storeAux(this.#auxOf(cf, of, af));
  }

  setFlags(flags: Partial<Record<FlagName, Value>>): void {
    if (flags.zf === undefined && flags.sf === undefined && flags.pf === undefined) {
      // Result and its inversions stay.
      const cf = flags.cf ?? this.flag('cf');
      const of = flags.of ?? this.flag('of');
      const af = flags.af ?? this.flag('af');
      const kept = this.and(32, this.aux(), this.int(32, (1 << AUX.sfInverted) | (1 << AUX.pfInverted)));
      this.storeAux(this.or(32, kept, this.#auxOf(cf, of, af)));
      return;
    }
    const get = (name: FlagName) => flags[name] ?? this.flag(name);
    this.#storeAll(get('cf'), get('pf'), get('af'), get('zf'), get('sf'), get('of'));
  }

  flag(name: FlagName): Value {
    switch (name) {
      case 'cf':
        return this.bit(32, this.aux(), AUX.cf);
      case 'of': {
        const aux = this.aux();
        return this.bit(32, this.xor(32, aux, this.shl(32, aux, this.int(32, 1))), 31);
      }
      case 'af':
        return this.bit(32, this.aux(), AUX.af);
      case 'zf':
        return this.isZero(64, this.result());
      case 'sf':
        return this.differ(this.bit(64, this.result(), 63), this.bit(32, this.aux(), AUX.sfInverted));
      case 'pf': {
        const low = this.and(32, this.truncate(64, 32, this.result()), this.int(32, 0xff));
        const odd = this.and(32, this.popcnt(32, low), this.int(32, 1));
        return this.negate(this.differ(odd, this.bit(32, this.aux(), AUX.pfInverted)));
      }
    }
  }

  conditionCode(code: number): Value {
    const holds = this.#condition(code >> 1);
    return (code & 1) === 0 ? holds : this.negate(holds);
  }

  readFlags(): Value {
    const at = (name: FlagName, bit: number) => this.shl(32, this.flag(name), this.int(32, Math.log2(bit)));
    let flags = this.or(32, this.#system(), this.int(32, RFLAGS.fixed1 | RFLAGS.IF));
    flags = this.and(32, flags, this.int(32, ~(RFLAGS.RF | RFLAGS.VM)));
    for (const name of ['cf', 'pf', 'af', 'zf', 'sf', 'of'] as const) {
      flags = this.or(32, flags, at(name, RFLAGS[name.toUpperCase() as 'CF']));
    }
    return this.zeroExtend(32, 64, flags);
  }

  writeFlags(mask: number, value: Value): void {
    const low = this.truncate(64, 32, value);
    const arithmetic = mask & ARITHMETIC_FLAGS;
    if (arithmetic !== 0) {
      const given: Partial<Record<FlagName, Value>> = {};
      for (const name of ['cf', 'pf', 'af', 'zf', 'sf', 'of'] as const) {
        const bit = RFLAGS[name.toUpperCase() as 'CF'];
        if (mask & bit) given[name] = this.bit(32, low, Math.log2(bit));
      }
      this.setFlags(given);
    }
    const system = mask & ~ARITHMETIC_FLAGS & ~RFLAGS.IF & ~RFLAGS.fixed1;
    if (system === 0) return;
    const kept = this.and(32, this.#system(), this.int(32, ~system));
    this.#storeSystem(this.or(32, kept, this.and(32, low, this.int(32, system))));
    if (system & (RFLAGS.TF | RFLAGS.AC)) this.mustLook = true;
  }

  directionFlag(): Value {
    return this.bit(32, this.#system(), Math.log2(RFLAGS.DF));
  }

  setDirectionFlag(value: boolean): void {
    const bit = this.int(32, value ? RFLAGS.DF : ~RFLAGS.DF);
    this.#storeSystem(value ? this.or(32, this.#system(), bit) : this.and(32, this.#system(), bit));
  }

  #condition(pair: number): Value {
    switch (pair) {
      case 0:
        return this.flag('of');
      case 1:
        return this.flag('cf');
      case 2:
        return this.flag('zf');
      case 3:
        return this.either(this.flag('cf'), this.flag('zf'));
      case 4:
        return this.flag('sf');
      case 5:
        return this.flag('pf');
      case 6:
        return this.#less();
      default:
        return this.either(this.flag('zf'), this.#less());
    }
  }

  /** SF != OF: the top bit of result ^ (inversion << 2) ^ aux ^ (aux << 1). */
  #less(): Value {
    this.f.i32(0);
    this.f.memory(OP.i32Load, STATE.flagsResult + 4);
    const high = this.pop(i32);
    const aux = this.aux();
    const overflow = this.xor(32, aux, this.shl(32, aux, this.int(32, 1)));
    const inversion = this.shl(32, aux, this.int(32, 31 - AUX.sfInverted));
    return this.bit(32, this.xor(32, this.xor(32, high, overflow), inversion), 31);
  }

  #storeAll(cf: Value, pf: Value, af: Value, zf: Value, sf: Value, of: Value): void {
    // Result 0 has ZF, PF, no SF; result 1 has none of them.
    const nonZero = this.negate(zf);
    const inversions = this.or(
      32,
      this.shl(32, sf, this.int(32, AUX.sfInverted)),
      this.shl(32, this.differ(pf, zf), this.int(32, AUX.pfInverted)),
    );
    this.storeResult(64, this.zeroExtend(32, 64, nonZero));
    this.storeAux(this.or(32, inversions, this.#auxOf(cf, of, af)));
  }

  #auxOf(cf: Value, of: Value, af: Value): Value {
    const top = this.or(
      32,
      this.shl(32, cf, this.int(32, AUX.cf)),
      this.shl(32, this.differ(cf, of), this.int(32, AUX.cfXorOf)),
    );
    return this.or(32, top, this.shl(32, af, this.int(32, AUX.af)));
  }

  /** From a vector of carries, of which the two highest and bit 3 count. */
  #storeCarries(w: Width, carries: Value): void {
    if (w === 32) {
      this.storeAux(this.and(32, carries, this.int(32, CARRY_BITS | 8)));
      return;
    }
    const low = w === 64 ? this.truncate(64, 32, carries) : carries;
    const top =
      w === 64
        ? this.truncate(64, 32, this.shrU(64, carries, this.int(64, 32)))
        : this.shl(32, carries, this.int(32, 32 - w));
    this.storeAux(this.or(32, this.and(32, top, this.int(32, CARRY_BITS)), this.and(32, low, this.int(32, 8))));
  }

  protected storeResult(w: Width, r: Value): void {
    const wide = w === 64 ? r : this.signExtend(w, 64, r);
    this.f.i32(0);
    this.push(wide);
    this.f.memory(OP.i64Store, STATE.flagsResult);
  }

  protected storeAux(aux: Value): void {
    this.f.i32(0);
    this.push(aux);
    this.f.memory(OP.i32Store, STATE.flagsAux);
  }

  protected aux(): Value {
    this.f.i32(0);
    this.f.memory(OP.i32Load, STATE.flagsAux);
    return this.pop(i32);
  }

  protected result(): Value {
    this.f.i32(0);
    this.f.memory(OP.i64Load, STATE.flagsResult);
    return this.pop(i64);
  }

  /** The low half of the word with DF, TF, AC and so on. */
  #system(): Value {
    this.f.i32(0);
    this.f.memory(OP.i32Load, STATE.rflags);
    return this.pop(i32);
  }

  #storeSystem(value: Value): void {
    this.f.i32(0);
    this.push(value);
    this.f.memory(OP.i32Store, STATE.rflags);
  }
}
