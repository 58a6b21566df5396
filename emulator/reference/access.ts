/** Operands, registers and guest memory of the reference, through the page tables at every access. */

import type { CpuState } from '../cpu-state.ts';
import { CpuFault, NON_CANONICAL } from '../isa/helpers.ts';
import type { MemoryOperand, Operand, SegmentBase, Width } from '../isa/instruction.ts';
import { VECTOR } from '../isa/ops.ts';
import type { GuestMemory } from '../memory/access.ts';
import { isCanonical } from '../memory/canonical.ts';
import { RFLAGS } from '../state.ts';
import { M64, MASK, ReferenceValues } from './values.ts';

const BYTES: Readonly<Record<Width, number>> = { 8: 1, 16: 2, 32: 4, 64: 8 };

/** Segment registers by Intel's numbers. */
const SEGMENTS = ['es', 'cs', 'ss', 'ds', 'fs', 'gs'] as const;

export class ReferenceAccess extends ReferenceValues {
  readonly memory: GuestMemory;

  constructor(memory: GuestMemory) {
    super();
    this.memory = memory;
  }

  protected get state(): CpuState {
    return this.memory.state;
  }

  read(op: Operand): bigint {
    switch (op.kind) {
      case 'reg':
        return op.high ? this.highByte(op.register) : this.state.get(op.register) & MASK[op.width];
      case 'imm':
      case 'target':
        return op.value;
      case 'mem':
        return this.load(op.width as Width, this.linearAddress(op));
      case 'vector':
        return this.state.vector64(op.register, 0) & MASK[op.width as Width];
      case 'mmx':
        return this.state.mmx(op.register);
      case 'segment':
        return BigInt(this.state.word(SEGMENTS[op.register]!));
      default:
        throw new Error(`operand kind ${op.kind} has no integer value`);
    }
  }
  readForWrite(op: Operand): bigint {
    return op.kind === 'mem' ? this.loadForWrite(op.width as Width, this.linearAddress(op)) : this.read(op);
  }
  write(op: Operand, value: bigint): void {
    switch (op.kind) {
      case 'reg':
        if (op.high) this.setHighByte(op.register, value);
        else this.setRegister(op.width, op.register, value);
        return;
      case 'mem':
        this.store(op.width as Width, this.linearAddress(op), value);
        return;
      case 'segment':
        this.state.setWord(SEGMENTS[op.register]!, Number(value));
        return;
      case 'mmx':
        this.state.setMmx(op.register, value);
        return;
      default:
        throw new Error(`operand kind ${op.kind} cannot be written as an integer`);
    }
  }
  effectiveAddress(op: MemoryOperand): bigint {
    const state = this.state;
    let address = op.displacement;
    if (op.base >= 0) address += state.get(op.base);
    if (op.vsib !== undefined) throw new Error('a VSIB operand has no single address');
    if (op.index >= 0) address += state.get(op.index) * BigInt(op.scale);
    return address & MASK[op.addressSize];
  }
  linearAddress(op: MemoryOperand): bigint {
    return (this.effectiveAddress(op) + this.segmentBase(op.segment)) & M64;
  }
  vsibIndex(op: MemoryOperand): bigint[] {
    return this.#chunks(op.index, op.vsib === 256 ? 2 : 1);
  }
  vsibAddress(op: MemoryOperand, index: bigint): bigint {
    const base = op.base >= 0 ? this.state.get(op.base) : 0n;
    const offset = (base + index * BigInt(op.scale) + op.displacement) & MASK[op.addressSize];
    return (offset + this.segmentBase(op.segment)) & M64;
  }
  register(w: Width, n: number): bigint {
    return this.state.get(n) & MASK[w];
  }
  setRegister(w: Width, n: number, value: bigint): void {
    const state = this.state;
    state.set(n, w >= 32 ? value : (state.get(n) & ~MASK[w]) | value);
  }
  highByte(n: number): bigint {
    return (this.state.get(n) >> 8n) & 0xffn;
  }
  setHighByte(n: number, value: bigint): void {
    const state = this.state;
    state.set(n, (state.get(n) & ~0xff00n) | (value << 8n));
  }
  segmentBase(segment: SegmentBase): bigint {
    return segment === 'none' ? 0n : segment === 'fs' ? this.state.fsBase : this.state.gsBase;
  }
  setSegmentBase(segment: 'fs' | 'gs', value: bigint): void {
    if (segment === 'fs') this.state.fsBase = value;
    else this.state.gsBase = value;
  }
  mxcsr(): bigint {
    return BigInt(this.state.mxcsr);
  }
  x87Word(name: 'fsw' | 'ftw'): bigint {
    return BigInt(this.state.word(name));
  }
  setMxcsr(value: bigint): void {
    this.state.mxcsr = Number(value);
  }

  load(w: Width, address: bigint): bigint {
    return this.memory.load(BYTES[w], address);
  }
  loadForWrite(w: Width, address: bigint): bigint {
    this.memory.probeWrite(address, BYTES[w]);
    return this.memory.load(BYTES[w], address);
  }
  probeWrite(bytes: number, address: bigint): void {
    this.memory.probeWrite(address, bytes);
  }
  store(w: Width, address: bigint, value: bigint): void {
    this.memory.store(BYTES[w], address, value);
  }
  load128(address: bigint): bigint {
    return this.#loadChunks(address, 1)[0]!;
  }
  store128(address: bigint, value: bigint): void {
    this.#storeChunks(address, [value]);
  }
  unaligned(body: () => void): void {
    const state = this.state;
    const { rflags } = state;
    state.rflags = rflags & ~RFLAGS.AC;
    try {
      body();
    } finally {
      state.rflags = rflags;
    }
  }
  #loadChunks(address: bigint, count: number): bigint[] {
    const bytes = BigInt(16 * count);
    if (isCanonical(address)) {
      if (!isCanonical((address + bytes - 1n) & M64)) throw new CpuFault(VECTOR.GP, NON_CANONICAL);
      // Halves of 256 bits are checked as whole vectors of 128 (so on AMD).
      if ((address & 15n) !== 0n && this.state.rflags & RFLAGS.AC) throw new CpuFault(VECTOR.AC);
    }
    const quad = (n: bigint) => this.memory.load(8, (address + 8n * n) & M64);
    return count === 1 ? [quad(0n) | (quad(1n) << 64n)] : [quad(0n) | (quad(1n) << 64n), quad(2n) | (quad(3n) << 64n)];
  }
  #storeChunks(address: bigint, values: readonly bigint[]): void {
    this.memory.probeWrite(address, 16 * values.length);
    for (const [n, value] of values.entries()) {
      this.memory.store(8, (address + BigInt(16 * n)) & M64, value & M64);
      this.memory.store(8, (address + BigInt(16 * n + 8)) & M64, value >> 64n);
    }
  }

  readVector(op: Operand): bigint {
    return op.kind === 'mem'
      ? this.load128(this.linearAddress(op))
      : this.vectorRegister((op as { register: number }).register);
  }
  writeVector(op: Operand, value: bigint): void {
    if (op.kind === 'mem') this.store128(this.linearAddress(op), value);
    else this.setVectorRegister((op as { register: number }).register, value);
  }
  readVectors(op: Operand): bigint[] {
    if (op.kind === 'mem') return this.#loadChunks(this.linearAddress(op), op.width / 128);
    return this.#chunks((op as { register: number }).register, op.width === 256 ? 2 : 1);
  }
  writeVectors(op: Operand, values: readonly bigint[]): void {
    if (op.kind === 'mem') {
      this.#storeChunks(this.linearAddress(op), values);
      return;
    }
    const n = (op as { register: number }).register;
    this.setVectorRegister(n, values[0]!);
    this.setVectorUpper(n, values[1] ?? 0n);
  }
  #chunks(register: number, count: number): bigint[] {
    const quad = (n: number) => this.state.vector64(register, n);
    return count === 1 ? [quad(0) | (quad(1) << 64n)] : [quad(0) | (quad(1) << 64n), quad(2) | (quad(3) << 64n)];
  }
  vectorRegister(n: number): bigint {
    return this.#chunks(n, 1)[0]!;
  }
  setVectorRegister(n: number, value: bigint): void {
    this.state.setVector64(n, 0, value & M64);
    this.state.setVector64(n, 1, value >> 64n);
  }
  setVectorUpper(n: number, value: bigint): void {
    this.state.setVector64(n, 2, value & M64);
    this.state.setVector64(n, 3, value >> 64n);
  }
  clearVectorUppers(): void {
    for (let n = 0; n < 16; n++) this.setVectorUpper(n, 0n);
  }
}
