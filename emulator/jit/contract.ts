/** What regions and the runtime have agreed on; see also `interpreter/contract.ts`. */
import { TYPE } from '../wasm/opcodes.ts';
import type { Signature } from '../wasm/writer.ts';

const { i32, i64, v128 } = TYPE;

/** What is known of an instruction's accesses to memory, by bits. */
export const MARK = {
  /** They are to large pages (`interpreter/large.ts`). */
  large: 1,
  /** They share no look at the TLB with later ones (`plan.ts`): together they reach into two pages. */
  apart: 2,
} as const;

/** `MARK` bits of the instruction at an address. */
export type Marks = (address: number) => number;

/**
 * What regions import. Each function ends in a vector that means nothing: for every module V8 compiles, with its optimizing
 * compiler, how the functions that it imports are called if they turn out to be JavaScript's, but not those that cannot be for
 * their signatures. That was four fifths of the time in which the module of a region is made.
 */
export const LEAVE = {
  /** (target, remaining) -> exit code: the interpreter's `jump`, without a link. */
  jump: { params: [i64, i32, v128], results: [i32] },
  /**
   * (kind, a, b, result of flags; rip, remaining) -> exit code: the interpreter goes on at rip, and executes at least the
   * instruction there.
   */
  leave: { params: [i32, i64, i64, i64, i64, i32, v128], results: [i32] },
  /** (rip behind it, remaining) -> exit code: SYSCALL, with registers and flags stored. */
  syscall: { params: [i64, i32, v128], results: [i32] },
  /** (record, remaining, tag slot) -> exit code: it is not known whether the region is good in this address space. */
  unproven: { params: [i32, i32, i32, v128], results: [i32] },
} as const satisfies Record<string, Signature>;
