/** SSE4.2 (SDM Vol. 2, CRC32, PCMPESTR*, PCMPGTQ, PCMPISTR*). */
import { REG } from '../../state.ts';
import type { Instruction } from '../instruction.ts';
import type { Ops } from '../ops.ts';
import { type Row, row, type Semantics } from '../row.ts';
import { crc32 } from './crc32.ts';
import { vectorRows } from './forms.ts';
import { zeros } from './lanes.ts';
import { immediateOf, isVex, vector2 } from './operands.ts';
import {
  compareStrings,
  countedText,
  matchIndex,
  matchMask,
  setStringFlags,
  stringControl,
  terminatedText,
} from './strings.ts';

/** Lengths are in rAX and rDX, of 64 bits with REX.W, or end at a zero; the result goes to ECX or XMM0. Any alignment. */
const comparison =
  (lengths: 'explicit' | 'implicit', result: 'index' | 'mask'): Semantics =>
  <V, C, X>(o: Ops<V, C, X>, i: Instruction) => {
    const control = stringControl(immediateOf(i));
    const [first, second] = i.operands.slice(0, 2).map((op) => o.readVector(op)) as [X, X];
    const w = i.operandSize === 64 ? 64 : 32;
    const text = (elements: X, length: number) =>
      lengths === 'explicit'
        ? countedText(o, control, elements, w, o.register(w, length))
        : terminatedText(o, control, elements);
    const [a, b] = [text(first, REG.rax), text(second, REG.rdx)];
    const matches = compareStrings(o, control, a, b);
    if (result === 'index') {
      o.setRegister(32, REG.rcx, matchIndex(o, control, matches));
    } else {
      o.setVectorRegister(0, matchMask(o, control, matches));
      if (isVex(i)) o.setVectorUpper(0, zeros(o));
    }
    setStringFlags(o, control, a, b, matches);
  };

const strings = (opcode: string, mnemonic: string, semantics: Semantics): Row[] =>
  vectorRows(`66 0F 3A ${opcode} /r ib`, mnemonic, 'Vdq,Wdq,Ib', semantics, {
    legacy: 'SSE4_2',
    immediateInForm: true,
  });

export const sse42Rows: readonly Row[] = [
  ...vectorRows(
    '66 0F 38 37 /r',
    'PCMPGTQ',
    'Vx,Hx,Wx',
    vector2((o, a, b) => o.simd2('i64x2.gt_s', a, b)),
    { legacy: 'SSE4_2', wide: 'AVX2' },
  ),
  ...strings('60', 'PCMPESTRM', comparison('explicit', 'mask')),
  ...strings('61', 'PCMPESTRI', comparison('explicit', 'index')),
  ...strings('62', 'PCMPISTRM', comparison('implicit', 'mask')),
  ...strings('63', 'PCMPISTRI', comparison('implicit', 'index')),
  row('F2 0F 38 F0 /r', 'CRC32', 'Gy,Eb', crc32, { feature: 'SSE4_2' }),
  row('F2 0F 38 F1 /r', 'CRC32', 'Gy,Ev', crc32, { feature: 'SSE4_2' }),
];
