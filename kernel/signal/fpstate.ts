/**
 * x87, SSE and AVX state between the CPU and a signal frame (arch/x86/kernel/fpu/signal.c): what XSAVE and XRSTOR do - or
 * FXSAVE and FXRSTOR on a processor without - with Linux's checks.
 *
 * This runs at every signal, so it works on linear memory: the CPU's state is there, and so is the user's stack. A frame that
 * crosses pages is put together in the scratch page.
 */
import type { Cpu } from '../../emulator/api.ts';
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
  XSTATE_HEADER,
} from '../abi/sigframe.ts';
import type { Mm } from '../mm/mm.ts';
import { getUser32, SCRATCH, scratchToUser, userSpan, userToScratch } from '../mm/user.ts';

const AT = FPSTATE.offsets;
const FXRSTOR_ALIGNMENT = 16;
const DEFAULT_MXCSR = 0x1f80;
const MAGIC2_SIZE = 4;

/** `to` is a power of two. */
const isAligned = (address: number, to: number): boolean => (address & (to - 1)) === 0;

/** Word indices: of the frame from its start, and of the CPU state from its own. */
const FRAME = {
  mxcsr: AT.mxcsr / 4,
  sw: AT.sw_reserved / 4,
  header: FPSTATE.size / 4,
} as const;
/** The least that `xstate_size` may be. */
const MIN_XSTATE_SIZE = FPSTATE.size + XSTATE_HEADER.size;
/** XCOMP_BV, high word: the compacted format, in which these components have the same places. */
const COMPACTED = 0x80000000;
/** Writes the state to `address`, which is aligned. Throws `UserFault` (copy_fpstate_to_sigframe). */
export const saveFpstate = (cpu: Cpu, mm: Mm, address: number): void => {
  const config = fpuUserCfg(cpu.features);
  const span = userSpan(mm, address, config.frameSize, true);
  if (span >= 0) {
    writeFpstate(cpu, config, span);
    return;
  }
  writeFpstate(cpu, config, SCRATCH);
  // XSAVE leaves bytes 416..463 of the legacy area alone.
  scratchToUser(mm, address, 0, AT.reserved2);
  scratchToUser(mm, address + AT.sw_reserved, AT.sw_reserved, config.frameSize - AT.sw_reserved);
};

/**
 * The state as debuggers get it (copy_xstate_to_uabi_buf): XSAVE's image, with XCR0 in the bytes that are the kernel's. Without
 * XSAVE it is FXSAVE's 512 bytes.
 */
export const xstateImage = (cpu: Cpu): Uint8Array => {
  const config = fpuUserCfg(cpu.features);
  const { u8, u32 } = cpu.physical;
  u8.fill(0, SCRATCH, SCRATCH + config.size);
  writeFpstate(cpu, config, SCRATCH);
  const sw = SCRATCH / 4 + FRAME.sw;
  u32.fill(0, sw, sw + FPX_SW_BYTES.size / 4);
  u32[sw] = config.xfeatures;
  return u8.slice(SCRATCH, SCRATCH + config.size);
};

/**
 * Sets the state from what `xstateImage` gives, or from its first 512 bytes, which leaves the rest as it is. False for an
 * image that the processor refuses.
 */
export const loadXstateImage = (cpu: Cpu, bytes: Uint8Array): boolean => {
  const config = fpuUserCfg(cpu.features);
  const { u8, u32, extended } = cpu.physical;
  const at = SCRATCH / 4;
  u8.fill(0, SCRATCH, SCRATCH + config.size);
  u8.set(bytes.subarray(0, config.size), SCRATCH);
  const mxcsr = u32[at + FRAME.mxcsr]!;
  if ((mxcsr & ~MXCSR_MASK) !== 0) return false;
  const whole = bytes.length > FPSTATE.size && config.xfeatures !== 0;
  if (whole && badHeader(config, u32, at + FRAME.header) !== null) return false;
  const present = whole ? u32[at + FRAME.header]! : XFEATURE.FP | XFEATURE.SSE;
  if (!whole) extended.saveYmmHigh(SCRATCH);
  extended.load(SCRATCH, whole ? present : present | XFEATURE.YMM);
  cpu.state.mxcsr = mxcsr;
  return true;
};

/** Writes the state at a byte offset of linear memory. */
export const writeFpstate = (cpu: Cpu, config: FpuUserCfg, area: number): void => {
  const { u32, extended, bytes } = cpu.physical;
  const at = area >>> 2;
  extended.save(area);
  bytes.clear(area + AT.sw_reserved, FPX_SW_BYTES.size + (config.xfeatures === 0 ? 0 : XSTATE_HEADER.size));
  const sw = at + FRAME.sw;
  u32[sw] = FP_XSTATE_MAGIC1;
  u32[sw + FPX_SW_BYTES.offsets.extended_size / 4] = config.size + MAGIC2_SIZE;
  u32[sw + FPX_SW_BYTES.offsets.xfeatures / 4] = config.xfeatures;
  u32[sw + FPX_SW_BYTES.offsets.xstate_size / 4] = config.size;
  if (config.xfeatures === 0) return;
  const header = at + FRAME.header;
  // Linux sets these bits even for a component in its initial state (save_xstate_epilog).
  let present = XFEATURE.FP | XFEATURE.SSE;
  if (config.xfeatures & XFEATURE.YMM && extended.saveYmmHigh(area) !== 0) present |= XFEATURE.YMM;
  u32[header] = present;
  u32[at + config.size / 4] = FP_XSTATE_MAGIC2;
};

/** The state a new program and each handler begin with (fpu__clear_user_states). */
export const clearFpstate = (cpu: Cpu): void => {
  cpu.physical.extended.load(0, 0);
  cpu.state.mxcsr = DEFAULT_MXCSR;
};

/** Which components the frame says it holds, or null for a frame of FXSAVE alone (check_xstate_in_sigframe). */
const frameFeatures = (cpu: Cpu, mm: Mm, config: FpuUserCfg, address: number, area: number): number | null => {
  if (config.xfeatures === 0) return null;
  const { u32: from, view } = cpu.physical;
  const at = area >>> 2;
  const sw = at + FRAME.sw;
  const size = from[sw + FPX_SW_BYTES.offsets.xstate_size / 4]!;
  const extended = from[sw + FPX_SW_BYTES.offsets.extended_size / 4]!;
  if (from[sw] !== FP_XSTATE_MAGIC1 || size < MIN_XSTATE_SIZE || size > config.size || size > extended) return null;
  const magic2 = area === SCRATCH ? getUser32(mm, address + size) : view.getUint32(area + size, true);
  if (magic2 !== FP_XSTATE_MAGIC2) return null;
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
  const span = isAligned(address, FPSTATE_ALIGNMENT) ? userSpan(mm, address, config.frameSize, false) : -1;
  if (span >= 0) return loadFrame(cpu, mm, config, address, span);
  userToScratch(mm, address, 0, FPSTATE.size);
  // A frame of FXSAVE alone may end here.
  const features = frameFeatures(cpu, mm, config, address, SCRATCH);
  if (features !== null) {
    const end = features & XFEATURE.YMM ? config.size : MIN_XSTATE_SIZE;
    userToScratch(mm, address + FPSTATE.size, FPSTATE.size, end - FPSTATE.size);
  }
  return loadFrame(cpu, mm, config, address, SCRATCH);
};

const RESERVED_MXCSR = 'mxcsr has reserved bits';

/** Loads what lies at byte offset `area` of linear memory and belongs to `address` of the guest. */
const loadFrame = (cpu: Cpu, mm: Mm, config: FpuUserCfg, address: number, area: number): string | null => {
  const { u32: from, extended } = cpu.physical;
  const at = area >>> 2;
  const features = frameFeatures(cpu, mm, config, address, area);
  const mxcsr = from[at + FRAME.mxcsr]!;
  const badMxcsr = (mxcsr & ~MXCSR_MASK) !== 0;
  if (features === null) {
    // FXRSTOR, and what it does not know in its initial state.
    if (!isAligned(address, FXRSTOR_ALIGNMENT)) return 'the extended state is not aligned to 16';
    if (badMxcsr) return RESERVED_MXCSR;
    extended.load(area, XFEATURE.FP | XFEATURE.SSE);
    cpu.state.mxcsr = mxcsr;
    return null;
  }
  // XRSTOR of these components, and the others in their initial state.
  const header = at + FRAME.header;
  if (!isAligned(address, FPSTATE_ALIGNMENT)) return 'the extended state is not aligned to 64';
  const bad = badHeader(config, from, header);
  if (bad !== null) return bad;
  const present = features & from[header]!;
  // The standard format has MXCSR whether or not SSE is in use, and with AVX too.
  const compacted = from[header + XSTATE_HEADER.offsets.reserved1 / 4 + 1] !== 0;
  const readsMxcsr = (compacted ? present & XFEATURE.SSE : features & (XFEATURE.SSE | XFEATURE.YMM)) !== 0;
  if (readsMxcsr && badMxcsr) return RESERVED_MXCSR;
  extended.load(area, present);
  cpu.state.mxcsr = readsMxcsr && features & XFEATURE.SSE ? mxcsr : DEFAULT_MXCSR;
  return null;
};
