/**
 * What generated code, the runtime and TypeScript have agreed on: signatures, exit codes, fixed table entries.
 */
import { TYPE } from '../wasm/opcodes.ts';
import type { Signature } from '../wasm/writer.ts';

const { i32, i64 } = TYPE;

/** Signature of every instruction function: record, remaining budget -> exit code. */
export const HANDLER: Signature = { params: [i32, i32], results: [i32] };

/** Signatures of the runtime's functions, by their import names. */
export const RUNTIME = {
  /** (address) -> byte offset in linear memory of that byte for reading, or -1 with the fault recorded. */
  translateRead: { params: [i64], results: [i32] },
  translateWrite: { params: [i64], results: [i32] },
  /** (address, bytes) -> value; on a fault `faultPending` is 1. */
  loadSlow: { params: [i64, i32], results: [i64] },
  /** (address, bytes, value): on a fault nothing is written and `faultPending` is 1. */
  storeSlow: { params: [i64, i32, i64], results: [] },
  /** (address, bytes) -> byte offset for writing, 0 if the range crosses a page (all of it is writable), -1 on a fault. */
  probeWrite: { params: [i64, i32], results: [i32] },
  /** (target, remaining, address of the link field or 0) -> exit code: goes on at a block, or leaves. */
  jump: { params: [i64, i32, i32], results: [i32] },
} as const satisfies Record<string, Signature>;

/** Exit codes of generated code. rip is stored only where it says so. */
export const EXIT = {
  /** Budget too small for the block at rip (stored). */
  budget: 0,
  /** No block known at rip (stored); `currentRecord` is the address of a link field to fill in, or 0. */
  resolve: 1,
  /** SYSCALL executed, rip stored. */
  syscall: 2,
  /** Fault at `currentRecord`: not executed. */
  fault: 3,
  /** Trap at `currentRecord`: executed, rip stored. */
  trap: 4,
  /** The instruction at `currentRecord` was executed and rip is stored; look around before going on. */
  look: 5,
  /** The record at `currentRecord` is stale, and not executed. */
  stale: 6,
  /** The block at rip (stored) was entered so often that it is worth translating. */
  hot: 7,
  /** A region was left: the instruction at rip (stored) is the interpreter's. */
  interpret: 8,
  /** The region that stands in `currentRecord` was not entered: its pages may not be mapped as they were; see `regionSlot`. */
  unproven: 9,
  /** A region under observation was left for the address in rip (stored). */
  left: 10,
  /** A region was left at rip (stored) with no more than `REST` instructions, where there are more to be had. */
  rest: 11,
  /** A region executed SYSCALL; rip is stored, and `remaining` does not count on anything behind it. */
  regionSyscall: 12,
} as const;

/** Generated code gets more instructions when it has no more than so many left: no region needs more at once. */
export const REST = 512;

/** Table indices of the fixed functions. */
export const FIXED_HANDLER = {
  /** Pseudo-record at the end of a block that goes on in the next: follows the `taken` link to `immediate`. */
  goOn: 1,
  /** Pseudo-record at the end of a scratch block: leaves with rip = `immediate`, budget used up. */
  stop: 2,
  /** A record that was overwritten because its bytes changed. */
  stale: 3,
} as const;
export const FIRST_FREE_HANDLER = 4;
