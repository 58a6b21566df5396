/** Moves to and from MMX registers, conversions of floats, and EMMS (SDM Vol. 2). */
import { REG } from '../../state.ts';
import type { Instruction, Operand } from '../instruction.ts';
import type { FloatConversion, Ops } from '../ops.ts';
import { type Row, row, type Semantics } from '../row.ts';
import { immediateOf, requireAligned } from '../sse/operands.ts';
import { enter, fromMmx, toMmx, wait, widened } from './state.ts';

const emms: Semantics = (o) => {
  wait(o);
  o.call('enterMmx', o.int(64, 0));
};

const load32 = toMmx((o, value) => o.zeroExtend(32, 64, value));
const load64 = toMmx((_, value) => value);
const store32 = fromMmx(32, (o, value) => o.truncate(64, 32, value));
const store64 = fromMmx(64, (_, value) => value);

const pinsrw: Semantics = (o, i) => {
  const [destination, source] = i.operands;
  wait(o);
  const from = o.read(source!);
  enter(o);
  const value = source!.kind === 'reg' ? o.truncate(source.width, 16, from) : from;
  const inserted = o.withLane(16, widened(o, o.read(destination!)), immediateOf(i) & 3, value);
  o.write(destination!, o.lane(64, inserted, 0));
};

/** A general register receives what an operation makes of an MMX register. */
const toGeneral =
  (operation: <V, C, X>(o: Ops<V, C, X>, a: X, i: Instruction) => V): Semantics =>
  (o, i) => {
    wait(o);
    enter(o);
    o.write(i.operands[0]!, operation(o, widened(o, o.read(i.operands[1]!)), i));
  };

const pextrw = toGeneral((o, a, i) => o.zeroExtend(16, 32, o.lane(16, a, immediateOf(i) & 3)));
const pmovmskb = toGeneral((o, a) => o.simdMask('i8x16.bitmask', a));

/** MASKMOVQ: all 8 bytes must be writable even where the mask keeps them. */
const maskmovq: Semantics = (o, i) => {
  wait(o);
  const rdi = o.zeroExtend(i.addressSize, 64, o.register(i.addressSize, REG.rdi));
  const address = o.add(64, rdi, o.segmentBase(i.segment));
  // The registers are entered even if memory then faults (so on AMD).
  enter(o);
  const old = o.loadForWrite(64, address);
  const mask = widened(o, o.read(i.operands[1]!));
  const chosen = o.lane(64, o.simd2('i8x16.gt_s', o.vectorConstant(0n, 0n), mask), 0);
  const data = o.and(64, o.read(i.operands[0]!), chosen);
  o.store(64, address, o.or(64, o.and(64, old, o.not(64, chosen)), data));
};

/** MOVQ2DQ: the rest of the vector register is cleared. */
const toVector: Semantics = (o, i) => {
  wait(o);
  enter(o);
  o.writeVector(i.operands[0]!, widened(o, o.read(i.operands[1]!)));
};

const fromVector: Semantics = (o, i) => {
  wait(o);
  enter(o);
  o.write(i.operands[0]!, o.lane(64, o.readVector(i.operands[1]!), 0));
};

/** Two integers as a vector; taking them from memory leaves the x87 alone (so on AMD; SDM Vol. 2A says it of CVTPI2PD). */
const integers = <V, C, X>(o: Ops<V, C, X>, source: Operand): X => {
  if (source.kind !== 'mem') {
    wait(o);
    enter(o);
  }
  return widened(o, o.read(source));
};

/** CVTPI2PS replaces two lanes of a vector register. */
const cvtpi2ps: Semantics = (o, i) => {
  const [destination, source] = i.operands;
  const converted = o.floatVectorConvert('f32.i32', 2, [integers(o, source!)])[0]!;
  o.writeVector(destination!, o.withLane(64, o.readVector(destination!), 0, o.lane(64, converted, 0)));
};

const cvtpi2pd: Semantics = (o, i) =>
  o.writeVector(i.operands[0]!, o.floatVectorConvert('f64.i32', 2, [integers(o, i.operands[1]!)])[0]!);

/** CVTPS2PI, CVTPD2PI and their truncating twins. */
const toIntegers =
  (name: FloatConversion, w: 32 | 64): Semantics =>
  (o, i) => {
    const [destination, source] = i.operands;
    wait(o);
    let from = null;
    if (source!.kind === 'mem') {
      if (w === 64) requireAligned(o, source);
      from = w === 64 ? o.readVector(source) : widened(o, o.read(source));
    } else from = o.readVector(source!);
    enter(o);
    const converted = o.floatVectorConvert(name, 2, [from])[0]!;
    o.write(destination!, o.lane(64, converted, 0));
  };

const byImmediate = { immediateInForm: true } as const;

export const moveRows: readonly Row[] = [
  row('NP 0F 2A /r', 'CVTPI2PS', 'Vq,Qq', cvtpi2ps),
  row('66 0F 2A /r', 'CVTPI2PD', 'Vpd,Qq', cvtpi2pd),
  row('NP 0F 2C /r', 'CVTTPS2PI', 'Pq,Wq', toIntegers('i32t.f32', 32)),
  row('66 0F 2C /r', 'CVTTPD2PI', 'Pq,Wpd', toIntegers('i32t.f64', 64)),
  row('NP 0F 2D /r', 'CVTPS2PI', 'Pq,Wq', toIntegers('i32.f32', 32)),
  row('66 0F 2D /r', 'CVTPD2PI', 'Pq,Wpd', toIntegers('i32.f64', 64)),
  row('NP REX.W0 0F 6E /r', 'MOVD', 'Pq,Ed', load32),
  row('NP REX.W 0F 6E /r', 'MOVQ', 'Pq,Eq', load64),
  row('NP 0F 6F /r', 'MOVQ', 'Pq,Qq', load64),
  row('NP 0F 77', 'EMMS', '', emms),
  row('NP REX.W0 0F 7E /r', 'MOVD', 'Ed,Pq', store32),
  row('NP REX.W 0F 7E /r', 'MOVQ', 'Eq,Pq', store64),
  row('NP 0F 7F /r', 'MOVQ', 'Qq,Pq', store64),
  row('NP 0F C4 /r ib', 'PINSRW', 'Pq,Mw,Ib', pinsrw, byImmediate),
  row('NP 0F C4 /r ib', 'PINSRW', 'Pq,Rd,Ib', pinsrw, byImmediate),
  row('NP 0F C5 /r ib', 'PEXTRW', 'Gd,Nq,Ib', pextrw, byImmediate),
  row('F3 0F D6 /r', 'MOVQ2DQ', 'Vdq,Nq', toVector),
  row('F2 0F D6 /r', 'MOVDQ2Q', 'Pq,Uq', fromVector),
  row('NP 0F D7 /r', 'PMOVMSKB', 'Gd,Nq', pmovmskb),
  row('NP 0F E7 /r', 'MOVNTQ', 'Mq,Pq', store64),
  row('NP 0F F7 /r', 'MASKMOVQ', 'Pq,Nq', maskmovq),
];
