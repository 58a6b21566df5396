/** SSE and SSE2 on XMM registers. */
import type { Row } from '../row.ts';
import { controlRows } from './control.ts';
import { convertRows } from './convert.ts';
import { floatRows } from './float.ts';
import { moveRows } from './move.ts';
import { packedRows } from './packed.ts';
import { shiftRows } from './shift.ts';
import { shuffleRows } from './shuffle.ts';

export const sseRows: readonly Row[] = [
  ...moveRows,
  ...packedRows,
  ...shiftRows,
  ...shuffleRows,
  ...floatRows,
  ...convertRows,
  ...controlRows,
];
