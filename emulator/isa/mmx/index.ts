/** MMX, and what SSE to SSSE3 added for its registers. */
import type { Row } from '../row.ts';
import { moveRows } from './move.ts';
import { packedRows } from './packed.ts';

export const mmxRows: readonly Row[] = [...moveRows, ...packedRows];
