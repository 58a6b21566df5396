/** How SSE instructions reach their operands: the alignment rule, scalars in the low lane, integers in vectors. */
import type { Instruction, MemoryOperand, Operand } from '../instruction.ts';
import { type Ops, VECTOR } from '../ops.ts';
import type { Semantics } from '../row.ts';

/** #GP unless a 16-byte memory operand is aligned, as all legacy SSE forms but the unaligned moves want it. */
export function requireAligned<V, C, X>(o: Ops<V, C, X>, op: MemoryOperand): void {
  const low = o.and(64, o.linearAddress(op), o.int(64, 15));
  o.raiseIf(o.negate(o.isZero(64, low)), VECTOR.GP);
}

/** A 128-bit source; in memory it must be aligned. */
export function alignedVector<V, C, X>(o: Ops<V, C, X>, op: Operand): X {
  if (op.kind === 'mem') requireAligned(o, op);
  return o.readVector(op);
}

/** A scalar source: the low lane of a register, or memory of just that width. */
export function scalar<V, C, X>(o: Ops<V, C, X>, w: 32 | 64, op: Operand): V {
  return op.kind === 'vector' ? o.lane(w, o.readVector(op), 0) : o.read(op);
}

/** The low 64 bits of a vector source, the rest zero; memory is read no further. */
export function lowHalf<V, C, X>(o: Ops<V, C, X>, op: Operand): X {
  return op.kind === 'vector' ? o.readVector(op) : o.vectorFromInt(64, o.read(op));
}

/** Replaces the low lane of a vector register. */
export function writeScalar<V, C, X>(o: Ops<V, C, X>, w: 32 | 64, op: Operand, value: V): void {
  o.writeVector(op, o.withLane(w, o.readVector(op), 0, value));
}

/** destination = operation(destination, source) on whole vectors. */
export function vector2(operation: <V, C, X>(o: Ops<V, C, X>, a: X, b: X, i: Instruction) => X): Semantics {
  return (o, i) => {
    const [destination, source] = i.operands;
    const b = alignedVector(o, source!);
    o.writeVector(destination!, operation(o, o.readVector(destination!), b, i));
  };
}

/** destination = operation(source) on whole vectors. */
export function vector1(operation: <V, C, X>(o: Ops<V, C, X>, a: X, i: Instruction) => X): Semantics {
  return (o, i) => o.writeVector(i.operands[0]!, operation(o, alignedVector(o, i.operands[1]!), i));
}

/** The immediate of a row marked `immediateInForm`. */
export function immediateOf(i: Instruction): number {
  const op = i.operands.at(-1)!;
  if (op.kind !== 'imm') throw new Error(`${i.row.mnemonic} has no immediate`);
  return Number(op.value);
}
