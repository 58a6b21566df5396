/**
 * Vector instructions come in up to three encodings of one meaning: legacy (two operands, 128 bits), VEX.128 and VEX.256
 * (three operands). They are declared once.
 */
import type { Feature } from '../features.ts';
import { type Row, type RowOptions, row, type Semantics } from '../row.ts';

export interface Forms extends Omit<RowOptions, 'feature'> {
  /** Asked for by the legacy form: nothing for SSE and SSE2. `null` where there is none. */
  readonly legacy?: Feature | null;
  /** Asked for by VEX.128. AVX if nothing is said. */
  readonly vex?: Feature | readonly Feature[];
  /** Asked for by VEX.256, which is not there if nothing is said. */
  readonly wide?: Feature | readonly Feature[];
  /** Operands of VEX.256 where widths do not just follow VEX.L. */
  readonly wideOperands?: string;
  /** VEX.L is ignored: scalars. */
  readonly lig?: boolean;
  /** VEX.W, if the legacy encoding does not tell: ignored if nothing is said. */
  readonly w?: 'W0' | 'W1' | 'WIG';
}

const LEGACY = /^(?:(NP|66|F3|F2) )?(?:(REX\.W0?) )?0F(?: (38|3A))? (.*)$/;
const W_OF = { 'REX.W': 'W1', 'REX.W0': 'W0' } as const;

/**
 * The rows of an instruction, from its legacy encoding and its VEX operands: `66 0F FC /r`, PADDB, `Vx,Hx,Wx` and
 * `{ wide: 'AVX2' }` give
 *
 *   66 0F FC /r                 PADDB    Vx,Wx
 *   VEX.128.66.0F.WIG FC /r     VPADDB   Vx,Hx,Wx    AVX
 *   VEX.256.66.0F.WIG FC /r     VPADDB   Vx,Hx,Wx    AVX2
 *
 * The function finds its operands by `threeOperands` and writes by `writePacked` (`operands.ts`). Throws an Error for an
 * encoding that has no VEX counterpart.
 */
export const vectorRows = (
  encoding: string,
  mnemonic: string,
  operands: string,
  semantics: Semantics,
  { legacy, vex = 'AVX', wide, wideOperands = operands, lig = false, w, ...options }: Forms = {},
): Row[] => {
  const match = LEGACY.exec(encoding);
  if (match === null) throw new Error(`'${encoding}' has no VEX counterpart`);
  const [, prefix, rexW, map = '', rest] = match;
  const vexW = w ?? (rexW === undefined ? 'WIG' : W_OF[rexW as keyof typeof W_OF]);
  const pp = prefix === undefined || prefix === 'NP' ? '' : `.${prefix}`;
  const vexRow = (length: string, codes: string, feature: Feature | readonly Feature[]): Row =>
    row(`VEX.${length}${pp}.0F${map}.${vexW} ${rest}`, `V${mnemonic}`, codes, semantics, { ...options, feature });
  const rows: Row[] = [];
  if (legacy !== null) {
    const codes = operands.split(',').filter((code) => !code.startsWith('H'));
    rows.push(row(encoding, mnemonic, codes.join(','), semantics, legacy ? { ...options, feature: legacy } : options));
  }
  rows.push(vexRow(lig ? 'LIG' : '128', operands, vex));
  if (wide !== undefined) rows.push(vexRow('256', wideOperands, wide));
  return rows;
};
