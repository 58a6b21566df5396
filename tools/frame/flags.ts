/** Bits of machine registers in words (SDM Vol. 1, 3.4.3, 8.1, 10.2.3; Vol. 3A, 4.7). */
import { PF_ERROR, RFLAGS, VECTOR_NAMES } from '../../emulator/api.ts';
import { XFEATURE } from '../../kernel/abi/sigframe.ts';

const hex = (value: bigint | number): string => `0x${value.toString(16)}`;

const EFLAGS = ['CF', 'PF', 'AF', 'ZF', 'SF', 'TF', 'IF', 'DF', 'OF', 'NT', 'RF', 'AC', 'ID'] as const;

/** `[PF ZF IF]`. */
export const eflagsNames = (value: bigint): string => {
  const set = EFLAGS.filter((name) => (value & BigInt(RFLAGS[name])) !== 0n);
  return `[${set.join(' ')}]`;
};

const EXCEPTIONS = ['invalid', 'denormal', 'division by zero', 'overflow', 'underflow', 'precision'];
const ROUNDING = ['to nearest', 'down', 'up', 'to zero'];

const listed = (bits: number): string[] => EXCEPTIONS.filter((_, bit) => bits & (1 << bit));

const ALL_EXCEPTIONS = 0x3f;
const masks = (bits: number): string => {
  const open = listed(~bits & ALL_EXCEPTIONS);
  return open.length === 0 ? 'all exceptions masked' : `not masked: ${open.join(', ')}`;
};

/** SSE control and status. */
export const mxcsrText = (value: number): string => {
  const parts = [masks((value >> 7) & ALL_EXCEPTIONS), `rounds ${ROUNDING[(value >> 13) & 3]}`];
  if (value & 0x40) parts.push('denormals are zeros');
  if (value & 0x8000) parts.push('flushes to zero');
  const raised = listed(value & ALL_EXCEPTIONS);
  if (raised.length > 0) parts.push(`raised: ${raised.join(', ')}`);
  return parts.join('; ');
};

const PRECISION = ['24', 'no', '53', '64'];

/** x87 control word. */
export const controlWordText = (value: number): string =>
  `${masks(value & ALL_EXCEPTIONS)}; ${PRECISION[(value >> 8) & 3]} bits; rounds ${ROUNDING[(value >> 10) & 3]}`;

/** x87 status word. */
export const statusWordText = (value: number): string => {
  const parts = [`top of stack ${(value >> 11) & 7}`];
  const raised = listed(value & ALL_EXCEPTIONS);
  if (raised.length > 0) parts.push(`raised: ${raised.join(', ')}`);
  return parts.join('; ');
};

/** `x87|SSE`; `none`. */
export const xfeaturesText = (value: bigint): string => {
  const names = [
    ['x87', XFEATURE.FP],
    ['SSE', XFEATURE.SSE],
    ['AVX', XFEATURE.YMM],
  ] as const;
  const found: string[] = names.filter(([, bit]) => (value & BigInt(bit)) !== 0n).map(([name]) => name);
  const rest = names.reduce((left, [, bit]) => left & ~BigInt(bit), value);
  if (rest !== 0n) found.push(hex(rest));
  return found.length === 0 ? 'none' : found.join('|');
};

/** `#PF`; `''` for a vector that user code cannot raise. */
export const vectorName = (vector: bigint): string => VECTOR_NAMES[Number(vector)] ?? '';

/** `write, user mode, page not present`. */
export const pageFaultText = (error: bigint): string => {
  const has = (bit: number) => (error & BigInt(bit)) !== 0n;
  const access = has(PF_ERROR.fetch) ? 'instruction fetch' : has(PF_ERROR.write) ? 'write' : 'read';
  return `${access}, ${has(PF_ERROR.user) ? 'user mode' : 'kernel mode'}, page ${has(PF_ERROR.protection) ? 'protected' : 'not present'}`;
};

/** An 80-bit number in decimal, from its ten bytes (SDM Vol. 1, 4.2.2); close enough to read. */
export const extendedText = (value: bigint): string => {
  const mantissa = value & 0xffffffffffffffffn;
  const exponent = Number((value >> 64n) & 0x7fffn);
  const sign = (value >> 79n) & 1n ? -1 : 1;
  if (exponent === 0 && mantissa === 0n) return sign < 0 ? '-0' : '0';
  if (exponent === 0x7fff) return mantissa << 1n === 1n << 64n ? (sign < 0 ? '-infinity' : 'infinity') : 'not a number';
  return String(sign * Number(mantissa) * 2 ** (exponent - 16383 - 63));
};
