/**
 * Page tables in the processor's own format (SDM Vol. 3A, 4.5: 4-level paging, 4 KiB pages), kept in page frames.
 *
 * The kernel writes entries; executors walk them. An entry's low 32 bits hold flags and frame number, bit 63 is XD.
 * Bits 9..11 belong to the kernel.
 */
import { PAGE_SHIFT, PAGE_SIZE } from './layout.ts';
import type { PhysicalMemory } from './physical.ts';

/** Flags of the low 32 bits of an entry. */
export const PTE = {
  present: 1,
  write: 2,
  user: 4,
  accessed: 0x20,
  dirty: 0x40,
  /** Free for the kernel (SDM: ignored bits 9, 10, 11). */
  software: 0xe00,
  /** One of the software bits: the entry keeps its frame but is not present, because no access is allowed (PROT_NONE). */
  hidden: 0x200,
} as const;

/** XD, "execute disable": bit 63, kept apart because entries are handled as two 32-bit halves. */
const PTE_XD_HIGH = 0x80000000;

/** Linear addresses end here in user space: 2^47 less one page, as Linux's TASK_SIZE_MAX. */
export const USER_END = 0x7ffffffff000;

export const frameOf = (entry: number): number => entry >>> PAGE_SHIFT;

/** Address-space range (bytes) covered by one entry of level 0 (page table) .. 3 (PML4). */
const SPAN = [PAGE_SIZE, PAGE_SIZE * 512, PAGE_SIZE * 512 * 512, PAGE_SIZE * 512 * 512 * 512] as const;

/** Bytes that one page table covers, and bytes of an entry. */
const REGION = SPAN[1];
const ENTRY = 8;
/** How many page tables are remembered: the stack's, the heap's, those of libraries. */
const REMEMBERED = 32;
/** Starts no region. */
const NOWHERE = Number.NaN;

const indexAt = (address: number, level: number) => Math.floor(address / SPAN[level]!) & 511;

/**
 * One address space. Owns its table frames but not the frames it maps: who maps and unmaps counts references.
 * After changing or removing an entry the caller tells the CPU (`Cpu.invalidatePage`).
 */
export class PageTable {
  /** Frame of the PML4; cr3 is its byte offset. */
  readonly root: number;
  #physical: PhysicalMemory;
  /**
   * Page tables found of late, each where bits 25:21 of its addresses say: first address that it covers, and its byte
   * offset. Public so that a snapshot can put them back with the tables.
   */
  readonly starts = new Float64Array(REMEMBERED).fill(NOWHERE);
  readonly tables = new Uint32Array(REMEMBERED);

  constructor(physical: PhysicalMemory) {
    this.#physical = physical;
    this.root = physical.alloc();
  }

  /** Byte offset in linear memory of the entry for `address`, 0 if no table covers it. */
  slot(address: number): number {
    // Every access of the kernel to the guest's memory comes by: no rounding, no calls.
    const at = (address / REGION) & (REMEMBERED - 1);
    const within = address - this.starts[at]!;
    if (within >= 0 && within < REGION) return this.tables[at]! + (within >>> PAGE_SHIFT) * ENTRY;
    const table = this.#find(address);
    return table === 0 ? 0 : this.#note(address, table) + indexAt(address, 0) * ENTRY;
  }

  /** Frame of the page table for an address, 0 if there is none. */
  #find(address: number): number {
    let table = this.root;
    for (let level = 3; level > 0; level--) {
      const entry = this.#physical.u32[(table * PAGE_SIZE + indexAt(address, level) * ENTRY) >>> 2]!;
      if (!(entry & PTE.present)) return 0;
      table = frameOf(entry);
    }
    return table;
  }

  /** Remembers a table by its frame; returns its byte offset. */
  #note(address: number, table: number): number {
    const at = (address / REGION) & (REMEMBERED - 1);
    this.starts[at] = Math.floor(address / REGION) * REGION;
    return (this.tables[at] = table * PAGE_SIZE);
  }

  /** Low half of the entry: frame and flags; 0 when nothing is mapped. */
  get(address: number): number {
    const slot = this.slot(address);
    return slot === 0 ? 0 : this.#physical.u32[slot >>> 2]!;
  }

  /** Maps a page. `flags` are `PTE` bits; `present`, `user` and `accessed` are added. Throws `OutOfFrames`. */
  map(address: number, frame: number, flags: number, executable: boolean): void {
    const slot = (this.slot(address) || this.#ensure(address)) >>> 2;
    const { u32 } = this.#physical;
    u32[slot] = ((frame << PAGE_SHIFT) | flags | PTE.present | PTE.user | PTE.accessed) >>> 0;
    u32[slot + 1] = executable ? 0 : PTE_XD_HIGH;
  }

  /** Replaces the flag bits (all twelve low ones) of a present or hidden entry, and XD. It is present then. */
  protect(address: number, flags: number, executable: boolean): void {
    const slot = this.slot(address) >>> 2;
    const { u32 } = this.#physical;
    u32[slot] = ((u32[slot]! & ~0xfff) | flags | PTE.present | PTE.user) >>> 0;
    u32[slot + 1] = executable ? 0 : PTE_XD_HIGH;
  }

  /** Makes a present entry not present, keeping its frame and dirty bit. */
  hide(address: number): void {
    const slot = this.slot(address) >>> 2;
    const { u32 } = this.#physical;
    u32[slot] = ((u32[slot]! & (~0xfff | PTE.dirty)) | PTE.hidden) >>> 0;
    u32[slot + 1] = PTE_XD_HIGH;
  }

  executable(address: number): boolean {
    const slot = this.slot(address);
    return slot !== 0 && (this.#physical.u32[(slot >>> 2) + 1]! & PTE_XD_HIGH) === 0;
  }

  /** Clears the entry; returns its old low half. */
  unmap(address: number): number {
    const slot = this.slot(address) >>> 2;
    if (slot === 0) return 0;
    const { u32 } = this.#physical;
    const old = u32[slot]!;
    u32[slot] = 0;
    u32[slot + 1] = 0;
    return old;
  }

  /**
   * Calls `visit(address, entry, executable)` for each page in [start, end) that has a frame, hidden ones included, in
   * order, skipping empty tables. `visit` may change the entry it was called for.
   */
  forEach(start: number, end: number, visit: (address: number, entry: number, executable: boolean) => void): void {
    for (let address = start; address < end; ) {
      const slot = this.slot(address);
      if (slot === 0) {
        const span = SPAN[this.#missingLevel(address)]!;
        address = (Math.floor(address / span) + 1) * span;
        continue;
      }
      const stop = Math.min(end, (Math.floor(address / REGION) + 1) * REGION);
      for (let index = slot >>> 2; address < stop; address += PAGE_SIZE, index += 2) {
        const { u32 } = this.#physical;
        const entry = u32[index]!;
        if (entry !== 0) visit(address, entry, (u32[index + 1]! & PTE_XD_HIGH) === 0);
      }
    }
  }

  /** The level (3 to 1) of the entry that ends the walk for an address which no page table covers. */
  #missingLevel(address: number): number {
    let table = this.root;
    for (let level = 3; level > 1; level--) {
      const entry = this.#physical.u32[(table * PAGE_SIZE + indexAt(address, level) * 8) >>> 2]!;
      if (!(entry & PTE.present)) return level;
      table = frameOf(entry);
    }
    return 1;
  }

  /** Frees the tables. Mapped frames must have been released before. */
  destroy(): void {
    this.#free(this.root, 3);
    this.starts.fill(NOWHERE);
  }

  #free(table: number, level: number): void {
    if (level > 0) {
      for (let index = 0; index < 512; index++) {
        const entry = this.#physical.u32[(table * PAGE_SIZE + index * 8) >>> 2]!;
        if (entry & PTE.present) this.#free(frameOf(entry), level - 1);
      }
    }
    this.#physical.unref(table);
  }

  #ensure(address: number): number {
    let table = this.root;
    for (let level = 3; level > 0; level--) {
      const slot = (table * PAGE_SIZE + indexAt(address, level) * 8) >>> 2;
      let entry = this.#physical.u32[slot]!;
      if (!(entry & PTE.present)) {
        entry = ((this.#physical.alloc() << PAGE_SHIFT) | PTE.present | PTE.write | PTE.user) >>> 0;
        this.#physical.u32[slot] = entry;
      }
      table = frameOf(entry);
    }
    return this.#note(address, table) + indexAt(address, 0) * ENTRY;
  }
}

/** What an access wants; the values are the bits of a page-fault error code (SDM Vol. 3A, 4.7). */
export const ACCESS = { read: 0, write: 2, fetch: 16 } as const;
export type Access = (typeof ACCESS)[keyof typeof ACCESS];

/** A page fault's error code: bit 0 protection (else not present), 1 write, 2 user, 4 fetch. */
export const PF_ERROR = { protection: 1, write: 2, user: 4, fetch: 16 } as const;

/**
 * Walks the tables as the MMU does for a user access at CPL 3, setting accessed and dirty bits. Returns the byte offset
 * of the frame in linear memory, or, if the access faults, the negated error code less one.
 */
export const walk = (physical: PhysicalMemory, root: number, address: number, access: Access): number => {
  let table = root;
  const { u32 } = physical;
  for (let level = 3; ; level--) {
    const slot = (table * PAGE_SIZE + indexAt(address, level) * 8) >>> 2;
    const entry = u32[slot]!;
    if (!(entry & PTE.present)) return -1 - (access | PF_ERROR.user);
    if (level > 0) {
      table = frameOf(entry);
      continue;
    }
    const denied =
      (access === ACCESS.write && !(entry & PTE.write)) ||
      (access === ACCESS.fetch && (u32[slot + 1]! & PTE_XD_HIGH) !== 0);
    if (denied) return -1 - (access | PF_ERROR.user | PF_ERROR.protection);
    u32[slot] = entry | PTE.accessed | (access === ACCESS.write ? PTE.dirty : 0);
    return frameOf(entry) * PAGE_SIZE;
  }
};
