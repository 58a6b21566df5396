/**
 * The jump cache: which decoded block begins at a linear address of an address space, for generated code that jumps there.
 *
 * An entry is 16 bytes: the address with the space's tag in bits 63:48, the block's first record (u32) or 0, and how to get on there
 * (u32): whether links may lead to it in bit 0, above it the table index of a region's function that stands for the block, or
 * 0. What jumps to a region then reads nothing but the entry.
 *
 * An address has two entries, side by side so that looking at both touches one line of the host's caches; what is new takes
 * the first, and what was there moves to the other.
 */
import { JUMP_CACHE_ENTRIES, LINEAR } from '../memory/layout.ts';
import { STATE } from '../state.ts';
import { OP, TYPE } from '../wasm/opcodes.ts';
import type { FunctionWriter } from '../wasm/writer.ts';

const { i32, i64 } = TYPE;

const TWO32 = 2 ** 32;
/** An address has the entry of its low bits, after its bits from this one on were added without carries. */
const SPREAD = 14;
const ENTRY_BITS = 4;
const OTHER = 1 << ENTRY_BITS;

/** Byte offsets in an entry. */
const RECORD_AT = 8;
const WAY_AT = 12;
const LINKABLE = 1;

/** Pushes the first record of the block at the address in local `target`, or 0. Returns the local of the entry's offset. */
export const pushCachedBlock = (f: FunctionWriter, target: number): number => {
  const entry = f.local(i32);
  const key = f.local(i64);
  const record = f.local(i32);
  const look = (): void => {
    f.get(entry);
    f.memory(OP.i64Load, LINEAR.jumpCache);
    f.get(key);
    f.op(OP.i64Eq);
    f.if();
    f.get(entry);
    f.memory(OP.i32Load, LINEAR.jumpCache + RECORD_AT);
    f.set(record);
  };
  f.get(target);
  f.get(target);
  f.i64(BigInt(SPREAD));
  f.op(OP.i64ShrU);
  f.op(OP.i64Xor);
  f.op(OP.i32WrapI64);
  f.i32(JUMP_CACHE_ENTRIES - 1);
  f.op(OP.i32And);
  f.i32(ENTRY_BITS);
  f.op(OP.i32Shl);
  f.set(entry);
  f.get(target);
  f.i32(0);
  f.memory(OP.i64Load, STATE.jumpKey);
  f.op(OP.i64Or);
  f.set(key);
  look();
  f.else();
  f.get(entry);
  f.i32(OTHER);
  f.op(OP.i32Xor);
  f.set(entry);
  f.i32(0);
  f.set(record);
  look();
  f.end();
  f.end();
  f.get(record);
  return entry;
};

/** Pushes whether links may lead to the block of the entry in a local. */
export const pushLinkable = (f: FunctionWriter, entry: number): void => {
  f.get(entry);
  f.memory(OP.i32Load, LINEAR.jumpCache + WAY_AT);
  f.i32(LINKABLE);
  f.op(OP.i32And);
};

/** Pushes the table index of the region's function for the block of the entry in a local, or 0. */
export const pushRegion = (f: FunctionWriter, entry: number): void => {
  f.get(entry);
  f.memory(OP.i32Load, LINEAR.jumpCache + WAY_AT);
  f.i32(1);
  f.op(OP.i32ShrU);
};

/** Index of the first entry, in words of 32 bits. */
const entryOf = (low: number, high: number): number => {
  const far = (low >>> SPREAD) | (high << (32 - SPREAD));
  return LINEAR.jumpCache / 4 + (((low ^ far) & (JUMP_CACHE_ENTRIES - 1)) << (ENTRY_BITS - 2));
};

const otherOf = (entry: number): number => entry ^ (OTHER / 4);

const entriesOf = (address: number): readonly [number, number] => {
  const entry = entryOf(address >>> 0, Math.floor(address / TWO32));
  return [entry, otherOf(entry)];
};

/** The first record of the block at rip if it is there for the current address space, else 0. */
export const cachedBlock = (u32: Uint32Array): number => {
  const low = u32[STATE.rip / 4]!;
  const high = u32[STATE.rip / 4 + 1]!;
  if (high >= 0x8000) return 0;
  const key = (u32[STATE.jumpKey / 4 + 1]! | high) >>> 0;
  const entry = entryOf(low, high);
  if (u32[entry] === low && u32[entry + 1] === key) return u32[entry + 2]!;
  const other = otherOf(entry);
  return u32[other] === low && u32[other + 1] === key ? u32[other + 2]! : 0;
};

/** A block as the cache has it. */
export interface Cached {
  readonly address: number;
  readonly record: number;
  readonly linkable: boolean;
  /** Table index of a region's function, or 0. */
  readonly region: number;
}

/** Generated code finds a block by itself from now on, in the address space with this tag. */
export const cacheBlock = (u32: Uint32Array, tag: number, { address, record, linkable, region }: Cached): void => {
  const low = address >>> 0;
  const high = Math.floor(address / TWO32);
  const entry = entryOf(low, high);
  if (u32[entry] !== low || u32[entry + 1] !== ((tag << 16) | high) >>> 0)
    u32.copyWithin(otherOf(entry), entry, entry + 4);
  u32[entry] = low;
  u32[entry + 1] = (tag << 16) | high;
  u32[entry + 2] = record;
  u32[entry + 3] = (region << 1) | (linkable ? LINKABLE : 0);
};

/** A region stands for a block, or none any more: 0. */
export const cacheRegion = (u32: Uint32Array, address: number, record: number, region: number): void => {
  for (const at of entriesOf(address)) {
    if (u32[at + 2] === record) u32[at + 3] = (region << 1) | (u32[at + 3]! & LINKABLE);
  }
};

/** A block is no more. */
export const uncacheBlock = (u32: Uint32Array, address: number, record: number): void => {
  for (const at of entriesOf(address)) if (u32[at + 2] === record) u32[at + 2] = 0;
};

/** Entries without a block are what linear memory begins with. */
export const clearJumpCache = (u32: Uint32Array): void => {
  u32.fill(0, LINEAR.jumpCache / 4, LINEAR.jumpCache / 4 + 4 * JUMP_CACHE_ENTRIES);
};
