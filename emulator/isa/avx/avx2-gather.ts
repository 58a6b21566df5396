/**
 * AVX2's gathers (SDM Vol. 2C, VGATHER*, VPGATHER*): elements at a vector of indices, where a mask has its sign bits set.
 *
 * They alone keep what was done before a fault: elements are loaded from the lowest on, each one loaded has its lane in
 * the destination and zero in the mask, and the instruction begins again where it stopped. Alignment is never checked.
 */
import type { Instruction, Operand } from '../instruction.ts';
import type { Ops, Variable } from '../ops.ts';
import { type Row, row, type Semantics } from '../row.ts';

const chunksOf = <V, C, X>(o: Ops<V, C, X>, op: Operand): Variable<X>[] =>
  o.readVectors(op).map((x) => o.vectorVariable(x));
const values = <X>(chunks: readonly Variable<X>[]): X[] => chunks.map((chunk) => chunk.get());

/** Indices of `indexWidth` bits; a shorter vector of them or of elements limits the number. */
const gather =
  (indexWidth: 32 | 64): Semantics =>
  <V, C, X>(o: Ops<V, C, X>, i: Instruction) => {
    const [destination, memory, mask] = i.operands;
    if (memory!.kind !== 'mem') throw new Error('a gather without memory');
    const w = memory!.width as 32 | 64;
    const indices = o.vsibIndex(memory!);
    const [result, left] = [chunksOf(o, destination!), chunksOf(o, mask!)];
    const [perChunk, perIndexChunk] = [128 / w, 128 / indexWidth];
    const count = Math.min(result.length * perChunk, indices.length * perIndexChunk);
    const zero = o.int(w, 0);
    /** Upper halves change at the end only. */
    const keepProgress = () => {
      for (const [op, chunks] of [
        [destination!, result],
        [mask!, left],
      ] as const) {
        if (chunks.length === 1) o.writeVector(op, chunks[0]!.get());
        else o.writeVectors(op, values(chunks));
      }
    };
    o.unaligned(() => {
      for (let n = 0; n < count; n++) {
        const [to, still] = [result[Math.floor(n / perChunk)]!, left[Math.floor(n / perChunk)]!];
        const lane = n % perChunk;
        const number = o.lane(indexWidth, indices[Math.floor(n / perIndexChunk)]!, n % perIndexChunk);
        o.if(o.isNegative(w, o.lane(w, still.get(), lane)), () => {
          if (n > 0) keepProgress();
          const value = o.load(w, o.vsibAddress(memory!, o.signExtend(indexWidth, 64, number)));
          to.set(o.withLane(w, to.get(), lane, value));
          o.partlyDone();
        });
        still.set(o.withLane(w, still.get(), lane, zero));
      }
    });
    const none = o.vectorConstant(0n, 0n);
    // Of a destination that is not filled, the rest becomes zero.
    const final = values(result);
    if (count < perChunk) final[0] = o.withLane(64, final[0]!, 1, o.int(64, 0));
    o.writeVectors(destination!, final);
    o.writeVectors(
      mask!,
      left.map(() => none),
    );
  };

const gathers = (opcode: string, d: string, q: string, indexWidth: 32 | 64): Row[] => {
  const semantics = gather(indexWidth);
  const one = (length: string, w: 'W0' | 'W1', mnemonic: string, vector: string, index: string): Row =>
    row(
      `VEX.${length}.66.0F38.${w} ${opcode} /r`,
      mnemonic,
      `V${vector},vm${indexWidth}${index},H${vector}`,
      semantics,
      {
        feature: 'AVX2',
      },
    );
  return indexWidth === 32
    ? [
        one('128', 'W0', d, 'dq', 'x'),
        one('256', 'W0', d, 'qq', 'y'),
        one('128', 'W1', q, 'dq', 'x'),
        one('256', 'W1', q, 'qq', 'x'),
      ]
    : [
        one('128', 'W0', d, 'dq', 'x'),
        one('256', 'W0', d, 'dq', 'y'),
        one('128', 'W1', q, 'dq', 'x'),
        one('256', 'W1', q, 'qq', 'y'),
      ];
};

export const avx2GatherRows: readonly Row[] = [
  ...gathers('90', 'VPGATHERDD', 'VPGATHERDQ', 32),
  ...gathers('91', 'VPGATHERQD', 'VPGATHERQQ', 64),
  ...gathers('92', 'VGATHERDPS', 'VGATHERDPD', 32),
  ...gathers('93', 'VGATHERQPS', 'VGATHERQPD', 64),
];
