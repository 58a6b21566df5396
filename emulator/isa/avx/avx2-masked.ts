/** VPMASKMOVD and VPMASKMOVQ: the integer twins of VMASKMOVPS and VMASKMOVPD. */
import { type Row, row, type Semantics } from '../row.ts';
import { maskedLoad, maskedStore } from './masked.ts';

const both = (encoding: string, mnemonic: string, operands: string, semantics: Semantics): Row[] =>
  ['128', '256'].map((length) =>
    row(`VEX.${length}.66.0F38.${encoding} /r`, mnemonic, operands, semantics, { feature: 'AVX2' }),
  );

export const avx2MaskedRows: readonly Row[] = [
  ...both('W0 8C', 'VPMASKMOVD', 'Vx,Hx,Mx', maskedLoad(32)),
  ...both('W1 8C', 'VPMASKMOVQ', 'Vx,Hx,Mx', maskedLoad(64)),
  ...both('W0 8E', 'VPMASKMOVD', 'Mx,Hx,Vx', maskedStore(32)),
  ...both('W1 8E', 'VPMASKMOVQ', 'Mx,Hx,Vx', maskedStore(64)),
];
