/** Flags which the manuals leave undefined after a case: another processor than ours may set them otherwise. */
import { RFLAGS } from '../../emulator/api.ts';
import { undefinedFlags as declared } from '../../emulator/isa/integer/undefined.ts';
import type { Case } from './case.ts';
import type { Shape } from './shape.ts';

const BITS = {
  cf: RFLAGS.CF,
  pf: RFLAGS.PF,
  af: RFLAGS.AF,
  zf: RFLAGS.ZF,
  sf: RFLAGS.SF,
  of: RFLAGS.OF,
} as const;

const LEGACY_PREFIXES = new Set([0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65, 0x66, 0x67, 0xf0, 0xf2, 0xf3]);

/** Operand width and masked count of a shift or rotate. */
const shiftOf = ({ operands, row }: Shape, c: Case): { width: number; count: number } => {
  let at = 0;
  let width = 32;
  for (; LEGACY_PREFIXES.has(c.bytes[at]!); at++) if (c.bytes[at] === 0x66) width = 16;
  if ((c.bytes[at]! & 0xf8) === 0x48) width = 64;
  if (operands[0]?.size === 'b') width = 8;
  const code = row.operands.split(',').at(-1);
  const count = code === '1' ? 1 : code === 'CL' ? Number(c.gpr[1]! & 0xffn) : c.bytes.at(-1)!;
  return { width, count: count & (width === 64 ? 63 : 31) };
};

/** RFLAGS bits not to be compared for a case. */
export const undefinedFlags = (shape: Shape, c: Case): number => {
  let mask = 0;
  for (const { when, flags } of declared[shape.mnemonic] ?? []) {
    if (when !== 'always') {
      const { width, count } = shiftOf(shape, c);
      if (count === 0) continue;
      if (when === 'count is not 1' && count === 1) continue;
      if (when === 'count is the width or more' && count < width) continue;
      if (when === 'count exceeds the width' && count <= width) continue;
    }
    for (const flag of flags) mask |= BITS[flag];
  }
  return mask;
};
