/** Helpers of the SSE family: approximations and the FXSAVE area. */
import { isCanonical } from '../../memory/canonical.ts';
import { RFLAGS } from '../../state.ts';
import { CpuFault, type Helper, type HelperContext, NON_CANONICAL } from '../helper.ts';
import { VECTOR } from '../ops.ts';
import { LEGACY_SIZE } from '../xsave-size.ts';
import { rcp, rsqrt } from './approximation.ts';
import { loadMxcsr, loadX87, loadXmm, readArea, saveMxcsr, saveX87, saveXmm } from './area.ts';

/**
 * The area's address must be canonical and a multiple of 16; one that is not even a multiple of 4 is #AC if that is being
 * checked, and if the area ends at a canonical address too (so on AMD).
 */
const checkArea = (c: HelperContext, address: bigint): void => {
  if (!isCanonical(address)) throw new CpuFault(VECTOR.GP, NON_CANONICAL);
  if ((address & 15n) === 0n) return;
  const checked = (address & 3n) !== 0n && c.state.rflags & RFLAGS.AC && isCanonical(address + BigInt(LEGACY_SIZE - 1));
  throw new CpuFault(checked ? VECTOR.AC : VECTOR.GP);
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
    c.probeWrite(address + BigInt(LEGACY_SIZE - 1), 1);
    c.probeWrite(address, 8);
    saveX87(c, address, wide !== 0n);
    saveMxcsr(c, address);
    saveXmm(c, address);
    return 0n;
  },
  /** FXRSTOR: #GP if the area's MXCSR has reserved bits set, and then nothing changes. */
  fxrstor(c: HelperContext, address: bigint, wide: bigint): bigint {
    checkArea(c, address);
    c.load(1, address + BigInt(LEGACY_SIZE - 1));
    const image = readArea(c, address);
    loadMxcsr(c.state, image);
    loadX87(c.state, image, wide !== 0n);
    loadXmm(c.state, image);
    return 0n;
  },
} as const satisfies Record<string, Helper>;
