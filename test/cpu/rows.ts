/** The rows that cases are made for: all but the x87's, whose state has a harness of its own beside them. */
import { rows as all } from '../../emulator/isa/index.ts';
import type { Row } from '../../emulator/isa/row.ts';
import { x87Rows } from '../../emulator/isa/x87/index.ts';

export const rows: readonly Row[] = all.filter((row) => !x87Rows.includes(row));
