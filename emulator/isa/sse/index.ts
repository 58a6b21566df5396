/** SSE to SSE4.2, with the VEX forms of the same instructions. */
import type { Row } from '../row.ts';
import { controlRows } from './control.ts';
import { convertRows } from './convert.ts';
import { floatRows } from './float.ts';
import { insertRows } from './insert.ts';
import { moveRows } from './move.ts';
import { packedRows } from './packed.ts';
import { shiftRows } from './shift.ts';
import { shuffleRows } from './shuffle.ts';
import { sse3Rows } from './sse3.ts';
import { sse41Rows } from './sse41.ts';
import { sse42Rows } from './sse42.ts';
import { ssse3Rows } from './ssse3.ts';

export const sseRows: readonly Row[] = [
  ...moveRows,
  ...packedRows,
  ...shiftRows,
  ...shuffleRows,
  ...floatRows,
  ...convertRows,
  ...controlRows,
  ...sse3Rows,
  ...ssse3Rows,
  ...sse41Rows,
  ...insertRows,
  ...sse42Rows,
];
