/** Helpers of the SSE family: approximations and the FXSAVE area. */
import { RFLAGS } from '../../state.ts';
import { CpuFault, type Helper, type HelperContext, NON_CANONICAL } from '../helper.ts';
import { VECTOR } from '../ops.ts';
import { rcp, rsqrt } from './approximation.ts';

/** The bits of MXCSR that may be set, which the FXSAVE area tells as MXCSR_MASK. */
export const MXCSR_WRITABLE = 0xffff;

/** Byte offsets in the FXSAVE area (SDM Vol. 1, table 10-2). */
const AREA = { fcw: 0, fsw: 2, ftw: 4, fop: 6, fip: 8, fdp: 16, mxcsr: 24, mxcsrMask: 28, st: 32, xmm: 160 } as const;
/** Bytes of the area, of which FXSAVE leaves the last 96 as they are. */
const AREA_SIZE = 512;

const quad = (bytes: Uint8Array, offset: number): bigint =>
  new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(offset, true);
const setQuad = (bytes: Uint8Array, offset: number, value: bigint): void =>
  new DataView(bytes.buffer, bytes.byteOffset).setBigUint64(offset, value, true);

/** The area's address must be canonical and a multiple of 16; one that is not even a multiple of 4 is #AC if that is
 * being checked (so on AMD). */
const checkArea = (c: HelperContext, address: bigint): void => {
  if (BigInt.asUintN(64, BigInt.asIntN(48, address)) !== address) throw new CpuFault(VECTOR.GP, NON_CANONICAL);
  if ((address & 15n) === 0n) return;
  throw new CpuFault((address & 3n) !== 0n && c.state.rflags & RFLAGS.AC ? VECTOR.AC : VECTOR.GP);
};

export const sseHelpers = {
  /** RCPSS on the low 32 bits. */
  rcp(_: HelperContext, a: bigint): bigint {
    return BigInt(rcp(Number(a)));
  },
  rsqrt(_: HelperContext, a: bigint): bigint {
    return BigInt(rsqrt(Number(a)));
  },
  /** FXSAVE; the x87 pointers have 64 bits if `wide`, else 32 bits and a selector of zero. */
  fxsave(c: HelperContext, address: bigint, wide: bigint): bigint {
    checkArea(c, address);
    // The last byte goes first, as processors do it, which shows in cr2.
    c.probeWrite(address + BigInt(AREA_SIZE - 1), 1);
    c.probeWrite(address, 8);
    const { state } = c;
    const put = (bytes: number, offset: number, value: bigint | number): void =>
      c.store(bytes, address + BigInt(offset), BigInt(value));
    const pointer = wide ? 64 : 32;
    put(2, AREA.fcw, state.word('fcw'));
    put(2, AREA.fsw, state.word('fsw'));
    put(2, AREA.ftw, state.word('ftw'));
    put(2, AREA.fop, state.word('fop'));
    put(8, AREA.fip, BigInt.asUintN(pointer, state.quad('fip')));
    put(8, AREA.fdp, BigInt.asUintN(pointer, state.quad('fdp')));
    put(4, AREA.mxcsr, state.mxcsr);
    put(4, AREA.mxcsrMask, MXCSR_WRITABLE);
    for (let n = 0; n < 8; n++) {
      put(8, AREA.st + n * 16, quad(state.stBytes(n), 0));
      put(8, AREA.st + n * 16 + 8, quad(state.stBytes(n), 8) & 0xffffn);
    }
    for (let n = 0; n < 16; n++) {
      put(8, AREA.xmm + n * 16, state.vector64(n, 0));
      put(8, AREA.xmm + n * 16 + 8, state.vector64(n, 1));
    }
    return 0n;
  },
  /** FXRSTOR: #GP if the area's MXCSR has reserved bits set, and then nothing changes. */
  fxrstor(c: HelperContext, address: bigint, wide: bigint): bigint {
    checkArea(c, address);
    c.load(1, address + BigInt(AREA_SIZE - 1));
    const words = Array.from({ length: 52 }, (_, n) => c.load(8, address + BigInt(n * 8)));
    const get = (bytes: number, offset: number): bigint =>
      BigInt.asUintN(bytes * 8, words[offset >> 3]! >> BigInt((offset & 7) * 8));
    const mxcsr = Number(get(4, AREA.mxcsr));
    if (mxcsr & ~MXCSR_WRITABLE) throw new CpuFault(VECTOR.GP);
    const { state } = c;
    const pointer = wide ? 8 : 4;
    state.setWord('fcw', Number(get(2, AREA.fcw)));
    state.setWord('fsw', Number(get(2, AREA.fsw)));
    state.setWord('ftw', Number(get(1, AREA.ftw)));
    state.setWord('fop', Number(get(2, AREA.fop)) & 0x7ff);
    state.setQuad('fip', get(pointer, AREA.fip));
    state.setQuad('fdp', get(pointer, AREA.fdp));
    state.mxcsr = mxcsr;
    for (let n = 0; n < 8; n++) {
      setQuad(state.stBytes(n), 0, get(8, AREA.st + n * 16));
      setQuad(state.stBytes(n), 8, get(2, AREA.st + n * 16 + 8));
    }
    for (let n = 0; n < 16; n++) {
      state.setVector64(n, 0, get(8, AREA.xmm + n * 16));
      state.setVector64(n, 1, get(8, AREA.xmm + n * 16 + 8));
    }
    return 0n;
  },
} as const satisfies Record<string, Helper>;
