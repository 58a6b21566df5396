/**
 * Operands, registers and guest memory, with operands taken from the record of the instruction (local 0).
 *
 * Memory accesses translate through the TLB inline; a miss, or an access across a page, calls the runtime, and a fault
 * leaves the function with nothing changed.
 */
import type { Instruction, MemoryOperand, Operand, SegmentBase, Width } from '../isa/instruction.ts';
import { LINEAR } from '../memory/layout.ts';
import { MMX_EXPONENT, STATE, VECTOR_STRIDE } from '../state.ts';
import { OP, SIMD, TYPE } from '../wasm/opcodes.ts';
import type { FunctionWriter } from '../wasm/writer.ts';
import { EXIT, RUNTIME } from './contract.ts';
import { FlagEmitter } from './flags.ts';
import { pushHost } from './look.ts';
import { firstMemory, RECORD } from './records.ts';
import { pushTlbMiss } from './translate.ts';
import { typeOf, type Value } from './values.ts';

const { i32, i64, v128 } = TYPE;

const LOAD = { 8: OP.i32Load8u, 16: OP.i32Load16u, 32: OP.i32Load, 64: OP.i64Load } as const;
const STORE = { 8: OP.i32Store8, 16: OP.i32Store16, 32: OP.i32Store, 64: OP.i64Store } as const;

export class AccessEmitter extends FlagEmitter {
  insn: Instruction;
  /** Values computed at depth 0 that may be used again: register addresses and linear addresses by operand. */
  #addresses = new Map<Operand, Value>();
  #linear = new Map<Operand, Value>();
  /** Host address of the memory operand that was read for writing; 0 at run time when it crosses a page. */
  #writable: Value | null = null;

  constructor(f: FunctionWriter, insn: Instruction) {
    super(f);
    this.insn = insn;
  }

  // --- leaving ----------------------------------------------------------------------------------------------------

  /** Leaves with `currentRecord` and `remaining` stored. */
  protected exit(code: number): void {
    this.saveContext();
    this.f.i32(code);
    this.f.op(OP.return);
  }

  /** What TypeScript needs to know when this function calls it or leaves. */
  protected saveContext(): void {
    const { f } = this;
    f.i32(0);
    f.get(0);
    f.memory(OP.i32Store, STATE.currentRecord);
    f.i32(0);
    f.get(1);
    f.memory(OP.i32Store, STATE.remaining);
  }

  #exitIfFaulted(): void {
    const { f } = this;
    f.i32(0);
    f.memory(OP.i32Load, STATE.faultPending);
    f.if();
    this.exit(EXIT.fault);
    f.end();
  }

  // --- operands ---------------------------------------------------------------------------------------------------

  read(op: Operand): Value {
    switch (op.kind) {
      case 'reg':
        this.push(this.#registerAddress(op));
        this.f.memory(LOAD[op.width]);
        return this.pop(typeOf(op.width));
      case 'segment':
        this.push(this.#registerAddress(op));
        this.f.memory(OP.i32Load16u);
        return this.pop(i32);
      case 'vector':
      case 'mmx':
        this.push(this.#registerAddress(op));
        this.f.memory(LOAD[op.width as Width]);
        return this.pop(typeOf(op.width as Width));
      case 'imm':
      case 'target':
        return this.#immediate(op, op.width);
      case 'mem':
        return this.load(op.width as Width, this.linearAddress(op));
      default:
        throw new Error(`operand kind ${op.kind} has no integer value`);
    }
  }

  readForWrite(op: Operand): Value {
    if (op.kind !== 'mem') return this.read(op);
    const w = op.width as Width;
    const { f } = this;
    const address = this.linearAddress(op);
    const host = this.#hostForWrite(w / 8, address);
    if (this.depth === 0) this.#writable = host;
    const local = f.local(typeOf(w));
    this.push(host);
    f.if();
    this.push(host);
    f.memory(LOAD[w]);
    f.set(local);
    f.else();
    this.#loadSlow(w, address);
    f.set(local);
    f.end();
    return { type: typeOf(w), local, constant: null };
  }

  write(op: Operand, value: Value): void {
    const { f } = this;
    switch (op.kind) {
      case 'reg': {
        const address = this.#registerAddress(op);
        this.push(address);
        this.#pushForRegister(op.width, value);
        f.memory(op.width >= 32 ? OP.i64Store : STORE[op.width]);
        return;
      }
      case 'segment':
        this.push(this.#registerAddress(op));
        this.push(value);
        f.memory(OP.i32Store16);
        return;
      case 'mmx': {
        const address = this.#registerAddress(op);
        this.push(address);
        this.push(value);
        f.memory(OP.i64Store);
        this.push(address);
        f.i32(MMX_EXPONENT);
        f.memory(OP.i32Store16, 8);
        return;
      }
      case 'mem': {
        const w = op.width as Width;
        const host = this.#writable;
        if (host === null) {
          this.store(w, this.linearAddress(op), value);
          return;
        }
        this.push(host);
        f.if();
        this.push(host);
        this.push(value);
        f.memory(STORE[w]);
        f.else();
        this.#storeSlow(w / 8, this.linearAddress(op), this.zeroExtend(w, 64, value));
        f.end();
        return;
      }
      default:
        throw new Error(`operand kind ${op.kind} cannot be written as an integer`);
    }
  }

  effectiveAddress(op: MemoryOperand): Value {
    if (op.vsib !== undefined) throw new Error('a VSIB operand has no single address');
    const { f } = this;
    const n = this.insn.operands.indexOf(op);
    f.get(0);
    if (n !== firstMemory(this.insn)) {
      // The second memory operand of a string instruction is a bare register.
      f.memory(OP.i32Load16u, RECORD.operands + 2 * n);
      f.memory(OP.i64Load);
    } else {
      f.memory(OP.i32Load16u, RECORD.base);
      f.memory(OP.i64Load);
      f.get(0);
      f.memory(OP.i64Load, RECORD.displacement);
      f.op(OP.i64Add);
      if (op.index >= 0) {
        f.get(0);
        f.memory(OP.i32Load16u, RECORD.indexRegister);
        f.memory(OP.i64Load);
        f.get(0);
        f.memory(OP.i64Load8u, RECORD.scale);
        f.op(OP.i64Shl);
        f.op(OP.i64Add);
      }
    }
    if (op.addressSize === 32) {
      f.i64(0xffffffffn);
      f.op(OP.i64And);
    }
    return this.pop(i64);
  }

  vsibIndex(op: MemoryOperand): Value[] {
    return Array.from({ length: op.vsib === 256 ? 2 : 1 }, (_, n) => {
      this.f.get(0);
      this.f.memory(OP.i32Load16u, RECORD.indexRegister);
      this.f.simdMemory(SIMD.v128Load, 16 * n);
      return this.pop(v128);
    });
  }

  vsibAddress(op: MemoryOperand, index: Value): Value {
    const { f } = this;
    f.get(0);
    f.memory(OP.i32Load16u, RECORD.base);
    f.memory(OP.i64Load);
    f.get(0);
    f.memory(OP.i64Load, RECORD.displacement);
    f.op(OP.i64Add);
    this.push(index);
    f.get(0);
    f.memory(OP.i64Load8u, RECORD.scale);
    f.op(OP.i64Shl);
    f.op(OP.i64Add);
    if (op.addressSize === 32) {
      f.i64(0xffffffffn);
      f.op(OP.i64And);
    }
    const offset = this.pop(i64);
    return op.segment === 'none' ? offset : this.add(64, offset, this.segmentBase(op.segment));
  }

  linearAddress(op: MemoryOperand): Value {
    const known = this.#linear.get(op);
    if (known !== undefined) return known;
    let address = this.effectiveAddress(op);
    if (op.segment !== 'none') address = this.add(64, address, this.segmentBase(op.segment));
    if (this.depth === 0) this.#linear.set(op, address);
    return address;
  }

  register(w: Width, n: number): Value {
    this.f.i32(0);
    this.f.memory(LOAD[w], STATE.gpr + n * 8);
    return this.pop(typeOf(w));
  }

  setRegister(w: Width, n: number, value: Value): void {
    this.f.i32(0);
    this.#pushForRegister(w, value);
    this.f.memory(w >= 32 ? OP.i64Store : STORE[w], STATE.gpr + n * 8);
  }

  highByte(n: number): Value {
    this.f.i32(0);
    this.f.memory(OP.i32Load8u, STATE.gpr + n * 8 + 1);
    return this.pop(i32);
  }

  setHighByte(n: number, value: Value): void {
    this.f.i32(0);
    this.push(value);
    this.f.memory(OP.i32Store8, STATE.gpr + n * 8 + 1);
  }

  segmentBase(segment: SegmentBase): Value {
    if (segment === 'none') return this.int(64, 0);
    this.f.i32(0);
    this.f.memory(OP.i64Load, segment === 'fs' ? STATE.fsBase : STATE.gsBase);
    return this.pop(i64);
  }

  setSegmentBase(segment: 'fs' | 'gs', value: Value): void {
    this.f.i32(0);
    this.push(value);
    this.f.memory(OP.i64Store, segment === 'fs' ? STATE.fsBase : STATE.gsBase);
  }

  mxcsr(): Value {
    this.f.i32(0);
    this.f.memory(OP.i32Load, STATE.mxcsr);
    return this.pop(i32);
  }

  x87Word(name: 'fsw' | 'ftw'): Value {
    this.f.i32(0);
    this.f.memory(OP.i32Load16u, STATE[name]);
    return this.pop(i32);
  }

  setMxcsr(value: Value): void {
    this.f.i32(0);
    this.push(value);
    this.f.memory(OP.i32Store, STATE.mxcsr);
  }

  // --- memory -----------------------------------------------------------------------------------------------------

  load(w: Width, address: Value): Value {
    const { f } = this;
    const at = this.#local(address);
    const local = f.local(typeOf(w));
    const slot = this.#lookUp(LINEAR.tlbRead, at, w / 8);
    f.if();
    this.#loadSlow(w, address);
    f.set(local);
    f.else();
    pushHost(f, LINEAR.tlbRead, slot, at);
    f.memory(LOAD[w]);
    f.set(local);
    f.end();
    return { type: typeOf(w), local, constant: null };
  }

  loadForWrite(w: Width, address: Value): Value {
    // Faults as a write first, then reads.
    this.#hostForWrite(w / 8, address);
    return this.load(w, address);
  }

  probeWrite(bytes: number, address: Value): void {
    this.#hostForWrite(bytes, address);
  }

  store(w: Width, address: Value, value: Value): void {
    const { f } = this;
    const at = this.#local(address);
    const slot = this.#lookUp(LINEAR.tlbWrite, at, w / 8);
    f.if();
    this.#storeSlow(w / 8, address, this.zeroExtend(w, 64, value));
    f.else();
    pushHost(f, LINEAR.tlbWrite, slot, at);
    this.push(value);
    f.memory(STORE[w]);
    f.end();
  }

  load128(address: Value): Value {
    return this.loadChunks(address, 1)[0]!;
  }

  store128(address: Value, value: Value): void {
    this.storeChunks(address, [value]);
  }

  /** Code that is generated is never run while alignment is checked. */
  unaligned(body: () => void): void {
    body();
  }

  /** Consecutive vectors of 128 bits, all read or none. */
  protected loadChunks(address: Value, count: number): Value[] {
    const { f } = this;
    const at = this.#local(address);
    const locals = Array.from({ length: count }, () => f.local(v128));
    const slot = this.#lookUp(LINEAR.tlbRead, at, 16 * count);
    f.if();
    for (const [n, local] of locals.entries()) {
      // Asking for all bytes gives the lower 8, and faults for all.
      this.#loadSlow(64, n === 0 ? address : this.#plus(address, 16 * n), n === 0 ? 16 * count : 8);
      f.simd(SIMD.i64x2Splat);
      f.set(local);
      const high = this.#plus(address, 16 * n + 8);
      f.get(local);
      this.#loadSlow(64, high);
      f.simd(SIMD.i64x2ReplaceLane);
      f.code.u8(1);
      f.set(local);
    }
    f.else();
    for (const [n, local] of locals.entries()) {
      pushHost(f, LINEAR.tlbRead, slot, at);
      f.simdMemory(SIMD.v128Load, 16 * n);
      f.set(local);
    }
    f.end();
    return locals.map((local) => ({ type: v128, local, constant: null }));
  }

  /** All stored or none. */
  protected storeChunks(address: Value, values: readonly Value[]): void {
    const { f } = this;
    const at = this.#local(address);
    const slot = this.#lookUp(LINEAR.tlbWrite, at, 16 * values.length);
    f.if();
    this.#hostForWrite(16 * values.length, address);
    for (const [n, value] of values.entries()) {
      for (const lane of [0, 1]) {
        this.push(value);
        f.simd(SIMD.i64x2ExtractLane);
        f.code.u8(lane);
        const half = this.pop(i64);
        const offset = 16 * n + 8 * lane;
        this.#storeSlow(8, offset === 0 ? address : this.#plus(address, offset), half);
      }
    }
    f.else();
    for (const [n, value] of values.entries()) {
      pushHost(f, LINEAR.tlbWrite, slot, at);
      this.push(value);
      f.simdMemory(SIMD.v128Store, 16 * n);
    }
    f.end();
  }

  /** Address of a vector register's low 128 bits, on the stack with its constant offset. */
  protected pushVectorRegister(op: Operand | number): number {
    if (typeof op === 'number') {
      this.f.i32(0);
      return STATE.vector + op * VECTOR_STRIDE;
    }
    this.push(this.#registerAddress(op));
    return 0;
  }

  // --- inner ------------------------------------------------------------------------------------------------------

  #registerAddress(op: Operand): Value {
    const known = this.#addresses.get(op);
    if (known !== undefined) return known;
    const n = this.insn.operands.indexOf(op);
    this.f.get(0);
    this.f.memory(OP.i32Load16u, RECORD.operands + 2 * n);
    const address = this.pop(i32);
    if (this.depth === 0) this.#addresses.set(op, address);
    return address;
  }

  #immediate(op: Operand, w: Width): Value {
    const immediates = this.insn.operands.filter((o) => o.kind === 'imm' || o.kind === 'target');
    this.f.get(0);
    this.f.memory(w === 64 ? OP.i64Load : OP.i32Load, op === immediates[0] ? RECORD.immediate : RECORD.displacement);
    return this.pop(typeOf(w));
  }

  /** A write of 32 bits clears the upper half, so 32 and 64 are stored as 64. */
  #pushForRegister(w: Width, value: Value): void {
    this.push(value);
    if (w === 32) this.f.op(OP.i64ExtendI32U);
  }

  #plus(address: Value, bytes: number): Value {
    return this.add(64, address, this.int(64, bytes));
  }

  #local(v: Value): number {
    if (v.constant === null) return v.local;
    this.push(v);
    return this.pop(v.type).local;
  }

  /** Leaves the place of the TLB entry in the returned local, and on the stack whether the slow way is needed. */
  #lookUp(table: number, address: number, bytes: number): number {
    const slot = this.f.local(i32);
    pushTlbMiss(this.f, table, slot, address, bytes);
    return slot;
  }

  /** Leaves the value on the stack. */
  #loadSlow(w: Width, address: Value, bytes = w / 8): void {
    const { f } = this;
    this.push(address);
    f.i32(bytes);
    f.callImport('loadSlow', RUNTIME.loadSlow);
    const wide = this.pop(i64);
    this.#exitIfFaulted();
    this.push(this.truncate(64, w, wide));
  }

  #storeSlow(bytes: number, address: Value, value: Value): void {
    const { f } = this;
    this.push(address);
    f.i32(bytes);
    this.push(value);
    f.callImport('storeSlow', RUNTIME.storeSlow);
    this.#exitIfFaulted();
  }

  /** Byte offset in linear memory, or 0 when the (writable) range crosses a page. Leaves on a fault. */
  #hostForWrite(bytes: number, address: Value): Value {
    const { f } = this;
    const at = this.#local(address);
    const host = f.local(i32);
    const slot = this.#lookUp(LINEAR.tlbWrite, at, bytes);
    f.if();
    f.get(at);
    f.i32(bytes);
    f.callImport('probeWrite', RUNTIME.probeWrite);
    f.set(host);
    this.#exitIfFaulted();
    f.else();
    pushHost(f, LINEAR.tlbWrite, slot, at);
    f.set(host);
    f.end();
    return { type: i32, local: host, constant: null };
  }
}
