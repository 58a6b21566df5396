/** What is done alike to the entries of all TLB tables, for small and for large pages; `translate.ts` says what they are. */
import { OP } from '../wasm/opcodes.ts';
import type { FunctionWriter } from '../wasm/writer.ts';

/** Pushes 1 if an entry, at `slot` (local) in a table for pages of `size` bytes, does not translate all of an access. */
export const pushMiss = (
  f: FunctionWriter,
  table: number,
  slot: number,
  address: number,
  bytes: number,
  size: number,
): void => {
  // How far the address lies behind the start of the entry's page.
  f.get(address);
  f.get(slot);
  f.memory(OP.i64Load, table);
  f.op(OP.i64Add);
  f.i64(BigInt(size - bytes));
  f.op(OP.i64GtU);
};

/** Pushes what an entry adds to addresses, modulo 2^32. */
export const pushAddend = (f: FunctionWriter, table: number, slot: number): void => {
  f.get(slot);
  f.memory(OP.i32Load, table + 8);
};

/** Pushes the byte offset in linear memory of an access that did not miss. */
export const pushHost = (f: FunctionWriter, table: number, slot: number, address: number): void => {
  pushAddend(f, table, slot);
  f.get(address);
  f.op(OP.i32WrapI64);
  f.op(OP.i32Add);
};

/** Fills an entry: for the page of an address and the frame of a byte offset in linear memory, both in locals. */
export const fillEntry = (
  f: FunctionWriter,
  table: number,
  slot: number,
  address: number,
  frame: number,
  size: number,
): void => {
  f.get(slot);
  f.i64(0n);
  f.get(address);
  f.i64(BigInt(-size));
  f.op(OP.i64And);
  f.op(OP.i64Sub);
  f.memory(OP.i64Store, table);
  f.get(slot);
  f.get(frame);
  f.i32(-size);
  f.op(OP.i32And);
  f.get(address);
  f.op(OP.i32WrapI64);
  f.i32(-size);
  f.op(OP.i32And);
  f.op(OP.i32Sub);
  f.memory(OP.i32Store, table + 8);
};
