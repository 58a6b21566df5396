/** SSE4.1's moves of single lanes (SDM Vol. 2, EXTRACTPS, INSERTPS, PEXTR*, PINSR*). */
import type { Width } from '../instruction.ts';
import type { Row, Semantics } from '../row.ts';
import { type Forms, vectorRows } from './forms.ts';
import { lanesBytes, zeros } from './lanes.ts';
import { immediateOf, threeOperands, writePacked } from './operands.ts';

const FORMS = { legacy: 'SSE4_1', immediateInForm: true } as const satisfies Forms;

/** As many of the immediate's low bits count as there are lanes. */
const extract =
  (w: Width): Semantics =>
  (o, i) => {
    const [destination, source] = i.operands;
    const lane = o.lane(w, o.readVector(source!), immediateOf(i) & (128 / w - 1));
    o.write(destination!, o.zeroExtend(w, destination!.width as Width, lane));
  };

const insert =
  (w: Width): Semantics =>
  (o, i) => {
    const [destination, first, source] = threeOperands(i);
    const value = o.truncate(source.width as Width, w, o.read(source));
    const lane = immediateOf(i) & (128 / w - 1);
    writePacked(o, i, destination, [o.withLane(w, o.readVector(first), lane, value)]);
  };

/** A lane of a register, chosen by bits 7:6, or memory goes to the lane of bits 5:4; bits 3:0 say which lanes become zero. */
const insertps: Semantics = (o, i) => {
  const [destination, first, source] = threeOperands(i);
  const control = immediateOf(i);
  const value = source.kind === 'mem' ? o.read(source) : o.lane(32, o.readVector(source), control >> 6);
  const merged = o.withLane(32, o.readVector(first), (control >> 4) & 3, value);
  const kept = [0, 1, 2, 3].map((n) => ((control >> n) & 1 ? 4 : n));
  writePacked(o, i, destination, [o.shuffle(merged, zeros(o), lanesBytes(4, kept))]);
};

export const insertRows: readonly Row[] = [
  ...vectorRows('66 0F 3A 14 /r ib', 'PEXTRB', 'Rd/Mb,Vdq,Ib', extract(8), FORMS),
  ...vectorRows('66 0F 3A 15 /r ib', 'PEXTRW', 'Rd/Mw,Vdq,Ib', extract(16), FORMS),
  ...vectorRows('66 REX.W0 0F 3A 16 /r ib', 'PEXTRD', 'Ed,Vdq,Ib', extract(32), FORMS),
  ...vectorRows('66 REX.W 0F 3A 16 /r ib', 'PEXTRQ', 'Eq,Vdq,Ib', extract(64), FORMS),
  ...vectorRows('66 0F 3A 17 /r ib', 'EXTRACTPS', 'Ed,Vdq,Ib', extract(32), FORMS),
  ...vectorRows('66 0F 3A 20 /r ib', 'PINSRB', 'Vdq,Hdq,Rd/Mb,Ib', insert(8), FORMS),
  ...vectorRows('66 0F 3A 21 /r ib', 'INSERTPS', 'Vdq,Hdq,Wd,Ib', insertps, FORMS),
  ...vectorRows('66 REX.W0 0F 3A 22 /r ib', 'PINSRD', 'Vdq,Hdq,Ed,Ib', insert(32), FORMS),
  ...vectorRows('66 REX.W 0F 3A 22 /r ib', 'PINSRQ', 'Vdq,Hdq,Eq,Ib', insert(64), FORMS),
];
