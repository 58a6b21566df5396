/**
 * What single instructions want beyond their explicit operands, so that cases are interesting more often than not; and the
 * rows which no case is made for.
 */
import { type Builder, FLAG, RAX, RBP, RBX, RCX, RDI, RDX, RSI, RSP, U64 } from './builder.ts';
import { MAP } from './case.ts';
import { controlWord, integer, lane64 } from './random.ts';

/** Mnemonics without cases, and why. */
export const EXCLUDED: Readonly<Record<string, string>> = {
  SYSCALL: 'would make a system call of the runner; the kernel tests are its tests',
  SYSENTER: 'would make a system call of the runner',
  CPUID: 'tells what this CPU is; emulator/isa/cpuid.ts is compared with the rows instead',
  RDTSC: 'no two clocks agree',
  RDTSCP: 'no two clocks agree',
  RDRAND: 'random by intent',
  RDSEED: 'random by intent',
  XGETBV: 'tells which state components the host has switched on',
};

/** Stopped by INT3 even so: stepping would write TF to memory, trap in every round, or be held off. */
export const neverStepped = (b: Builder): boolean =>
  b.repeat || /^(PUSHF|INT1|ICEBP)/.test(b.shape.mnemonic) || b.shape.operands.some((o) => o.file === 'segment');

export const neverTrapped = (b: Builder): boolean =>
  neverStepped(b) || /^(INT|POPF|IRET|POP$|MOV$|UD)/.test(b.shape.mnemonic);

/** REP rounds stay few; a linear address for each index register. */
const string = (b: Builder): void => {
  const { r } = b;
  const bytes = b.operandSize / 8;
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
  if (row.repeats) return string(b);
  if (/^(PUSH|POP|CALL|RET|ENTER|IRET)/.test(mnemonic) && mnemonic !== 'POPCNT') return stack(b);
  if (/^I?DIV$/.test(mnemonic)) return divide(b);
  if (/^(SHL|SAL|SHR|SAR|ROL|ROR|RCL|RCR|SHLD|SHRD)$/.test(mnemonic)) return smallCount(b);
  if (/^(LOOP|J[RE]?CXZ)/.test(mnemonic)) {
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

/** Contents of memory, and registers related to them; the addresses are settled. */
export const after = (b: Builder): void => {
  const { r } = b;
  const { mnemonic } = b.shape;
  const bits = b.operandSize;
  if (/^(RET|IRET)/.test(mnemonic) || mnemonic === 'POPF' || mnemonic === 'POPFQ') {
    const flags = BigInt(r.next() & 0x244fd5) | 2n;
    b.poke(b.gpr[RSP]!, 8, /^POPF/.test(mnemonic) ? flags : b.codeAddress());
    if (/^IRET/.test(mnemonic)) {
      const step = BigInt(bits / 8);
      b.poke(b.gpr[RSP]! + step, Number(step), r.chance(0.9) ? 0x33n : BigInt(r.below(256)));
      b.poke(b.gpr[RSP]! + step * 2n, Number(step), flags);
      b.poke(b.gpr[RSP]! + step * 3n, Number(step), BigInt(MAP.data + 256 + r.below(4096)));
      b.poke(b.gpr[RSP]! + step * 4n, Number(step), r.chance(0.9) ? 0x2bn : BigInt(r.below(256)));
    }
    return;
  }
  if ((mnemonic === 'CALL' || mnemonic === 'JMP') && b.shape.rm !== 'none') {
    if (b.memory) b.poke(b.memory.address, 8, b.codeAddress());
    else b.gpr[b.rm] = b.codeAddress();
    return;
  }
  if (/^F?XRSTOR|^FXRSTOR/.test(mnemonic) && b.memory) return fxsaveImage(b, b.memory.address);
  if (mnemonic === 'LDMXCSR' && b.memory) return b.poke(b.memory.address, 4, BigInt(mxcsrToLoad(b)));
  if (mnemonic === 'CMPXCHG' && r.chance(0.5)) {
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
  if (mnemonic === 'CMPXCHG16B') return 128;
  if (mnemonic === 'CMPXCHG8B') return 64;
  return 0;
};
