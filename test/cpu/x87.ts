/**
 * x87 and MMX state of cases: the first 160 bytes of an FXSAVE image (SDM Vol. 1, table 10-2), in which the bytes of MXCSR
 * and those behind the ten of each register are zero.
 */
import { X87_STATUS } from '../../emulator/state.ts';

export const X87_SIZE = 160;
const REGISTERS = 32;
const REGISTER_SIZE = 16;
const MXCSR = 24;

export interface X87State {
  readonly fcw: number;
  readonly fsw: number;
  /** Abridged: one bit per physical register, 1 = not empty. */
  readonly ftw: number;
  readonly fop: number;
  readonly fip: bigint;
  readonly fdp: bigint;
  /** ST(0) to ST(7), 80 bits each. */
  readonly st: readonly bigint[];
}

export const packX87 = (state: X87State): Uint8Array => {
  const image = new Uint8Array(X87_SIZE);
  const view = new DataView(image.buffer);
  view.setUint16(0, state.fcw, true);
  view.setUint16(2, state.fsw, true);
  view.setUint8(4, state.ftw);
  view.setUint16(6, state.fop, true);
  view.setBigUint64(8, state.fip, true);
  view.setBigUint64(16, state.fdp, true);
  for (const [n, bits] of state.st.entries()) {
    view.setBigUint64(REGISTERS + n * REGISTER_SIZE, BigInt.asUintN(64, bits), true);
    view.setUint16(REGISTERS + n * REGISTER_SIZE + 8, Number(bits >> 64n), true);
  }
  return image;
};

export const unpackX87 = (image: Uint8Array): X87State => {
  const view = new DataView(image.buffer, image.byteOffset, image.byteLength);
  return {
    fcw: view.getUint16(0, true),
    fsw: view.getUint16(2, true),
    ftw: view.getUint8(4),
    fop: view.getUint16(6, true),
    fip: view.getBigUint64(8, true),
    fdp: view.getBigUint64(16, true),
    st: Array.from({ length: 8 }, (_, n) => {
      const at = REGISTERS + n * REGISTER_SIZE;
      return (BigInt(view.getUint16(at + 8, true)) << 64n) | view.getBigUint64(at, true);
    }),
  };
};

/** As after FNINIT, with contents in the empty registers. */
export const initialX87: Uint8Array = packX87({
  fcw: 0x37f,
  fsw: 0,
  ftw: 0,
  fop: 0,
  fip: 0n,
  fdp: 0n,
  st: Array.from({ length: 8 }, (_, n) => (0x4000n << 64n) | (0x8877665544332210n + BigInt(n))),
});

/**
 * What can be compared of an image, in place: FXSAVE of AMD processors stores the last opcode and pointers with a pending
 * exception only.
 */
export const comparableX87 = (image: Uint8Array): Uint8Array => {
  image.fill(0, MXCSR, REGISTERS);
  image[5] = 0;
  for (let at = REGISTERS; at < X87_SIZE; at += REGISTER_SIZE) image.fill(0, at + 10, at + REGISTER_SIZE);
  if ((image[2]! & X87_STATUS.ES) === 0) image.fill(0, 6, MXCSR);
  return image;
};
