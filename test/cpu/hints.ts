/**
 * What single instructions want beyond their explicit operands, so that cases are interesting more often than not; and the
 * rows which no case is made for.
 */
import { type Builder, FLAG, RAX, RBP, RBX, RCX, RDI, RDX, RSI, RSP, U64 } from './builder.ts';
import { MAP } from './case.ts';
import { controlWord, integer, lane64 } from './random.ts';
import type { Shape } from './shape.ts';

const EMULATED = 'forbidden by UMIP, but Linux then emulates it';

/** Mnemonics which no host is asked about, and why: the executors are compared with each other. */
export const NOT_NATIVE: Readonly<Record<string, string>> = {
  SYSCALL: 'would make a system call of the runner',
  CPUID: 'tells what this CPU is',
  RDTSC: 'no two clocks agree',
  XGETBV: 'tells what this operating system enabled',
  XSAVE: 'the area is as large as what the host enabled',
  XSAVE64: 'the area is as large as what the host enabled',
  XRSTOR: 'takes what the host enabled',
  XRSTOR64: 'takes what the host enabled',
  INT1: 'hypervisors report it with the wrong rip',
  SLDT: EMULATED,
  STR: EMULATED,
  SGDT: EMULATED,
  SIDT: EMULATED,
  SMSW: EMULATED,
};

/** Rows that only AMD processors execute as the emulator does, and why. */
const AMD_ONLY: Readonly<Record<string, string>> = {
  RCPPS: "an approximation that is each maker's own",
  RCPSS: "an approximation that is each maker's own",
  RSQRTPS: "an approximation that is each maker's own",
  RSQRTSS: "an approximation that is each maker's own",
  SHLD: 'the result for 16 bits and counts above 16 is undefined',
  SHRD: 'the result for 16 bits and counts above 16 is undefined',
};

/** Mnemonics which this host is not asked about, and why. */
export const notAsked = (hostIsAmd: boolean): Readonly<Record<string, string>> =>
  hostIsAmd ? NOT_NATIVE : { ...NOT_NATIVE, ...AMD_ONLY };

/**
 * Instructions that access several places: which of their faults is reported, and what was stored by then, is the
 * processor's own affair.
 */
export const touchesSeveral = (shape: Shape): boolean =>
  /^(CMPS|RETF|IRET|ENTER)/.test(shape.mnemonic) || (shape.mnemonic === 'CALL' && shape.rm !== 'none');

/** Stopped by INT3 even so: stepping would write TF to memory, trap in every round, or be held off. */
export const neverStepped = (b: Builder): boolean =>
  b.repeat || /^(PUSHF|INT1|ICEBP)/.test(b.shape.mnemonic) || b.shape.operands.some((o) => o.file === 'segment');

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
  } else if (/^MASKMOV/.test(mnemonic)) {
    b.gpr[RDI] = b.withoutBase(b.spot(16));
  } else if (/^BT[SRC]?$/.test(mnemonic) && b.memory && b.reg >= 0) {
    const near = BigInt(r.below(4096) - 2048);
    b.gpr[b.reg] =
      b.operandSize === 64 ? U64(near) : BigInt.asUintN(b.operandSize, near) | (integer(r) << BigInt(b.operandSize));
    b.gpr[b.reg] = U64(b.gpr[b.reg]!);
  } else if (/^PS[LR][LA]/.test(mnemonic) && b.rm >= 0 && r.chance(0.8)) {
    b.xmm[b.rm * 2] = BigInt(r.below(72));
  }
};

/** 512 bytes for FXRSTOR: x87 as after FNINIT, everything else free. */
const fxsaveImage = (b: Builder, address: bigint): void => {
  const { r } = b;
  b.poke(address, 32, 0x37fn | (BigInt(mxcsrToLoad(b)) << 192n));
  for (let i = 0; i < 16; i++) b.poke(address + 32n + BigInt(i) * 8n, 8, 0n);
  for (let i = 0; i < 32; i++)
    b.poke(address + 160n + BigInt(i) * 8n, 8, lane64(r, r.pick(['double', 'single', 'integer'])));
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
  } else if (mnemonic === 'LDMXCSR' && b.memory) {
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

/** How often a memory operand is aligned to its size. */
export const alignment = (b: Builder, bits: number): number =>
  /^FX(SAVE|RSTOR)/.test(b.shape.mnemonic) ? 0.9 : bits >= 128 || b.shape.mnemonic === 'CMPXCHG16B' ? 0.8 : 0.5;

/** Bits accessed by memory operands of code `M`, which instructions know themselves. */
export const implicitBits = (b: Builder): number => {
  const { mnemonic } = b.shape;
  if (/^FX(SAVE|RSTOR)/.test(mnemonic)) return 512 * 8;
  if (isFarPointer(b.shape)) return b.operandSize + 16;
  if (mnemonic === 'CMPXCHG16B') return 128;
  if (mnemonic === 'CMPXCHG8B') return 64;
  return 0;
};
