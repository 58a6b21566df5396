/** The arithmetic flags of the reference, computed at once. */
import type { Width } from '../isa/instruction.ts';
import type { FlagName } from '../isa/ops.ts';
import { ARITHMETIC_FLAGS, RFLAGS } from '../state.ts';
import { ReferenceAccess } from './access.ts';
import { SIGN } from './values.ts';

const FLAG: Readonly<Record<FlagName, number>> = {
  cf: RFLAGS.CF,
  pf: RFLAGS.PF,
  af: RFLAGS.AF,
  zf: RFLAGS.ZF,
  sf: RFLAGS.SF,
  of: RFLAGS.OF,
};

const PARITY = Uint8Array.from({ length: 256 }, (_, byte) => {
  let ones = 0;
  for (let b = byte; b !== 0; b &= b - 1) ones++;
  return ones % 2 === 0 ? RFLAGS.PF : 0;
});

export class ReferenceFlags extends ReferenceAccess {
  flagsAdd(w: Width, a: bigint, b: bigint, r: bigint): void {
    const carries = (a & b) | ((a | b) & ~r);
    const overflow = (a ^ r) & (b ^ r) & SIGN[w];
    this.#setArithmetic(w, r, (carries & SIGN[w]) !== 0n, (carries & 8n) !== 0n, overflow !== 0n);
  }
  flagsSub(w: Width, a: bigint, b: bigint, r: bigint): void {
    const borrows = (~a & b) | ((~a | b) & r);
    const overflow = (a ^ b) & (a ^ r) & SIGN[w];
    this.#setArithmetic(w, r, (borrows & SIGN[w]) !== 0n, (borrows & 8n) !== 0n, overflow !== 0n);
  }
  flagsLogic(w: Width, r: bigint): void {
    this.#setArithmetic(w, r, false, false, false);
  }
  flagsResult(w: Width, r: bigint, others: { cf?: boolean; af?: boolean; of?: boolean }): void {
    const old = this.state.rflags;
    this.#setArithmetic(
      w,
      r,
      others.cf ?? (old & RFLAGS.CF) !== 0,
      others.af ?? (old & RFLAGS.AF) !== 0,
      others.of ?? (old & RFLAGS.OF) !== 0,
    );
  }
  setFlags(flags: Partial<Record<FlagName, boolean>>): void {
    let rflags = this.state.rflags;
    for (const [name, value] of Object.entries(flags) as [FlagName, boolean][]) {
      rflags = value ? rflags | FLAG[name] : rflags & ~FLAG[name];
    }
    this.state.rflags = rflags;
  }
  flag(name: FlagName): boolean {
    return (this.state.rflags & FLAG[name]) !== 0;
  }
  conditionCode(code: number): boolean {
    const holds = this.#condition(code >> 1);
    return (code & 1) === 0 ? holds : !holds;
  }
  readFlags(): bigint {
    return BigInt((this.state.rflags & ~(RFLAGS.RF | RFLAGS.VM)) >>> 0);
  }
  writeFlags(mask: number, value: bigint): void {
    const state = this.state;
    state.rflags = (state.rflags & ~mask) | (Number(value & 0xffffffffn) & mask);
  }
  directionFlag(): boolean {
    return (this.state.rflags & RFLAGS.DF) !== 0;
  }
  setDirectionFlag(value: boolean): void {
    const state = this.state;
    state.rflags = value ? state.rflags | RFLAGS.DF : state.rflags & ~RFLAGS.DF;
  }

  #setArithmetic(w: Width, r: bigint, cf: boolean, af: boolean, of: boolean): void {
    const state = this.state;
    let flags = state.rflags & ~ARITHMETIC_FLAGS;
    if (cf) flags |= RFLAGS.CF;
    if (af) flags |= RFLAGS.AF;
    if (of) flags |= RFLAGS.OF;
    if (r === 0n) flags |= RFLAGS.ZF;
    if (r & SIGN[w]) flags |= RFLAGS.SF;
    state.rflags = flags | PARITY[Number(r & 0xffn)]!;
  }

  #condition(pair: number): boolean {
    const flags = this.state.rflags;
    const cf = (flags & RFLAGS.CF) !== 0;
    const zf = (flags & RFLAGS.ZF) !== 0;
    const less = ((flags & RFLAGS.SF) !== 0) !== ((flags & RFLAGS.OF) !== 0);
    switch (pair) {
      case 0:
        return (flags & RFLAGS.OF) !== 0;
      case 1:
        return cf;
      case 2:
        return zf;
      case 3:
        return cf || zf;
      case 4:
        return (flags & RFLAGS.SF) !== 0;
      case 5:
        return (flags & RFLAGS.PF) !== 0;
      case 6:
        return less;
      default:
        return zf || less;
    }
  }
}
