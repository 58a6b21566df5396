/** MOVBE (SDM Vol. 2B): a load or store with the bytes in the opposite order. */
import { type Row, row, type Semantics } from '../row.ts';
import { operand, reverseBytes, widthOf } from './common.ts';

const movbe: Semantics = (o, i) => {
  const target = operand(i.operands, 0);
  o.write(target, reverseBytes(o, widthOf(target), o.read(operand(i.operands, 1))));
};

/** 66 is an operand size, but F2 makes CRC32 of these opcodes and F3 nothing: so the sizes are rows. */
const movbeRows = (prefixes: string, size: 'w' | 'd' | 'q'): Row[] => [
  row(`${prefixes} 0F 38 F0 /r`, 'MOVBE', `G${size},M${size}`, movbe, { feature: 'MOVBE' }),
  row(`${prefixes} 0F 38 F1 /r`, 'MOVBE', `M${size},G${size}`, movbe, { feature: 'MOVBE' }),
];

export const bigEndianMoves: readonly Row[] = [
  ...movbeRows('66 REX.W0', 'w'),
  ...movbeRows('NP REX.W0', 'd'),
  ...movbeRows('NP REX.W', 'q'),
  ...movbeRows('66 REX.W', 'q'),
];
