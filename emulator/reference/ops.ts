/**
 * The abstract operations on `bigint`: every value is computed at once, exactly, with eager flags. Slow and plain; the
 * oracle for the other executors.
 */
import {
  conversionWidths,
  floatBinary,
  floatConversion,
  floatFused,
  floatOrder,
  floatPredicate,
  floatUnary,
} from '../float/mxcsr.ts';
import { CpuFault, type Helper, type HelperName, helpers, NON_CANONICAL } from '../isa/helpers.ts';
import type { Instruction, MemoryOperand, Operand, SegmentBase, TargetOperand, Width } from '../isa/instruction.ts';
import {
  type FlagName,
  type FloatBinary,
  type FloatConversion,
  type FloatFused,
  type FloatPredicate,
  type FloatUnary,
  type FloatVectorBinary,
  type FloatVectorFused,
  type IntegralRounding,
  type Ops,
  type SimdBinary,
  type SimdMask,
  type SimdShift,
  type SimdUnary,
  type Variable,
  VECTOR,
  type Vector,
} from '../isa/ops.ts';
import { type GuestMemory, isCanonical } from '../memory/access.ts';
import { ARITHMETIC_FLAGS, REG, RFLAGS } from '../state.ts';
import { binary, masks, replaceLane, shift, shuffleBytes, unary } from './simd.ts';

const MASK: Readonly<Record<Width, bigint>> = { 8: 0xffn, 16: 0xffffn, 32: 0xffffffffn, 64: 0xffffffffffffffffn };
const M64 = MASK[64];
const M128 = (1n << 128n) - 1n;
const SIGN: Readonly<Record<Width, bigint>> = { 8: 1n << 7n, 16: 1n << 15n, 32: 1n << 31n, 64: 1n << 63n };
const BYTES: Readonly<Record<Width, number>> = { 8: 1, 16: 2, 32: 4, 64: 8 };

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

/** Chunks of 128 bits as one number, and back. */
const join = (chunks: readonly bigint[]): bigint => chunks.reduceRight((high, low) => (high << 128n) | low, 0n);
const split = (count: number, wide: bigint): bigint[] =>
  Array.from({ length: count }, (_, n) => (wide >> BigInt(128 * n)) & M128);

const bitLength = (v: bigint) => (v === 0n ? 0 : v.toString(2).length);

/** How an instruction left, apart from going on with the next. */
export type Exit = 'next' | 'jump' | 'syscall' | 'trap';

export class ReferenceOps implements Ops<bigint, boolean, bigint> {
  readonly memory: GuestMemory;
  /** The instruction being executed. */
  insn!: Instruction;
  exit: Exit = 'next';
  /** Where to when `exit` is 'jump'. */
  target = 0n;
  trapVector: Vector = 0;
  /** The instruction has done a part of its work that a fault does not take back. */
  resumable = false;
  #singleRound = false;

  constructor(memory: GuestMemory) {
    this.memory = memory;
  }

  /**
   * Runs one instruction's function; `exit` tells how it left. Throws `CpuFault`. With `singleRound` a repeated string
   * instruction does one round, as TF traps after each (SDM Vol. 3B, 18.3.1.4).
   */
  execute(instruction: Instruction, singleRound = false): void {
    this.insn = instruction;
    this.exit = 'next';
    this.resumable = false;
    this.#singleRound = singleRound;
    instruction.row.semantics(this, instruction);
  }

  get #state() {
    return this.memory.state;
  }

  int(w: Width, value: number | bigint): bigint {
    return BigInt(value) & MASK[w];
  }
  add(w: Width, a: bigint, b: bigint): bigint {
    return (a + b) & MASK[w];
  }
  sub(w: Width, a: bigint, b: bigint): bigint {
    return (a - b) & MASK[w];
  }
  mul(w: Width, a: bigint, b: bigint): bigint {
    return (a * b) & MASK[w];
  }
  mulHighU(w: Width, a: bigint, b: bigint): bigint {
    return (a * b) >> BigInt(w);
  }
  mulHighS(w: Width, a: bigint, b: bigint): bigint {
    return ((BigInt.asIntN(w, a) * BigInt.asIntN(w, b)) >> BigInt(w)) & MASK[w];
  }
  divU(_w: Width, a: bigint, b: bigint): bigint {
    return a / b;
  }
  divS(w: Width, a: bigint, b: bigint): bigint {
    return (BigInt.asIntN(w, a) / BigInt.asIntN(w, b)) & MASK[w];
  }
  remU(_w: Width, a: bigint, b: bigint): bigint {
    return a % b;
  }
  remS(w: Width, a: bigint, b: bigint): bigint {
    return (BigInt.asIntN(w, a) % BigInt.asIntN(w, b)) & MASK[w];
  }
  and(_w: Width, a: bigint, b: bigint): bigint {
    return a & b;
  }
  or(_w: Width, a: bigint, b: bigint): bigint {
    return a | b;
  }
  xor(_w: Width, a: bigint, b: bigint): bigint {
    return a ^ b;
  }
  not(w: Width, a: bigint): bigint {
    return ~a & MASK[w];
  }
  neg(w: Width, a: bigint): bigint {
    return -a & MASK[w];
  }
  shl(w: Width, a: bigint, count: bigint): bigint {
    return (a << count) & MASK[w];
  }
  shrU(_w: Width, a: bigint, count: bigint): bigint {
    return a >> count;
  }
  shrS(w: Width, a: bigint, count: bigint): bigint {
    return (BigInt.asIntN(w, a) >> count) & MASK[w];
  }
  rotl(w: 32 | 64, a: bigint, count: bigint): bigint {
    const n = count % BigInt(w);
    return ((a << n) | (a >> (BigInt(w) - n))) & MASK[w];
  }
  rotr(w: 32 | 64, a: bigint, count: bigint): bigint {
    const n = count % BigInt(w);
    return ((a >> n) | (a << (BigInt(w) - n))) & MASK[w];
  }
  clz(w: 32 | 64, a: bigint): bigint {
    return BigInt(w - bitLength(a));
  }
  ctz(w: 32 | 64, a: bigint): bigint {
    return a === 0n ? BigInt(w) : BigInt(bitLength(a & -a) - 1);
  }
  popcnt(_w: 32 | 64, a: bigint): bigint {
    let ones = 0n;
    for (let v = a; v !== 0n; v &= v - 1n) ones++;
    return ones;
  }
  zeroExtend(_from: Width, _to: Width, a: bigint): bigint {
    return a;
  }
  signExtend(from: Width, to: Width, a: bigint): bigint {
    return BigInt.asIntN(from, a) & MASK[to];
  }
  truncate(_from: Width, to: Width, a: bigint): bigint {
    return a & MASK[to];
  }
  select(_w: Width, c: boolean, a: bigint, b: bigint): bigint {
    return c ? a : b;
  }
  fromCondition(_w: Width, c: boolean): bigint {
    return c ? 1n : 0n;
  }

  condition(value: boolean): boolean {
    return value;
  }
  eq(_w: Width, a: bigint, b: bigint): boolean {
    return a === b;
  }
  ne(_w: Width, a: bigint, b: bigint): boolean {
    return a !== b;
  }
  ltU(_w: Width, a: bigint, b: bigint): boolean {
    return a < b;
  }
  ltS(w: Width, a: bigint, b: bigint): boolean {
    return BigInt.asIntN(w, a) < BigInt.asIntN(w, b);
  }
  isZero(_w: Width, a: bigint): boolean {
    return a === 0n;
  }
  isNegative(w: Width, a: bigint): boolean {
    return (a & SIGN[w]) !== 0n;
  }
  bit(_w: Width, a: bigint, n: number): boolean {
    return ((a >> BigInt(n)) & 1n) === 1n;
  }
  both(a: boolean, b: boolean): boolean {
    return a && b;
  }
  either(a: boolean, b: boolean): boolean {
    return a || b;
  }
  differ(a: boolean, b: boolean): boolean {
    return a !== b;
  }
  negate(a: boolean): boolean {
    return !a;
  }

  variable(_w: Width, initial: bigint): Variable<bigint> {
    let current = initial;
    return {
      get: () => current,
      set: (value) => {
        current = value;
      },
    };
  }
  vectorVariable(initial: bigint): Variable<bigint> {
    return this.variable(64, initial);
  }
  if(c: boolean, then: () => void, otherwise?: () => void): void {
    if (c) then();
    else otherwise?.();
  }
  loop(limit: number, body: () => boolean): void {
    const rounds = this.#singleRound ? 1 : limit;
    for (let round = 0; round < rounds; round++) if (!body()) return;
  }

  read(op: Operand): bigint {
    switch (op.kind) {
      case 'reg':
        return op.high ? this.highByte(op.register) : this.#state.get(op.register) & MASK[op.width];
      case 'imm':
      case 'target':
        return op.value;
      case 'mem':
        return this.load(op.width as Width, this.linearAddress(op));
      case 'vector':
        return this.#state.vector64(op.register, 0) & MASK[op.width as Width];
      case 'mmx':
        return this.#state.mmx(op.register);
      case 'segment':
        return BigInt(this.#state.word(SEGMENTS[op.register]!));
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
        this.#state.setWord(SEGMENTS[op.register]!, Number(value));
        return;
      case 'mmx':
        this.#state.setMmx(op.register, value);
        return;
      default:
        throw new Error(`operand kind ${op.kind} cannot be written as an integer`);
    }
  }
  effectiveAddress(op: MemoryOperand): bigint {
    const state = this.#state;
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
    const base = op.base >= 0 ? this.#state.get(op.base) : 0n;
    const offset = (base + index * BigInt(op.scale) + op.displacement) & MASK[op.addressSize];
    return (offset + this.segmentBase(op.segment)) & M64;
  }
  register(w: Width, n: number): bigint {
    return this.#state.get(n) & MASK[w];
  }
  setRegister(w: Width, n: number, value: bigint): void {
    const state = this.#state;
    state.set(n, w >= 32 ? value : (state.get(n) & ~MASK[w]) | value);
  }
  highByte(n: number): bigint {
    return (this.#state.get(n) >> 8n) & 0xffn;
  }
  setHighByte(n: number, value: bigint): void {
    const state = this.#state;
    state.set(n, (state.get(n) & ~0xff00n) | (value << 8n));
  }
  segmentBase(segment: SegmentBase): bigint {
    return segment === 'none' ? 0n : segment === 'fs' ? this.#state.fsBase : this.#state.gsBase;
  }
  setSegmentBase(segment: 'fs' | 'gs', value: bigint): void {
    if (segment === 'fs') this.#state.fsBase = value;
    else this.#state.gsBase = value;
  }
  mxcsr(): bigint {
    return BigInt(this.#state.mxcsr);
  }
  x87Word(name: 'fsw' | 'ftw'): bigint {
    return BigInt(this.#state.word(name));
  }
  setMxcsr(value: bigint): void {
    this.#state.mxcsr = Number(value);
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
    const state = this.#state;
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
      if ((address & 15n) !== 0n && this.#state.rflags & RFLAGS.AC) throw new CpuFault(VECTOR.AC);
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
    const old = this.#state.rflags;
    this.#setArithmetic(
      w,
      r,
      others.cf ?? (old & RFLAGS.CF) !== 0,
      others.af ?? (old & RFLAGS.AF) !== 0,
      others.of ?? (old & RFLAGS.OF) !== 0,
    );
  }
  setFlags(flags: Partial<Record<FlagName, boolean>>): void {
    let rflags = this.#state.rflags;
    for (const [name, value] of Object.entries(flags) as [FlagName, boolean][]) {
      rflags = value ? rflags | FLAG[name] : rflags & ~FLAG[name];
    }
    this.#state.rflags = rflags;
  }
  flag(name: FlagName): boolean {
    return (this.#state.rflags & FLAG[name]) !== 0;
  }
  conditionCode(code: number): boolean {
    const holds = this.#condition(code >> 1);
    return (code & 1) === 0 ? holds : !holds;
  }
  readFlags(): bigint {
    return BigInt((this.#state.rflags & ~(RFLAGS.RF | RFLAGS.VM)) >>> 0);
  }
  writeFlags(mask: number, value: bigint): void {
    const state = this.#state;
    state.rflags = (state.rflags & ~mask) | (Number(value & 0xffffffffn) & mask);
  }
  directionFlag(): boolean {
    return (this.#state.rflags & RFLAGS.DF) !== 0;
  }
  setDirectionFlag(value: boolean): void {
    const state = this.#state;
    state.rflags = value ? state.rflags | RFLAGS.DF : state.rflags & ~RFLAGS.DF;
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
    const quad = (n: number) => this.#state.vector64(register, n);
    return count === 1 ? [quad(0) | (quad(1) << 64n)] : [quad(0) | (quad(1) << 64n), quad(2) | (quad(3) << 64n)];
  }
  vectorRegister(n: number): bigint {
    return this.#chunks(n, 1)[0]!;
  }
  setVectorRegister(n: number, value: bigint): void {
    this.#state.setVector64(n, 0, value & M64);
    this.#state.setVector64(n, 1, value >> 64n);
  }
  setVectorUpper(n: number, value: bigint): void {
    this.#state.setVector64(n, 2, value & M64);
    this.#state.setVector64(n, 3, value >> 64n);
  }
  simd1(name: SimdUnary, a: bigint): bigint {
    return unary[name](a);
  }
  simd2(name: SimdBinary, a: bigint, b: bigint): bigint {
    return binary[name](a, b);
  }
  simdShift(name: SimdShift, a: bigint, count: bigint): bigint {
    return shift[name](a, count);
  }
  simdMask(name: SimdMask, a: bigint): bigint {
    return masks[name](a);
  }
  shuffle(a: bigint, b: bigint, lanes: readonly number[]): bigint {
    return shuffleBytes(a, b, lanes);
  }
  vectorConstant(low: bigint, high: bigint): bigint {
    return ((high & M64) << 64n) | (low & M64);
  }
  lane(w: Width, a: bigint, n: number): bigint {
    return (a >> BigInt(n * w)) & MASK[w];
  }
  withLane(w: Width, a: bigint, n: number, value: bigint): bigint {
    return replaceLane(w, a, n, value) & M128;
  }
  vectorFromInt(_w: Width, value: bigint): bigint {
    return value;
  }
  selectVector(c: boolean, a: bigint, b: bigint): bigint {
    return c ? a : b;
  }
  selectBits(mask: bigint, a: bigint, b: bigint): bigint {
    return (a & mask) | (b & ~mask);
  }

  float2(name: FloatBinary, w: 32 | 64, a: bigint, b: bigint): bigint {
    return floatBinary(this.#state, name, w, 1, a, b);
  }
  float1(name: FloatUnary, w: 32 | 64, a: bigint): bigint {
    return floatUnary(this.#state, name, w, 1, a);
  }
  floatVector2(name: FloatVectorBinary, w: 32 | 64, a: readonly bigint[], b: readonly bigint[]): bigint[] {
    return split(a.length, floatBinary(this.#state, name, w, (a.length * 128) / w, join(a), join(b)));
  }
  floatVector1(name: FloatUnary, w: 32 | 64, a: readonly bigint[]): bigint[] {
    return split(a.length, floatUnary(this.#state, name, w, (a.length * 128) / w, join(a)));
  }
  floatFused(name: FloatFused, w: 32 | 64, a: bigint, b: bigint, c: bigint): bigint {
    return floatFused(this.#state, name, w, 1, a, b, c);
  }
  floatVectorFused(
    name: FloatVectorFused,
    w: 32 | 64,
    a: readonly bigint[],
    b: readonly bigint[],
    c: readonly bigint[],
  ): bigint[] {
    return split(a.length, floatFused(this.#state, name, w, (a.length * 128) / w, join(a), join(b), join(c)));
  }
  floatCompare(predicate: FloatPredicate, w: 32 | 64, a: bigint, b: bigint): bigint {
    return floatPredicate(this.#state, predicate, w, 1, a, b);
  }
  floatVectorCompare(predicate: FloatPredicate, w: 32 | 64, a: readonly bigint[], b: readonly bigint[]): bigint[] {
    return split(a.length, floatPredicate(this.#state, predicate, w, (a.length * 128) / w, join(a), join(b)));
  }
  floatOrder(signalling: boolean, w: 32 | 64, a: bigint, b: bigint): { zf: boolean; pf: boolean; cf: boolean } {
    return floatOrder(this.#state, signalling, w, a, b);
  }
  floatConvert(name: FloatConversion, a: bigint): bigint {
    return floatConversion(this.#state, name, 1, a);
  }
  floatVectorConvert(
    name: FloatConversion,
    lanes: number,
    a: readonly bigint[],
    rounding: IntegralRounding = 'mxcsr',
  ): bigint[] {
    const chunks = Math.ceil((lanes * conversionWidths(name).to) / 128);
    return split(chunks, floatConversion(this.#state, name, lanes, join(a), rounding));
  }

  partlyDone(): void {
    this.resumable = true;
  }

  nextRip(): bigint {
    return BigInt(this.insn.address + this.insn.length);
  }
  thisRip(): bigint {
    return BigInt(this.insn.address);
  }
  modrm(): bigint {
    return BigInt(this.insn.modrm);
  }
  jump(target: bigint): void {
    if (!isCanonical(target)) throw new CpuFault(VECTOR.GP);
    this.exit = 'jump';
    this.target = target;
  }
  branch(target: TargetOperand): void {
    this.jump(target.value);
  }
  branchIf(c: boolean, target: TargetOperand): void {
    if (c) this.jump(target.value);
  }
  again(): void {
    this.exit = 'jump';
    this.target = this.thisRip();
  }
  raise(vector: Vector, errorCode = 0): void {
    throw new CpuFault(vector, errorCode);
  }
  raiseIf(c: boolean, vector: Vector, errorCode = 0): void {
    if (c) throw new CpuFault(vector, errorCode);
  }
  trap(vector: Vector): void {
    this.exit = 'trap';
    this.trapVector = vector;
  }
  syscall(): void {
    const state = this.#state;
    state.set(REG.rcx, this.nextRip());
    state.set(REG.r11, BigInt((state.rflags & ~RFLAGS.RF) >>> 0));
    this.exit = 'syscall';
  }
  call(name: HelperName, ...args: bigint[]): bigint {
    const [a = 0n, b = 0n, c = 0n, d = 0n] = args;
    return (helpers[name] as Helper)(this.memory, a, b, c, d);
  }

  #setArithmetic(w: Width, r: bigint, cf: boolean, af: boolean, of: boolean): void {
    const state = this.#state;
    let flags = state.rflags & ~ARITHMETIC_FLAGS;
    if (cf) flags |= RFLAGS.CF;
    if (af) flags |= RFLAGS.AF;
    if (of) flags |= RFLAGS.OF;
    if (r === 0n) flags |= RFLAGS.ZF;
    if (r & SIGN[w]) flags |= RFLAGS.SF;
    state.rflags = flags | PARITY[Number(r & 0xffn)]!;
  }

  #condition(pair: number): boolean {
    const flags = this.#state.rflags;
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

/** Segment registers by Intel's numbers. */
export const SEGMENTS = ['es', 'cs', 'ss', 'ds', 'fs', 'gs'] as const;
