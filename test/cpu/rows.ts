/** The rows that cases are made for. */
import { rows as all } from '../../emulator/isa/index.ts';
import type { Row } from '../../emulator/isa/row.ts';

export const rows: readonly Row[] = all;
