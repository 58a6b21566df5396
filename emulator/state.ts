/**
 * Architectural state of the CPU: one declared layout in linear memory, used by generated code (as constant addresses),
 * by the executors and by the kernel (through `CpuState` of `cpu-state.ts`).
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
  ['leftAt', 'u64'], // JIT: where a region was last left for the interpreter; 0 once that is accounted for
  ['leaves', 'u32'], // JIT: how often a region was left for the interpreter, but for its budget or a miss of the TLB, counted round
  ['largeFilled', 'u32'], // interpreter: 1 if there are entries in the TLB of large pages
  ['largeMisses', 'u32'], // interpreter: how often a region was left for an access to a large page, counted round
  ['largeTries', 'u32'], // interpreter: pages that might be part of large ones, counted round
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
  leftAt: at('leftAt'),
  leaves: at('leaves'),
  largeFilled: at('largeFilled'),
  largeMisses: at('largeMisses'),
  largeTries: at('largeTries'),
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
export const X87_CONTROL = { writable: 0x1f3f, fixed: 0x40 } as const;
/** The control word after FNINIT: all exceptions masked, 64-bit precision. */
export const INITIAL_CONTROL = 0x37f;

/** Bytes at the start of the state that belong to a task; what follows is the executor's own. */
export const TASK_STATE_SIZE = stateOffset('exceptionVector');
