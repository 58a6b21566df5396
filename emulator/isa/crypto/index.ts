/** AES-NI, PCLMULQDQ and the SHA extensions. */
import type { Row } from '../row.ts';
import { aesRows } from './aes.ts';
import { clmulRows } from './clmul.ts';
import { shaRows } from './sha.ts';

export const cryptoRows: readonly Row[] = [...aesRows, ...clmulRows, ...shaRows];
