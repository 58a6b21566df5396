/** What XCR0 enables, and how large that is: facts which XSAVE and CPUID share (SDM Vol. 1, 13.2). */

/** State components by bit: x87, SSE. */
export const X87 = 1n;
export const SSE = 2n;
export const XCR0 = Number(X87 | SSE);

/** Bytes of the legacy area and of the header behind it. */
export const LEGACY_SIZE = 512;
const HEADER_SIZE = 64;
/** Bytes of an XSAVE area with all enabled components. */
export const XSAVE_SIZE = LEGACY_SIZE + HEADER_SIZE;
