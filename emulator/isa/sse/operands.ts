/**
 * How vector instructions reach their operands, legacy and VEX alike: the alignment rule, two and three operands, scalars in
 * the low lane, integers in vectors.
 */
import type { Instruction, MemoryOperand, Operand } from '../instruction.ts';
import { type Ops, VECTOR } from '../ops.ts';
import type { Semantics } from '../row.ts';

/** Whether the instruction has a VEX prefix: then its sources need no alignment, and writing clears what is above. */
export const isVex = (i: Instruction): boolean => i.row.encoding.startsWith('VEX');

/** Destination and two sources; the first source of a legacy form is its destination. */
export function threeOperands(i: Instruction): readonly [Operand, Operand, Operand] {
  const [destination, first, second] = i.operands;
  return isVex(i) ? [destination!, first!, second!] : [destination!, destination!, first!];
}

/** #GP unless the memory operand is a multiple of its own size. */
export function requireAligned<V, C, X>(o: Ops<V, C, X>, op: MemoryOperand): void {
  const low = o.and(64, o.linearAddress(op), o.int(64, op.width / 8 - 1));
  o.raiseIf(o.negate(o.isZero(64, low)), VECTOR.GP);
}

/** A 128-bit source; in memory it must be aligned, as all legacy SSE forms but the unaligned moves want it. */
export function alignedVector<V, C, X>(o: Ops<V, C, X>, op: Operand): X {
  if (op.kind === 'mem') requireAligned(o, op);
  return o.readVector(op);
}

/** The chunks of a vector source; in memory it must be aligned for legacy forms. */
export function readPacked<V, C, X>(o: Ops<V, C, X>, i: Instruction, op: Operand): X[] {
  if (op.kind === 'mem' && !isVex(i)) requireAligned(o, op);
  return o.readVectors(op);
}

/** Writes a vector as the encoding does: VEX clears the rest of a register, legacy forms keep its upper half. */
export function writePacked<V, C, X>(o: Ops<V, C, X>, i: Instruction, op: Operand, values: readonly X[]): void {
  if (isVex(i)) o.writeVectors(op, values);
  else o.writeVector(op, values[0]!);
}

/** A scalar source: the low lane of a register, or memory of just that width. */
export function scalar<V, C, X>(o: Ops<V, C, X>, w: 32 | 64, op: Operand): V {
  return op.kind === 'vector' ? o.lane(w, o.readVector(op), 0) : o.read(op);
}

/** A source that fills no chunk or just one: 64 bits with the rest zero, or 128; memory is read no further. */
export function lowPart<V, C, X>(o: Ops<V, C, X>, i: Instruction, op: Operand): X[] {
  if (op.kind === 'vector') return [o.readVector(op)];
  return op.width < 128 ? [o.vectorFromInt(op.width as 32 | 64, o.read(op))] : readPacked(o, i, op);
}

/** The destination becomes the first source with its low lane replaced. */
export function mergeScalar<V, C, X>(o: Ops<V, C, X>, i: Instruction, w: 32 | 64, value: V): void {
  const [destination, first] = threeOperands(i);
  writePacked(o, i, destination, [o.withLane(w, o.readVector(first), 0, value)]);
}

/** destination = operation(first, second), chunk by chunk, of which `n` is the number. */
export function vector2(operation: <V, C, X>(o: Ops<V, C, X>, a: X, b: X, i: Instruction, n: number) => X): Semantics {
  return vectors2((o, a, b, i) => a.map((x, n) => operation(o, x, b[n]!, i, n)));
}

/** destination = operation(source), chunk by chunk. */
export function vector1(operation: <V, C, X>(o: Ops<V, C, X>, a: X, i: Instruction, n: number) => X): Semantics {
  return vectors1((o, a, i) => a.map((x, n) => operation(o, x, i, n)));
}

/** destination = operation(first, second) on all chunks at once: floats, whose exceptions belong together. */
export function vectors2(
  operation: <V, C, X>(o: Ops<V, C, X>, a: readonly X[], b: readonly X[], i: Instruction) => X[],
): Semantics {
  return (o, i) => {
    const [destination, first, second] = threeOperands(i);
    const b = readPacked(o, i, second);
    writePacked(o, i, destination, operation(o, o.readVectors(first), b, i));
  };
}

/** destination = operation(source) on all chunks at once. */
export function vectors1(operation: <V, C, X>(o: Ops<V, C, X>, a: readonly X[], i: Instruction) => X[]): Semantics {
  return (o, i) => writePacked(o, i, i.operands[0]!, operation(o, readPacked(o, i, i.operands[1]!), i));
}

/** The immediate of a row marked `immediateInForm`. */
export function immediateOf(i: Instruction): number {
  const op = i.operands.at(-1)!;
  if (op.kind !== 'imm') throw new Error(`${i.row.mnemonic} has no immediate`);
  return Number(op.value);
}
