/** Typed access to the architectural state that `state.ts` lays out. */
import {
  ARITHMETIC_FLAGS,
  INITIAL_CONTROL,
  MMX_EXPONENT,
  REG,
  RFLAGS,
  STATE_SIZE,
  stateOffset,
  VECTOR_STRIDE,
  X87_CONTROL,
  X87_EXCEPTIONS,
  X87_STATUS,
} from './state.ts';

const TWO32 = 4294967296;
const even = (byte: number) => {
  let n = byte & 0xff;
  n ^= n >> 4;
  n ^= n >> 2;
  n ^= n >> 1;
  return (n & 1) === 0;
};

/**
 * Typed access to one CPU state: the live one in linear memory, or a saved copy.
 *
 * Registers read as `number` where the kernel's hot paths need them: `getNumber` is the unsigned value, exact below 2^53
 * (every canonical user address), `getInt32` the low half as C's `int`.
 */
export class CpuState {
  #buffer: ArrayBufferLike;
  #base: number;
  #u16: Uint16Array;
  #u32: Uint32Array;
  #u64: BigUint64Array;
  #u8: Uint8Array;

  /** `base` is the byte offset of the state in `buffer`, a multiple of 64. */
  constructor(buffer: ArrayBufferLike, base: number) {
    this.#buffer = buffer;
    this.#base = base;
    this.#u8 = new Uint8Array(buffer, base, STATE_SIZE);
    this.#u16 = new Uint16Array(buffer, base, STATE_SIZE / 2);
    this.#u32 = new Uint32Array(buffer, base, STATE_SIZE / 4);
    this.#u64 = new BigUint64Array(buffer, base, STATE_SIZE / 8);
  }

  /** Points at another buffer: linear memory after it grew. */
  rebase(buffer: ArrayBufferLike): void {
    if (buffer === this.#buffer) return;
    this.#buffer = buffer;
    this.#u8 = new Uint8Array(buffer, this.#base, STATE_SIZE);
    this.#u16 = new Uint16Array(buffer, this.#base, STATE_SIZE / 2);
    this.#u32 = new Uint32Array(buffer, this.#base, STATE_SIZE / 4);
    this.#u64 = new BigUint64Array(buffer, this.#base, STATE_SIZE / 8);
  }

  /** The raw bytes, live. */
  get bytes(): Uint8Array {
    return this.#u8;
  }

  get(register: number): bigint {
    return this.#u64[register]!;
  }

  set(register: number, value: bigint): void {
    this.#u64[register] = value;
  }

  getNumber(register: number): number {
    return this.#u32[register * 2 + 1]! * TWO32 + this.#u32[register * 2]!;
  }

  /** All 64 bits, signed: exact to 2^53, rounded beyond. */
  getSigned(register: number): number {
    return (this.#u32[register * 2 + 1]! | 0) * TWO32 + this.#u32[register * 2]!;
  }
  /** Low 32 bits, signed. */
  getInt32(register: number): number {
    return this.#u32[register * 2]! | 0;
  }

  /** Low 32 bits, unsigned. */
  getUint32(register: number): number {
    return this.#u32[register * 2]!;
  }

  /** Stores an integer of magnitude below 2^53, negative ones in two's complement of 64 bits. */
  setNumber(register: number, value: number): void {
    this.#u32[register * 2] = value;
    // Most are results of system calls.
    this.#u32[register * 2 + 1] = (value | 0) === value ? value >> 31 : Math.floor(value / TWO32);
  }

  get rip(): number {
    return this.#u32[FIELD.rip + 1]! * TWO32 + this.#u32[FIELD.rip]!;
  }

  set rip(value: number) {
    this.#u32[FIELD.rip] = value;
    this.#u32[FIELD.rip + 1] = Math.floor(value / TWO32);
  }

  /** rip's low and high half, as two words from `at` on. */
  copyRip(to: Int32Array, at: number): void {
    to[at] = this.#u32[FIELD.rip]!;
    to[at + 1] = this.#u32[FIELD.rip + 1]!;
  }

  /** Whether rip is in [start, start + length), where no multiple of 4 GiB is: quicker than to ask for rip. */
  ripIsIn(start: number, length: number): boolean {
    return (this.#u32[FIELD.rip]! - start) >>> 0 < length && Math.floor(start / TWO32) === this.#u32[FIELD.rip + 1]!;
  }

  /** rip as 64 bits, for values which are no user address (a forged signal frame). */
  get rip64(): bigint {
    return this.#u64[FIELD.rip / 2]!;
  }

  set rip64(value: bigint) {
    this.#u64[FIELD.rip / 2] = value;
  }

  get rsp(): number {
    return this.getNumber(REG.rsp);
  }

  set rsp(value: number) {
    this.setNumber(REG.rsp, value);
  }

  /** RFLAGS as the architecture shows it: lazy flags resolved, bit 1 and IF set. */
  get rflags(): number {
    const result = FIELD.flagsResult;
    const aux = FIELD.flagsAux;
    const low = this.#u32[result]!;
    const high = this.#u32[result + 1]!;
    const auxWord = this.#u32[aux]!;
    const carry = auxWord >>> 31;
    let flags = this.#u32[FIELD.rflags]! | RFLAGS.fixed1 | RFLAGS.IF;
    if (carry) flags |= RFLAGS.CF;
    if (carry ^ ((auxWord >>> 30) & 1)) flags |= RFLAGS.OF;
    if (auxWord & 8) flags |= RFLAGS.AF;
    if (even(low) !== ((auxWord & 2) !== 0)) flags |= RFLAGS.PF;
    if ((low | high) === 0) flags |= RFLAGS.ZF;
    if ((high >>> 31) ^ ((auxWord >>> 29) & 1)) flags |= RFLAGS.SF;
    return flags;
  }

  /** Takes every bit it is given; who restores user flags masks them first. */
  set rflags(value: number) {
    this.#u32[FIELD.rflags] = value & ~ARITHMETIC_FLAGS & ~RFLAGS.fixed1 & ~RFLAGS.IF;
    const carry = value & RFLAGS.CF ? 1 : 0;
    const overflow = value & RFLAGS.OF ? 1 : 0;
    const zero = (value & RFLAGS.ZF) !== 0;
    const sign = value & RFLAGS.SF ? 1 : 0;
    // A zero result has even parity and no sign; a result of one has odd parity and no sign.
    const parity = (value & RFLAGS.PF) !== 0;
    this.#u32[FIELD.flagsResult] = zero ? 0 : 1;
    this.#u32[FIELD.flagsResult + 1] = 0;
    this.#u32[FIELD.flagsAux] =
      (carry << 31) |
      ((carry ^ overflow) << 30) |
      (sign << 29) |
      (value & RFLAGS.AF ? 8 : 0) |
      (parity !== zero ? 2 : 0);
  }

  /** RFLAGS without the arithmetic flags, which take some computing. */
  get systemFlags(): number {
    return this.#u32[FIELD.rflags]! | RFLAGS.fixed1 | RFLAGS.IF;
  }

  /** Clears flags that are not arithmetic ones. */
  clearSystemFlags(flags: number): void {
    this.#u32[FIELD.rflags]! &= ~flags;
  }

  get cr2(): number {
    return this.#u32[FIELD.cr2 + 1]! * TWO32 + this.#u32[FIELD.cr2]!;
  }

  set cr2(value: number) {
    this.#u32[FIELD.cr2] = value;
    this.#u32[FIELD.cr2 + 1] = Math.floor(value / TWO32);
  }

  /** cr2 as 64 bits: a fault on a non-canonical address never sets it, but a store to the top of the space may. */
  get cr2Wide(): bigint {
    return this.#u64[FIELD.cr2 / 2]!;
  }

  set cr2Wide(value: bigint) {
    this.#u64[FIELD.cr2 / 2] = value;
  }

  get exceptionVector(): number {
    return this.#u32[FIELD.exceptionVector]!;
  }

  set exceptionVector(value: number) {
    this.#u32[FIELD.exceptionVector] = value;
  }

  get exceptionError(): number {
    return this.#u32[FIELD.exceptionError]!;
  }

  set exceptionError(value: number) {
    this.#u32[FIELD.exceptionError] = value;
  }

  /** What the last #DB was: `DR6_BS` for a single step, a bit of the lowest four for a watchpoint, 0 for INT1. */
  get dr6(): number {
    return this.#u32[FIELD.dr6]!;
  }

  set dr6(value: number) {
    this.#u32[FIELD.dr6] = value;
  }

  get fsBase(): bigint {
    return this.#u64[FIELD.fsBase]!;
  }

  set fsBase(value: bigint) {
    this.#u64[FIELD.fsBase] = value;
  }

  get gsBase(): bigint {
    return this.#u64[FIELD.gsBase]!;
  }

  set gsBase(value: bigint) {
    this.#u64[FIELD.gsBase] = value;
  }

  get mxcsr(): number {
    return this.#u32[FIELD.mxcsr]!;
  }

  set mxcsr(value: number) {
    this.#u32[FIELD.mxcsr] = value;
  }

  get cr3(): number {
    return this.#u32[FIELD.cr3]!;
  }

  set cr3(value: number) {
    this.#u32[FIELD.cr3] = value;
  }

  /** A 16-bit field: a selector (`es cs ss ds fs gs`) or an x87 word (`fcw fsw ftw fop`). */
  word(name: WordField): number {
    return this.#u16[wordIndex(name)]!;
  }

  setWord(name: WordField, value: number): void {
    this.#u16[wordIndex(name)] = value;
  }

  /**
   * Sets FCW and FSW as processors load them from memory: FCW without its unused bits, ES and B not as given but by
   * whether there is an exception flag that FCW does not mask.
   */
  setX87Control(control: number, status: number): void {
    const fcw = (control & X87_CONTROL.writable) | X87_CONTROL.fixed;
    const summary = X87_STATUS.ES | X87_STATUS.B;
    const pending = (status & ~fcw & X87_EXCEPTIONS) !== 0;
    this.setWord('fcw', fcw);
    this.setWord('fsw', (status & ~summary) | (pending ? summary : 0));
  }

  /** x87 instruction and operand pointers. */
  quad(name: 'fip' | 'fdp'): bigint {
    return this.#u64[QUADS[name]]!;
  }

  setQuad(name: 'fip' | 'fdp', value: bigint): void {
    this.#u64[QUADS[name]] = value;
  }

  /** Low or high 64 bits (or 2, 3 of the YMM half) of a vector register. */
  vector64(register: number, index: number): bigint {
    return this.#u64[FIELD.vector + register * (VECTOR_STRIDE / 8) + index]!;
  }

  setVector64(register: number, index: number, value: bigint): void {
    this.#u64[FIELD.vector + register * (VECTOR_STRIDE / 8) + index] = value;
  }

  /** Live bytes of XMMn/YMMn, `size` 16 or 32. */
  vectorBytes(register: number, size: 16 | 32 = 16): Uint8Array {
    const start = stateOffset('vector') + register * VECTOR_STRIDE;
    return this.#u8.subarray(start, start + size);
  }

  /** Live bytes of ST(n), 16 of which 10 are used. */
  stBytes(register: number): Uint8Array {
    const start = stateOffset('st') + register * 16;
    return this.#u8.subarray(start, start + 16);
  }

  /** MMn, where TOP is 0 as every MMX instruction leaves it. */
  mmx(register: number): bigint {
    return this.#u64[FIELD.st + register * 2]!;
  }

  /** Writing sets the bits above, which are an exponent to the x87 (SDM Vol. 1, 9.5.1). */
  setMmx(register: number, value: bigint): void {
    this.#u64[FIELD.st + register * 2] = value;
    this.#u16[(FIELD.st + register * 2) * 4 + 4] = MMX_EXPONENT;
  }

  /** State after power-up as Linux hands it to a new program: x87 and SSE control words in their defaults. */
  reset(): void {
    this.#u8.fill(0, 0, stateOffset('exceptionVector'));
    this.#u64[FIELD.flagsResult / 2] = 1n; // a result of one: ZF, SF and PF clear
    this.mxcsr = 0x1f80;
    this.setWord('fcw', INITIAL_CONTROL);
    this.setWord('cs', 0x33);
    this.setWord('ss', 0x2b);
  }
}

export type WordField = 'es' | 'cs' | 'ss' | 'ds' | 'fs' | 'gs' | 'fcw' | 'fsw' | 'ftw' | 'fop';

/** Element indices of hot fields: of 32-bit arrays, but of 64-bit arrays for bases and vectors. */
const FIELD = {
  rip: stateOffset('rip') / 4,
  cr2: stateOffset('cr2') / 4,
  vector: stateOffset('vector') / 8,
  st: stateOffset('st') / 8,
  flagsResult: stateOffset('flagsResult') / 4,
  flagsAux: stateOffset('flagsAux') / 4,
  rflags: stateOffset('rflags') / 4,
  exceptionVector: stateOffset('exceptionVector') / 4,
  exceptionError: stateOffset('exceptionError') / 4,
  dr6: stateOffset('dr6') / 4,
  fsBase: stateOffset('fsBase') / 8,
  gsBase: stateOffset('gsBase') / 8,
  mxcsr: stateOffset('mxcsr') / 4,
  cr3: stateOffset('cr3') / 4,
} as const;

/** Of 16-bit arrays. */
const WORD = {
  es: stateOffset('es') / 2,
  cs: stateOffset('cs') / 2,
  ss: stateOffset('ss') / 2,
  ds: stateOffset('ds') / 2,
  fs: stateOffset('fs') / 2,
  gs: stateOffset('gs') / 2,
  fcw: stateOffset('fcw') / 2,
  fsw: stateOffset('fsw') / 2,
  ftw: stateOffset('ftw') / 2,
  fop: stateOffset('fop') / 2,
} as const;
/** A look-up by name costs more than the access; of a switch nothing is left where the name is a constant. */
const wordIndex = (name: WordField): number => {
  switch (name) {
    case 'es':
      return WORD.es;
    case 'cs':
      return WORD.cs;
    case 'ss':
      return WORD.ss;
    case 'ds':
      return WORD.ds;
    case 'fs':
      return WORD.fs;
    case 'gs':
      return WORD.gs;
    case 'fcw':
      return WORD.fcw;
    case 'fsw':
      return WORD.fsw;
    case 'ftw':
      return WORD.ftw;
    case 'fop':
      return WORD.fop;
  }
};
const QUADS = { fip: stateOffset('fip') / 8, fdp: stateOffset('fdp') / 8 } as const;
