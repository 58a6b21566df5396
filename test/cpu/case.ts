/**
 * A case: one instruction with all the state it may look at. An outcome: all the state it may have changed.
 */

/** Where the pages of a case lie, on the host and in the emulator alike: above where Linux may put the runner's heap. */
export const MAP = {
  /** Two pages, readable and executable; nothing is mapped behind them. Unused bytes are INT3. */
  code: 0x60000000,
  codeSize: 8192,
  /** Two writable pages and a read-only one; nothing is mapped around them. */
  data: 0x61000000,
  dataSize: 12288,
  writableSize: 8192,
  /** The same data pages again, out of reach of 32 bits. */
  high: 0x6e5500321000,
  fsBase: 0x61000100,
  gsBase: 0x6e5500320000,
} as const;

/** Bytes put into the data pages before the instruction; `offset` counts from the first data page. */
export interface Patch {
  readonly offset: number;
  readonly bytes: Uint8Array;
}

/** How the host is stopped after the instruction. */
export const STOP_BY = {
  /** By the INT3 bytes around it: lets REP instructions finish, and TF stays out of PUSHF's picture. */
  int3: 0,
  /** By single-stepping: sees where a branch goes, even to unmapped pages. */
  step: 1,
} as const;
export type StopBy = (typeof STOP_BY)[keyof typeof STOP_BY];

/** Registers of 64 bits, or parts of registers. */
export type Words = BigUint64Array<ArrayBuffer>;

export interface Case {
  /** Which row, and which of its cases: `3fa2b1c0:17`. Made again by `makeCase`. */
  readonly id: string;
  readonly bytes: Uint8Array;
  /** Offset of the first byte from `MAP.code`. */
  readonly codeOffset: number;
  /** rax rcx rdx rbx rsp rbp rsi rdi r8..r15. */
  readonly gpr: Words;
  /** Arithmetic flags, DF, AC, and TF where the guest itself is single-stepping (#DB is the outcome then). */
  readonly rflags: number;
  readonly mxcsr: number;
  /** ymm0..ymm15, four words each. */
  readonly ymm: Words;
  /** x87 and MMX state: see x87.ts. */
  readonly x87: Uint8Array;
  readonly patches: readonly Patch[];
  readonly stopBy: StopBy;
  /** The instruction loads segment registers or their bases: the host's must be put in order afterwards. */
  readonly segments: boolean;
  /** The instruction loads TF, so that its value afterwards is not the stepping's. */
  readonly loadsTrapFlag: boolean;
  /** The instruction raises #BP itself. */
  readonly breaks: boolean;
}

/** An aligned 8-byte word of the data pages that is not what it was. */
export interface Change {
  readonly offset: number;
  readonly value: bigint;
}

/** No exception; `vector` of an outcome. */
export const COMPLETED = -1;
/** The executor stopped for a SYSCALL; `vector` of an outcome. */
export const SYSTEM_CALL = -2;

/** #MF and #XM. */
export const isFloat = (vector: number): boolean => vector === 16 || vector === 19;

export interface Outcome {
  /** Exception vector, or one of the constants above. */
  readonly vector: number;
  /** Error code; 0 for exceptions that have none. */
  readonly error: number;
  /** For #PF, otherwise 0. */
  readonly cr2: bigint;
  /** si_code of the signal that Linux makes of #MF and #XM, otherwise 0. */
  readonly code: number;
  readonly rip: bigint;
  readonly gpr: Words;
  readonly fsBase: bigint;
  readonly gsBase: bigint;
  /** The bits of `VISIBLE_FLAGS`. */
  readonly rflags: number;
  readonly mxcsr: number;
  readonly ymm: Words;
  readonly x87: Uint8Array;
  readonly changes: readonly Change[];
}

/** CF PF AF ZF SF TF DF OF NT AC ID: RF differs by how the host was stopped, IF and IOPL belong to its kernel. */
export const VISIBLE_FLAGS = 0x244dd5;

const mix = (n: number): number => {
  let h = Math.imul(n ^ 0x9e3779b9, 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
};

/** What the data pages hold before patches: noise, and runs of equal bytes for the string instructions. */
export const pristine: Uint8Array = Uint8Array.from({ length: MAP.dataSize }, (_, i) =>
  (i >> 6) % 3 === 0 ? (i >> 6) & 0xff : mix(i) & 0xff,
);
