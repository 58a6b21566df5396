/** Accesses of `RegionOps` to memory: through the TLB, alone, together with others (`plan.ts`), or round after round. */
import { FLOAT } from '../../interpreter/float-values.ts';
import { largeTable, pushLargeMiss } from '../../interpreter/large.ts';
import { pushAddend, pushHost } from '../../interpreter/look.ts';
import { pushTlbMiss } from '../../interpreter/translate.ts';
import { typeOf, type Value } from '../../interpreter/values.ts';
import type { Instruction, MemoryOperand, Operand, Width } from '../../isa/instruction.ts';
import { LINEAR } from '../../memory/layout.ts';
import { OP, SIMD, TYPE } from '../../wasm/opcodes.ts';
import type { Share } from '../plan.ts';
import type { Access } from '../summary.ts';
import { type Begin, empty } from './control.ts';
import { VectorEmitter } from './vectors.ts';

const { i32, i64, v128 } = TYPE;

const LOAD = { 8: OP.i32Load8u, 16: OP.i32Load16u, 32: OP.i32Load, 64: OP.i64Load } as const;
const STORE = { 8: OP.i32Store8, 16: OP.i32Store16, 32: OP.i32Store, 64: OP.i64Store } as const;

/** Where an access finds its bytes in linear memory: a local, and an offset for the instruction. */
export interface Host {
  readonly base: Value;
  readonly offset: number;
}

/** Locals of an access in the rounds of a string instruction: the page that it was to last, and the addend to get there. */
interface SeenPage {
  readonly page: number;
  readonly addend: number;
}
const ACCESSES_OF_A_ROUND = 2;
const PAGE_MASK = -4096n;
const NO_PAGE = 1n;

/** Instructions on vectors whose operand in memory is an integer by itself. */
const INTEGER_SOURCE = /^V?(CVTSI2|PINSR)/;
/** Those that put it into a vector alone. */
const TO_VECTOR = /^V?MOV(SS|SD|D|Q)$/;

export abstract class MemoryEmitter extends VectorEmitter {
  /** Accesses of the instruction; collected instead of made where they are observed. */
  accesses: Access[] = [];
  /** How the next accesses find their bytes; without one each looks for itself. */
  #shares: readonly (Share | null)[] = [];
  #nextShare = 0;
  /** Locals of groups of accesses, by slot. */
  #slots: number[] = [];
  /** Of the accesses of a round that are still to come. */
  #pages: SeenPage[] = [];
  #addresses = new Map<Operand, Value>();
  /** What the instruction loads goes to a vector register, or is an operand of one. */
  #loadsFloats = false;
  /** It is all of the vector but zeros. */
  #loadsVectors = false;

  /** `shares` are of the instruction's accesses in order. */
  override begin(i: Instruction, begin: Begin, shares: readonly (Share | null)[] = []): void {
    super.begin(i, begin);
    this.#shares = shares;
    this.#nextShare = 0;
    empty(this.#addresses);
    this.#loadsFloats = i.operands.some(({ kind }) => kind === 'vector') && !INTEGER_SOURCE.test(i.row.mnemonic);
    this.#loadsVectors = this.#loadsFloats && TO_VECTOR.test(i.row.mnemonic);
  }

  protected override beginRounds(): void {
    const { f } = this;
    this.#pages = [];
    for (let n = 0; n < ACCESSES_OF_A_ROUND; n++) {
      const seen: SeenPage = { page: f.local(i64), addend: f.local(i32) };
      f.i64(NO_PAGE);
      f.set(seen.page);
      this.#pages.push(seen);
    }
  }

  // --- addresses ----------------------------------------------------------------------------------------------------

  override effectiveAddress(op: MemoryOperand): Value {
    let address = this.int(64, op.displacement);
    if (op.vsib !== undefined) this.notes.unsupported = true;
    else if (op.index >= 0) {
      const index = this.register(64, op.index);
      const scaled = op.scale === 1 ? index : this.shl(64, index, this.int(64, Math.log2(op.scale)));
      address = op.displacement === 0n ? scaled : this.add(64, scaled, address);
    }
    if (op.base >= 0) {
      const base = this.register(64, op.base);
      address = address.constant === 0n ? base : this.add(64, base, address);
    }
    return op.addressSize === 32 ? this.and(64, address, this.int(64, 0xffffffff)) : address;
  }

  override linearAddress(op: MemoryOperand): Value {
    const known = this.#addresses.get(op);
    if (known !== undefined) return known;
    let address = this.effectiveAddress(op);
    if (op.segment !== 'none') address = this.add(64, address, this.segmentBase(op.segment));
    if (this.depth === 0) this.#addresses.set(op, address);
    return address;
  }

  override vsibIndex(_op: MemoryOperand): Value[] {
    this.notes.unsupported = true;
    return [this.vectorConstant(0n, 0n), this.vectorConstant(0n, 0n)];
  }

  override vsibAddress(_op: MemoryOperand, _index: Value): Value {
    this.notes.unsupported = true;
    return this.int(64, 0);
  }

  // --- accesses -----------------------------------------------------------------------------------------------------

  /** Where the bytes of an access lie, or it leaves. */
  protected host(table: 'read' | 'write', address: Value, bytes: number): Host {
    if (this.observing) {
      this.accesses.push({ address: this.depth === 0 ? this.sumOf(address) : null, bytes, write: table === 'write' });
      return { base: this.int(32, 0), offset: 0 };
    }
    const share = this.#shares[this.#nextShare++];
    if (share === undefined || share === null) return { base: this.#translated(table, address, bytes), offset: 0 };
    const { group, offset, first } = share;
    this.#slots[group.slot] ??= this.writer.fixed(i32);
    const base: Value = { type: i32, local: this.#slots[group.slot]!, constant: null };
    if (first) {
      const low = offset === 0 ? address : super.sub(64, address, this.int(64, offset));
      this.push(this.#translated(group.write ? 'write' : 'read', low, group.high - group.low));
      this.f.set(base.local);
    }
    return { base, offset };
  }

  /** The byte offset in linear memory of an access, or it leaves. */
  #translated(access: 'read' | 'write', address: Value, bytes: number): Value {
    const { f } = this;
    const table = access === 'read' ? LINEAR.tlbRead : LINEAR.tlbWrite;
    const at = this.#local(address);
    if (this.repeating) return this.#translatedInRound(table, at, bytes);
    if (this.beginning.large === true) return this.#translatedLarge(table, at, bytes);
    const slot = f.local(i32);
    pushTlbMiss(f, table, slot, at, bytes);
    this.leaveIf();
    pushHost(f, table, slot, at);
    return this.pop(i32);
  }

  /** The same where a large page is likely. */
  #translatedLarge(table: number, at: number, bytes: number): Value {
    const { f } = this;
    const slot = f.local(i32);
    const host = f.local(i32);
    pushLargeMiss(f, table, slot, at, bytes);
    pushHost(f, largeTable(table), slot, at);
    f.set(host);
    f.unlikely();
    f.if();
    pushTlbMiss(f, table, slot, at, bytes);
    this.leaveIf();
    pushHost(f, table, slot, at);
    f.set(host);
    f.end();
    return { type: i32, local: host, constant: null };
  }

  /** The same where the access of the round before is likely to have been to the same page. */
  #translatedInRound(table: number, at: number, bytes: number): Value {
    const { f } = this;
    const { page, addend } = this.#pages.shift()!;
    const last = f.local(i64);
    f.get(at);
    f.i64(BigInt(bytes - 1));
    f.op(OP.i64Add);
    f.i64(PAGE_MASK);
    f.op(OP.i64And);
    f.set(last);
    f.get(last);
    f.get(page);
    f.op(OP.i64Ne);
    // What begins in another page and ends in this one has another one before it.
    f.if();
    const slot = f.local(i32);
    pushTlbMiss(f, table, slot, at, bytes);
    this.leaveIf();
    f.get(last);
    f.set(page);
    pushAddend(f, table, slot);
    f.set(addend);
    f.end();
    f.get(addend);
    f.get(at);
    f.op(OP.i32WrapI64);
    f.op(OP.i32Add);
    return this.pop(i32);
  }

  #local(v: Value): number {
    if (v.constant === null) return v.local;
    this.push(v);
    return this.pop(v.type).local;
  }

  protected loadAt(w: Width, { base, offset }: Host): Value {
    this.push(base);
    if (w >= 32 && this.#loadsVectors) {
      this.f.simdMemory(w === 64 ? SIMD.v128Load64Zero : SIMD.v128Load32Zero, offset);
      return this.onlyLane(w as 32 | 64, this.pop(v128));
    }
    if (w >= 32 && this.#loadsFloats) {
      const t = FLOAT[w as 32 | 64];
      this.f.memory(w === 64 ? OP.f64Load : OP.f32Load, offset);
      return this.asBits(t, this.pop(t.float));
    }
    this.f.memory(LOAD[w], offset);
    return this.pop(typeOf(w));
  }

  protected storeAt(w: Width, { base, offset }: Host, value: Value): void {
    this.wrote();
    this.push(base);
    const float = w >= 32 ? this.floatOf(value) : undefined;
    if (float !== undefined) {
      this.push(float);
      this.f.memory(w === 64 ? OP.f64Store : OP.f32Store, offset);
      return;
    }
    this.push(value);
    this.f.memory(STORE[w], offset);
  }

  override load(w: Width, address: Value): Value {
    return this.loadAt(w, this.host('read', address, w / 8));
  }

  override loadForWrite(w: Width, address: Value): Value {
    return this.loadAt(w, this.host('write', address, w / 8));
  }

  override store(w: Width, address: Value, value: Value): void {
    this.storeAt(w, this.host('write', address, w / 8), value);
  }

  protected override loadChunks(address: Value, count: number): Value[] {
    const { base, offset } = this.host('read', address, 16 * count);
    return Array.from({ length: count }, (_, n) => {
      this.push(base);
      this.f.simdMemory(SIMD.v128Load, offset + 16 * n);
      return this.pop(v128);
    });
  }

  protected override storeChunks(address: Value, values: readonly Value[]): void {
    const { base, offset } = this.host('write', address, 16 * values.length);
    this.wrote();
    for (const [n, value] of values.entries()) {
      this.push(base);
      this.push(value);
      this.f.simdMemory(SIMD.v128Store, offset + 16 * n);
    }
  }
}
