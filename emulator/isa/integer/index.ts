import type { Row } from '../row.ts';

export const integerRows: readonly Row[] = [];
