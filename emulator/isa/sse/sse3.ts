/** SSE3 on vectors (SDM Vol. 2, ADDSUB*, HADD*, HSUB*, LDDQU, MOVDDUP, MOVSHDUP, MOVSLDUP). */
import type { FloatBinary } from '../ops.ts';
import type { Row, Semantics } from '../row.ts';
import { vectorRows } from './forms.ts';
import { evenLanes, lanesBytes, oddLanes } from './lanes.ts';
import { lowPart, vector1, vectors2, writePacked } from './operands.ts';

const AVX = { legacy: 'SSE3', wide: 'AVX' } as const;
const FORMS = [
  ['66', 'PD', 64],
  ['F2', 'PS', 32],
] as const;

const addSubtract: Row[] = FORMS.flatMap(([prefix, suffix, w]) =>
  vectorRows(
    `${prefix} 0F D0 /r`,
    `ADDSUB${suffix}`,
    'Vx,Hx,Wx',
    vectors2((o, a, b) => o.floatVector2('addsub', w, a, b)),
    AVX,
  ),
);

/** Even lanes with the odd ones beside them, of the first source and then of the second. */
const horizontal = (opcode: string, mnemonic: string, name: FloatBinary): Row[] =>
  FORMS.flatMap(([prefix, suffix, w]) => {
    const [even, odd] = [evenLanes(w / 8), oddLanes(w / 8)];
    const semantics = vectors2((o, a, b) => {
      const pick = (lanes: readonly number[]) => a.map((x, n) => o.shuffle(x, b[n]!, lanes));
      return o.floatVector2(name, w, pick(even), pick(odd));
    });
    return vectorRows(`${prefix} 0F ${opcode} /r`, mnemonic + suffix, 'Vx,Hx,Wx', semantics, AVX);
  });

const duplicate = (encoding: string, mnemonic: string, lanes: readonly number[]): Row[] => {
  const bytes = lanesBytes(4, lanes);
  return vectorRows(
    encoding,
    mnemonic,
    'Vx,Wx',
    vector1((o, a) => o.shuffle(a, a, bytes)),
    AVX,
  );
};

/** At 128 bits it reads 64. */
const movddup: Semantics = (o, i) => {
  const source = i.operands[1]!;
  const chunks = source.width === 64 ? lowPart(o, i, source) : o.readVectors(source);
  const bytes = lanesBytes(8, [0, 0]);
  writePacked(
    o,
    i,
    i.operands[0]!,
    chunks.map((x) => o.shuffle(x, x, bytes)),
  );
};

const lddqu: Semantics = (o, i) => writePacked(o, i, i.operands[0]!, o.readVectors(i.operands[1]!));

export const sse3Rows: readonly Row[] = [
  ...vectorRows('F2 0F 12 /r', 'MOVDDUP', 'Vx,Wq', movddup, { ...AVX, wideOperands: 'Vx,Wx' }),
  ...duplicate('F3 0F 12 /r', 'MOVSLDUP', [0, 0, 2, 2]),
  ...duplicate('F3 0F 16 /r', 'MOVSHDUP', [1, 1, 3, 3]),
  ...horizontal('7C', 'HADD', 'add'),
  ...horizontal('7D', 'HSUB', 'sub'),
  ...addSubtract,
  ...vectorRows('F2 0F F0 /r', 'LDDQU', 'Vx,Mx', lddqu, AVX),
];
