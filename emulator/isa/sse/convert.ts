/** Conversions between floats and integers, scalar and packed (SDM Vol. 2, CVT*). */
import type { FloatConversion } from '../ops.ts';
import type { Row, Semantics } from '../row.ts';
import { vectorRows } from './forms.ts';
import { lowPart, mergeScalar, readPacked, scalar, threeOperands, writePacked } from './operands.ts';

/** CVTSI2SS, CVTSI2SD: the integer is 32 or 64 bits wide as REX.W says. */
const fromInteger =
  (to: 'f32' | 'f64', w: 32 | 64): Semantics =>
  (o, i) => {
    const source = threeOperands(i)[2];
    const name: FloatConversion = source.width === 64 ? `${to}.i64` : `${to}.i32`;
    mergeScalar(o, i, w, o.floatConvert(name, o.read(source)));
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
    mergeScalar(o, i, to, o.floatConvert(name, scalar(o, from, threeOperands(i)[2])));

/** Lanes of `w` bits, the wider of both sides, as many as the vector length holds. */
const packed =
  (name: FloatConversion, w: 32 | 64): Semantics =>
  (o, i) => {
    const [destination, source] = i.operands;
    writePacked(o, i, destination!, o.floatVectorConvert(name, i.vectorLength / w, readPacked(o, i, source!)));
  };

/** Lanes of 32 bits become lanes of 64: only half a vector is read. */
const widening =
  (name: FloatConversion): Semantics =>
  (o, i) => {
    const [destination, source] = i.operands;
    writePacked(o, i, destination!, o.floatVectorConvert(name, i.vectorLength / 64, lowPart(o, i, source!)));
  };

const lig = { lig: true } as const;
const wide = { wide: 'AVX' } as const;
const widens = { wide: 'AVX', wideOperands: 'Vpd,Wdq' } as const;

export const convertRows: readonly Row[] = [
  ...vectorRows('F3 0F 2A /r', 'CVTSI2SS', 'Vss,Hss,Ey', fromInteger('f32', 32), lig),
  ...vectorRows('F2 0F 2A /r', 'CVTSI2SD', 'Vsd,Hsd,Ey', fromInteger('f64', 64), lig),
  ...vectorRows('F3 0F 2C /r', 'CVTTSS2SI', 'Gy,Wss', toInteger('f32', 32, true), lig),
  ...vectorRows('F2 0F 2C /r', 'CVTTSD2SI', 'Gy,Wsd', toInteger('f64', 64, true), lig),
  ...vectorRows('F3 0F 2D /r', 'CVTSS2SI', 'Gy,Wss', toInteger('f32', 32, false), lig),
  ...vectorRows('F2 0F 2D /r', 'CVTSD2SI', 'Gy,Wsd', toInteger('f64', 64, false), lig),
  ...vectorRows('NP 0F 5A /r', 'CVTPS2PD', 'Vpd,Wq', widening('f64.f32'), widens),
  ...vectorRows('66 0F 5A /r', 'CVTPD2PS', 'Vdq,Wpd', packed('f32.f64', 64), wide),
  ...vectorRows('F3 0F 5A /r', 'CVTSS2SD', 'Vsd,Hsd,Wss', between('f64.f32', 32, 64), lig),
  ...vectorRows('F2 0F 5A /r', 'CVTSD2SS', 'Vss,Hss,Wsd', between('f32.f64', 64, 32), lig),
  ...vectorRows('NP 0F 5B /r', 'CVTDQ2PS', 'Vps,Wx', packed('f32.i32', 32), wide),
  ...vectorRows('66 0F 5B /r', 'CVTPS2DQ', 'Vx,Wps', packed('i32.f32', 32), wide),
  ...vectorRows('F3 0F 5B /r', 'CVTTPS2DQ', 'Vx,Wps', packed('i32t.f32', 32), wide),
  ...vectorRows('66 0F E6 /r', 'CVTTPD2DQ', 'Vdq,Wpd', packed('i32t.f64', 64), wide),
  ...vectorRows('F3 0F E6 /r', 'CVTDQ2PD', 'Vpd,Wq', widening('f64.i32'), widens),
  ...vectorRows('F2 0F E6 /r', 'CVTPD2DQ', 'Vdq,Wpd', packed('i32.f64', 64), wide),
];
