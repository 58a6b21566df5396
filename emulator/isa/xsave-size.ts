/** What XCR0 enables, and how large that is: facts which XSAVE and CPUID share (SDM Vol. 1, 13.2 and 13.4). */
import type { FeatureSet } from './features.ts';

/** State components: bits of XCR0, XSTATE_BV and XCOMP_BV. */
export const XFEATURE = { X87: 1, SSE: 2, AVX: 4 } as const;

/** Bytes of the legacy area and of the header behind it. */
export const LEGACY_SIZE = 512;
const HEADER_SIZE = 64;

/** The extended components in the order of their bits: place in the standard format, and bytes. */
export const xsaveComponents = [
  /** The high halves of YMM0..YMM15. */
  { bit: 2, offset: LEGACY_SIZE + HEADER_SIZE, size: 256 },
] as const;

/** What the kernel enables: all there is. 0 on a CPU without XSAVE. */
export const xcr0Of = (features: FeatureSet): number => {
  if (!features.has('XSAVE')) return 0;
  return XFEATURE.X87 | XFEATURE.SSE | (features.has('AVX') ? XFEATURE.AVX : 0);
};

/** Bytes of an XSAVE area with these components, in the standard format - and, as there are no gaps, in the compacted. */
export const xsaveSize = (xcr0: number): number =>
  xsaveComponents.reduce(
    (end, { bit, offset, size }) => ((xcr0 >> bit) & 1 ? offset + size : end),
    LEGACY_SIZE + HEADER_SIZE,
  );
