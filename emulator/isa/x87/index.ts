/** The x87 without its transcendental functions: they have no rows, so CPUID does not announce an FPU. */
import type { Row } from '../row.ts';
import { arithmeticRows } from './arithmetic.ts';
import { compareRows } from './compare.ts';
import { controlRows } from './control.ts';
import { integralRows } from './integral.ts';
import { transferRows } from './transfer.ts';

export const x87Rows: readonly Row[] = [
  ...transferRows,
  ...arithmeticRows,
  ...integralRows,
  ...compareRows,
  ...controlRows,
];
