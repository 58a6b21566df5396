/**
 * What generated code counts, and of which it puts down one value in so many: a counter in the CPU state, and a ring of 64-bit
 * values in linear memory.
 */
import { LINEAR } from '../memory/layout.ts';
import type { PhysicalMemory } from '../memory/physical.ts';
import { STATE } from '../state.ts';
import { OP, TYPE } from '../wasm/opcodes.ts';
import type { FunctionWriter } from '../wasm/writer.ts';

const { i32 } = TYPE;
const TWO32 = 2 ** 32;
const ENTRY_BITS = 3;

export interface Ring {
  /** Address of the counter (u32), which goes round. */
  readonly counter: number;
  readonly start: number;
  readonly end: number;
  /** One in so many is put down; a power of two. */
  readonly period: number;
}

/** Where regions were left for accesses to large pages. */
export const LARGE_MISSES: Ring = {
  counter: STATE.largeMisses,
  start: LINEAR.largeRing,
  end: LINEAR.largeRingEnd,
  period: 256,
};

/** Where regions were left for the interpreter, neither for their budget nor for a miss of the TLB. */
export const LEAVES: Ring = { counter: STATE.leaves, start: LINEAR.leaveRing, end: LINEAR.leaveRingEnd, period: 16 };

/** Pushes one more than the state's field was, which becomes it. */
export const pushCounted = (f: FunctionWriter, field: number): void => {
  const count = f.local(i32);
  f.i32(0);
  f.memory(OP.i32Load, field);
  f.i32(1);
  f.op(OP.i32Add);
  f.set(count);
  f.i32(0);
  f.get(count);
  f.memory(OP.i32Store, field);
  f.get(count);
};

/** Counts, and may put down what `pushValue` pushes. */
export const noteSample = (f: FunctionWriter, { counter, start, end, period }: Ring, pushValue: () => void): void => {
  const count = f.local(i32);
  pushCounted(f, counter);
  f.set(count);
  f.get(count);
  f.i32(period - 1);
  f.op(OP.i32And);
  f.op(OP.i32Eqz);
  f.if();
  f.get(count);
  f.i32(Math.log2(period) - ENTRY_BITS);
  f.op(OP.i32ShrU);
  f.i32(end - start - (1 << ENTRY_BITS));
  f.op(OP.i32And);
  pushValue();
  f.memory(OP.i64Store, start);
  f.end();
};

/** Reads what was put down since it last did. */
export class SampleReader {
  readonly #ring: Ring;
  #seen = 0;

  constructor(ring: Ring) {
    this.#ring = ring;
  }

  /** Values that are there at least `votes` times among what is new; none where that is less than `least`. */
  frequent({ u32 }: PhysicalMemory, least: number, votes: number): number[] {
    const { counter, start, end, period } = this.#ring;
    const entries = (end - start) >> ENTRY_BITS;
    const samples = Math.floor(u32[counter / 4]! / period);
    const count = samples - this.#seen;
    this.#seen = samples;
    if (count < least) return [];
    const found = new Map<number, number>();
    for (let n = samples - Math.min(count, entries) + 1; n <= samples; n++) {
      const at = start / 4 + 2 * (n % entries);
      const value = u32[at]! + u32[at + 1]! * TWO32;
      found.set(value, (found.get(value) ?? 0) + 1);
    }
    return [...found].filter(([, n]) => n >= votes).map(([value]) => value);
  }
}
