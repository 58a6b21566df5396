/**
 * The MMX registers as instructions see them (SDM Vol. 1, 9.5): the low 64 bits of the x87's physical registers. Whatever
 * uses them first waits for a pending x87 exception, then makes TOP 0 and marks every register as in use; the state keeps
 * registers by their place in the stack, so with TOP at 0 MMn is found at ST(n).
 */
import type { Helper, HelperContext } from '../helper.ts';
import type { Instruction, MemoryOperand, Operand } from '../instruction.ts';
import { type Ops, VECTOR } from '../ops.ts';
import type { Semantics } from '../row.ts';
import { Fpu } from '../x87/fpu.ts';

/** Bit of the status word that tells of a pending exception. */
const ES = 7;
const TOP = 0x3800;
const ALL_VALID = 0xff;

/** #MF for a pending x87 exception, before anything else. */
export function wait<V, C, X>(o: Ops<V, C, X>): void {
  o.raiseIf(o.bit(16, o.x87Word('fsw'), ES), VECTOR.MF);
}

/** After this registers can be read and written, and no fault may follow. */
export function enter<V, C, X>(o: Ops<V, C, X>): void {
  const turned = o.ne(16, o.and(16, o.x87Word('fsw'), o.int(16, TOP)), o.int(16, 0));
  const untagged = o.ne(16, o.x87Word('ftw'), o.int(16, ALL_VALID));
  o.if(o.either(turned, untagged), () => {
    o.call('enterMmx', o.int(64, ALL_VALID));
  });
}

export const mmxHelpers = {
  /** TOP = 0, and the abridged tag word as given. */
  enterMmx(c: HelperContext, tags: bigint): bigint {
    new Fpu(c).top = 0;
    c.state.setWord('ftw', Number(tags));
    return 0n;
  },
} as const satisfies Record<string, Helper>;

/** A source of 64 bits: memory is read before the registers are entered. */
const source = <V, C, X>(o: Ops<V, C, X>, op: Operand): V => {
  if (op.kind !== 'mem') {
    enter(o);
    return o.read(op);
  }
  const value = o.read(op);
  enter(o);
  return value;
};

/** An MMX value, or half of one, as the low lane of a vector. */
export const widened = <V, C, X>(o: Ops<V, C, X>, value: V, w: 32 | 64 = 64): X => o.vectorFromInt(w, value);

/** What a function over vectors needs to be one over MMX registers: it sees the low halves and gives the low half. */
type Binary = <V, C, X>(o: Ops<V, C, X>, a: X, b: X, i: Instruction) => X;
type Unary = <V, C, X>(o: Ops<V, C, X>, a: X, i: Instruction) => X;

/** destination = operation(destination, source). */
export const mmx2 =
  (operation: Binary): Semantics =>
  (o, i) => {
    const [destination, second] = i.operands;
    wait(o);
    const b = source(o, second!);
    const a = o.read(destination!);
    const wide = widened(o, b, second!.width as 32 | 64);
    o.write(destination!, o.lane(64, operation(o, widened(o, a), wide, i), 0));
  };

/** destination = operation(source). */
export const mmx1 =
  (operation: Unary): Semantics =>
  (o, i) => {
    const [destination, second] = i.operands;
    wait(o);
    const value = source(o, second!);
    o.write(destination!, o.lane(64, operation(o, widened(o, value), i), 0));
  };

/** destination = operation(source) on integers; the source is a general register, memory, or an MMX register. */
export const toMmx =
  (operation: <V, C, X>(o: Ops<V, C, X>, value: V, i: Instruction) => V): Semantics =>
  (o, i) => {
    const [destination, second] = i.operands;
    wait(o);
    const value = source(o, second!);
    o.write(destination!, operation(o, value, i));
  };

/** destination = operation(MMX register); to memory, which may fault, before the state changes. */
export const fromMmx =
  (w: 32 | 64, operation: <V, C, X>(o: Ops<V, C, X>, value: V, i: Instruction) => V): Semantics =>
  (o, i) => {
    const [destination, register] = i.operands;
    wait(o);
    if (destination!.kind === 'mem') probeForWrite(o, w, destination);
    enter(o);
    o.write(destination!, operation(o, o.read(register!), i));
  };

/** Faults as a store would. */
const probeForWrite = <V, C, X>(o: Ops<V, C, X>, w: 32 | 64, op: MemoryOperand): void => {
  o.loadForWrite(w, o.linearAddress(op));
};
