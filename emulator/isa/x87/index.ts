/** The x87, rows of all its instructions. */
import type { Row } from '../row.ts';
import { arithmeticRows } from './arithmetic.ts';
import { compareRows } from './compare.ts';
import { controlRows } from './control.ts';
import { integralRows } from './integral.ts';
import { transcendentalRows } from './transcendental.ts';
import { transferRows } from './transfer.ts';

export const x87Rows: readonly Row[] = [
  ...transferRows,
  ...arithmeticRows,
  ...integralRows,
  ...transcendentalRows,
  ...compareRows,
  ...controlRows,
];
