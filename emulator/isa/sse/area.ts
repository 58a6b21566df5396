/**
 * The legacy area of FXSAVE and XSAVE (SDM Vol. 1, 10.5.1 and 13.4.1): x87, MXCSR and XMM registers in 512 bytes of guest
 * memory.
 */
import type { CpuState } from '../../cpu-state.ts';
import { INITIAL_CONTROL, X87_STATUS } from '../../state.ts';
import { CpuFault, type HelperContext } from '../helper.ts';
import { VECTOR } from '../ops.ts';

/** The bits of MXCSR that may be set, which the area tells as MXCSR_MASK. */
export const MXCSR_WRITABLE = 0xffff;

/** Byte offsets (SDM Vol. 1, table 10-2). */
export const AREA = {
  fcw: 0,
  fsw: 2,
  ftw: 4,
  fop: 6,
  fip: 8,
  fdp: 16,
  mxcsr: 24,
  mxcsrMask: 28,
  st: 32,
  xmm: 160,
} as const;
/** Bytes of the area that are ever written; the last 96 are not. */
const WRITTEN = 416;
/** Bytes up to the end of MXCSR, and of the x87 registers. */
export const MXCSR_END = 32;
export const X87_END = 160;

const quad = (bytes: Uint8Array, offset: number): bigint =>
  new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(offset, true);
const setQuad = (bytes: Uint8Array, offset: number, value: bigint): void =>
  new DataView(bytes.buffer, bytes.byteOffset).setBigUint64(offset, value, true);

const put = (c: HelperContext, address: bigint, bytes: number, offset: number, value: bigint | number): void =>
  c.store(bytes, address + BigInt(offset), BigInt(value));

/**
 * The x87 part; its pointers have 64 bits if `wide`, else 32 bits and a selector of zero. Opcode and pointers are there
 * for the handler of a pending exception; without one they are zeros (so on AMD).
 */
export const saveX87 = (c: HelperContext, address: bigint, wide: boolean): void => {
  const { state } = c;
  const pending = (state.word('fsw') & X87_STATUS.ES) !== 0;
  const pointer = pending ? (wide ? 64 : 32) : 0;
  put(c, address, 2, AREA.fcw, state.word('fcw'));
  put(c, address, 2, AREA.fsw, state.word('fsw'));
  put(c, address, 2, AREA.ftw, state.word('ftw'));
  put(c, address, 2, AREA.fop, pending ? state.word('fop') : 0);
  put(c, address, 8, AREA.fip, BigInt.asUintN(pointer, state.quad('fip')));
  put(c, address, 8, AREA.fdp, BigInt.asUintN(pointer, state.quad('fdp')));
  for (let n = 0; n < 8; n++) {
    put(c, address, 8, AREA.st + n * 16, quad(state.stBytes(n), 0));
    put(c, address, 8, AREA.st + n * 16 + 8, quad(state.stBytes(n), 8) & 0xffffn);
  }
};

export const saveMxcsr = (c: HelperContext, address: bigint): void => {
  put(c, address, 4, AREA.mxcsr, c.state.mxcsr);
  put(c, address, 4, AREA.mxcsrMask, MXCSR_WRITABLE);
};

export const saveXmm = (c: HelperContext, address: bigint): void => {
  for (let n = 0; n < 16; n++) {
    put(c, address, 8, AREA.xmm + n * 16, c.state.vector64(n, 0));
    put(c, address, 8, AREA.xmm + n * 16 + 8, c.state.vector64(n, 1));
  }
};

/** A copy of the bytes that are ever written, or of the first of them. */
export const readArea = (c: HelperContext, address: bigint, bytes: number = WRITTEN): DataView => {
  const view = new DataView(new ArrayBuffer(bytes));
  for (let at = 0; at < bytes; at += 8) view.setBigUint64(at, c.load(8, address + BigInt(at)), true);
  return view;
};

/** #GP for reserved bits, before anything changes. */
export const loadMxcsr = (state: CpuState, area: DataView): void => {
  const mxcsr = area.getUint32(AREA.mxcsr, true);
  if (mxcsr & ~MXCSR_WRITABLE) throw new CpuFault(VECTOR.GP);
  state.mxcsr = mxcsr;
};

export const loadX87 = (state: CpuState, area: DataView, wide: boolean): void => {
  const pointer = (offset: number) => (wide ? area.getBigUint64(offset, true) : BigInt(area.getUint32(offset, true)));
  state.setX87Control(area.getUint16(AREA.fcw, true), area.getUint16(AREA.fsw, true));
  state.setWord('ftw', area.getUint8(AREA.ftw));
  state.setWord('fop', area.getUint16(AREA.fop, true) & 0x7ff);
  state.setQuad('fip', pointer(AREA.fip));
  state.setQuad('fdp', pointer(AREA.fdp));
  for (let n = 0; n < 8; n++) {
    setQuad(state.stBytes(n), 0, area.getBigUint64(AREA.st + n * 16, true));
    setQuad(state.stBytes(n), 8, BigInt(area.getUint16(AREA.st + n * 16 + 8, true)));
  }
};

export const loadXmm = (state: CpuState, area: DataView): void => {
  for (let n = 0; n < 16; n++) {
    state.setVector64(n, 0, area.getBigUint64(AREA.xmm + n * 16, true));
    state.setVector64(n, 1, area.getBigUint64(AREA.xmm + n * 16 + 8, true));
  }
};

/** x87 registers, control words and pointers as FNINIT leaves them, and empty. */
export const initX87 = (state: CpuState): void => {
  state.setWord('fcw', INITIAL_CONTROL);
  for (const word of ['fsw', 'ftw', 'fop'] as const) state.setWord(word, 0);
  state.setQuad('fip', 0n);
  state.setQuad('fdp', 0n);
  for (let n = 0; n < 8; n++) state.stBytes(n).fill(0);
};

export const initXmm = (state: CpuState): void => {
  for (let n = 0; n < 16; n++) state.vectorBytes(n).fill(0);
};

const x87InUse = (state: CpuState): boolean => {
  if (state.word('fcw') !== INITIAL_CONTROL || (state.word('fsw') | state.word('ftw') | state.word('fop')) !== 0)
    return true;
  if ((state.quad('fip') | state.quad('fdp')) !== 0n) return true;
  for (let n = 0; n < 8; n++) {
    const bytes = state.stBytes(n);
    for (let at = 0; at < 10; at++) if (bytes[at] !== 0) return true;
  }
  return false;
};

/** Whether words `low` or `low` + 1, of 64 bits each, of any vector register are not zero. */
export const halvesInUse = (state: CpuState, low: 0 | 2): boolean => {
  for (let n = 0; n < 16; n++) {
    if (state.vector64(n, low) !== 0n || state.vector64(n, low + 1) !== 0n) return true;
  }
  return false;
};

/** XINUSE: which of x87 (bit 0) and SSE (bit 1) is not in its initial configuration (SDM Vol. 1, 13.6). */
export const inUse = (state: CpuState): number => (x87InUse(state) ? 1 : 0) | (halvesInUse(state, 0) ? 2 : 0);
