/**
 * What single instructions want beyond their explicit operands, so that cases are interesting more often than not; and the
 * rows which no case is made for.
 */
import { type Builder, FLAG, RAX, RBP, RBX, RCX, RDI, RDX, RSI, RSP, type Target, U64 } from './builder.ts';
import { type Case, MAP } from './case.ts';
import { extended, x87Control, x87State } from './extended.ts';
import { controlWord, integer, lane64 } from './random.ts';
import type { Shape } from './shape.ts';
import { packX87, unpackX87 } from './x87.ts';

const APPROXIMATION = "an approximation that is each maker's own";

/** Mnemonics which no host is asked about, and why: the executors are compared with each other. */
export const NOT_NATIVE: Readonly<Record<string, string>> = {
  SYSCALL: 'would make a system call of the runner',
  CPUID: 'tells what this CPU is',
  RDTSC: 'no two clocks agree',
  RDTSCP: 'no two clocks agree',
  RDPID: 'tells which processor the operating system gave it',
  RDRAND: 'no two of them agree',
  RDSEED: 'no two of them agree',
  XGETBV: 'tells what this operating system enabled',
  INT1: 'hypervisors report it with the wrong rip',
};

/** Rows that only AMD processors execute as the emulator does, and why. */
const AMD_ONLY: Readonly<Record<string, string>> = {
  RCPPS: APPROXIMATION,
  RCPSS: APPROXIMATION,
  RSQRTPS: APPROXIMATION,
  RSQRTSS: APPROXIMATION,
  VRCPPS: APPROXIMATION,
  VRCPSS: APPROXIMATION,
  VRSQRTPS: APPROXIMATION,
  VRSQRTSS: APPROXIMATION,
  FSIN: APPROXIMATION,
  FCOS: APPROXIMATION,
  FSINCOS: APPROXIMATION,
  FPTAN: APPROXIMATION,
  FPATAN: APPROXIMATION,
  F2XM1: APPROXIMATION,
  FYL2X: APPROXIMATION,
  FYL2XP1: APPROXIMATION,
  SHLD: 'the result for 16 bits and counts above 16 is undefined',
  SHRD: 'the result for 16 bits and counts above 16 is undefined',
  SHA1MSG1: 'takes memory that is not aligned',
  SHA1MSG2: 'takes memory that is not aligned',
  SHA1NEXTE: 'takes memory that is not aligned',
  SHA1RNDS4: 'takes memory that is not aligned',
  SHA256MSG1: 'takes memory that is not aligned',
  SHA256MSG2: 'takes memory that is not aligned',
  SHA256RNDS2: 'takes memory that is not aligned',
};

const REAL_TABLES = "without UMIP it shows the operating system's own tables";

/** Rows that behave like a host on which UMIP forbids them, and Linux plays them. */
const UMIP_ONLY: Readonly<Record<string, string>> = {
  SLDT: REAL_TABLES,
  STR: REAL_TABLES,
  SGDT: REAL_TABLES,
  SIDT: REAL_TABLES,
  SMSW: REAL_TABLES,
};

/** Mnemonics which this host is not asked about, and why. */
export const notAsked = (hostIsAmd: boolean, hostHasUmip: boolean): Readonly<Record<string, string>> => ({
  ...NOT_NATIVE,
  ...(hostIsAmd ? {} : AMD_ONLY),
  ...(hostHasUmip ? {} : UMIP_ONLY),
});

/** Whether the host's outcome says nothing: Linux's emulation faults otherwise than a processor, and checks no alignment. */
export const isOfEmulation = (shape: Shape, c: Case, vector: number): boolean =>
  shape.mnemonic in UMIP_ONLY && (vector >= 0 || (c.rflags & FLAG.AC) !== 0);

/**
 * Instructions that access several places: which of their faults is reported, and what was stored by then, is the
 * processor's own affair.
 */
export const touchesSeveral = (shape: Shape): boolean =>
  /^(CMPS|RETF|IRET|ENTER)/.test(shape.mnemonic) || (shape.mnemonic === 'CALL' && shape.rm !== 'none');

/**
 * Stopped by INT3 even so: stepping would write TF to memory, trap in every round, or be held off - as it is where Linux
 * emulates what UMIP forbids.
 */
export const neverStepped = (b: Builder): boolean =>
  b.repeat ||
  /^(PUSHF|INT1|ICEBP|S[GIL]DT|STR|SMSW)$/.test(b.shape.mnemonic) ||
  b.shape.operands.some((o) => o.file === 'segment');

/** A step may end between the elements of a gather, which only a case with TF of its own should see. */
export const isResumable = (b: Builder): boolean => /^VP?GATHER/.test(b.shape.mnemonic);

export const neverTrapped = (b: Builder): boolean =>
  neverStepped(b) || /^(INT|POPF|IRET|POP$|MOV$|UD)/.test(b.shape.mnemonic);

/** REP rounds stay few; a linear address for each index register. */
const string = (b: Builder): void => {
  const { r } = b;
  const bytes = /B$/.test(b.shape.mnemonic) ? 1 : b.operandSize / 8;
  const segment = b.segment;
  b.gpr[RSI] = b.withoutBase(b.spot(bytes));
  b.segment = 'none'; // ES cannot be overridden
  b.gpr[RDI] = b.withoutBase(b.spot(bytes));
  b.segment = segment;
  const count = r.chance(0.2) ? BigInt(r.below(3)) : BigInt(r.below(40));
  b.gpr[RCX] = b.addressSize === 32 ? (BigInt(r.next()) << 32n) | count : count;
  if (r.chance(0.3)) b.rflags |= FLAG.DF;
  if (r.chance(0.4)) b.gpr[RAX] = integer(r);
  // Runs of equal bytes keep CMPS and SCAS going for a while.
  if (r.chance(0.6)) {
    const value = r.below(4);
    const filled = BigInt(`0x${value.toString(16).padStart(2, '0').repeat(64)}`);
    for (const n of [RSI, RDI]) {
      const base =
        n === RSI && segment !== 'none' ? b.gpr[n]! + BigInt(segment === 'fs' ? MAP.fsBase : MAP.gsBase) : b.gpr[n]!;
      b.poke(b.addressSize === 32 ? base & 0xffffffffn : base, 64, filled);
    }
    if (r.chance(0.7)) b.gpr[RAX] = filled & 0xffffffffffffffffn;
  }
};

const stack = (b: Builder): void => {
  b.segment = b.shape.rm === 'none' ? 'none' : b.segment;
  const keep = [b.segment, b.addressSize] as const;
  b.segment = 'none';
  b.addressSize = 64;
  b.gpr[RSP] = b.spot(8, 0.8);
  [b.segment, b.addressSize] = keep;
};

const divide = (b: Builder): void => {
  const { r } = b;
  if (!b.shape.sized) {
    b.gpr[RAX] = r.chance(0.7) ? BigInt(r.below(1 << (1 + r.below(15)))) : integer(r);
    return;
  }
  const top = BigInt.asIntN(b.operandSize, b.gpr[RAX]!) < 0n ? 0xffffffffffffffffn : 0n;
  b.gpr[RDX] = r.pick([0n, top, BigInt(r.below(1 << 20)), U64(BigInt(-r.below(1 << 20))), integer(r)]);
};

const smallCount = (b: Builder): void => {
  if (b.r.chance(0.8)) b.gpr[RCX] = ((integer(b.r) << 8n) & 0xffffffffffffffffn) | BigInt(b.r.below(72));
};

/** Registers that are no explicit operands, set before the address of a memory operand is made. */
export const before = (b: Builder): void => {
  const { r } = b;
  const { mnemonic, row } = b.shape;
  if (row.repeats) {
    string(b);
  } else if (/^(PUSH|POP|CALL|RETF?|ENTER|IRET)/.test(mnemonic) && mnemonic !== 'POPCNT') {
    stack(b);
  } else if (/^I?DIV$/.test(mnemonic)) {
    divide(b);
  } else if (/^(SHL|SAL|SHR|SAR|ROL|ROR|RCL|RCR|SHLD|SHRD)$/.test(mnemonic)) {
    smallCount(b);
  } else if (/^(LOOP|J[RE]?CXZ)/.test(mnemonic)) {
    b.gpr[RCX] = r.pick([0n, 1n, 2n, 0xffffffff00000000n, 0xffffffff00000001n, 0x10000n, integer(r)]);
  } else if (mnemonic === 'LEAVE') {
    b.gpr[RBP] = b.spot(8, 0.8);
  } else if (/^XLAT/.test(mnemonic)) {
    b.gpr[RBX] = b.withoutBase(b.spot(1) - (b.gpr[RAX]! & 0xffn));
  } else if (/^V?MASKMOV(DQU|Q)$/.test(mnemonic)) {
    b.gpr[RDI] = b.withoutBase(b.spot(mnemonic === 'MASKMOVQ' ? 8 : 16));
  } else if (/^BT[SRC]?$/.test(mnemonic) && b.memory && b.reg >= 0) {
    const near = BigInt(r.below(4096) - 2048);
    b.gpr[b.reg] =
      b.operandSize === 64 ? U64(near) : BigInt.asUintN(b.operandSize, near) | (integer(r) << BigInt(b.operandSize));
    b.gpr[b.reg] = U64(b.gpr[b.reg]!);
  } else if (/^V?PS[LR][LA][WDQ]$/.test(mnemonic) && b.rm >= 0 && r.chance(0.8)) {
    b.ymm[b.rm * 4] = BigInt(r.below(72));
  } else if (/^VPS[LR][LA]V/.test(mnemonic) && b.rm >= 0 && r.chance(0.8)) {
    for (let part = 0; part < 4; part++) b.ymm[b.rm * 4 + part] = laneCounts(b, mnemonic.endsWith('Q'));
  } else if (/^V?PCMP[EI]STR/.test(mnemonic)) {
    stringLengths(b);
  } else if (/^(BZHI|S[AHR][LR]X)$/.test(mnemonic) && r.chance(0.8)) {
    b.gpr[b.vvvv] = (integer(r) << 8n) | BigInt(r.below(72));
  } else if (mnemonic === 'BEXTR' && r.chance(0.8)) {
    b.gpr[b.vvvv] = (integer(r) << 16n) | BigInt(r.below(72) << 8) | BigInt(r.below(72));
  } else if (/^XSAVE|^XRSTOR/.test(mnemonic)) {
    // The components which executors have, and some that no processor has: others of the host are none of our affair.
    b.taken = [RAX, RDX];
    b.gpr[RAX] = BigInt(r.next() & 0x7ff00000) | BigInt(r.chance(0.4) ? 7 : r.below(8));
    b.gpr[RDX] = r.chance(0.7) ? 0n : BigInt(r.next() & 0x7fffffff);
  } else if (/^WR[FG]SBASE$/.test(mnemonic) && b.rm >= 0 && r.chance(0.6)) {
    b.gpr[b.rm] = r.bits64() & 0x7fffffffffffn;
  }
};

/** Shift counts of single lanes, within and just beyond the width. */
const laneCounts = (b: Builder, wide: boolean): bigint =>
  wide ? BigInt(b.r.below(72)) : (BigInt(b.r.below(40)) << 32n) | BigInt(b.r.below(40));

/** Strings of few different characters, with an end here and there, and lengths around the number of elements. */
const stringLengths = (b: Builder): void => {
  const { r } = b;
  for (const n of [b.reg, b.rm]) {
    if (n < 0 || r.chance(0.2)) continue;
    for (const part of [0, 1]) b.ymm[n * 4 + part] = stringPart(b);
  }
  for (const n of [RAX, RDX]) if (r.chance(0.8)) b.gpr[n] = U64(BigInt(r.below(40) - 20));
};

const stringPart = (b: Builder): bigint => {
  let value = 0n;
  for (let i = 0; i < 8; i++) value = (value << 8n) | BigInt(b.r.chance(0.1) ? 0 : 0x61 + b.r.below(4));
  return value;
};

const pokeBytes = (b: Builder, address: bigint, bytes: Uint8Array): void => {
  for (let i = 0; i < bytes.length; i += 8) {
    const count = Math.min(8, bytes.length - i);
    b.poke(address + BigInt(i), count, new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(i, true));
  }
};

/** 416 bytes for FXRSTOR and XRSTOR. */
const fxsaveImage = (b: Builder, address: bigint): void => {
  const { r } = b;
  pokeBytes(b, address, packX87(x87State(r, extended)));
  b.poke(address + 24n, 8, BigInt(mxcsrToLoad(b)));
  const kind = r.pick(['double', 'single', 'integer'] as const);
  for (let i = 0; i < 32; i++) b.poke(address + 160n + BigInt(i) * 8n, 8, lane64(r, kind));
};

/** With it the header behind the image, and the upper halves of the YMM registers. */
const xsaveImage = (b: Builder, address: bigint): void => {
  const { r } = b;
  fxsaveImage(b, address);
  const present = BigInt(r.chance(0.3) ? 7 : r.below(r.chance(0.97) ? 8 : 16));
  const compact = r.chance(0.3) ? (1n << 63n) | (r.chance(0.8) ? 7n : BigInt(r.below(8)) | present) : 0n;
  b.poke(address + 512n, 8, present);
  b.poke(address + 520n, 8, r.chance(0.97) ? compact : integer(r));
  for (let i = 2; i < 8; i++) b.poke(address + 512n + BigInt(i) * 8n, 8, r.chance(0.99) ? 0n : 1n);
  for (let i = 0; i < 32; i++) b.poke(address + 576n + BigInt(i) * 8n, 8, lane64(r, 'integer'));
};

/** Environments of FLDENV and FRSTOR, of 16-bit and 32-bit form. */
const environment = (b: Builder, address: bigint): void => {
  const { r } = b;
  const state = unpackX87(packX87(x87State(r, extended)));
  const bytes = b.operandSize === 16 ? 2 : 4;
  const full = r.chance(0.5) ? r.below(0x10000) : state.ftw === 0xff ? 0 : 0xffff;
  const words = [state.fcw, state.fsw, full, r.next(), r.next(), r.next(), r.next()];
  for (const [n, word] of words.entries()) b.poke(address + BigInt(n * bytes), bytes, BigInt(word >>> 0));
  if (b.shape.mnemonic === 'FLDENV') return;
  const start = address + BigInt(words.length * bytes);
  for (const [n, value] of state.st.entries()) b.poke(start + BigInt(n * 10), 10, value);
};

/** What x87 instructions read: numbers of the operand's format. */
const x87Memory = (b: Builder, { address, bits }: Target): void => {
  const { r } = b;
  const { mnemonic } = b.shape;
  if (/^F(LDENV|RSTOR)$/.test(mnemonic)) environment(b, address);
  else if (mnemonic === 'FBLD') b.poke(address, 10, packedDecimal(b));
  else if (bits === 80) b.poke(address, 10, extended(r));
  else if (/^FN?(LDCW)$/.test(mnemonic)) b.poke(address, 2, BigInt(r.chance(0.9) ? x87Control(r) : r.below(0x10000)));
  else if (/^FI/.test(mnemonic)) b.poke(address, bits / 8, integer(r));
  else if (bits === 64) b.poke(address, 8, lane64(r, 'double'));
  else if (bits === 32) b.poke(address, 4, lane64(r, 'single'));
};

/** Eighteen digits and a sign; now and then something else. */
const packedDecimal = (b: Builder): bigint => {
  const { r } = b;
  let value = BigInt(r.chance(0.9) ? r.below(2) * 0x80 : r.below(256));
  const zeros = r.below(18);
  for (let i = 0; i < 18; i++) value = (value << 4n) | BigInt(i < zeros ? 0 : r.below(r.chance(0.98) ? 10 : 16));
  return value;
};

/** Bit 17 (misaligned exception mask) exists on AMD only. */
const mxcsrToLoad = (b: Builder): number => (b.r.chance(0.85) ? controlWord(b.r) : (b.r.next() & ~0x20000) >>> 0);

/**
 * Selectors of which Linux has descriptors and others. 23H is not among those for CS: the host would change to 32-bit mode,
 * which the emulator does not have; nor is 7BH, whose limit tells the number of the CPU.
 */
const selector = (b: Builder, forCode: boolean): bigint => {
  const good = forCode ? 0x33n : 0x2bn;
  if (b.r.chance(0.6)) return good;
  return b.r.pick([
    0n,
    1n,
    3n,
    0x28n,
    0x29n,
    0x2an,
    0x2bn,
    0x30n,
    0x32n,
    0x33n,
    0x10n,
    0x1bn,
    0x2fn,
    0x37n,
    0xfff8n,
    0x1234n,
  ]);
};

/** An offset and a selector in memory. */
export const isFarPointer = ({ mnemonic, row }: Shape): boolean =>
  /^L[SFG]S$/.test(mnemonic) || (/^(CALL|JMP)$/.test(mnemonic) && row.operands.startsWith('M'));

/** Words of the operand size at the top of the stack. */
const onStack = (b: Builder, words: readonly bigint[]): void => {
  const bytes = b.operandSize / 8;
  for (const [n, word] of words.entries()) b.poke(b.gpr[RSP]! + BigInt(n * bytes), bytes, word);
};

/** Contents of memory, and registers related to them; the addresses are settled. */
export const after = (b: Builder): void => {
  const { r } = b;
  const { mnemonic, operands } = b.shape;
  const flags = BigInt(r.next() & 0x244fd5) | 2n;
  if (mnemonic === 'RET') {
    onStack(b, [b.codeAddress()]);
  } else if (mnemonic === 'POPF') {
    onStack(b, [flags]);
  } else if (mnemonic === 'RETF') {
    onStack(b, [b.codeAddress(), selector(b, true)]);
  } else if (mnemonic === 'IRET') {
    const rsp = r.chance(0.7) ? BigInt(MAP.data + r.below(MAP.dataSize)) : integer(r);
    onStack(b, [b.codeAddress(), selector(b, true), flags & ~BigInt(FLAG.TF), rsp, selector(b, false)]);
  } else if (mnemonic === 'POP' && operands.some((o) => o.place === 'implicit')) {
    onStack(b, [selector(b, false)]);
  } else if (isFarPointer(b.shape)) {
    if (!b.memory) return;
    const code = /^(CALL|JMP)$/.test(mnemonic);
    b.poke(b.memory.address, b.operandSize / 8, code ? b.codeAddress() : integer(r));
    b.poke(b.memory.address + BigInt(b.operandSize / 8), 2, selector(b, code));
  } else if (/^(LAR|LSL|VERR|VERW)$/.test(mnemonic) || (operands[0]?.file === 'segment' && mnemonic === 'MOV')) {
    if (b.memory) b.poke(b.memory.address, 2, selector(b, false));
    else b.gpr[b.rm] = selector(b, false) | U64(integer(r) << 16n);
  } else if ((mnemonic === 'CALL' || mnemonic === 'JMP') && b.shape.rm !== 'none') {
    if (b.memory) b.poke(b.memory.address, 8, b.codeAddress());
    else b.gpr[b.rm] = b.codeAddress();
  } else if (/^FXRSTOR/.test(mnemonic) && b.memory) {
    fxsaveImage(b, b.memory.address);
  } else if (/^XRSTOR/.test(mnemonic) && b.memory) {
    xsaveImage(b, b.memory.address);
  } else if (/^F/.test(mnemonic) && b.shape.usesX87 && b.memory) {
    x87Memory(b, b.memory);
  } else if (/^V?PCMP[EI]STR/.test(mnemonic) && b.memory) {
    for (const part of [0n, 8n]) b.poke(b.memory.address + part, 8, stringPart(b));
  } else if (/^VPS[LR][LA]V/.test(mnemonic) && b.memory) {
    for (let at = 0n; at < b.memory.bits / 8; at += 8n)
      b.poke(b.memory.address + at, 8, laneCounts(b, mnemonic.endsWith('Q')));
  } else if (/^V?LDMXCSR$/.test(mnemonic) && b.memory) {
    b.poke(b.memory.address, 4, BigInt(mxcsrToLoad(b)));
  } else if (mnemonic === 'CMPXCHG' && r.chance(0.5)) {
    b.gpr[RAX] = b.memory ? b.peek(b.memory.address, 8) : b.gpr[b.rm]!;
  } else if (/^CMPXCHG(8|16)B$/.test(mnemonic) && b.memory && r.chance(0.6)) {
    const half = mnemonic === 'CMPXCHG16B' ? 8 : 4;
    b.gpr[RAX] = b.peek(b.memory.address, half);
    b.gpr[RDX] = b.peek(b.memory.address + BigInt(half), half);
    if (r.chance(0.2)) b.gpr[RDX] ^= 1n;
    if (half === 4 && r.chance(0.5)) b.gpr[RAX] |= BigInt(r.next()) << 32n;
  }
};

/** Bytes of an area with x87, SSE and AVX state. */
const XSAVE_AREA = 832;

/** How often a memory operand is aligned to its size. */
export const alignment = (b: Builder, bits: number): number =>
  /^(FX|X)(SAVE|RSTOR)/.test(b.shape.mnemonic) ? 0.9 : bits >= 128 || b.shape.mnemonic === 'CMPXCHG16B' ? 0.8 : 0.5;

/** Bits accessed by memory operands of code `M`, which instructions know themselves. */
export const implicitBits = (b: Builder): number => {
  const { mnemonic } = b.shape;
  if (/^FX(SAVE|RSTOR)/.test(mnemonic)) return 512 * 8;
  if (/^X(SAVE|RSTOR)/.test(mnemonic)) return XSAVE_AREA * 8;
  if (/^F(LDENV|NSTENV)$/.test(mnemonic)) return b.operandSize === 16 ? 14 * 8 : 28 * 8;
  if (/^F(RSTOR|NSAVE)$/.test(mnemonic)) return b.operandSize === 16 ? 94 * 8 : 108 * 8;
  if (isFarPointer(b.shape)) return b.operandSize + 16;
  if (mnemonic === 'CMPXCHG16B') return 128;
  if (mnemonic === 'CMPXCHG8B') return 64;
  // The elements of gathers, which are as wide as VEX.W says.
  if (/^VP?GATHER/.test(mnemonic)) return /[SD]$/.test(mnemonic) && !/(PD|Q)$/.test(mnemonic) ? 32 : 64;
  return 0;
};
