/** Moves between XMM registers, memory and general registers (SDM Vol. 2, MOV*, MASKMOVDQU). */

import { REG } from '../../state.ts';
import type { Instruction } from '../instruction.ts';
import { type Ops, VECTOR } from '../ops.ts';
import { type Row, row, type Semantics } from '../row.ts';
import { alignedVector, mergeScalar, requireAligned, scalar } from './operands.ts';

const moveUnaligned: Semantics = (o, i) => o.writeVector(i.operands[0]!, o.readVector(i.operands[1]!));

const moveAligned: Semantics = (o, i) => {
  const [destination, source] = i.operands;
  const value = alignedVector(o, source!);
  if (destination!.kind === 'mem') requireAligned(o, destination);
  o.writeVector(destination!, value);
};

/** MOVSS, MOVSD: loading from memory clears the rest of the register, moving between registers does not. */
const moveScalar =
  (w: 32 | 64): Semantics =>
  (o, i) => {
    const [destination, source] = i.operands;
    const value = scalar(o, w, source!);
    if (destination!.kind === 'mem') o.write(destination, value);
    else if (source!.kind === 'mem') o.writeVector(destination!, o.vectorFromInt(w, value));
    else mergeScalar(o, i, w, value);
  };

/** MOVLPS, MOVHPS and their pd twins: a 64-bit lane from memory. */
const loadHalf =
  (lane: 0 | 1): Semantics =>
  (o, i) => {
    const [destination, source] = i.operands;
    const value = o.read(source!);
    o.writeVector(destination!, o.withLane(64, o.readVector(destination!), lane, value));
  };

const storeHalf =
  (lane: 0 | 1): Semantics =>
  (o, i) =>
    o.write(i.operands[0]!, o.lane(64, o.readVector(i.operands[1]!), lane));

/** MOVHLPS, MOVLHPS: lane `from` of the source to lane `to` of the destination. */
const crossHalf =
  (to: 0 | 1, from: 0 | 1): Semantics =>
  (o, i) => {
    const [destination, source] = i.operands;
    const value = o.lane(64, o.readVector(source!), from);
    o.writeVector(destination!, o.withLane(64, o.readVector(destination!), to, value));
  };

/** MOVD, MOVQ from a general register or memory. */
const fromGeneral =
  (w: 32 | 64): Semantics =>
  (o, i) =>
    o.writeVector(i.operands[0]!, o.vectorFromInt(w, o.read(i.operands[1]!)));

const toGeneral =
  (w: 32 | 64): Semantics =>
  (o, i) =>
    o.write(i.operands[0]!, o.lane(w, o.readVector(i.operands[1]!), 0));

/** MOVQ between XMM registers and memory: a register as destination has its upper half cleared. */
const moveQuad: Semantics = (o, i) => {
  const [destination, source] = i.operands;
  const value = scalar(o, 64, source!);
  if (destination!.kind === 'mem') o.write(destination, value);
  else o.writeVector(destination!, o.vectorFromInt(64, value));
};

const moveMask =
  (name: 'i8x16.bitmask' | 'i32x4.bitmask' | 'i64x2.bitmask'): Semantics =>
  (o, i) =>
    o.write(i.operands[0]!, o.simdMask(name, o.readVector(i.operands[1]!)));

const moveGeneral: Semantics = (o, i) => o.write(i.operands[0]!, o.read(i.operands[1]!));

/** MASKMOVDQU: the whole 16 bytes must be writable even where the mask keeps them. */
function maskmovdqu<V, C, X>(o: Ops<V, C, X>, i: Instruction): void {
  const rdi = o.zeroExtend(i.addressSize, 64, o.register(i.addressSize, REG.rdi));
  const address = o.add(64, rdi, o.segmentBase(i.segment));
  const upper = o.add(64, address, o.int(64, 8));
  const old = [o.loadForWrite(64, address), o.loadForWrite(64, upper)];
  const chosen = o.simd2('i8x16.gt_s', o.vectorConstant(0n, 0n), o.readVector(i.operands[1]!));
  const data = o.simd2('v128.and', o.readVector(i.operands[0]!), chosen);
  for (const [n, at] of [address, upper].entries()) {
    const kept = o.and(64, old[n]!, o.not(64, o.lane(64, chosen, n)));
    o.store(64, at, o.or(64, kept, o.lane(64, data, n)));
  }
}

/** MOVNTPS, MOVNTPD, MOVNTDQ. */
const storeAligned: Semantics = (o, i) => {
  const [destination, source] = i.operands;
  if (destination!.kind !== 'mem') return o.raise(VECTOR.UD);
  requireAligned(o, destination);
  o.writeVector(destination, o.readVector(source!));
};

export const moveRows: readonly Row[] = [
  row('NP 0F 10 /r', 'MOVUPS', 'Vps,Wps', moveUnaligned),
  row('66 0F 10 /r', 'MOVUPD', 'Vpd,Wpd', moveUnaligned),
  row('F3 0F 10 /r', 'MOVSS', 'Vss,Wss', moveScalar(32)),
  row('F2 0F 10 /r', 'MOVSD', 'Vsd,Wsd', moveScalar(64)),
  row('NP 0F 11 /r', 'MOVUPS', 'Wps,Vps', moveUnaligned),
  row('66 0F 11 /r', 'MOVUPD', 'Wpd,Vpd', moveUnaligned),
  row('F3 0F 11 /r', 'MOVSS', 'Wss,Vss', moveScalar(32)),
  row('F2 0F 11 /r', 'MOVSD', 'Wsd,Vsd', moveScalar(64)),
  row('NP 0F 12 /r', 'MOVLPS', 'Vq,Mq', loadHalf(0)),
  row('NP 0F 12 /r', 'MOVHLPS', 'Vq,Uq', crossHalf(0, 1)),
  row('66 0F 12 /r', 'MOVLPD', 'Vq,Mq', loadHalf(0)),
  row('NP 0F 13 /r', 'MOVLPS', 'Mq,Vq', storeHalf(0)),
  row('66 0F 13 /r', 'MOVLPD', 'Mq,Vq', storeHalf(0)),
  row('NP 0F 16 /r', 'MOVHPS', 'Vdq,Mq', loadHalf(1)),
  row('NP 0F 16 /r', 'MOVLHPS', 'Vdq,Uq', crossHalf(1, 0)),
  row('66 0F 16 /r', 'MOVHPD', 'Vdq,Mq', loadHalf(1)),
  row('NP 0F 17 /r', 'MOVHPS', 'Mq,Vq', storeHalf(1)),
  row('66 0F 17 /r', 'MOVHPD', 'Mq,Vq', storeHalf(1)),
  row('NP 0F 28 /r', 'MOVAPS', 'Vps,Wps', moveAligned),
  row('66 0F 28 /r', 'MOVAPD', 'Vpd,Wpd', moveAligned),
  row('NP 0F 29 /r', 'MOVAPS', 'Wps,Vps', moveAligned),
  row('66 0F 29 /r', 'MOVAPD', 'Wpd,Vpd', moveAligned),
  row('NP 0F 2B /r', 'MOVNTPS', 'Mps,Vps', storeAligned),
  row('66 0F 2B /r', 'MOVNTPD', 'Mpd,Vpd', storeAligned),
  row('NP 0F 50 /r', 'MOVMSKPS', 'Gd,Ups', moveMask('i32x4.bitmask')),
  row('66 0F 50 /r', 'MOVMSKPD', 'Gd,Upd', moveMask('i64x2.bitmask')),
  row('66 REX.W0 0F 6E /r', 'MOVD', 'Vd,Ed', fromGeneral(32)),
  row('66 REX.W 0F 6E /r', 'MOVQ', 'Vq,Eq', fromGeneral(64)),
  row('66 0F 6F /r', 'MOVDQA', 'Vdq,Wdq', moveAligned),
  row('F3 0F 6F /r', 'MOVDQU', 'Vdq,Wdq', moveUnaligned),
  row('66 REX.W0 0F 7E /r', 'MOVD', 'Ed,Vd', toGeneral(32)),
  row('66 REX.W 0F 7E /r', 'MOVQ', 'Eq,Vq', toGeneral(64)),
  row('F3 0F 7E /r', 'MOVQ', 'Vq,Wq', moveQuad),
  row('66 0F 7F /r', 'MOVDQA', 'Wdq,Vdq', moveAligned),
  row('F3 0F 7F /r', 'MOVDQU', 'Wdq,Vdq', moveUnaligned),
  row('NP 0F C3 /r', 'MOVNTI', 'My,Gy', moveGeneral),
  row('66 0F D6 /r', 'MOVQ', 'Wq,Vq', moveQuad),
  row('66 0F D7 /r', 'PMOVMSKB', 'Gd,Udq', moveMask('i8x16.bitmask')),
  row('66 0F E7 /r', 'MOVNTDQ', 'Mdq,Vdq', storeAligned),
  row('66 0F F7 /r', 'MASKMOVDQU', 'Vdq,Udq', maskmovdqu),
];
