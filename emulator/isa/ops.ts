/**
 * The abstract operations over which instruction semantics are written, once, for every executor.
 *
 * `V` is an integer value of 8, 16, 32 or 64 bits (the width is an argument of each operation; a value is always
 * zero-extended in its width), `C` a condition, `X` a 128-bit vector. The reference executor has V = bigint, C = boolean,
 * X = bigint and computes at once; the interpreter and the JIT have WebAssembly locals and emit code.
 *
 * A vector of VEX.L length is an array of 128-bit chunks, `X[]` of length 1 or 2, lowest first.
 *
 * Laws of instruction functions:
 *  - read everything, then store to memory, then write registers, then flags: a fault must leave no trace.
 *  - the function may look at what is fixed for the form: operand kinds and widths, operand, address and vector size,
 *    repeat, lock, row. Never at register numbers, displacements or immediate values - those are data of one instruction -
 *    except the immediate of rows marked `immediateInForm`.
 *  - values are used freely any number of times; they never change.
 */
import type { HelperName } from './helpers.ts';
import type { MemoryOperand, Operand, TargetOperand, Width } from './instruction.ts';

/** The arithmetic flags by name. */
export type FlagName = 'cf' | 'pf' | 'af' | 'zf' | 'sf' | 'of';

/** Exception vectors (SDM Vol. 3A, table 6-1). */
export const VECTOR = {
  DE: 0,
  DB: 1,
  BP: 3,
  OF: 4,
  BR: 5,
  UD: 6,
  NM: 7,
  DF: 8,
  TS: 10,
  NP: 11,
  SS: 12,
  GP: 13,
  PF: 14,
  MF: 16,
  AC: 17,
  XM: 19,
} as const;
export type Vector = (typeof VECTOR)[keyof typeof VECTOR];

export const VECTOR_NAMES: Readonly<Record<number, string>> = Object.fromEntries(
  Object.entries(VECTOR).map(([name, vector]) => [vector, `#${name}`]),
);

/** A mutable local of one instruction, for values assigned under `if` or in `loop`. */
export interface Variable<V> {
  get(): V;
  set(value: V): void;
}

/** What a float operation computes; operands and results are bit patterns. */
export type FloatBinary = 'add' | 'sub' | 'mul' | 'div' | 'min' | 'max';
/** Of vectors besides: `addsub` subtracts in even lanes and adds in odd ones. */
export type FloatVectorBinary = FloatBinary | 'addsub';
/** How an integral value is chosen: in one direction, or as MXCSR.RC says. */
export type IntegralRounding = 'nearest' | 'down' | 'up' | 'zero' | 'mxcsr';
/** `round` is to an integral value, without a precision exception where it is silent. */
export type FloatUnary = 'sqrt' | `round.${IntegralRounding}` | `round.${IntegralRounding}.silent`;
/** Of a, b, c with one rounding: a*b+c, a*b-c, -(a*b)+c, -(a*b)-c. The first operand in that order that is a NaN wins. */
export const FLOAT_FUSED = ['fmadd', 'fmsub', 'fnmadd', 'fnmsub'] as const;
export type FloatFused = (typeof FLOAT_FUSED)[number];
/** Of vectors besides: `fmaddsub` subtracts in even lanes and adds in odd ones, `fmsubadd` the other way round. */
export type FloatVectorFused = FloatFused | 'fmaddsub' | 'fmsubadd';
/** The predicates of VCMPPS in the order of the immediate (SDM Vol. 2A, table 3-1); CMPPS has the first eight. */
export const FLOAT_PREDICATES = [
  ...(['eq', 'lt', 'le', 'unord', 'neq', 'nlt', 'nle', 'ord'] as const),
  ...(['eq_uq', 'nge', 'ngt', 'false', 'neq_oq', 'ge', 'gt', 'true'] as const),
  ...(['eq_os', 'lt_oq', 'le_oq', 'unord_s', 'neq_us', 'nlt_uq', 'nle_uq', 'ord_s'] as const),
  ...(['eq_us', 'nge_uq', 'ngt_uq', 'false_os', 'neq_os', 'ge_oq', 'gt_oq', 'true_us'] as const),
] as const;
export type FloatPredicate = (typeof FLOAT_PREDICATES)[number];
/**
 * Conversions, `to.from`; `t` truncates, otherwise MXCSR.RC rounds. Integers out of range give the integer indefinite.
 * All raise what MXCSR unmasks.
 */
export type FloatConversion =
  | ('f64.f32' | 'f32.f64' | 'f32.f16' | 'f16.f32')
  | ('f32.i32' | 'f32.i64' | 'f64.i32' | 'f64.i64')
  | ('i32.f32' | 'i32.f64' | 'i64.f32' | 'i64.f64')
  | ('i32t.f32' | 'i32t.f64' | 'i64t.f32' | 'i64t.f64');

/**
 * Lane operations on vectors, named as WebAssembly names them where it has them. The reference implements each by lanes
 * (`reference/simd.ts`), the emitter by opcodes (`interpreter/simd.ts`).
 */
export type SimdUnary =
  | 'v128.not'
  | ('i8x16.abs' | 'i16x8.abs' | 'i32x4.abs')
  | ('i16x8.extend_low_i8x16_u' | 'i16x8.extend_low_i8x16_s')
  | ('i16x8.extend_high_i8x16_u' | 'i16x8.extend_high_i8x16_s')
  | ('i32x4.extend_low_i16x8_u' | 'i32x4.extend_low_i16x8_s')
  | ('i64x2.extend_low_i32x4_u' | 'i64x2.extend_low_i32x4_s');
export type SimdBinary =
  | ('v128.and' | 'v128.or' | 'v128.xor' | 'v128.andnot') // andnot(a, b) = a & ~b
  | ('i8x16.add' | 'i16x8.add' | 'i32x4.add' | 'i64x2.add')
  | ('i8x16.sub' | 'i16x8.sub' | 'i32x4.sub' | 'i64x2.sub')
  | ('i8x16.add_sat_s' | 'i8x16.add_sat_u' | 'i16x8.add_sat_s' | 'i16x8.add_sat_u')
  | ('i8x16.sub_sat_s' | 'i8x16.sub_sat_u' | 'i16x8.sub_sat_s' | 'i16x8.sub_sat_u')
  | ('i16x8.mul' | 'i32x4.mul' | 'i32x4.dot_i16x8_s')
  | 'i16x8.q15mulr_sat_s' // (a * b + 0x4000) >> 15, where the product of two times 0x8000 becomes 0x7fff
  | ('i64x2.extmul_low_i32x4_u' | 'i64x2.extmul_low_i32x4_s')
  | ('i32x4.extmul_low_i16x8_s' | 'i32x4.extmul_high_i16x8_s')
  | ('i32x4.extmul_low_i16x8_u' | 'i32x4.extmul_high_i16x8_u')
  | ('i8x16.min_s' | 'i8x16.min_u' | 'i8x16.max_s' | 'i8x16.max_u')
  | ('i16x8.min_s' | 'i16x8.min_u' | 'i16x8.max_s' | 'i16x8.max_u')
  | ('i32x4.min_s' | 'i32x4.min_u' | 'i32x4.max_s' | 'i32x4.max_u')
  | ('i8x16.avgr_u' | 'i16x8.avgr_u')
  | ('i8x16.eq' | 'i16x8.eq' | 'i32x4.eq' | 'i64x2.eq')
  | ('i8x16.gt_s' | 'i16x8.gt_s' | 'i32x4.gt_s' | 'i64x2.gt_s')
  | ('i8x16.narrow_i16x8_s' | 'i8x16.narrow_i16x8_u' | 'i16x8.narrow_i32x4_s' | 'i16x8.narrow_i32x4_u')
  | 'i8x16.swizzle'; // the bytes of a whose numbers are in b, zero for numbers above 15
/** By a scalar count (an `V` of 32 bits) that is below the lane width. */
export type SimdShift =
  | ('i16x8.shl' | 'i32x4.shl' | 'i64x2.shl')
  | ('i16x8.shr_u' | 'i32x4.shr_u' | 'i64x2.shr_u')
  | ('i16x8.shr_s' | 'i32x4.shr_s');
/** To an integer: one bit per lane, or 1 if any bit is set. */
export type SimdMask = 'i8x16.bitmask' | 'i32x4.bitmask' | 'i64x2.bitmask' | 'v128.any_true';

export interface Ops<V, C, X> {
  // --- values -------------------------------------------------------------------------------------------------------
  int(w: Width, value: number | bigint): V;
  add(w: Width, a: V, b: V): V;
  sub(w: Width, a: V, b: V): V;
  mul(w: Width, a: V, b: V): V;
  /** High half of the double-width product. */
  mulHighU(w: Width, a: V, b: V): V;
  mulHighS(w: Width, a: V, b: V): V;
  /** Divisor must be non-zero, and for the signed forms not the overflowing case: test before. */
  divU(w: Width, a: V, b: V): V;
  divS(w: Width, a: V, b: V): V;
  remU(w: Width, a: V, b: V): V;
  remS(w: Width, a: V, b: V): V;
  and(w: Width, a: V, b: V): V;
  or(w: Width, a: V, b: V): V;
  xor(w: Width, a: V, b: V): V;
  not(w: Width, a: V): V;
  neg(w: Width, a: V): V;
  /** Shift counts are values of the same width, unsigned, and must be below `w`. */
  shl(w: Width, a: V, count: V): V;
  shrU(w: Width, a: V, count: V): V;
  shrS(w: Width, a: V, count: V): V;
  /** Rotate; w is 32 or 64, count is taken modulo w. */
  rotl(w: 32 | 64, a: V, count: V): V;
  rotr(w: 32 | 64, a: V, count: V): V;
  /** w is 32 or 64; of zero they give w. */
  clz(w: 32 | 64, a: V): V;
  ctz(w: 32 | 64, a: V): V;
  popcnt(w: 32 | 64, a: V): V;
  /** Widen or (to a smaller width) truncate. */
  zeroExtend(from: Width, to: Width, a: V): V;
  signExtend(from: Width, to: Width, a: V): V;
  truncate(from: Width, to: Width, a: V): V;
  select(w: Width, c: C, a: V, b: V): V;
  /** 1 or 0. */
  fromCondition(w: Width, c: C): V;

  // --- conditions ---------------------------------------------------------------------------------------------------
  condition(value: boolean): C;
  eq(w: Width, a: V, b: V): C;
  ne(w: Width, a: V, b: V): C;
  ltU(w: Width, a: V, b: V): C;
  ltS(w: Width, a: V, b: V): C;
  isZero(w: Width, a: V): C;
  isNegative(w: Width, a: V): C;
  /** Bit `n`, a constant. */
  bit(w: Width, a: V, n: number): C;
  both(a: C, b: C): C;
  either(a: C, b: C): C;
  differ(a: C, b: C): C;
  negate(a: C): C;

  // --- control within the instruction -------------------------------------------------------------------------------
  variable(w: Width, initial: V): Variable<V>;
  vectorVariable(initial: X): Variable<X>;
  if(c: C, then: () => void, otherwise?: () => void): void;
  /** Runs `body` while it returns a true condition, at least once; stops when `limit` rounds are done. */
  loop(limit: number, body: () => C): void;

  // --- operands and registers ---------------------------------------------------------------------------------------
  /** The operand's value in its own width. */
  read(op: Operand): V;
  /** As `read`, for an operand that is written afterwards: a memory operand must be writable already. */
  readForWrite(op: Operand): V;
  write(op: Operand, value: V): void;
  /** Offset part of the address (LEA): `addressSize` wide, zero-extended to 64. */
  effectiveAddress(op: MemoryOperand): V;
  /** Effective address plus segment base, 64 bits. */
  linearAddress(op: MemoryOperand): V;
  /** The index vector of a VSIB operand. */
  vsibIndex(op: MemoryOperand): X[];
  /** Linear address of the element of a VSIB operand whose index, sign-extended to 64 bits, is given. */
  vsibAddress(op: MemoryOperand, index: V): V;
  /** Register by number (implicit operands). Writing 32 bits clears the upper half. */
  register(w: Width, n: number): V;
  setRegister(w: Width, n: number, value: V): void;
  /** AH, CH, DH, BH by the number (0..3) of the register they are part of. */
  highByte(n: number): V;
  setHighByte(n: number, value: V): void;
  segmentBase(segment: 'none' | 'fs' | 'gs'): V;
  setSegmentBase(segment: 'fs' | 'gs', value: V): void;
  /** MXCSR as 32 bits. `setMxcsr` takes a validated value. */
  mxcsr(): V;
  setMxcsr(value: V): void;
  /** Status or abridged tag word of the x87, 16 bits; MMX registers are read and written as operands, in place. */
  x87Word(name: 'fsw' | 'ftw'): V;

  // --- memory by linear address (64 bits) ---------------------------------------------------------------------------
  load(w: Width, address: V): V;
  /** Faults as a write would. */
  loadForWrite(w: Width, address: V): V;
  store(w: Width, address: V, value: V): void;
  /** Faults as a write of so many bytes would, and does nothing else. */
  probeWrite(bytes: number, address: V): void;
  load128(address: V): X;
  store128(address: V, value: X): void;

  /** What the body accesses is not checked for alignment under RFLAGS.AC. */
  unaligned(body: () => void): void;

  // --- flags --------------------------------------------------------------------------------------------------------
  /** All six, for r = a + b (+ carry). */
  flagsAdd(w: Width, a: V, b: V, r: V): void;
  /** All six, for r = a - b (- borrow). */
  flagsSub(w: Width, a: V, b: V, r: V): void;
  /** CF = OF = AF = 0, rest by r. */
  flagsLogic(w: Width, r: V): void;
  /** SF, ZF, PF by r; the others as given, those left out unchanged. */
  flagsResult(w: Width, r: V, others: { cf?: C; af?: C; of?: C }): void;
  /** Single flags; those left out are unchanged. */
  setFlags(flags: Partial<Record<FlagName, C>>): void;
  flag(name: FlagName): C;
  /** Condition code 0..15 as in Jcc, SETcc, CMOVcc (SDM Vol. 2D, B.1.4.7). */
  conditionCode(code: number): C;
  /** RFLAGS as PUSHF stores them, 64 bits (RF and VM clear). */
  readFlags(): V;
  /** Writes the RFLAGS bits of the constant `mask` (any of the arithmetic ones, TF DF NT AC ID). */
  writeFlags(mask: number, value: V): void;
  /** DF. */
  directionFlag(): C;
  setDirectionFlag(value: boolean): void;

  // --- vectors ------------------------------------------------------------------------------------------------------
  /** A vector register or a memory operand of 128 bits, alignment not checked. */
  readVector(op: Operand): X;
  /** Writes the low 128 bits of a vector register (upper half untouched, as legacy SSE does) or 16 bytes of memory. */
  writeVector(op: Operand, value: X): void;
  /** A vector register or a memory operand of 128 or 256 bits, as its width says. All is read before this returns. */
  readVectors(op: Operand): X[];
  /**
   * As VEX writes: a vector register with everything above cleared, or 16 bytes of memory for each chunk - all or, on a
   * fault, none of them.
   */
  writeVectors(op: Operand, values: readonly X[]): void;
  /** Low 128 bits of a register by number (implicit operands); writing leaves the upper half. */
  vectorRegister(n: number): X;
  setVectorRegister(n: number, value: X): void;
  /** Bits 255:128. */
  setVectorUpper(n: number, value: X): void;
  /** Bits 255:128 of all registers are zero then. */
  clearVectorUppers(): void;
  simd1(name: SimdUnary, a: X): X;
  simd2(name: SimdBinary, a: X, b: X): X;
  simdShift(name: SimdShift, a: X, count: V): X;
  simdMask(name: SimdMask, a: X): V;
  /** Byte shuffle by constants 0..15 from a, 16..31 from b. */
  shuffle(a: X, b: X, lanes: readonly number[]): X;
  vectorConstant(low: bigint, high: bigint): X;
  /** Lane `n` (constant) of width w, zero-extended. */
  lane(w: Width, a: X, n: number): V;
  withLane(w: Width, a: X, n: number, value: V): X;
  /** Low lane = value, rest zero. */
  vectorFromInt(w: Width, value: V): X;
  selectVector(c: C, a: X, b: X): X;
  /** The bits of a where those of the mask are 1, of b elsewhere. */
  selectBits(mask: X, a: X, b: X): X;

  // --- floats: bit patterns in, bit patterns out, MXCSR obeyed and updated, #XM raised ---------------------------------
  float2(name: FloatBinary, w: 32 | 64, a: V, b: V): V;
  float1(name: FloatUnary, w: 32 | 64, a: V): V;
  /** On vectors: exceptions of all lanes of all chunks are gathered before one #XM. */
  floatVector2(name: FloatVectorBinary, w: 32 | 64, a: readonly X[], b: readonly X[]): X[];
  floatVector1(name: FloatUnary, w: 32 | 64, a: readonly X[]): X[];
  floatFused(name: FloatFused, w: 32 | 64, a: V, b: V, c: V): V;
  floatVectorFused(name: FloatVectorFused, w: 32 | 64, a: readonly X[], b: readonly X[], c: readonly X[]): X[];
  /** All-ones or zero of width w. */
  floatCompare(predicate: FloatPredicate, w: 32 | 64, a: V, b: V): V;
  floatVectorCompare(predicate: FloatPredicate, w: 32 | 64, a: readonly X[], b: readonly X[]): X[];
  /** COMISx (signalling) or UCOMISx: conditions as the instruction sets ZF, PF, CF. */
  floatOrder(signalling: boolean, w: 32 | 64, a: V, b: V): { zf: C; pf: C; cf: C };
  floatConvert(name: FloatConversion, a: V): V;
  /**
   * Converts the low `lanes` lanes, as `rounding` says where the instruction does (VCVTPS2PH). As many chunks as the
   * results fill; lanes beyond the count are zero.
   */
  floatVectorConvert(name: FloatConversion, lanes: number, a: readonly X[], rounding?: IntegralRounding): X[];

  /**
   * What is written so far stays if the instruction faults later, and it can be resumed: gathers. A single step that meets
   * such a fault ends before it, with #DB (SDM Vol. 2C, VGATHERDPS).
   */
  partlyDone(): void;

  // --- leaving the instruction ----------------------------------------------------------------------------------------
  /** Address of the next instruction, 64 bits. */
  nextRip(): V;
  /** Address of this instruction, 64 bits. */
  thisRip(): V;
  /** The ModRM byte, zero-extended to 64 bits: data of the instruction, which the x87 keeps with its last opcode. */
  modrm(): V;
  /**
   * Whether bits 63:47 of an address differ: for conditions of faults. An executor whose faults are another one's to raise may say
   * so of any address above the lower half.
   */
  nonCanonical(address: V): C;
  /** To a computed address (64 bits): non-canonical ones raise #GP before anything else changes. */
  jump(target: V): void;
  branch(target: TargetOperand): void;
  branchIf(c: C, target: TargetOperand): void;
  /** Runs this instruction again (a repeated string instruction that reached its limit). */
  again(): void;
  /** A fault: rip stays at this instruction, nothing of it has happened. */
  raise(vector: Vector, errorCode?: number): void;
  raiseIf(c: C, vector: Vector, errorCode?: number): void;
  /** A trap: the instruction is complete, rip is behind it (INT3, INT1, INTO). */
  trap(vector: Vector): void;
  /** SYSCALL: rcx = next rip, r11 = rflags, then the run stops. */
  syscall(): void;
  /** Calls a helper with up to four 64-bit arguments (V of 64 bits) for what is awkward here: see `helpers.ts`. */
  call(name: HelperName, ...args: V[]): V;
}
