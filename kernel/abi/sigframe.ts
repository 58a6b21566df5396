/**
 * What a signal handler finds on its stack: `struct rt_sigframe` (arch/x86/include/asm/sigframe.h) with ucontext and
 * siginfo, and above it the extended state of x87, SSE and AVX (arch/x86/include/uapi/asm/sigcontext.h).
 *
 * With XSAVE the extended state is the 512 bytes of the legacy area, a header of 64, the high halves of the YMM registers
 * if XCR0 enables them, and a second magic number behind it; without, the legacy area alone.
 */
import { type FeatureSet, MXCSR_WRITABLE, XFEATURE as STATE_COMPONENT, xcr0Of } from '../../emulator/api.ts';
import { array, pointer, type Scalar, shown, struct, u16, u32, u64 } from './layout.ts';
import { SIGINFO_KILL, SIGINFO_SIZE } from './siginfo.ts';
import { NSIG, SA, SIG_DFL, SIG_IGN, SS, signalName } from './signal.ts';
import { ALL_SIGNALS, readSigset, type SigSet, signalsOf, without, writeSigset } from './sigset.ts';

const flagText = (flags: Readonly<Record<string, number>>, prefix: string) => (value: number) => {
  let rest = value;
  const names: string[] = [];
  for (const [name, bit] of Object.entries(flags)) {
    if ((rest & bit) !== 0) {
      names.push(prefix + name);
      rest &= ~bit;
    }
  }
  if (rest !== 0 || names.length === 0) names.push(rest === 0 ? '0' : `0x${(rest >>> 0).toString(16)}`);
  return names.join('|');
};

/** As strace shows a set: `[INT USR1]`; `~[...]` when two thirds are in it. */
export const formatSigset = (set: SigSet): string => {
  const signals = signalsOf(set);
  const short = (list: readonly number[]) => `[${list.map((n) => signalName(n).replace(/^SIG/, '')).join(' ')}]`;
  if (signals.length < Math.floor((NSIG * 2) / 3)) return short(signals);
  return `~${short(signalsOf(without(ALL_SIGNALS, set)))}`;
};

/** sigset_t as the kernel has it: 64 bits. */
export const sigset: Scalar<SigSet> = { ...u64, read: readSigset, write: writeSigset, format: formatSigset };
/** The only `sigsetsize` that syscalls accept. */
export const SIGSET_SIZE = 8;

const handlerText = (value: number) =>
  value === SIG_DFL ? 'SIG_DFL' : value === SIG_IGN ? 'SIG_IGN' : `0x${value.toString(16)}`;

/** An unsigned long with flags in its low half. C libraries sign-extend an int into it; the kernel knows no high flags. */
const flagWord: Scalar<number> = { ...pointer, read: (view, offset) => view.getUint32(offset, true) };

/** The kernel's struct sigaction, which C libraries translate to and from theirs. */
export const SIGACTION = struct(
  'struct kernel_sigaction',
  [
    ['sa_handler', shown(pointer, handlerText), 'handler, SIG_DFL or SIG_IGN'],
    ['sa_flags', shown(flagWord, flagText(SA, 'SA_')), 'SA_*'],
    ['sa_restorer', pointer, "the C library's call of rt_sigreturn"],
    ['sa_mask', sigset, 'blocked while the handler runs'],
  ],
  { size: 32 },
);

export const STACK_T = struct(
  'stack_t',
  [
    ['ss_sp', pointer, 'lowest byte of the alternate stack'],
    ['ss_flags', shown(u32, flagText(SS, 'SS_')), 'its flags'],
    ['ss_size', pointer, 'its bytes'],
  ],
  { size: 24 },
);

/** Registers at the time of the signal; restored from here by rt_sigreturn. */
export const SIGCONTEXT = struct(
  'struct sigcontext',
  [
    ['r8', u64],
    ['r9', u64],
    ['r10', u64],
    ['r11', u64],
    ['r12', u64],
    ['r13', u64],
    ['r14', u64],
    ['r15', u64],
    ['rdi', u64],
    ['rsi', u64],
    ['rbp', u64],
    ['rbx', u64],
    ['rdx', u64],
    ['rax', u64, 'result of an interrupted syscall, or its number when it starts again'],
    ['rcx', u64],
    ['rsp', u64, 'stack pointer of the interrupted code'],
    ['rip', u64, 'where the program goes on'],
    ['eflags', u64, 'RFLAGS'],
    ['cs', u16, 'code segment: 0x33 is 64-bit user code'],
    ['gs', u16, 'unused'],
    ['fs', u16, 'unused'],
    ['ss', u16, 'stack segment'],
    ['err', u64, 'error code of the last exception'],
    ['trapno', u64, 'its vector: 14 is a page fault'],
    ['oldmask', u64, 'low word of the signal mask to restore'],
    ['cr2', u64, 'address of the last page fault'],
    ['fpstate', pointer, 'x87, SSE and AVX state, or NULL'],
    ['reserved1', array(u64, 8), 'not written: what was on the stack'],
  ],
  { size: 256 },
);

export const UC = { FP_XSTATE: 1, SIGCONTEXT_SS: 2, STRICT_RESTORE_SS: 4 } as const;

export const UCONTEXT = struct(
  'struct ucontext',
  [
    ['uc_flags', shown(pointer, flagText(UC, 'UC_')), 'what the frame holds'],
    ['uc_link', pointer, 'unused by the kernel'],
    ['uc_stack', STACK_T, 'alternate stack, restored by rt_sigreturn'],
    ['uc_mcontext', SIGCONTEXT],
    ['uc_sigmask', sigset, 'signal mask to restore'],
  ],
  { size: 304 },
);

export const RT_SIGFRAME = struct(
  'struct rt_sigframe',
  [
    ['pretcode', pointer, 'return address of the handler: sa_restorer'],
    ['uc', UCONTEXT],
    ['info', SIGINFO_KILL],
  ],
  { size: 312 + SIGINFO_SIZE },
);

export const FP_XSTATE_MAGIC1 = 0x46505853;
export const FP_XSTATE_MAGIC2 = 0x46505845;

/** struct _fpx_sw_bytes: in bytes 464..511 of the legacy area. */
export const FPX_SW_BYTES = struct(
  'struct _fpx_sw_bytes',
  [
    ['magic1', u32, 'FP_XSTATE_MAGIC1: the extended state is there'],
    ['extended_size', u32, 'bytes with the second magic number'],
    ['xfeatures', u64, 'state components in the frame: 1 x87, 2 SSE, 4 AVX'],
    ['xstate_size', u32, 'bytes without the second magic number'],
    ['padding', array(u32, 7), 'zero'],
  ],
  { size: 48 },
);

/** A register of the FXSAVE area; C has them as words of 32 bits. */
const u128: Scalar<bigint> = {
  kind: 'scalar',
  name: 'u128',
  size: 16,
  align: 4,
  read: (view, offset) => (view.getBigUint64(offset + 8, true) << 64n) | view.getBigUint64(offset, true),
  write: (view, offset, value) => {
    view.setBigUint64(offset, BigInt.asUintN(64, value), true);
    view.setBigUint64(offset + 8, value >> 64n, true);
  },
  format: (value) => `0x${value.toString(16)}`,
};

/** The 512 bytes of FXSAVE64. */
export const FPSTATE = struct(
  'struct _fpstate_64',
  [
    ['cwd', u16, 'x87 control word'],
    ['swd', u16, 'x87 status word'],
    ['twd', u16, 'abridged tag word: a set bit is a register in use'],
    ['fop', u16, 'last x87 opcode'],
    ['rip', u64, 'last x87 instruction'],
    ['rdp', u64, 'its operand'],
    ['mxcsr', u32, 'SSE control and status'],
    ['mxcsr_mask', u32, 'bits that mxcsr may have'],
    ['st_space', array(u128, 8), 'ST0..ST7, ten bytes each and padding'],
    ['xmm_space', array(u128, 16), 'XMM0..XMM15'],
    ['reserved2', array(u32, 12), 'not written: what was on the stack'],
    ['sw_reserved', FPX_SW_BYTES],
  ],
  { size: 512 },
);

export const XSTATE_HEADER = struct(
  'struct _header',
  [
    ['xfeatures', u64, 'XSTATE_BV: components that are not in their initial state'],
    ['reserved1', array(u64, 2), 'must be zero'],
    ['reserved2', array(u64, 5), 'reserved'],
  ],
  { size: 64 },
);

export const YMMH_STATE = struct(
  'struct _ymmh_state',
  [['ymmh_space', array(u128, 16), 'bits 255:128 of YMM0..YMM15']],
  { size: 256 },
);

/** All that `sigcontext.fpstate` points to. */
export const XSTATE = struct(
  'struct xstate_frame',
  [
    ['fpstate', FPSTATE],
    ['xstate_hdr', XSTATE_HEADER],
    ['ymmh', YMMH_STATE],
    ['magic2', u32, 'FP_XSTATE_MAGIC2'],
  ],
  { size: 836, packed: true },
);

/** The same without AVX. */
export const XSTATE_SSE = struct(
  'struct xstate_frame',
  [
    ['fpstate', FPSTATE],
    ['xstate_hdr', XSTATE_HEADER],
    ['magic2', u32, 'FP_XSTATE_MAGIC2'],
  ],
  { size: 580, packed: true },
);

/** The same without XSAVE. */
export const XSTATE_LEGACY = struct('struct xstate_frame', [['fpstate', FPSTATE]], { size: 512, packed: true });

/** State components: bits of XCR0, XSTATE_BV and `xfeatures`. */
export const XFEATURE = { FP: STATE_COMPONENT.X87, SSE: STATE_COMPONENT.SSE, YMM: STATE_COMPONENT.AVX } as const;

/** Bits which MXCSR may have. */
export const MXCSR_MASK = MXCSR_WRITABLE;

/** Alignment of the frame at the handler's entry, before the return address is taken off. */
export const FRAME_ALIGNMENT = 16;
export const FPSTATE_ALIGNMENT = 64;
/** Bytes below rsp which belong to the interrupted function (System V ABI, 3.2.2). */
export const RED_ZONE = 128;

/** What a kernel puts into frames on one kind of processor (`fpu_user_cfg` of arch/x86/kernel/fpu). */
export interface FpuUserCfg {
  /** Components in the XSAVE area; 0 where there is only FXSAVE. */
  readonly xfeatures: number;
  /** Bytes of the area, and with the magic number behind it. */
  readonly size: number;
  readonly frameSize: number;
  readonly layout: typeof XSTATE | typeof XSTATE_SSE | typeof XSTATE_LEGACY;
  /** AT_MINSIGSTKSZ: the most a frame can take (init_sigframe_size of arch/x86/kernel/signal.c). */
  readonly maxFrameSize: number;
}

const roundUp = (value: number, to: number): number => Math.ceil(value / to) * to;

const fpuConfig = (xfeatures: number, layout: FpuUserCfg['layout']): FpuUserCfg => ({
  xfeatures,
  size: layout.size - (xfeatures === 0 ? 0 : 4),
  frameSize: layout.size,
  layout,
  maxFrameSize: roundUp(RT_SIGFRAME.size + FRAME_ALIGNMENT - 1 + layout.size + FPSTATE_ALIGNMENT - 1, FRAME_ALIGNMENT),
});

const WITH_AVX = fpuConfig(XFEATURE.FP | XFEATURE.SSE | XFEATURE.YMM, XSTATE);
const WITH_XSAVE = fpuConfig(XFEATURE.FP | XFEATURE.SSE, XSTATE_SSE);
const WITH_FXSAVE = fpuConfig(0, XSTATE_LEGACY);

const configOf = (features: FeatureSet): FpuUserCfg => {
  const xcr0 = xcr0Of(features);
  if (xcr0 === 0) return WITH_FXSAVE;
  return xcr0 & XFEATURE.YMM ? WITH_AVX : WITH_XSAVE;
};

/** The last answer: every signal asks twice. */
let asked: FeatureSet | null = null;
let answer = WITH_AVX;

/** Of a processor with these features. */
export const fpuUserCfg = (features: FeatureSet): FpuUserCfg => {
  if (features !== asked) {
    asked = features;
    answer = configOf(features);
  }
  return answer;
};
