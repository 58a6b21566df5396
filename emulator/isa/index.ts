/** All rows, in one list. A family adds its rows here. */
import { integerRows } from './integer/index.ts';
import { sseRows } from './sse/index.ts';
import type { Row } from './row.ts';

export const rows: readonly Row[] = [...integerRows, ...sseRows];
for (const [id, row] of rows.entries()) row.id = id;
