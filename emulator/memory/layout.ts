/**
 * The map of the one linear memory: what lies below the first page frame.
 *
 * Generated code addresses all of it with constants, so the map is fixed. Untouched areas cost nothing: hosts commit
 * linear memory on first touch.
 */

export const PAGE_SIZE = 4096;
export const PAGE_SHIFT = 12;

/** log2 of the entries of each TLB table; 32768 entries reach 128 MiB. */
export const TLB_BITS = 15;
export const TLB_ENTRIES = 1 << TLB_BITS;
/** log2 of the bytes of an entry: page address (64 bits), addend (32), unused. */
export const TLB_ENTRY_BITS = 4;

/** log2 of the bytes of a large page: what one page table maps, where its frames lie as the pages do. */
export const LARGE_SHIFT = 21;
/** log2 of the entries of each table for large pages, which are as those for small ones; 512 entries reach 1 GiB. */
export const LARGE_BITS = 9;

/** Entries of the jump cache (`interpreter/jump-cache.ts`), 16 bytes each. */
export const JUMP_CACHE_ENTRIES = 1 << 17;

/** Linear memory can hold 4 GiB: a million frames, one flag byte each. */
export const MAX_FRAMES = 1 << 20;

export const LINEAR = {
  /** CPU state (`state.ts`). Address 0 stays unused so that 0 can mean "none". */
  state: 0x400,
  /** Indices of filled TLB entries (u16 each), so that a flush clears only those. */
  tlbFilled: 0x10000,
  tlbFilledEnd: 0x30000,
  /** JIT: for each region of several pages, the tag of the address space it was last found good in (u32). */
  regionTags: 0x60000,
  regionTagsEnd: 0x80000,
  /** Computed jumps of late, 16 bytes each: address behind the jump, and where it went. A ring. */
  jumpRing: 0x80000,
  jumpRingEnd: 0x84000,
  /** A page for whoever puts bytes together that cross pages of the guest; good until anybody else does. */
  scratch: 0x84000,
  /** JIT: vectors that float operations compare with (`jit/float-mode.ts`), and where their bounds pass through. */
  floatConstants: 0x85000,
  /** TLB for reads of large pages, and for writes. */
  largeRead: 0x90000,
  largeWrite: 0x92000,
  largeEnd: 0x94000,
  /** JIT: where regions were left for accesses to large pages (u64 each). */
  largeRing: 0x94000,
  largeRingEnd: 0x94080,
  /** JIT: where regions were left for the interpreter (u64 each). */
  leaveRing: 0x94100,
  leaveRingEnd: 0x94300,
  /** One byte per frame: `FRAME_FLAG`. */
  frameFlags: 0x100000,
  jumpCache: 0x200000,
  /** TLB for reads: `TLB_ENTRIES` entries. */
  tlbRead: 0x1700000,
  /** TLB for writes. Frames that hold decoded code are never in it. */
  tlbWrite: 0x1780000,
  /** Decoded instructions of the interpreter: more than a compiler's optimizer has. */
  records: 0x1800000,
  recordsEnd: 0x6000000,
  /** First byte that is handed out as a page frame. */
  frames: 0x6000000,
} as const;

export const FRAME_FLAG = {
  /** Some instruction was decoded from this frame: writes must be noticed. */
  code: 1,
} as const;
