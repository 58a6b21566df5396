/**
 * x87 and SSE state between the CPU and a signal frame (arch/x86/kernel/fpu/signal.c): what XSAVE and XRSTOR do on a
 * processor whose XCR0 enables just these two, with Linux's checks.
 */
import type { CpuState } from '../../emulator/api.ts';
import {
  FP_XSTATE_MAGIC1,
  FP_XSTATE_MAGIC2,
  FPSTATE,
  FPX_SW_BYTES,
  MXCSR_MASK,
  XFEATURE,
  XFEATURES,
  XSTATE_FRAME_SIZE,
  XSTATE_HEADER,
  XSTATE_SIZE,
} from '../abi/sigframe.ts';
import type { Mm } from '../mm/mm.ts';
import { copyFromUser, copyToUser, getUser32 } from '../mm/user.ts';

const AT = FPSTATE.offsets;
const ST_BYTES = 128;
const XMM_BYTES = 16;
const XMM_COUNT = 16;
const DEFAULT_MXCSR = 0x1f80;
const DEFAULT_FCW = 0x37f;

// The frame is put together here; the parts which XSAVE does not write are not copied out. The constant parts stay.
const image = new Uint8Array(XSTATE_FRAME_SIZE);
const view = new DataView(image.buffer);
FPX_SW_BYTES.write(view, AT.sw_reserved, {
  magic1: FP_XSTATE_MAGIC1,
  extended_size: XSTATE_FRAME_SIZE,
  xfeatures: BigInt(XFEATURES),
  xstate_size: XSTATE_SIZE,
});
// Linux sets both bits even for a component in its initial state (save_xstate_epilog).
XSTATE_HEADER.write(view, FPSTATE.size, { xfeatures: BigInt(XFEATURES) });
view.setUint32(AT.mxcsr_mask, MXCSR_MASK, true);
view.setUint32(XSTATE_SIZE, FP_XSTATE_MAGIC2, true);
/** XSAVE leaves bytes 416..463 of the legacy area alone. */
const saved = image.subarray(0, AT.reserved2);
const trailer = image.subarray(AT.sw_reserved);

/** Writes the state to `address`. Throws `UserFault` (copy_fpstate_to_sigframe). */
export const saveFpstate = (state: CpuState, mm: Mm, address: number): void => {
  view.setUint16(AT.cwd, state.word('fcw'), true);
  view.setUint16(AT.swd, state.word('fsw'), true);
  view.setUint16(AT.twd, state.word('ftw'), true);
  view.setUint16(AT.fop, state.word('fop'), true);
  view.setBigUint64(AT.rip, state.quad('fip'), true);
  view.setBigUint64(AT.rdp, state.quad('fdp'), true);
  view.setUint32(AT.mxcsr, state.mxcsr, true);
  const { bytes } = state;
  const st = stateAreas(state);
  for (let i = 0; i < ST_BYTES; i++) image[AT.st_space + i] = bytes[st.registers + i]!;
  for (let n = 0; n < XMM_COUNT; n++) {
    const from = st.vector + n * st.stride;
    const to = AT.xmm_space + n * XMM_BYTES;
    for (let i = 0; i < XMM_BYTES; i++) image[to + i] = bytes[from + i]!;
  }
  copyToUser(mm, address, saved);
  copyToUser(mm, address + AT.sw_reserved, trailer);
};

interface Areas {
  /** Offsets in `CpuState.bytes` of ST(0) and XMM0, and bytes from one XMM register to the next. */
  registers: number;
  vector: number;
  stride: number;
}

let areas: Areas | undefined;
const stateAreas = (state: CpuState): Areas => {
  if (areas === undefined) {
    const base = state.bytes.byteOffset;
    const first = state.vectorBytes(0).byteOffset;
    const stride = state.vectorBytes(1).byteOffset - first;
    areas = { registers: state.stBytes(0).byteOffset - base, vector: first - base, stride };
  }
  return areas;
};

const clearX87 = (state: CpuState): void => {
  state.setWord('fcw', DEFAULT_FCW);
  state.setWord('fsw', 0);
  state.setWord('ftw', 0);
  state.setWord('fop', 0);
  state.setQuad('fip', 0n);
  state.setQuad('fdp', 0n);
  const { registers } = stateAreas(state);
  state.bytes.fill(0, registers, registers + ST_BYTES);
};

const clearXmm = (state: CpuState): void => {
  const { vector, stride } = stateAreas(state);
  for (let n = 0; n < XMM_COUNT; n++) state.bytes.fill(0, vector + n * stride, vector + n * stride + XMM_BYTES);
};

/** The state a new program and each handler begin with (fpu__clear_user_states). */
export const clearFpstate = (state: CpuState): void => {
  clearX87(state);
  const { vector, stride } = stateAreas(state);
  state.bytes.fill(0, vector, vector + XMM_COUNT * stride);
  state.mxcsr = DEFAULT_MXCSR;
};

const loadX87 = (state: CpuState, bytes: Uint8Array, from: DataView): void => {
  state.setWord('fcw', from.getUint16(AT.cwd, true));
  state.setWord('fsw', from.getUint16(AT.swd, true));
  state.setWord('ftw', from.getUint16(AT.twd, true) & 0xff);
  state.setWord('fop', from.getUint16(AT.fop, true));
  state.setQuad('fip', from.getBigUint64(AT.rip, true));
  state.setQuad('fdp', from.getBigUint64(AT.rdp, true));
  const { registers } = stateAreas(state);
  const to = state.bytes;
  for (let i = 0; i < ST_BYTES; i++) to[registers + i] = bytes[AT.st_space + i]!;
};

const loadXmm = (state: CpuState, bytes: Uint8Array): void => {
  const { vector, stride } = stateAreas(state);
  const to = state.bytes;
  for (let n = 0; n < XMM_COUNT; n++) {
    const at = vector + n * stride;
    const from = AT.xmm_space + n * XMM_BYTES;
    for (let i = 0; i < XMM_BYTES; i++) to[at + i] = bytes[from + i]!;
  }
};

/** Which components the frame says it holds, or null for a frame of FXSAVE alone (check_xstate_in_sigframe). */
const frameFeatures = (mm: Mm, address: number, from: DataView): number | null => {
  const sw = AT.sw_reserved;
  const size = from.getUint32(sw + FPX_SW_BYTES.offsets.xstate_size, true);
  if (
    from.getUint32(sw + FPX_SW_BYTES.offsets.magic1, true) !== FP_XSTATE_MAGIC1 ||
    size !== XSTATE_SIZE ||
    size > from.getUint32(sw + FPX_SW_BYTES.offsets.extended_size, true)
  ) {
    return null;
  }
  if (getUser32(mm, address + size) !== FP_XSTATE_MAGIC2) return null;
  return from.getUint32(sw + FPX_SW_BYTES.offsets.xfeatures, true);
};

/**
 * Loads the state from a frame; `address` 0 means the initial state. Returns false, with the state cleared, for a frame
 * that the processor refuses: reserved bits of MXCSR or of the XSAVE header. Throws `UserFault` (fpu__restore_sig).
 */
export const restoreFpstate = (state: CpuState, mm: Mm, address: number): boolean => {
  if (address === 0) {
    clearFpstate(state);
    return true;
  }
  const bytes = copyFromUser(mm, address, FPSTATE.size);
  const from = new DataView(bytes.buffer, bytes.byteOffset);
  const features = frameFeatures(mm, address, from);
  const mxcsr = from.getUint32(AT.mxcsr, true);
  if (features === null) {
    // FXRSTOR.
    if ((mxcsr & ~MXCSR_MASK) !== 0) return false;
    loadX87(state, bytes, from);
    loadXmm(state, bytes);
    state.mxcsr = mxcsr;
    return true;
  }
  // XRSTOR in its standard form (SDM Vol. 1, 13.8).
  const header = XSTATE_HEADER.read(viewOf(copyFromUser(mm, address + FPSTATE.size, XSTATE_HEADER.size)), 0);
  const present = Number(header.xfeatures & 0xffffffffn);
  if (header.xfeatures >> 32n !== 0n || (present & ~XFEATURES) !== 0) return false;
  if (header.reserved1.some((word) => word !== 0n)) return false;
  if ((features & XFEATURE.SSE) !== 0 && (mxcsr & ~MXCSR_MASK) !== 0) return false;
  if (features & present & XFEATURE.FP) loadX87(state, bytes, from);
  else clearX87(state);
  if (features & present & XFEATURE.SSE) loadXmm(state, bytes);
  else clearXmm(state);
  state.mxcsr = features & XFEATURE.SSE ? mxcsr : DEFAULT_MXCSR;
  return true;
};

const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
