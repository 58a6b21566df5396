/**
 * x87, SSE and AVX state between the CPU and a signal frame (arch/x86/kernel/fpu/signal.c): what XSAVE and XRSTOR do - or
 * FXSAVE and FXRSTOR on a processor without - with Linux's checks.
 *
 * This runs at every signal, so it works on words of linear memory: the CPU's state is there, and so is the user's stack.
 */
import { type Cpu, stateOffset, X87_STATUS } from '../../emulator/api.ts';
import {
  FP_XSTATE_MAGIC1,
  FP_XSTATE_MAGIC2,
  FPSTATE,
  FPSTATE_ALIGNMENT,
  FPX_SW_BYTES,
  type FpuUserCfg,
  fpuUserCfg,
  MXCSR_MASK,
  XFEATURE,
  XSTATE,
  XSTATE_HEADER,
} from '../abi/sigframe.ts';
import type { Mm } from '../mm/mm.ts';
import { copyFromUser, copyToUser, getUser32, userSpan } from '../mm/user.ts';

const AT = FPSTATE.offsets;
const FXRSTOR_ALIGNMENT = 16;
const DEFAULT_MXCSR = 0x1f80;
const DEFAULT_FCW = 0x37f;
const XMM_COUNT = 16;
const MAGIC2_SIZE = 4;

/** Word indices: of the frame from its start, and of the CPU state from its own. */
const FRAME = {
  mxcsr: AT.mxcsr / 4,
  st: AT.st_space / 4,
  xmm: AT.xmm_space / 4,
  sw: AT.sw_reserved / 4,
  header: FPSTATE.size / 4,
  ymmh: XSTATE.offsets.ymmh / 4,
} as const;
const STATE = {
  mxcsr: stateOffset('mxcsr') / 4,
  st: stateOffset('st') / 4,
  vector: stateOffset('vector') / 4,
} as const;
const ST_WORDS = 32;
const XMM_WORDS = 4;
/** A vector register of the state: its low half is the XMM register. */
const VECTOR_WORDS = 8;
const YMMH_WORD = XMM_WORDS;
/** The least that `xstate_size` may be. */
const MIN_XSTATE_SIZE = FPSTATE.size + XSTATE_HEADER.size;
/** XCOMP_BV, high word: the compacted format, in which these components have the same places. */
const COMPACTED = 0x80000000;
/** The frame's x87 environment: control, status, tag and opcode, then two addresses. */
const ENVIRONMENT = ['fcw', 'fsw', 'ftw', 'fop'].map((name) => stateOffset(name) / 2) as [
  number,
  number,
  number,
  number,
];
const FIP = stateOffset('fip') / 4;
const FDP = stateOffset('fdp') / 4;

/** For frames across a page boundary. */
const image = new Uint32Array(XSTATE.size / 4);
const imageBytes = new Uint8Array(image.buffer);
/** XSAVE leaves bytes 416..463 of the legacy area alone. */
const legacy = imageBytes.subarray(0, AT.reserved2);

/** Word index of the CPU's state in linear memory. */
const stateBase = (cpu: Cpu): number => cpu.state.bytes.byteOffset >>> 2;

/** Writes the state to `address`, which is aligned. Throws `UserFault` (copy_fpstate_to_sigframe). */
export const saveFpstate = (cpu: Cpu, mm: Mm, address: number): void => {
  const config = fpuUserCfg(cpu.features);
  const span = userSpan(mm, address, config.frameSize, true);
  if (span >= 0) {
    writeFrame(cpu, config, cpu.physical.u32, span >>> 2);
    return;
  }
  writeFrame(cpu, config, image, 0);
  copyToUser(mm, address, legacy);
  copyToUser(mm, address + AT.sw_reserved, imageBytes.subarray(AT.sw_reserved, config.frameSize));
};

/**
 * The state as debuggers get it (copy_xstate_to_uabi_buf): XSAVE's image, with XCR0 in the bytes that are the kernel's. Without
 * XSAVE it is FXSAVE's 512 bytes.
 */
export const xstateImage = (cpu: Cpu): Uint8Array => {
  const config = fpuUserCfg(cpu.features);
  imageBytes.fill(0);
  writeFrame(cpu, config, image, 0);
  image.fill(0, FRAME.sw, FRAME.sw + FPX_SW_BYTES.size / 4);
  image[FRAME.sw] = config.xfeatures;
  return imageBytes.slice(0, config.size);
};

/**
 * Sets the state from what `xstateImage` gives, or from its first 512 bytes, which leaves the rest as it is. False for an
 * image that the processor refuses.
 */
export const loadXstateImage = (cpu: Cpu, bytes: Uint8Array): boolean => {
  const config = fpuUserCfg(cpu.features);
  imageBytes.fill(0);
  imageBytes.set(bytes.subarray(0, config.size));
  const mxcsr = image[FRAME.mxcsr]!;
  if ((mxcsr & ~MXCSR_MASK) !== 0) return false;
  const whole = bytes.length > FPSTATE.size && config.xfeatures !== 0;
  if (whole && badHeader(config, image, FRAME.header) !== null) return false;
  const present = whole ? image[FRAME.header]! : XFEATURE.FP | XFEATURE.SSE;
  if (present & XFEATURE.FP) loadX87(cpu, image, 0);
  else clearX87(cpu);
  if (present & XFEATURE.SSE) loadHalves(cpu, 0, image, FRAME.xmm);
  else clearHalves(cpu, 0);
  if (whole) {
    if (present & XFEATURE.YMM) loadHalves(cpu, YMMH_WORD, image, FRAME.ymmh);
    else clearHalves(cpu, YMMH_WORD);
  }
  cpu.state.mxcsr = mxcsr;
  return true;
};

const writeFrame = (cpu: Cpu, config: FpuUserCfg, to: Uint32Array, at: number): void => {
  const { u16, u32 } = cpu.physical;
  const base = stateBase(cpu);
  const [fcw, fsw, ftw, fop] = ENVIRONMENT;
  to[at] = u16[base * 2 + fcw]! | (u16[base * 2 + fsw]! << 16);
  // Without a pending exception opcode and pointers are zeros (so on AMD).
  const pending = (u16[base * 2 + fsw]! & X87_STATUS.ES) !== 0;
  to[at + 1] = u16[base * 2 + ftw]! | (pending ? u16[base * 2 + fop]! << 16 : 0);
  to[at + 2] = pending ? u32[base + FIP]! : 0;
  to[at + 3] = pending ? u32[base + FIP + 1]! : 0;
  to[at + 4] = pending ? u32[base + FDP]! : 0;
  to[at + 5] = pending ? u32[base + FDP + 1]! : 0;
  to[at + FRAME.mxcsr] = u32[base + STATE.mxcsr]!;
  to[at + FRAME.mxcsr + 1] = MXCSR_MASK;
  for (let i = 0; i < ST_WORDS; i++) to[at + FRAME.st + i] = u32[base + STATE.st + i]!;
  for (let n = 0; n < XMM_COUNT; n++) {
    const from = base + STATE.vector + n * VECTOR_WORDS;
    const xmm = at + FRAME.xmm + n * XMM_WORDS;
    to[xmm] = u32[from]!;
    to[xmm + 1] = u32[from + 1]!;
    to[xmm + 2] = u32[from + 2]!;
    to[xmm + 3] = u32[from + 3]!;
  }
  const sw = at + FRAME.sw;
  to.fill(0, sw, sw + FPX_SW_BYTES.size / 4);
  to[sw] = FP_XSTATE_MAGIC1;
  to[sw + FPX_SW_BYTES.offsets.extended_size / 4] = config.size + MAGIC2_SIZE;
  to[sw + FPX_SW_BYTES.offsets.xfeatures / 4] = config.xfeatures;
  to[sw + FPX_SW_BYTES.offsets.xstate_size / 4] = config.size;
  if (config.xfeatures === 0) return;
  const header = at + FRAME.header;
  to.fill(0, header, header + XSTATE_HEADER.size / 4);
  // Linux sets these bits even for a component in its initial state (save_xstate_epilog).
  to[header] = XFEATURE.FP | XFEATURE.SSE;
  if (config.xfeatures & XFEATURE.YMM && writeYmmHigh(cpu, to, at + FRAME.ymmh)) to[header]! |= XFEATURE.YMM;
  to[at + config.size / 4] = FP_XSTATE_MAGIC2;
};

/** Returns whether there is anything but zeros. */
const writeYmmHigh = (cpu: Cpu, to: Uint32Array, at: number): boolean => {
  const { u32 } = cpu.physical;
  const first = stateBase(cpu) + STATE.vector + YMMH_WORD;
  let inUse = 0;
  for (let n = 0; n < XMM_COUNT; n++) {
    for (let word = 0; word < XMM_WORDS; word++) {
      const value = u32[first + n * VECTOR_WORDS + word]!;
      to[at + n * XMM_WORDS + word] = value;
      inUse |= value;
    }
  }
  return inUse !== 0;
};

const clearX87 = (cpu: Cpu): void => {
  const { state } = cpu;
  state.setWord('fcw', DEFAULT_FCW);
  state.setWord('fsw', 0);
  state.setWord('ftw', 0);
  state.setWord('fop', 0);
  const base = stateBase(cpu);
  const { u32 } = cpu.physical;
  u32.fill(0, base + FIP, base + FIP + 2);
  u32.fill(0, base + FDP, base + FDP + 2);
  u32.fill(0, base + STATE.st, base + STATE.st + ST_WORDS);
};

/** One half of every vector register: from word 0 or from `YMMH_WORD` on. */
const clearHalves = (cpu: Cpu, word: number): void => {
  const first = stateBase(cpu) + STATE.vector + word;
  for (let n = 0; n < XMM_COUNT; n++) {
    cpu.physical.u32.fill(0, first + n * VECTOR_WORDS, first + n * VECTOR_WORDS + XMM_WORDS);
  }
};

/** The state a new program and each handler begin with (fpu__clear_user_states). */
export const clearFpstate = (cpu: Cpu): void => {
  clearX87(cpu);
  const first = stateBase(cpu) + STATE.vector;
  cpu.physical.u32.fill(0, first, first + XMM_COUNT * VECTOR_WORDS);
  cpu.state.mxcsr = DEFAULT_MXCSR;
};

const loadX87 = (cpu: Cpu, from: Uint32Array, at: number): void => {
  const { u16, u32 } = cpu.physical;
  const base = stateBase(cpu);
  const [, , ftw, fop] = ENVIRONMENT;
  cpu.state.setX87Control(from[at]! & 0xffff, from[at]! >>> 16);
  u16[base * 2 + ftw] = from[at + 1]! & 0xff;
  u16[base * 2 + fop] = (from[at + 1]! >>> 16) & 0x7ff;
  u32[base + FIP] = from[at + 2]!;
  u32[base + FIP + 1] = from[at + 3]!;
  u32[base + FDP] = from[at + 4]!;
  u32[base + FDP + 1] = from[at + 5]!;
  for (let i = 0; i < ST_WORDS; i++) u32[base + STATE.st + i] = from[at + FRAME.st + i]!;
};

/** As `clearHalves`; the halves are `from[at]` and on. */
const loadHalves = (cpu: Cpu, word: number, from: Uint32Array, at: number): void => {
  const { u32 } = cpu.physical;
  const first = stateBase(cpu) + STATE.vector + word;
  for (let n = 0; n < XMM_COUNT; n++) {
    const to = first + n * VECTOR_WORDS;
    const half = at + n * XMM_WORDS;
    u32[to] = from[half]!;
    u32[to + 1] = from[half + 1]!;
    u32[to + 2] = from[half + 2]!;
    u32[to + 3] = from[half + 3]!;
  }
};

/** Which components the frame says it holds, or null for a frame of FXSAVE alone (check_xstate_in_sigframe). */
const frameFeatures = (mm: Mm, config: FpuUserCfg, address: number, from: Uint32Array, at: number): number | null => {
  if (config.xfeatures === 0) return null;
  const sw = at + FRAME.sw;
  const size = from[sw + FPX_SW_BYTES.offsets.xstate_size / 4]!;
  const extended = from[sw + FPX_SW_BYTES.offsets.extended_size / 4]!;
  if (from[sw] !== FP_XSTATE_MAGIC1 || size < MIN_XSTATE_SIZE || size > config.size || size > extended) return null;
  if (getUser32(mm, address + size) !== FP_XSTATE_MAGIC2) return null;
  return from[sw + FPX_SW_BYTES.offsets.xfeatures / 4]! & config.xfeatures;
};

/**
 * XRSTOR refuses headers with unknown components, or with anything in the bytes that must be zero, which in the
 * compacted format are more (SDM Vol. 1, 13.8.1).
 */
const badHeader = (config: FpuUserCfg, from: Uint32Array, header: number): string | null => {
  const present = from[header]!;
  const compaction = header + XSTATE_HEADER.offsets.reserved1 / 4;
  const held = from[compaction]!;
  const compacted = from[compaction + 1] === COMPACTED;
  if (from[header + 1] !== 0) return 'XSTATE_BV has an unknown component';
  if (compacted ? (held & ~config.xfeatures) !== 0 || (present & ~held) !== 0 : (present & ~config.xfeatures) !== 0) {
    return 'XSTATE_BV has an unknown component';
  }
  if (!compacted && (held !== 0 || from[compaction + 1] !== 0)) return 'XCOMP_BV is not zero';
  const reserved = compaction + 2;
  const end = compacted ? header + XSTATE_HEADER.size / 4 : reserved + 2;
  for (let word = reserved; word < end; word++)
    if (from[word] !== 0) return 'reserved bytes of the XSAVE header are not zero';
  return null;
};

/**
 * Loads the state from a frame; `address` 0 means the initial state. Returns null, or why the processor refuses the frame:
 * misaligned, reserved bits of MXCSR or of the XSAVE header. Throws `UserFault` (fpu__restore_sig).
 */
export const restoreFpstate = (cpu: Cpu, mm: Mm, address: number): string | null => {
  if (address === 0) {
    clearFpstate(cpu);
    return null;
  }
  const config = fpuUserCfg(cpu.features);
  const span = address % FPSTATE_ALIGNMENT === 0 ? userSpan(mm, address, config.frameSize, false) : -1;
  if (span >= 0) return loadFrame(cpu, mm, config, address, cpu.physical.u32, span >>> 2);
  imageBytes.set(copyFromUser(mm, address, FPSTATE.size));
  // A frame of FXSAVE alone may end here.
  const features = frameFeatures(mm, config, address, image, 0);
  if (features !== null) {
    const end = features & XFEATURE.YMM ? config.size : MIN_XSTATE_SIZE;
    imageBytes.set(copyFromUser(mm, address + FPSTATE.size, end - FPSTATE.size), FPSTATE.size);
  }
  return loadFrame(cpu, mm, config, address, image, 0);
};

const RESERVED_MXCSR = 'mxcsr has reserved bits';

const loadFrame = (
  cpu: Cpu,
  mm: Mm,
  config: FpuUserCfg,
  address: number,
  from: Uint32Array,
  at: number,
): string | null => {
  const features = frameFeatures(mm, config, address, from, at);
  const mxcsr = from[at + FRAME.mxcsr]!;
  const badMxcsr = (mxcsr & ~MXCSR_MASK) !== 0;
  if (features === null) {
    // FXRSTOR, and what it does not know in its initial state.
    if (address % FXRSTOR_ALIGNMENT !== 0) return 'the extended state is not aligned to 16';
    if (badMxcsr) return RESERVED_MXCSR;
    loadX87(cpu, from, at);
    loadHalves(cpu, 0, from, at + FRAME.xmm);
    clearHalves(cpu, YMMH_WORD);
    cpu.state.mxcsr = mxcsr;
    return null;
  }
  // XRSTOR of these components, and the others in their initial state.
  const header = at + FRAME.header;
  if (address % FPSTATE_ALIGNMENT !== 0) return 'the extended state is not aligned to 64';
  const bad = badHeader(config, from, header);
  if (bad !== null) return bad;
  const present = features & from[header]!;
  // The standard format has MXCSR whether or not SSE is in use, and with AVX too.
  const compacted = from[header + XSTATE_HEADER.offsets.reserved1 / 4 + 1] !== 0;
  const readsMxcsr = (compacted ? present & XFEATURE.SSE : features & (XFEATURE.SSE | XFEATURE.YMM)) !== 0;
  if (readsMxcsr && badMxcsr) return RESERVED_MXCSR;
  if (present & XFEATURE.FP) loadX87(cpu, from, at);
  else clearX87(cpu);
  if (present & XFEATURE.SSE) loadHalves(cpu, 0, from, at + FRAME.xmm);
  else clearHalves(cpu, 0);
  if (present & XFEATURE.YMM) loadHalves(cpu, YMMH_WORD, from, at + FRAME.ymmh);
  else clearHalves(cpu, YMMH_WORD);
  cpu.state.mxcsr = readsMxcsr && features & XFEATURE.SSE ? mxcsr : DEFAULT_MXCSR;
  return null;
};
