/** Prefix bytes of 64-bit mode (SDM Vol. 2A, 2.1.1 and 2.2.1). */

export const NO_PREFIX = 0;
export const PREFIX = {
  rex: 1,
  operandSize: 2,
  addressSize: 3,
  repeat: 4,
  lock: 5,
  fs: 6,
  gs: 7,
  ignoredSegment: 8,
} as const;

/** What each byte is when it stands before the opcode. */
export const prefixKinds = new Uint8Array(256).fill(NO_PREFIX);
prefixKinds.fill(PREFIX.rex, 0x40, 0x50);
prefixKinds[0x66] = PREFIX.operandSize;
prefixKinds[0x67] = PREFIX.addressSize;
prefixKinds[0xf2] = PREFIX.repeat;
prefixKinds[0xf3] = PREFIX.repeat;
prefixKinds[0xf0] = PREFIX.lock;
prefixKinds[0x64] = PREFIX.fs;
prefixKinds[0x65] = PREFIX.gs;
for (const segment of [0x26, 0x2e, 0x36, 0x3e]) prefixKinds[segment] = PREFIX.ignoredSegment;

/** REX bits: 64-bit operands; fourth bit of ModRM.reg, SIB.index, and ModRM.rm, SIB.base or the opcode's register. */
export const REX_W = 8;
export const REX_R = 4;
export const REX_X = 2;
export const REX_B = 1;
