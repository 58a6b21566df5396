/** All rows, in one list. A family adds its rows here. */
import { avxRows } from './avx/index.ts';
import { cryptoRows } from './crypto/index.ts';
import { integerRows } from './integer/index.ts';
import { mmxRows } from './mmx/index.ts';
import type { Row } from './row.ts';
import { sseRows } from './sse/index.ts';
import { x87Rows } from './x87/index.ts';
import { xsaveRows } from './xsave.ts';

export const rows: readonly Row[] = [
  ...integerRows,
  ...sseRows,
  ...avxRows,
  ...cryptoRows,
  ...xsaveRows,
  ...x87Rows,
  ...mmxRows,
];
for (const [id, row] of rows.entries()) row.id = id;
