/**
 * Masked moves: only lanes whose mask has its sign bit set touch memory, so the others cannot fault (SDM Vol. 2C, VMASKMOV,
 * VPMASKMOV). Their alignment is never checked (so on AMD).
 */
import type { MemoryOperand, Operand } from '../instruction.ts';
import type { Ops } from '../ops.ts';
import { type Row, row, type Semantics } from '../row.ts';

interface Lane<V, C> {
  readonly chunk: number;
  /** Number within the chunk. */
  readonly n: number;
  readonly chosen: C;
  readonly address: V;
}

/** The lanes of the mask, lowest first, with the addresses of their elements; and whether all are chosen and on one page. */
function lanesOf<V, C, X>(
  o: Ops<V, C, X>,
  w: 32 | 64,
  op: MemoryOperand,
  mask: readonly X[],
): { lanes: Lane<V, C>[]; together: C } {
  const perChunk = 128 / w;
  const base = o.linearAddress(op);
  const bits = mask.map((x) => o.simdMask(w === 32 ? 'i32x4.bitmask' : 'i64x2.bitmask', x));
  const lanes = bits.flatMap((chosen, chunk) =>
    Array.from({ length: perChunk }, (_, n) => ({
      chunk,
      n,
      chosen: o.bit(32, chosen, n),
      address: o.add(64, base, o.int(64, (chunk * 128 + n * w) / 8)),
    })),
  );
  const chosen = bits.map((mine) => o.eq(32, mine, o.int(32, 2 ** perChunk - 1))).reduce((a, b) => o.both(a, b));
  const pageOffset = o.and(64, base, o.int(64, 4095));
  const together = o.both(chosen, o.ltU(64, pageOffset, o.int(64, 4097 - mask.length * 16)));
  return { lanes, together };
}

function memoryOf(op: Operand): MemoryOperand {
  if (op.kind !== 'mem') throw new Error('a masked move without memory');
  return op;
}

/** VMASKMOVPS, VPMASKMOVD and their 64-bit twins from memory: lanes that are not chosen become zeros. */
export const maskedLoad =
  (w: 32 | 64): Semantics =>
  (o, i) => {
    const op = memoryOf(i.operands[2]!);
    const { lanes, together } = lanesOf(o, w, op, o.readVectors(i.operands[1]!));
    const zero = o.vectorConstant(0n, 0n);
    const results =
      i.vectorLength === 128 ? [o.vectorVariable(zero)] : [o.vectorVariable(zero), o.vectorVariable(zero)];
    const loadAll = () => {
      for (const [n, value] of o.readVectors(op).entries()) results[n]!.set(value);
    };
    const loadLanes = () => {
      for (const { chunk, n, chosen, address } of lanes) {
        const result = results[chunk]!;
        o.if(chosen, () => result.set(o.withLane(w, result.get(), n, o.load(w, address))));
      }
    };
    o.unaligned(() => o.if(together, loadAll, loadLanes));
    o.writeVectors(
      i.operands[0]!,
      results.map((result) => result.get()),
    );
  };

/** The same to memory: all chosen lanes are stored, or on a fault none. */
export const maskedStore =
  (w: 32 | 64): Semantics =>
  (o, i) => {
    const op = memoryOf(i.operands[0]!);
    const values = o.readVectors(i.operands[2]!);
    const { lanes, together } = lanesOf(o, w, op, o.readVectors(i.operands[1]!));
    const storeLanes = () => {
      for (const { chosen, address } of lanes) o.if(chosen, () => o.probeWrite(w / 8, address));
      for (const { chunk, n, chosen, address } of lanes) {
        o.if(chosen, () => o.store(w, address, o.lane(w, values[chunk]!, n)));
      }
    };
    o.unaligned(() => o.if(together, () => o.writeVectors(op, values), storeLanes));
  };

const AVX = { feature: 'AVX' } as const;

const both = (opcode: string, mnemonic: string, operands: string, semantics: Semantics): Row[] =>
  ['128', '256'].map((length) => row(`VEX.${length}.66.0F38.W0 ${opcode} /r`, mnemonic, operands, semantics, AVX));

export const maskedRows: readonly Row[] = [
  ...both('2C', 'VMASKMOVPS', 'Vx,Hx,Mx', maskedLoad(32)),
  ...both('2D', 'VMASKMOVPD', 'Vx,Hx,Mx', maskedLoad(64)),
  ...both('2E', 'VMASKMOVPS', 'Mx,Hx,Vx', maskedStore(32)),
  ...both('2F', 'VMASKMOVPD', 'Mx,Hx,Vx', maskedStore(64)),
];
