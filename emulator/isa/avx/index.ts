/** AVX, FMA and F16C: what has no legacy form. Wider forms of SSE stand with their legacy forms in `../sse/`. */
import type { Row } from '../row.ts';
import { avxOwnRows } from './avx.ts';
import { avx2GatherRows } from './avx2-gather.ts';
import { avx2MaskedRows } from './avx2-masked.ts';
import { avx2PermuteRows } from './avx2-permute.ts';
import { avx2ShiftRows } from './avx2-shift.ts';
import { f16cRows } from './f16c.ts';
import { fmaRows } from './fma.ts';
import { maskedRows } from './masked.ts';

export const avxRows: readonly Row[] = [
  ...avxOwnRows,
  ...maskedRows,
  ...fmaRows,
  ...f16cRows,
  ...avx2PermuteRows,
  ...avx2ShiftRows,
  ...avx2MaskedRows,
  ...avx2GatherRows,
];
