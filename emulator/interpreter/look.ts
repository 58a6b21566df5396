/** What is done alike to the entries of all TLB tables, for small and for large pages; `translate.ts` says what they are. */
import { OP, TYPE } from '../wasm/opcodes.ts';
import type { FunctionWriter } from '../wasm/writer.ts';

const { i32, i64 } = TYPE;

/** Locals of a look at the TLB: which entry (i32), and how far an address lies behind the start of the page that is in it (i64). */
export interface Look {
  readonly slot: number;
  readonly distance: number;
}

export const newLook = (f: FunctionWriter): Look => ({ slot: f.local(i32), distance: f.local(i64) });

/** Leaves in `distance` where an access of `bytes` begins in an entry's page of `size` bytes, and pushes 1 if it is not all in it. */
export const pushMiss = (
  f: FunctionWriter,
  table: number,
  { slot, distance }: Look,
  address: number,
  bytes: number,
  size: number,
): void => {
  f.get(address);
  f.get(slot);
  f.memory(OP.i64Load, table);
  f.op(OP.i64Add);
  f.set(distance);
  f.get(distance);
  f.i64(BigInt(size - bytes));
  f.op(OP.i64GtU);
};

/** Pushes the byte offset in linear memory of an access that did not miss. */
export const pushHost = (f: FunctionWriter, table: number, { slot, distance }: Look): void => {
  f.get(slot);
  f.memory(OP.i32Load, table + 8);
  f.get(distance);
  f.op(OP.i32WrapI64);
  f.op(OP.i32Add);
};

/** Fills an entry: for a page with a frame, both by the byte offset of some byte in them, in locals. */
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
  f.memory(OP.i32Store, table + 8);
};
