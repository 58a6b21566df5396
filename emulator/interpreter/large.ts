/**
 * Large pages: 2 MiB of which all pages are present with frames that lie side by side in linear memory, as those of big anonymous
 * mappings do. Guests see nothing of it. One entry of a small table, which stays in the host's nearest cache, then translates what
 * takes 512 of the TLB's own.
 *
 * Invariants:
 *  - An entry is as one of the TLB, for 2 MiB; it lies where bits 29:21 of an address say.
 *  - All pages of an entry are accessed, those of a write entry dirty and writable, and their frames without decoded code.
 *  - It goes with the first of its pages that changes (`tlb.ts`).
 *
 * Entries are made where the TLB misses. Code that looks at them (`jit/emit/memory.ts`) is made for instructions that miss the
 * TLB with addresses in large pages; some of those are put down in a ring.
 */
import { LARGE_BITS, LARGE_SHIFT, LINEAR, PAGE_SHIFT, TLB_ENTRY_BITS } from '../memory/layout.ts';
import { PTE } from '../memory/paging.ts';
import { STATE } from '../state.ts';
import { OP, TYPE } from '../wasm/opcodes.ts';
import type { FunctionWriter, ModuleWriter, Signature } from '../wasm/writer.ts';
import { fillEntry, pushMiss } from './look.ts';
import { LARGE_MISSES, noteSample, pushCounted } from './samples.ts';

const { i32, i64 } = TYPE;

const LARGE_SIZE = 1 << LARGE_SHIFT;
/** Bits of an address or frame below those of a large page. */
const WITHIN = LARGE_SIZE - 1;
const PAGE_MASK = -(1 << PAGE_SHIFT);

/** One look in so many at pages that might make up a large one: it takes as long as a few hundred misses, and may be for nothing. */
const TRIES = 16;
/** The table for large pages that goes with one for small ones. */
export const largeTable = (table: number): number => (table === LINEAR.tlbRead ? LINEAR.largeRead : LINEAR.largeWrite);

/** Pushes the offset in a table of the entry for the address in local `address`. */
const pushLargeSlot = (f: FunctionWriter, address: number): void => {
  f.get(address);
  f.op(OP.i32WrapI64);
  f.i32(LARGE_SHIFT - TLB_ENTRY_BITS);
  f.op(OP.i32ShrU);
  f.i32(((1 << LARGE_BITS) - 1) << TLB_ENTRY_BITS);
  f.op(OP.i32And);
};

/** Finds the entry for the address in local `address`, leaves it in `slot`, and pushes 1 if it does not translate all of the access. */
export const pushLargeMiss = (f: FunctionWriter, table: number, slot: number, address: number, bytes: number): void => {
  pushLargeSlot(f, address);
  f.set(slot);
  pushMiss(f, largeTable(table), slot, address, bytes, LARGE_SIZE);
};

/** Counts a miss for an address in a large page, if a region was left for it, and may put down where. */
export const noteLargeMiss = (f: FunctionWriter): void => {
  pushLeftAt(f);
  f.i64(0n);
  f.op(OP.i64Ne);
  f.if();
  noteSample(f, LARGE_MISSES, () => pushLeftAt(f));
  f.end();
};

/** If a region was left, it was for a miss of the TLB: that happens once for each page, and is not counted as leaving. */
export const forgetLeave = (f: FunctionWriter): void => {
  pushLeftAt(f);
  f.i64(0n);
  f.op(OP.i64Ne);
  f.if();
  f.i32(0);
  f.i32(0);
  f.memory(OP.i32Load, STATE.leaves);
  f.i32(1);
  f.op(OP.i32Sub);
  f.memory(OP.i32Store, STATE.leaves);
  // A miss of the interpreter's own is not to be taken for another one there.
  f.i32(0);
  f.i64(0n);
  f.memory(OP.i64Store, STATE.leftAt);
  f.end();
};

const pushLeftAt = (f: FunctionWriter): void => {
  f.i32(0);
  f.memory(OP.i64Load, STATE.leftAt);
};

/** (address, byte offset of the page's table entry, byte offset of its frame) */
export const FILL_LARGE: Signature = { params: [i64, i32, i32], results: [] };

/** Leaves the function if the value on the stack is not 0. */
const returnIf = (f: FunctionWriter): void => {
  f.if();
  f.op(OP.return);
  f.end();
};

/** Adds the function that makes an entry, if the pages around one are a large one. */
export const addFillLarge = (m: ModuleWriter, write: boolean): void => {
  const f = m.function(FILL_LARGE, write ? 'fillLargeWrite' : 'fillLargeRead');
  const [address, entry, frame] = [0, 1, 2];
  const table = write ? LINEAR.largeWrite : LINEAR.largeRead;
  const bits = PTE.present | PTE.accessed | (write ? PTE.write | PTE.dirty : 0);
  const first = f.local(i32);
  const wanted = f.local(i32);
  const slot = f.local(i32);
  pushCounted(f, STATE.largeTries);
  f.i32(TRIES - 1);
  f.op(OP.i32And);
  returnIf(f);
  f.get(frame);
  f.i32(~WITHIN);
  f.op(OP.i32And);
  f.set(first);
  f.get(first);
  f.i32(bits);
  f.op(OP.i32Or);
  f.set(wanted);
  f.get(entry);
  f.i32(PAGE_MASK);
  f.op(OP.i32And);
  f.set(entry);
  f.loop();
  f.get(entry);
  f.memory(OP.i32Load);
  f.i32(PAGE_MASK | bits);
  f.op(OP.i32And);
  f.get(wanted);
  f.op(OP.i32Ne);
  returnIf(f);
  f.get(wanted);
  f.i32(1 << PAGE_SHIFT);
  f.op(OP.i32Add);
  f.set(wanted);
  f.get(entry);
  f.i32(8);
  f.op(OP.i32Add);
  f.set(entry);
  f.get(entry);
  f.i32(~PAGE_MASK);
  f.op(OP.i32And);
  f.brIf(0);
  f.end();
  if (write) {
    // Flags of the frames, eight at once.
    f.get(first);
    f.i32(PAGE_SHIFT);
    f.op(OP.i32ShrU);
    f.set(entry);
    f.loop();
    f.get(entry);
    f.memory(OP.i64Load, LINEAR.frameFlags);
    f.i64(0n);
    f.op(OP.i64Ne);
    returnIf(f);
    f.get(entry);
    f.i32(8);
    f.op(OP.i32Add);
    f.set(entry);
    f.get(entry);
    f.i32(WITHIN >>> PAGE_SHIFT);
    f.op(OP.i32And);
    f.brIf(0);
    f.end();
  }
  pushLargeSlot(f, address);
  f.set(slot);
  fillEntry(f, table, slot, address, first, LARGE_SIZE);
  f.i32(0);
  f.i32(1);
  f.memory(OP.i32Store, STATE.largeFilled);
};

/** Pushes 1 if a page's frame (byte offset in local `frame`) lies where it does in a large page. */
export const pushMayBeLarge = (f: FunctionWriter, address: number, frame: number): void => {
  f.get(frame);
  f.get(address);
  f.op(OP.i32WrapI64);
  f.op(OP.i32Xor);
  f.i32(WITHIN & PAGE_MASK);
  f.op(OP.i32And);
  f.op(OP.i32Eqz);
};
