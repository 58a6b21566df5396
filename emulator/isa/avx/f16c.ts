/** F16C: half precision as a format of storage (SDM Vol. 2C, VCVTPH2PS, VCVTPS2PH). */
import type { IntegralRounding } from '../ops.ts';
import { type Row, row, type Semantics } from '../row.ts';
import { immediateOf, lowPart } from '../sse/operands.ts';

const fromHalf: Semantics = (o, i) => {
  const [destination, source] = i.operands;
  o.writeVectors(destination!, o.floatVectorConvert('f32.f16', i.vectorLength / 32, lowPart(o, i, source!)));
};

const ROUNDINGS: readonly IntegralRounding[] = ['nearest', 'down', 'up', 'zero'];

/** The immediate says how to round, or that MXCSR does. A fault of the store comes before those of the conversion. */
const toHalf: Semantics = (o, i) => {
  const [destination, source] = i.operands;
  const immediate = immediateOf(i);
  const rounding = immediate & 4 ? 'mxcsr' : ROUNDINGS[immediate & 3]!;
  if (destination!.kind === 'mem') o.probeWrite(destination.width / 8, o.linearAddress(destination));
  const halves = o.floatVectorConvert('f16.f32', i.vectorLength / 32, o.readVectors(source!), rounding);
  if (destination!.kind === 'mem' && destination.width === 64) o.write(destination, o.lane(64, halves[0]!, 0));
  else o.writeVectors(destination!, halves);
};

const F16C = { feature: 'F16C' } as const;
const F16C_BY_IMMEDIATE = { feature: 'F16C', immediateInForm: true } as const;

export const f16cRows: readonly Row[] = [
  row('VEX.128.66.0F38.W0 13 /r', 'VCVTPH2PS', 'Vx,Wq', fromHalf, F16C),
  row('VEX.256.66.0F38.W0 13 /r', 'VCVTPH2PS', 'Vx,Wdq', fromHalf, F16C),
  row('VEX.128.66.0F3A.W0 1D /r ib', 'VCVTPS2PH', 'Wq,Vx,Ib', toHalf, F16C_BY_IMMEDIATE),
  row('VEX.256.66.0F3A.W0 1D /r ib', 'VCVTPS2PH', 'Wdq,Vx,Ib', toHalf, F16C_BY_IMMEDIATE),
];
