/** Moves between XMM registers, memory and general registers (SDM Vol. 2, MOV*, MASKMOVDQU). */

import { REG } from '../../state.ts';
import type { Instruction, Operand } from '../instruction.ts';
import type { Ops } from '../ops.ts';
import { type Row, row, type Semantics } from '../row.ts';
import { vectorRows } from './forms.ts';
import { mergeScalar, requireAligned, scalar, threeOperands, writePacked } from './operands.ts';

const moveUnaligned: Semantics = (o, i) => writePacked(o, i, i.operands[0]!, o.readVectors(i.operands[1]!));

/** VEX or not, these want their memory operand aligned. */
const moveAligned: Semantics = (o, i) => {
  for (const op of i.operands) if (op.kind === 'mem') requireAligned(o, op);
  moveUnaligned(o, i);
};

/** MOVSS, MOVSD with memory: loading clears the rest of the register. */
const loadScalar =
  (w: 32 | 64): Semantics =>
  (o, i) =>
    writePacked(o, i, i.operands[0]!, [o.vectorFromInt(w, o.read(i.operands[1]!))]);

const storeScalar =
  (w: 32 | 64): Semantics =>
  (o, i) =>
    o.write(i.operands[0]!, scalar(o, w, i.operands[1]!));

/** MOVSS, MOVSD between registers: only the low lane moves. */
const moveScalar =
  (w: 32 | 64): Semantics =>
  (o, i) =>
    mergeScalar(o, i, w, scalar(o, w, threeOperands(i)[2]));

/** A lane of 64 bits replaces lane `to` of the first source. */
const mergeHalf = (to: 0 | 1, laneOf: <V, C, X>(o: Ops<V, C, X>, source: Operand) => V): Semantics => {
  return (o, i) => {
    const [destination, first, second] = threeOperands(i);
    const value = laneOf(o, second);
    writePacked(o, i, destination, [o.withLane(64, o.readVector(first), to, value)]);
  };
};

/** MOVLPS, MOVHPS and their pd twins: a 64-bit lane from memory. */
const loadHalf = (to: 0 | 1): Semantics => mergeHalf(to, (o, source) => o.read(source));

const storeHalf =
  (lane: 0 | 1): Semantics =>
  (o, i) =>
    o.write(i.operands[0]!, o.lane(64, o.readVector(i.operands[1]!), lane));

/** MOVHLPS, MOVLHPS: lane `from` of the source to lane `to`. */
const crossHalf = (to: 0 | 1, from: 0 | 1): Semantics =>
  mergeHalf(to, (o, source) => o.lane(64, o.readVector(source), from));

/** MOVD, MOVQ from a general register or memory. */
const fromGeneral =
  (w: 32 | 64): Semantics =>
  (o, i) =>
    writePacked(o, i, i.operands[0]!, [o.vectorFromInt(w, o.read(i.operands[1]!))]);

const toGeneral =
  (w: 32 | 64): Semantics =>
  (o, i) =>
    o.write(i.operands[0]!, o.lane(w, o.readVector(i.operands[1]!), 0));

/** MOVQ between XMM registers and memory: a register as destination has its upper part cleared. */
const moveQuad: Semantics = (o, i) => {
  const [destination, source] = i.operands;
  const value = scalar(o, 64, source!);
  if (destination!.kind === 'mem') o.write(destination, value);
  else writePacked(o, i, destination!, [o.vectorFromInt(64, value)]);
};

/** One bit for each of `lanes` lanes of a chunk. */
const moveMask =
  (name: 'i8x16.bitmask' | 'i32x4.bitmask' | 'i64x2.bitmask', lanes: number): Semantics =>
  (o, i) => {
    const masks = o.readVectors(i.operands[1]!).map((x) => o.simdMask(name, x));
    const all = masks.map((mask, n) => (n === 0 ? mask : o.shl(32, mask, o.int(32, n * lanes))));
    o.write(
      i.operands[0]!,
      all.reduce((a, b) => o.or(32, a, b)),
    );
  };

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

const avx = { wide: 'AVX' } as const;
const lig = { lig: true } as const;

/** MOVSS and MOVSD, whose VEX forms have a first source between registers only. */
const scalarMoves = (prefix: 'F3' | 'F2', mnemonic: string, w: 32 | 64): Row[] => {
  const s = w === 32 ? 'ss' : 'sd';
  return [
    ...vectorRows(`${prefix} 0F 10 /r`, mnemonic, `V${s},M${s}`, loadScalar(w), lig),
    ...vectorRows(`${prefix} 0F 10 /r`, mnemonic, `V${s},H${s},U${s}`, moveScalar(w), lig),
    ...vectorRows(`${prefix} 0F 11 /r`, mnemonic, `M${s},V${s}`, storeScalar(w), lig),
    ...vectorRows(`${prefix} 0F 11 /r`, mnemonic, `U${s},H${s},V${s}`, moveScalar(w), lig),
  ];
};

export const moveRows: readonly Row[] = [
  ...vectorRows('NP 0F 10 /r', 'MOVUPS', 'Vps,Wps', moveUnaligned, avx),
  ...vectorRows('66 0F 10 /r', 'MOVUPD', 'Vpd,Wpd', moveUnaligned, avx),
  ...vectorRows('NP 0F 11 /r', 'MOVUPS', 'Wps,Vps', moveUnaligned, avx),
  ...vectorRows('66 0F 11 /r', 'MOVUPD', 'Wpd,Vpd', moveUnaligned, avx),
  ...scalarMoves('F3', 'MOVSS', 32),
  ...scalarMoves('F2', 'MOVSD', 64),
  ...vectorRows('NP 0F 12 /r', 'MOVLPS', 'Vq,Hq,Mq', loadHalf(0)),
  ...vectorRows('NP 0F 12 /r', 'MOVHLPS', 'Vq,Hq,Uq', crossHalf(0, 1)),
  ...vectorRows('66 0F 12 /r', 'MOVLPD', 'Vq,Hq,Mq', loadHalf(0)),
  ...vectorRows('NP 0F 13 /r', 'MOVLPS', 'Mq,Vq', storeHalf(0)),
  ...vectorRows('66 0F 13 /r', 'MOVLPD', 'Mq,Vq', storeHalf(0)),
  ...vectorRows('NP 0F 16 /r', 'MOVHPS', 'Vdq,Hdq,Mq', loadHalf(1)),
  ...vectorRows('NP 0F 16 /r', 'MOVLHPS', 'Vdq,Hdq,Uq', crossHalf(1, 0)),
  ...vectorRows('66 0F 16 /r', 'MOVHPD', 'Vdq,Hdq,Mq', loadHalf(1)),
  ...vectorRows('NP 0F 17 /r', 'MOVHPS', 'Mq,Vq', storeHalf(1)),
  ...vectorRows('66 0F 17 /r', 'MOVHPD', 'Mq,Vq', storeHalf(1)),
  ...vectorRows('NP 0F 28 /r', 'MOVAPS', 'Vps,Wps', moveAligned, avx),
  ...vectorRows('66 0F 28 /r', 'MOVAPD', 'Vpd,Wpd', moveAligned, avx),
  ...vectorRows('NP 0F 29 /r', 'MOVAPS', 'Wps,Vps', moveAligned, avx),
  ...vectorRows('66 0F 29 /r', 'MOVAPD', 'Wpd,Vpd', moveAligned, avx),
  ...vectorRows('NP 0F 2B /r', 'MOVNTPS', 'Mps,Vps', moveAligned, avx),
  ...vectorRows('66 0F 2B /r', 'MOVNTPD', 'Mpd,Vpd', moveAligned, avx),
  ...vectorRows('NP 0F 50 /r', 'MOVMSKPS', 'Gd,Ups', moveMask('i32x4.bitmask', 4), avx),
  ...vectorRows('66 0F 50 /r', 'MOVMSKPD', 'Gd,Upd', moveMask('i64x2.bitmask', 2), avx),
  ...vectorRows('66 REX.W0 0F 6E /r', 'MOVD', 'Vd,Ed', fromGeneral(32)),
  ...vectorRows('66 REX.W 0F 6E /r', 'MOVQ', 'Vq,Eq', fromGeneral(64)),
  ...vectorRows('66 0F 6F /r', 'MOVDQA', 'Vx,Wx', moveAligned, avx),
  ...vectorRows('F3 0F 6F /r', 'MOVDQU', 'Vx,Wx', moveUnaligned, avx),
  ...vectorRows('66 REX.W0 0F 7E /r', 'MOVD', 'Ed,Vd', toGeneral(32)),
  ...vectorRows('66 REX.W 0F 7E /r', 'MOVQ', 'Eq,Vq', toGeneral(64)),
  ...vectorRows('F3 0F 7E /r', 'MOVQ', 'Vq,Wq', moveQuad),
  ...vectorRows('66 0F 7F /r', 'MOVDQA', 'Wx,Vx', moveAligned, avx),
  ...vectorRows('F3 0F 7F /r', 'MOVDQU', 'Wx,Vx', moveUnaligned, avx),
  row('NP 0F C3 /r', 'MOVNTI', 'My,Gy', moveGeneral),
  ...vectorRows('66 0F D6 /r', 'MOVQ', 'Wq,Vq', moveQuad),
  ...vectorRows('66 0F D7 /r', 'PMOVMSKB', 'Gd,Ux', moveMask('i8x16.bitmask', 16), { wide: 'AVX2' }),
  ...vectorRows('66 0F E7 /r', 'MOVNTDQ', 'Mx,Vx', moveAligned, avx),
  ...vectorRows('66 0F F7 /r', 'MASKMOVDQU', 'Vdq,Udq', maskmovdqu),
];
