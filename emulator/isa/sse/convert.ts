/** Conversions between floats and integers, scalar and packed (SDM Vol. 2, CVT*). */
import type { FloatConversion } from '../ops.ts';
import { type Row, row, type Semantics } from '../row.ts';
import { alignedVector, lowHalf, scalar, writeScalar } from './operands.ts';

/** CVTSI2SS, CVTSI2SD: the integer is 32 or 64 bits wide as REX.W says. */
const fromInteger =
  (to: 'f32' | 'f64', w: 32 | 64): Semantics =>
  (o, i) => {
    const [destination, source] = i.operands;
    const name: FloatConversion = source!.width === 64 ? `${to}.i64` : `${to}.i32`;
    writeScalar(o, w, destination!, o.floatConvert(name, o.read(source!)));
  };

const toInteger =
  (from: 'f32' | 'f64', w: 32 | 64, truncate: boolean): Semantics =>
  (o, i) => {
    const [destination, source] = i.operands;
    const wide = destination!.width === 64;
    const name: FloatConversion = truncate
      ? wide
        ? `i64t.${from}`
        : `i32t.${from}`
      : wide
        ? `i64.${from}`
        : `i32.${from}`;
    o.write(destination!, o.floatConvert(name, scalar(o, w, source!)));
  };

const between =
  (name: 'f64.f32' | 'f32.f64', from: 32 | 64, to: 32 | 64): Semantics =>
  (o, i) =>
    writeScalar(o, to, i.operands[0]!, o.floatConvert(name, scalar(o, from, i.operands[1]!)));

const packed =
  (name: FloatConversion, lanes: number): Semantics =>
  (o, i) =>
    o.writeVector(i.operands[0]!, o.floatVectorConvert(name, lanes, alignedVector(o, i.operands[1]!)));

/** Two lanes of 32 bits become two of 64: only 64 bits are read. */
const widening =
  (name: FloatConversion): Semantics =>
  (o, i) =>
    o.writeVector(i.operands[0]!, o.floatVectorConvert(name, 2, lowHalf(o, i.operands[1]!)));

export const convertRows: readonly Row[] = [
  row('F3 0F 2A /r', 'CVTSI2SS', 'Vss,Ey', fromInteger('f32', 32)),
  row('F2 0F 2A /r', 'CVTSI2SD', 'Vsd,Ey', fromInteger('f64', 64)),
  row('F3 0F 2C /r', 'CVTTSS2SI', 'Gy,Wss', toInteger('f32', 32, true)),
  row('F2 0F 2C /r', 'CVTTSD2SI', 'Gy,Wsd', toInteger('f64', 64, true)),
  row('F3 0F 2D /r', 'CVTSS2SI', 'Gy,Wss', toInteger('f32', 32, false)),
  row('F2 0F 2D /r', 'CVTSD2SI', 'Gy,Wsd', toInteger('f64', 64, false)),
  row('NP 0F 5A /r', 'CVTPS2PD', 'Vpd,Wq', widening('f64.f32')),
  row('66 0F 5A /r', 'CVTPD2PS', 'Vps,Wpd', packed('f32.f64', 2)),
  row('F3 0F 5A /r', 'CVTSS2SD', 'Vsd,Wss', between('f64.f32', 32, 64)),
  row('F2 0F 5A /r', 'CVTSD2SS', 'Vss,Wsd', between('f32.f64', 64, 32)),
  row('NP 0F 5B /r', 'CVTDQ2PS', 'Vps,Wdq', packed('f32.i32', 4)),
  row('66 0F 5B /r', 'CVTPS2DQ', 'Vdq,Wps', packed('i32.f32', 4)),
  row('F3 0F 5B /r', 'CVTTPS2DQ', 'Vdq,Wps', packed('i32t.f32', 4)),
  row('66 0F E6 /r', 'CVTTPD2DQ', 'Vdq,Wpd', packed('i32t.f64', 2)),
  row('F3 0F E6 /r', 'CVTDQ2PD', 'Vpd,Wq', widening('f64.i32')),
  row('F2 0F E6 /r', 'CVTPD2DQ', 'Vdq,Wpd', packed('i32.f64', 2)),
];
