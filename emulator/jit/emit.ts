/**
 * The operations of instructions as a region wants them: operands are constants, registers are locals (`frame.ts`), and
 * whatever is rare - a TLB miss, an access across a page, a float operation with an answer of its own, a helper - leaves the
 * region at the start of the instruction, which the interpreter then executes.
 *
 * Invariants:
 *  - Nothing of the guest's state is written before the last point at which an instruction may leave. Where a function does
 *    otherwise `notes.late` is set, and the instruction is left to the interpreter altogether.
 *  - A `Value` may name a register's local as long as the instruction does not write that register: then it moves to a
 *    temporary first.
 */

import { FloatEmitter } from '../interpreter/float.ts';
import { bitsFromFloat, FLOAT, type FloatType, floatFromBits } from '../interpreter/float-values.ts';
import { pushHost, pushTlbMiss, pushTlbSlot } from '../interpreter/translate.ts';
import { typeOf, type Value } from '../interpreter/values.ts';
import type { HelperName } from '../isa/helpers.ts';
import type { Instruction, MemoryOperand, Operand, SegmentBase, TargetOperand, Width } from '../isa/instruction.ts';
import type { FlagName, FloatBinary, FloatUnary, FloatVectorBinary, Ops, Vector } from '../isa/ops.ts';
import { LINEAR } from '../memory/layout.ts';
import { ARITHMETIC_FLAGS, REG, RFLAGS, STATE } from '../state.ts';
import { OP, SIMD, TYPE, type ValueType } from '../wasm/opcodes.ts';
import { FlagTracker } from './carry.ts';
import { LazyFlags } from './flags.ts';
import {
  type Arithmetic,
  FLOAT_BOUNDS,
  type FloatBound,
  type FloatConstant,
  scalarArithmetic,
  setFloatBounds,
  vectorArithmetic,
} from './float.ts';
import type { Frame } from './frame.ts';
import { constant, type Linear, plus, times } from './linear.ts';
import type { Access, Share } from './plan.ts';
import type { RegionWriter } from './writer.ts';

const { i32, i64, v128 } = TYPE;

const LOAD = { 8: OP.i32Load8u, 16: OP.i32Load16u, 32: OP.i32Load, 64: OP.i64Load } as const;
const STORE = { 8: OP.i32Store8, 16: OP.i32Store16, 32: OP.i32Store, 64: OP.i64Store } as const;
const SEGMENTS = [STATE.es, STATE.cs, STATE.ss, STATE.ds, STATE.fs, STATE.gs];

/** How an instruction ends that is not simply followed by the next; the region's builder makes control flow of it. */
export type Transfer =
  | { readonly kind: 'goto'; readonly target: number }
  | { readonly kind: 'branch'; readonly condition: Value; readonly target: number }
  | { readonly kind: 'jump'; readonly target: Value };

/** What was seen while the function ran; see `effects.ts`. */
export interface Notes {
  ending: 'goto' | 'branch' | 'jump' | 'interpret' | null;
  unsupported: boolean;
  /** Which way an `if` goes was known. */
  decided: boolean;
  late: boolean;
  wrote: boolean;
  mayExit: boolean;
  flagsRead: number;
  flagsSet: number;
  flagsTouched: number;
  conditional: boolean;
}

const newNotes = (): Notes => ({
  ending: null,
  unsupported: false,
  decided: false,
  late: false,
  wrote: false,
  mayExit: false,
  flagsRead: 0,
  flagsSet: 0,
  flagsTouched: 0,
  conditional: false,
});

/** Where an access finds its bytes in linear memory: a local, and an offset for the instruction. */
interface Host {
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

/** A value that is a register's local for now. */
interface Alias {
  type: ValueType;
  local: number;
  constant: null;
}

export interface Begin {
  /** Some flag that the instruction writes is used later. */
  readonly flagsWanted: boolean;
  /** It writes registers inside an `if`. */
  readonly conditional: boolean;
}

export class RegionOps extends FloatEmitter implements Ops<Value, Value, Value> {
  notes = newNotes();
  transfer: Transfer | null = null;
  readonly flags: LazyFlags;
  /** Where accesses are observed: follows what flags come from. */
  tracker: FlagTracker | null = null;
  readonly #writer: RegionWriter;
  readonly #frame: Frame;
  #begin!: Begin;
  #repeating = false;
  /** Of the accesses of a round that are still to come. */
  #pages: SeenPage[] = [];
  #aliases = new Map<number, Alias[]>();
  #addresses = new Map<Operand, Value>();
  #writable = new Map<Operand, Host>();
  /** What is known of 64-bit values and of the registers, where accesses are observed. */
  #sums = new Map<Value, Linear>();
  #registers: Linear[] | null = null;
  #fresh: () => Linear = () => {
    throw new Error('nothing is observed');
  };
  /** Accesses of the instruction; collected instead of made where they are observed. */
  accesses: Access[] = [];
  /** How the next accesses find their bytes; without one each looks for itself. */
  #shares: readonly (Share | null)[] = [];
  #nextShare = 0;
  /** What is known of floats: by value, and by register (`plainness`; 0 is nothing). */
  #plainValues = new Map<Value, number>();
  #plain: number[] = new Array<number>(16).fill(0);
  /** The register that a vector is, or that a scalar is the low lane of. */
  #registerOf = new Map<Value, number>();
  /** By register: those with the same number hold the same. */
  #twins = Array.from({ length: 16 }, (_, n) => n);
  #lastTwin = 16;
  /** Bits that were made from a float. */
  #floats = new Map<Value, Value>();
  /** What the instruction loads goes to a vector register, or is an operand of one. */
  #loadsFloats = false;
  /** Locals of groups of accesses, by slot. */
  #slots: number[] = [];
  #origins = new Map<Value, { readonly operation: 'add' | 'sub'; readonly a: Value; readonly b: Value }>();

  constructor(f: RegionWriter, frame: Frame) {
    super(f, undefined as unknown as Instruction);
    this.#writer = f;
    this.#frame = frame;
    this.flags = new LazyFlags(this, frame);
    f.leave = () => {
      this.#mayLeave();
      f.brTo(this.exitLabel);
    };
  }

  /** Label outside which the region is left, for the flags that are known. */
  get exitLabel(): number {
    const { known } = this.flags;
    return known?.kind === 'carried' ? known.carry.exitLabel : this.#frame.exitLabel;
  }

  /** Starts an instruction. Its operands are told apart by identity, so it gets its own. `shares` are of its accesses in order. */
  begin(i: Instruction, begin: Begin, shares: readonly (Share | null)[] = []): void {
    this.#writer.recycle();
    this.tracker?.beginInstruction();
    this.insn = { ...i, operands: i.operands.map((op) => ({ ...op })) };
    this.notes = newNotes();
    this.transfer = null;
    this.#repeating = false;
    this.#begin = begin;
    this.#aliases.clear();
    this.#addresses.clear();
    this.#writable.clear();
    this.#origins.clear();
    this.#sums.clear();
    this.#plainValues.clear();
    this.#registerOf.clear();
    this.#floats.clear();
    this.#loadsFloats = i.operands.some(({ kind }) => kind === 'vector') && !INTEGER_SOURCE.test(i.row.mnemonic);
    this.#shares = shares;
    this.#nextShare = 0;
  }

  /**
   * From now on accesses are collected in `accesses`, and sums of registers followed: `registers` holds what is in each, and is
   * kept up to date. `fresh` names what is not known.
   */
  observe(registers: Linear[], fresh: () => Linear): void {
    this.tracker ??= new FlagTracker();
    this.tracker.beginBlock();
    this.flags.known = null;
    this.#registers = registers;
    this.#fresh = fresh;
  }

  /** A value as a sum, if it is known as one. */
  #sumOf(v: Value): Linear | null {
    return v.constant !== null ? constant(v.constant) : (this.#sums.get(v) ?? null);
  }

  #isSum(v: Value, sum: Linear | null): Value {
    if (sum !== null && v.constant === null) this.#sums.set(v, sum);
    return v;
  }

  // --- leaving ------------------------------------------------------------------------------------------------------

  #mayLeave(): void {
    this.notes.mayExit = true;
    if (this.notes.wrote && !this.#repeating) this.notes.late = true;
  }

  /** With a condition on the stack. */
  #leaveIf(): void {
    this.#mayLeave();
    this.f.unlikely();
    this.f.brIfTo(this.exitLabel);
  }

  #leave(): void {
    if (this.depth === 0) this.notes.ending = 'interpret';
    this.#writer.leave();
  }

  protected override exit(_code: number): void {
    this.#leave();
  }

  protected override saveContext(): void {}

  raise(_vector: Vector, _errorCode?: number): void {
    this.#leave();
  }

  raiseIf(c: Value, _vector: Vector, _errorCode?: number): void {
    if (c.constant !== null) this.notes.decided = true;
    if (c.constant === 0n) return;
    this.push(c);
    this.#leaveIf();
  }

  trap(_vector: Vector): void {
    this.#leave();
  }

  syscall(): void {
    this.#leave();
  }

  again(): void {
    this.#leave();
  }

  call(_name: HelperName, ..._args: Value[]): Value {
    this.#leave();
    return this.int(64, 0);
  }

  /**
   * A string instruction, which may leave between two rounds: what is left of it is the same instruction again. To count as one
   * whatever happens it must be done within `limit` rounds.
   */
  override loop(limit: number, body: () => Value): void {
    if (this.insn.row.repeats !== true) {
      this.notes.unsupported = true;
      return;
    }
    const { f } = this;
    this.flags.settle();
    f.get(this.#frame.general(REG.rcx));
    f.i64(BigInt(limit));
    f.op(OP.i64GtU);
    this.#leaveIf();
    this.#repeating = true;
    this.flags.known = null;
    this.#pages = [];
    for (let n = 0; n < ACCESSES_OF_A_ROUND; n++) {
      const seen: SeenPage = { page: f.local(i64), addend: f.local(i32) };
      f.i64(NO_PAGE);
      f.set(seen.page);
      this.#pages.push(seen);
    }
    f.loop();
    this.depth++;
    const more = body();
    this.push(more);
    f.brIf(0);
    this.depth--;
    f.end();
  }

  override if(c: Value, then: () => void, otherwise?: () => void): void {
    if (c.constant !== null) {
      this.notes.decided = true;
      super.if(c, then, otherwise);
      return;
    }
    if (this.#begin.conditional) for (const [key, aliases] of this.#aliases) this.#settle(key, aliases);
    this.flags.settle();
    const before = this.flags.known;
    let changed = false;
    const arm = (body: () => void) => () => {
      this.flags.known = before;
      body();
      changed ||= this.flags.known !== before;
    };
    super.if(c, arm(then), otherwise === undefined ? undefined : arm(otherwise));
    this.flags.known = changed ? null : before;
  }

  // --- control ------------------------------------------------------------------------------------------------------

  nextRip(): Value {
    return this.int(64, this.insn.address + this.insn.length);
  }

  thisRip(): Value {
    return this.int(64, this.insn.address);
  }

  modrm(): Value {
    return this.int(64, this.insn.modrm);
  }

  jump(target: Value): void {
    if (!this.notes.wrote) {
      const sixteen = this.int(64, 16);
      this.push(this.ne(64, this.shrS(64, this.shl(64, target, sixteen), sixteen), target));
      this.#leaveIf();
    }
    if (this.depth > 0) this.notes.unsupported = true;
    this.notes.ending = 'jump';
    this.transfer = { kind: 'jump', target };
  }

  branch(target: TargetOperand): void {
    if (this.depth > 0) this.notes.unsupported = true;
    this.notes.ending = 'goto';
    this.transfer = { kind: 'goto', target: Number(target.value) };
  }

  branchIf(condition: Value, target: TargetOperand): void {
    if (this.depth > 0) this.notes.unsupported = true;
    this.notes.ending = 'branch';
    this.transfer = { kind: 'branch', condition, target: Number(target.value) };
  }

  // --- registers ----------------------------------------------------------------------------------------------------

  /** A value that names a local of the frame. `key` tells which. */
  #alias(key: number, type: ValueType, local: number): Value {
    if (this.depth > 0 && this.#begin.conditional) {
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
  #settle(key: number, aliases = this.#aliases.get(key)): void {
    if (aliases === undefined || aliases.length === 0) return;
    const { type, local } = aliases[0]!;
    const temporary = this.f.local(type);
    this.f.get(local);
    this.f.set(temporary);
    for (const alias of aliases) alias.local = temporary;
    this.#aliases.delete(key);
  }

  /** The instruction has changed something of the guest's. */
  #wrote(): void {
    this.notes.wrote = true;
    if (this.depth > 0) this.notes.conditional = true;
  }

  /** Pushes the register, narrowed. */
  #readGeneral(w: Width, n: number): Value {
    const local = this.#frame.general(n);
    if (w === 64) {
      const value = this.#alias(n, i64, local);
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

  #writeGeneral(w: Width, n: number, value: Value): void {
    this.#follow(n, w === 64 || (w === 32 && value.constant !== null) ? this.#sumOf(value) : null, value);
    const local = this.#frame.general(n);
    this.#settle(n);
    this.#wrote();
    this.#frame.wrote('general', n);
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

  override register(w: Width, n: number): Value {
    return this.#readGeneral(w, n);
  }

  override setRegister(w: Width, n: number, value: Value): void {
    this.#writeGeneral(w, n, value);
  }

  override highByte(n: number): Value {
    return this.#readHigh(n);
  }

  #readHigh(n: number): Value {
    this.f.get(this.#frame.general(n));
    this.f.op(OP.i32WrapI64);
    this.f.i32(8);
    this.f.op(OP.i32ShrU);
    this.f.i32(0xff);
    this.f.op(OP.i32And);
    return this.pop(i32);
  }

  override setHighByte(n: number, value: Value): void {
    this.#writeHigh(n, value);
  }

  #writeHigh(n: number, value: Value): void {
    this.#follow(n, null, null);
    const local = this.#frame.general(n);
    this.#settle(n);
    this.#wrote();
    this.#frame.wrote('general', n);
    this.f.get(local);
    this.f.i64(~0xff00n);
    this.f.op(OP.i64And);
    this.push(this.zeroExtend(8, 64, value));
    this.f.i64(8n);
    this.f.op(OP.i64Shl);
    this.f.op(OP.i64Or);
    this.f.set(local);
  }

  override segmentBase(segment: SegmentBase): Value {
    return super.segmentBase(segment);
  }

  override setSegmentBase(segment: 'fs' | 'gs', value: Value): void {
    this.#wrote();
    super.setSegmentBase(segment, value);
  }

  override setMxcsr(value: Value): void {
    this.#wrote();
    super.setMxcsr(value);
    setFloatBounds(this.f, new Map(FLOAT_BOUNDS.map((bound) => [bound, this.#frame.floatBound(bound)])));
  }

  // --- floats -------------------------------------------------------------------------------------------------------

  /** A block starts, which may have been reached in several ways. */
  enterBlock(): void {
    this.#plain.fill(0);
    for (let n = 0; n < 16; n++) this.#twins[n] = this.#lastTwin++;
  }

  /** Whether a value is neither denormal nor a NaN, as far as that is known. */
  isPlain(t: FloatType, v: Value): boolean {
    return this.#plainValues.get(v) === plainness(t, v.type === v128);
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
    return this.#plain[n] === plainness(t, true);
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

  override lane(w: Width, a: Value, n: number): Value {
    if (n !== 0 || w < 32) return super.lane(w, a, n);
    const t = FLOAT[w as 32 | 64];
    // As a float: V8 then moves it in one step, and not at all if nobody wants its bits.
    this.push(a);
    this.f.simd(t.w === 64 ? SIMD.f64x2ExtractLane : SIMD.f32x4ExtractLane);
    this.f.code.u8(0);
    const v = this.asBits(t, this.pop(t.float));
    if (this.depth > 0) return v;
    const register = this.#registerOf.get(a);
    if (register !== undefined) this.#registerOf.set(v, register);
    const plain = this.#plainValues.get(a);
    if (plain === plainness(t, true) || plain === plainness(t, false)) this.#plainValues.set(v, plainness(t, false));
    return v;
  }

  override vectorFromInt(w: 32 | 64, value: Value): Value {
    if (this.#floats.get(value) === undefined) return super.vectorFromInt(w, value);
    return this.withLane(w, this.vectorConstant(0n, 0n), 0, value);
  }

  override withLane(w: Width, a: Value, n: number, value: Value): Value {
    const float = this.#floats.get(value);
    let r: Value;
    if (float === undefined || n !== 0) r = super.withLane(w, a, n, value);
    else {
      this.push(a);
      this.push(float);
      this.f.simd(w === 64 ? SIMD.f64x2ReplaceLane : SIMD.f32x4ReplaceLane);
      this.f.code.u8(n);
      r = this.pop(v128);
    }
    if (n !== 0 || w < 32) return r;
    const t = FLOAT[w as 32 | 64];
    if (this.isPlain(t, value)) this.#plainValues.set(r, plainness(t, this.isPlain(t, a)));
    return r;
  }

  floatBound(bound: FloatBound): number {
    return this.#frame.floatBound(bound);
  }

  floatConstant(w: FloatConstant['w'], what: FloatConstant['what']): Value {
    return { type: v128, local: this.#frame.floatConstant(w, what), constant: null };
  }

  override float2(name: FloatBinary, w: 32 | 64, a: Value, b: Value): Value {
    if (!isArithmetic(name)) return super.float2(name, w, a, b);
    return scalarArithmetic(this, name, w, a, b, this.#writer.leave);
  }

  override float1(name: FloatUnary, w: 32 | 64, a: Value): Value {
    return name === 'sqrt' ? scalarArithmetic(this, name, w, a, a, this.#writer.leave) : super.float1(name, w, a);
  }

  override floatVector2(name: FloatVectorBinary, w: 32 | 64, a: readonly Value[], b: readonly Value[]): Value[] {
    if (!isArithmetic(name)) return super.floatVector2(name, w, a, b);
    return vectorArithmetic(this, name, w, a, b, this.#writer.leave);
  }

  override floatVector1(name: FloatUnary, w: 32 | 64, a: readonly Value[]): Value[] {
    return name === 'sqrt' ? vectorArithmetic(this, name, w, a, a, this.#writer.leave) : super.floatVector1(name, w, a);
  }

  // --- operands -----------------------------------------------------------------------------------------------------

  override read(op: Operand): Value {
    switch (op.kind) {
      case 'reg':
        return op.high ? this.#readHigh(op.register) : this.#readGeneral(op.width, op.register);
      case 'segment':
        this.f.i32(0);
        this.f.memory(OP.i32Load16u, SEGMENTS[op.register]!);
        return this.pop(i32);
      case 'vector':
        return this.lane(op.width as Width, this.readVector(op), 0);
      case 'imm':
      case 'target':
        return this.int(op.width, op.value);
      case 'mem':
        return this.load(op.width as Width, this.linearAddress(op));
      default:
        this.notes.unsupported = true;
        return this.int(64, 0);
    }
  }

  override readForWrite(op: Operand): Value {
    if (op.kind !== 'mem') return this.read(op);
    const w = op.width as Width;
    const host = this.#host('write', this.linearAddress(op), w / 8);
    this.#writable.set(op, host);
    return this.#loadAt(w, host);
  }

  override write(op: Operand, value: Value): void {
    switch (op.kind) {
      case 'reg':
        if (op.high) this.#writeHigh(op.register, value);
        else this.#writeGeneral(op.width, op.register, value);
        return;
      case 'mem': {
        const host = this.#writable.get(op);
        if (host === undefined) {
          this.store(op.width as Width, this.linearAddress(op), value);
          return;
        }
        this.#storeAt(op.width as Width, host, value);
        return;
      }
      default:
        this.notes.unsupported = true;
    }
  }

  override effectiveAddress(op: MemoryOperand): Value {
    let address = this.int(64, op.displacement);
    if (op.vsib !== undefined) this.notes.unsupported = true;
    else if (op.index >= 0) {
      const index = this.#readGeneral(64, op.index);
      const scaled = op.scale === 1 ? index : this.shl(64, index, this.int(64, Math.log2(op.scale)));
      address = op.displacement === 0n ? scaled : this.add(64, scaled, address);
    }
    if (op.base >= 0) {
      const base = this.#readGeneral(64, op.base);
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

  // --- memory -------------------------------------------------------------------------------------------------------

  /** Where the bytes of an access lie, or it leaves. */
  #host(table: 'read' | 'write', address: Value, bytes: number): Host {
    if (this.#registers !== null) {
      this.accesses.push({ address: this.depth === 0 ? this.#sumOf(address) : null, bytes, write: table === 'write' });
      return { base: this.int(32, 0), offset: 0 };
    }
    const share = this.#shares[this.#nextShare++];
    if (share === undefined || share === null) return { base: this.#translated(table, address, bytes), offset: 0 };
    const { group, offset, first } = share;
    this.#slots[group.slot] ??= this.#writer.fixed(i32);
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
    if (this.#repeating) return this.#translatedInRound(table, at, bytes);
    const slot = f.local(i32);
    pushTlbSlot(f, at);
    f.set(slot);
    pushTlbMiss(f, table, slot, at, bytes);
    this.#leaveIf();
    pushHost(f, table, slot, at);
    return this.pop(i32);
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
    pushTlbSlot(f, at);
    f.set(slot);
    f.get(last);
    f.get(slot);
    f.memory(OP.i64Load, table);
    f.op(OP.i64Ne);
    this.#leaveIf();
    f.get(last);
    f.set(page);
    f.get(slot);
    f.memory(OP.i32Load, table + 8);
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

  #loadAt(w: Width, { base, offset }: Host): Value {
    this.push(base);
    if (w >= 32 && this.#loadsFloats) {
      const t = FLOAT[w as 32 | 64];
      this.f.memory(w === 64 ? OP.f64Load : OP.f32Load, offset);
      return this.asBits(t, this.pop(t.float));
    }
    this.f.memory(LOAD[w], offset);
    return this.pop(typeOf(w));
  }

  #storeAt(w: Width, { base, offset }: Host, value: Value): void {
    this.#wrote();
    this.push(base);
    const float = w >= 32 ? this.#floats.get(value) : undefined;
    if (float !== undefined) {
      this.push(float);
      this.f.memory(w === 64 ? OP.f64Store : OP.f32Store, offset);
      return;
    }
    this.push(value);
    this.f.memory(STORE[w], offset);
  }

  override load(w: Width, address: Value): Value {
    return this.#loadAt(w, this.#host('read', address, w / 8));
  }

  override loadForWrite(w: Width, address: Value): Value {
    return this.#loadAt(w, this.#host('write', address, w / 8));
  }

  override store(w: Width, address: Value, value: Value): void {
    this.#storeAt(w, this.#host('write', address, w / 8), value);
  }

  protected override loadChunks(address: Value, count: number): Value[] {
    const { base, offset } = this.#host('read', address, 16 * count);
    return Array.from({ length: count }, (_, n) => {
      this.push(base);
      this.f.simdMemory(SIMD.v128Load, offset + 16 * n);
      return this.pop(v128);
    });
  }

  protected override storeChunks(address: Value, values: readonly Value[]): void {
    const { base, offset } = this.#host('write', address, 16 * values.length);
    this.#wrote();
    for (const [n, value] of values.entries()) {
      this.push(base);
      this.push(value);
      this.f.simdMemory(SIMD.v128Store, offset + 16 * n);
    }
  }

  // --- vectors ------------------------------------------------------------------------------------------------------

  #lower(n: number): Value {
    const value = this.#alias(16 + n, v128, this.#frame.vector(n));
    if (this.depth === 0) {
      this.#registerOf.set(value, n);
      this.#plainValues.set(value, this.#plain[n]!);
    }
    return value;
  }

  #upper(n: number): Value {
    return this.#alias(32 + n, v128, this.#frame.upper(n));
  }

  #setLower(n: number, value: Value): void {
    this.#plain[n] = this.depth === 0 ? (this.#plainValues.get(value) ?? 0) : 0;
    const from = this.depth === 0 && value.type === v128 ? this.#registerOf.get(value) : undefined;
    this.#twins[n] = from === undefined ? this.#lastTwin++ : this.#twins[from]!;
    for (const [v, register] of this.#registerOf) if (register === n) this.#registerOf.delete(v);
    this.#settle(16 + n);
    this.#wrote();
    this.#frame.wrote('vectors', n);
    this.push(value);
    this.f.set(this.#frame.vector(n));
  }

  override readVector(op: Operand): Value {
    if (op.kind === 'mem') return this.load128(this.linearAddress(op));
    if (op.kind === 'vector') return this.#lower(op.register);
    this.notes.unsupported = true;
    return this.vectorConstant(0n, 0n);
  }

  override readVectors(op: Operand): Value[] {
    const count = op.width === 256 ? 2 : 1;
    if (op.kind === 'mem') return this.loadChunks(this.linearAddress(op), count);
    const low = this.readVector(op);
    return count === 1 || op.kind !== 'vector' ? [low] : [low, this.#upper(op.register)];
  }

  override writeVector(op: Operand, value: Value): void {
    if (op.kind === 'mem') {
      this.store128(this.linearAddress(op), value);
      return;
    }
    if (op.kind !== 'vector') {
      this.notes.unsupported = true;
      return;
    }
    this.#setLower(op.register, value);
  }

  override writeVectors(op: Operand, values: readonly Value[]): void {
    if (op.kind === 'mem') {
      this.storeChunks(this.linearAddress(op), values);
      return;
    }
    if (op.kind !== 'vector') {
      this.notes.unsupported = true;
      return;
    }
    this.writeVector(op, values[0]!);
    this.#writeUpper(op.register, values[1] ?? this.vectorConstant(0n, 0n));
  }

  #writeUpper(n: number, value: Value): void {
    this.#settle(32 + n);
    this.#wrote();
    this.#frame.wrote('upper', n);
    this.push(value);
    this.f.set(this.#frame.upper(n));
  }

  override vectorRegister(n: number): Value {
    return this.#lower(n);
  }

  override setVectorRegister(n: number, value: Value): void {
    this.#setLower(n, value);
  }

  override setVectorUpper(n: number, value: Value): void {
    this.#writeUpper(n, value);
  }

  override vsibIndex(_op: MemoryOperand): Value[] {
    this.notes.unsupported = true;
    return [this.vectorConstant(0n, 0n), this.vectorConstant(0n, 0n)];
  }

  override vsibAddress(_op: MemoryOperand, _index: Value): Value {
    this.notes.unsupported = true;
    return this.int(64, 0);
  }

  override select(w: Width, c: Value, a: Value, b: Value): Value {
    if (c.constant !== null) return c.constant === 0n ? b : a;
    return super.select(w, c, a, b);
  }

  // --- values that are remembered --------------------------------------------------------------------------------------

  override add(w: Width, a: Value, b: Value): Value {
    const r = this.#from('add', a, b, super.add(w, a, b));
    if (this.#registers === null || w !== 64) return r;
    const [x, y] = [this.#sumOf(a), this.#sumOf(b)];
    return x === null || y === null ? r : this.#isSum(r, plus(x, y));
  }

  override sub(w: Width, a: Value, b: Value): Value {
    const r = this.#from('sub', a, b, super.sub(w, a, b));
    if (this.#registers === null || w !== 64) return r;
    const [x, y] = [this.#sumOf(a), this.#sumOf(b)];
    const minus = y === null ? null : times(y, -1);
    return x === null || minus === null ? r : this.#isSum(r, plus(x, minus));
  }

  override shl(w: Width, a: Value, b: Value): Value {
    const r = super.shl(w, a, b);
    if (this.#registers === null || w !== 64 || b.constant === null || b.constant > 3n) return r;
    const x = this.#sumOf(a);
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

  // --- flags --------------------------------------------------------------------------------------------------------

  #sets(mask: number): boolean {
    this.notes.flagsTouched |= mask;
    if (this.depth === 0) this.notes.flagsSet |= mask;
    this.notes.wrote = true;
    return this.#begin.flagsWanted;
  }

  override flagsAdd(w: Width, a: Value, b: Value, r: Value): void {
    if (this.#sets(ARITHMETIC_FLAGS)) this.flags.operation('add', w, a, b, r);
  }

  override flagsSub(w: Width, a: Value, b: Value, r: Value): void {
    if (this.#sets(ARITHMETIC_FLAGS)) this.flags.operation('sub', w, a, b, r);
  }

  override flagsLogic(w: Width, r: Value): void {
    if (this.#sets(ARITHMETIC_FLAGS)) this.flags.logic(w, r);
  }

  override flagsResult(w: Width, r: Value, others: { cf?: Value; af?: Value; of?: Value }): void {
    let mask = RFLAGS.ZF | RFLAGS.SF | RFLAGS.PF;
    for (const name of ['cf', 'af', 'of'] as const) if (others[name] !== undefined) mask |= flagBit(name);
    if (!this.#sets(mask)) return;
    super.flagsResult(w, r, others);
    const known = { kind: 'result', w } as const;
    this.flags.known = known;
    this.tracker?.follow(known, null, null, r);
  }

  override setFlags(flags: Partial<Record<FlagName, Value>>): void {
    let mask = 0;
    for (const [name, value] of Object.entries(flags)) if (value !== undefined) mask |= flagBit(name as FlagName);
    if (!this.#sets(mask)) return;
    super.setFlags(flags);
    this.flags.known = { kind: 'explicit' };
    this.tracker?.lose();
  }

  override writeFlags(mask: number, value: Value): void {
    if (mask & ~ARITHMETIC_FLAGS & (RFLAGS.TF | RFLAGS.AC)) this.notes.unsupported = true;
    super.writeFlags(mask, value);
  }

  /** String instructions go upwards here; the interpreter does the others. */
  override directionFlag(): Value {
    this.push(super.directionFlag());
    this.#leaveIf();
    return this.condition(false);
  }

  override setDirectionFlag(value: boolean): void {
    this.#wrote();
    super.setDirectionFlag(value);
  }

  override flag(name: FlagName): Value {
    this.notes.flagsRead |= flagBit(name);
    return this.flags.flag(name) ?? super.flag(name);
  }

  override conditionCode(code: number): Value {
    this.notes.flagsRead |= CONDITION_FLAGS[code >> 1]!;
    const holds = this.flags.condition(code >> 1);
    return (code & 1) === 0 ? holds : this.negate(holds);
  }

  protected override storeResult(w: Width, r: Value): void {
    this.push(w === 64 ? r : this.signExtend(w, 64, r));
    this.f.set(this.#frame.flags.result);
  }

  protected override storeAux(aux: Value): void {
    this.flags.storeAux(aux);
  }

  protected override aux(): Value {
    return this.flags.aux();
  }

  protected override result(): Value {
    this.flags.settle();
    return { type: i64, local: this.#frame.flags.result, constant: null };
  }

  /** The plain flag from result and aux, whatever is known. */
  plainFlag(name: FlagName): Value {
    return super.flag(name);
  }
}

/** Instructions on vectors whose operand in memory is an integer by itself. */
const INTEGER_SOURCE = /^V?(CVTSI2|PINSR)/;

/** Plain in the low lane, or in all. */
const plainness = (t: FloatType, all: boolean): number => t.w + (all ? 1 : 0);

const isArithmetic = (name: FloatVectorBinary): name is Exclude<Arithmetic, 'sqrt'> =>
  name === 'add' || name === 'sub' || name === 'mul' || name === 'div';

const flagBit = (name: FlagName): number => RFLAGS[name.toUpperCase() as 'CF'];

/** What each pair of condition codes looks at. */
const CONDITION_FLAGS = [
  RFLAGS.OF,
  RFLAGS.CF,
  RFLAGS.ZF,
  RFLAGS.CF | RFLAGS.ZF,
  RFLAGS.SF,
  RFLAGS.PF,
  RFLAGS.SF | RFLAGS.OF,
  RFLAGS.ZF | RFLAGS.SF | RFLAGS.OF,
];
