/**
 * Architectural state of the CPU: one declared layout in linear memory, used by generated code (as constant addresses),
 * by the executors and by the kernel (through `CpuState`).
 *
 * Arithmetic flags are kept lazily as two words, after Bochs' idea of a result and a carry vector, so that an
 * instruction stores two values and no branch on "which instruction set the flags" is ever needed:
 *
 *   flagsResult  the result, sign-extended from its width to 64 bits
 *   flagsAux     bit 31 = CF; bit 30 = CF xor OF; bit 29 = "SF is inverted"; bit 3 = AF; bit 1 = "PF is inverted"
 *
 *   ZF = flagsResult == 0, SF = flagsResult<63> ^ aux<29>, PF = even parity of flagsResult<7:0> ^ aux<1>,
 *   CF = aux<31>, OF = aux<31> ^ aux<30>, AF = aux<3>. All other aux bits are zero.
 *
 * `rflags` holds the remaining bits (DF, TF, IF, AC, ID, ...); its arithmetic bits are zero.
 */
import { LINEAR } from './memory/layout.ts';

type FieldType = 'u16' | 'u32' | 'u64' | 'bytes';

interface Field {
  readonly name: string;
  readonly type: FieldType;
  readonly offset: number;
  readonly size: number;
}

const SIZES = { u16: 2, u32: 4, u64: 8 } as const;

/** Name, type, and for arrays or byte areas the count. Order is the layout; each field is aligned to its size. */
const DECLARATION: readonly (readonly [string, FieldType, number?])[] = [
  ['gpr', 'u64', 16], // rax rcx rdx rbx rsp rbp rsi rdi r8..r15: Intel's register numbers
  ['rip', 'u64'],
  ['flagsResult', 'u64'],
  ['rflags', 'u64'],
  ['zero', 'u64'], // always zero: the base or index register of an address that has none
  ['fsBase', 'u64'],
  ['gsBase', 'u64'],
  ['es', 'u16'],
  ['cs', 'u16'],
  ['ss', 'u16'],
  ['ds', 'u16'],
  ['fs', 'u16'],
  ['gs', 'u16'],
  ['mxcsr', 'u32'],
  ['flagsAux', 'u32'],
  ['fcw', 'u16'],
  ['fsw', 'u16'],
  ['ftw', 'u16'], // abridged: one bit per register, 1 = not empty (as FXSAVE keeps it)
  ['fop', 'u16'],
  ['fip', 'u64'],
  ['fdp', 'u64'],
  ['st', 'bytes', 128], // ST(0)..ST(7), 16 bytes each, 10 used; MM0..MM7 are their low halves
  ['vector', 'bytes', 512], // YMM0..YMM15, 32 bytes each; XMMn is the low half
  ['exceptionVector', 'u32'], // of the last exception an executor stopped for
  ['exceptionError', 'u32'],
  ['cr2', 'u64'], // linear address of the last page fault
  ['currentRecord', 'u32'], // interpreter: the record that stopped or called a helper
  ['remaining', 'u32'], // interpreter: budget left when generated code returned
  ['jumpKey', 'u64'], // interpreter: address-space tag of jump-cache keys, in bits 63:48
  ['cr3', 'u32'], // byte offset in linear memory of the top-level page table
  ['tlbFilledCount', 'u32'],
  ['faultPending', 'u32'], // interpreter: a slow memory access faulted; the exception fields say how
  ['dr6', 'u32'], // why the last #DB: bit 14 (BS) for a single step
  ['regionSlot', 'u32'], // JIT: address of the tag of the region that was not entered
  ['moreBudget', 'u32'], // JIT: 1 if the run's budget is more than generated code was given
  ['jumpRing', 'u32'], // interpreter: offset of the next entry in the ring of computed jumps
  ['vectorResult', 'bytes', 32], // results of imported functions on vectors
  ['vectorOperands', 'bytes', 96], // their operands, up to three
];

const align = (n: number, to: number) => Math.ceil(n / to) * to;

const fields = new Map<string, Field>();
let end = 0;
for (const [name, type, count] of DECLARATION) {
  const unit = type === 'bytes' ? 32 : SIZES[type];
  const size = type === 'bytes' ? count! : unit * (count ?? 1);
  const offset = align(end, unit);
  fields.set(name, { name, type, offset, size });
  end = offset + size;
}

/** Bytes of the whole state. */
export const STATE_SIZE = align(end, 64);

/** Byte offset of a field from the start of the state. */
export const stateOffset = (name: string): number => {
  const field = fields.get(name);
  if (!field) throw new Error(`no CPU state field ${name}`);
  return field.offset;
};

const at = (name: string) => LINEAR.state + stateOffset(name);

/** Linear-memory addresses of the fields: what generated code uses. */
export const STATE = {
  gpr: at('gpr'),
  rip: at('rip'),
  flagsResult: at('flagsResult'),
  flagsAux: at('flagsAux'),
  rflags: at('rflags'),
  zero: at('zero'),
  fsBase: at('fsBase'),
  gsBase: at('gsBase'),
  es: at('es'),
  cs: at('cs'),
  ss: at('ss'),
  ds: at('ds'),
  fs: at('fs'),
  gs: at('gs'),
  mxcsr: at('mxcsr'),
  fcw: at('fcw'),
  fsw: at('fsw'),
  ftw: at('ftw'),
  fop: at('fop'),
  fip: at('fip'),
  fdp: at('fdp'),
  st: at('st'),
  vector: at('vector'),
  exceptionVector: at('exceptionVector'),
  exceptionError: at('exceptionError'),
  cr2: at('cr2'),
  currentRecord: at('currentRecord'),
  remaining: at('remaining'),
  jumpKey: at('jumpKey'),
  cr3: at('cr3'),
  tlbFilledCount: at('tlbFilledCount'),
  faultPending: at('faultPending'),
  dr6: at('dr6'),
  regionSlot: at('regionSlot'),
  moreBudget: at('moreBudget'),
  jumpRing: at('jumpRing'),
  vectorResult: at('vectorResult'),
  vectorOperands: at('vectorOperands'),
} as const;

/** Bytes between two vector registers of the state. */
export const VECTOR_STRIDE = 32;

/** What writing an MMX register leaves above its 64 bits. */
export const MMX_EXPONENT = 0xffff;

/** Register numbers in Intel's encoding. */
export const REG = {
  rax: 0,
  rcx: 1,
  rdx: 2,
  rbx: 3,
  rsp: 4,
  rbp: 5,
  rsi: 6,
  rdi: 7,
  r8: 8,
  r9: 9,
  r10: 10,
  r11: 11,
  r12: 12,
  r13: 13,
  r14: 14,
  r15: 15,
} as const;

export const REG_NAMES = [
  ...['rax', 'rcx', 'rdx', 'rbx', 'rsp', 'rbp', 'rsi', 'rdi'],
  ...['r8', 'r9', 'r10', 'r11', 'r12', 'r13', 'r14', 'r15'],
] as const;

/** Bits of RFLAGS (SDM Vol. 1, 3.4.3). */
export const RFLAGS = {
  CF: 1 << 0,
  fixed1: 1 << 1,
  PF: 1 << 2,
  AF: 1 << 4,
  ZF: 1 << 6,
  SF: 1 << 7,
  TF: 1 << 8,
  IF: 1 << 9,
  DF: 1 << 10,
  OF: 1 << 11,
  IOPL: 3 << 12,
  NT: 1 << 14,
  RF: 1 << 16,
  VM: 1 << 17,
  AC: 1 << 18,
  VIF: 1 << 19,
  VIP: 1 << 20,
  ID: 1 << 21,
} as const;

/** DR6.BS: the debug exception is that of a single step. */
export const DR6_BS = 1 << 14;

/** CF, PF, AF, ZF, SF and OF: the bits which arithmetic sets. */
export const ARITHMETIC_FLAGS = RFLAGS.CF | RFLAGS.PF | RFLAGS.AF | RFLAGS.ZF | RFLAGS.SF | RFLAGS.OF;

/** Bits of the x87 status word besides the exception flags and TOP (SDM Vol. 1, 8.1.3). */
export const X87_STATUS = {
  /** Stack fault. */
  SF: 0x40,
  /** Error summary: an unmasked exception is pending. */
  ES: 0x80,
  C0: 0x100,
  C1: 0x200,
  C2: 0x400,
  C3: 0x4000,
  /** Busy: as ES. */
  B: 0x8000,
} as const;

/** Exception flags of the status word, and their masks in the control word: IE DE ZE OE UE PE. */
export const X87_EXCEPTIONS = 0x3f;

/** The bits of the x87 control word which can be changed, and one that is always set. */
const X87_CONTROL_WRITABLE = 0x1f3f;
const X87_CONTROL_FIXED = 0x40;

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
    this.#u32[register * 2 + 1] = Math.floor(value / TWO32);
  }

  get rip(): number {
    return this.#u32[FIELD.rip + 1]! * TWO32 + this.#u32[FIELD.rip]!;
  }

  set rip(value: number) {
    this.#u32[FIELD.rip] = value;
    this.#u32[FIELD.rip + 1] = Math.floor(value / TWO32);
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
    const fcw = (control & X87_CONTROL_WRITABLE) | X87_CONTROL_FIXED;
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
    this.setWord('fcw', 0x37f);
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

/** Bytes at the start of the state that belong to a task; what follows is the executor's own. */
export const TASK_STATE_SIZE = stateOffset('exceptionVector');
