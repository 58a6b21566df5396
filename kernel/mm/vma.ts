/**
 * Virtual memory areas (struct vm_area_struct) and the sorted list of them: finding, inserting, splitting, merging.
 *
 * Invariant: areas are in order of address, never empty, page-aligned, and do not overlap.
 */
import type { OpenFile } from '../fs/types.ts';
import type { Kernel } from '../kernel.ts';
import type { Mm } from './mm.ts';
import type { AddressSpace } from './pagecache.ts';

/** Flags of an area (include/linux/mm.h). MAYx is x shifted left by four: whether mprotect may grant x. */
export const VM = {
  READ: 0x1,
  WRITE: 0x2,
  EXEC: 0x4,
  /** Stores reach the mapped object. */
  SHARED: 0x8,
  MAYREAD: 0x10,
  MAYWRITE: 0x20,
  MAYEXEC: 0x40,
  /** Mapped with MAP_SHARED, perhaps of a file that may only be read. */
  MAYSHARE: 0x80,
  GROWSDOWN: 0x100,
  /** Pages that are none of the memory manager's: the kernel's own data. */
  PFNMAP: 0x400,
  LOCKED: 0x2000,
  IO: 0x4000,
  SEQ_READ: 0x8000,
  RAND_READ: 0x10000,
  /** Not for the child of fork. */
  DONTCOPY: 0x20000,
  DONTEXPAND: 0x40000,
  LOCKONFAULT: 0x80000,
  /** Counts against the overcommit limit. */
  ACCOUNT: 0x100000,
  NORESERVE: 0x200000,
  /** Zero in the child of fork. */
  WIPEONFORK: 0x2000000,
  DONTDUMP: 0x4000000,
} as const;

/** Areas of devices and of the kernel: they are not locked, nor dumped because someone asks (VM_SPECIAL). */
export const VM_SPECIAL = VM.IO | VM.DONTEXPAND | VM.PFNMAP;

/** The area cannot be cut to be [start, end) (special_mapping_split). */
export const isUncuttable = (vma: Vma, start: number, end: number): boolean =>
  vma.mapping?.object?.special === true && (start > vma.start || end < vma.end);

/** READ, WRITE and EXEC: an area with none of them is inaccessible. */
export const VM_ACCESS = VM.READ | VM.WRITE | VM.EXEC;

export interface Vma {
  /** First address, and the first behind it. */
  start: number;
  end: number;
  /** `VM` bits. */
  flags: number;
  /** The mapped file; holds a reference on it. Null for anonymous memory, private and shared. */
  file: OpenFile | null;
  /** The pages behind the mapping: of the file's inode, or of shared anonymous memory. Null for private anonymous memory. */
  mapping: AddressSpace | null;
  /** Byte offset of `start` in `mapping`; for private anonymous memory the address it was mapped at (vm_pgoff). */
  offset: number;
}

/** Index of the first area which ends above `address` (find_vma); `mm.vmas.length` if there is none. */
export const findVmaIndex = (mm: Mm, address: number): number => {
  const { vmas } = mm;
  let low = 0;
  let high = vmas.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (vmas[middle]!.end > address) high = middle;
    else low = middle + 1;
  }
  return low;
};

/** The first area which ends above `address`: it may begin above it too. */
export const findVma = (mm: Mm, address: number): Vma | undefined => mm.vmas[findVmaIndex(mm, address)];

/** The area that holds `address` (vma_lookup). */
export const vmaAt = (mm: Mm, address: number): Vma | undefined => {
  const vma = findVma(mm, address);
  return vma !== undefined && vma.start <= address ? vma : undefined;
};

/** The first area that overlaps [start, end) (find_vma_intersection). */
export const findIntersection = (mm: Mm, start: number, end: number): Vma | undefined => {
  const vma = findVma(mm, start);
  return vma !== undefined && vma.start < end ? vma : undefined;
};

/** Takes and drops what an area holds on to; `Mm` counts areas, not this. */
export const holdVma = (kernel: Kernel, vma: Vma): void => {
  if (vma.file !== null) vma.file.refs++;
  if (vma.mapping === null) return;
  vma.mapping.vmas++;
  const { object } = vma.mapping;
  object?.ops.opened(kernel, object);
};

/** Puts an area in its place. */
export const insertVma = (mm: Mm, vma: Vma): void => {
  mm.vmas.splice(findVmaIndex(mm, vma.start), 0, vma);
};

/** Cuts the area at `address`, inside it; returns the upper part. Both are in the list. */
export const splitVma = (mm: Mm, vma: Vma, address: number): Vma => {
  const upper: Vma = { ...vma, start: address, offset: vma.offset + (address - vma.start) };
  holdVma(mm.kernel, upper);
  vma.end = address;
  insertVma(mm, upper);
  return upper;
};

/** Whether the two, neighbours, are one area for all purposes (can_vma_merge_after). */
const mergeable = (lower: Vma, upper: Vma): boolean =>
  lower.end === upper.start &&
  lower.flags === upper.flags &&
  lower.file === upper.file &&
  lower.mapping === upper.mapping &&
  // Each area of a segment counts as an attach.
  (lower.mapping?.object ?? null) === null &&
  lower.offset + (lower.end - lower.start) === upper.offset;

/**
 * Merges areas that meet at an address of [start, end] where they agree in all but place. `drop` releases what the
 * swallowed area held; pages stay where they are.
 */
export const mergeVmas = (mm: Mm, start: number, end: number, drop: (vma: Vma) => void): void => {
  const { vmas } = mm;
  let index = findVmaIndex(mm, start);
  if (index === 0 || (vmas[index]?.start ?? 0) < start) index++;
  while (index < vmas.length && vmas[index]!.start <= end) {
    const lower = vmas[index - 1]!;
    const upper = vmas[index]!;
    if (mergeable(lower, upper)) {
      lower.end = upper.end;
      vmas.splice(index, 1);
      drop(upper);
    } else {
      index++;
    }
  }
};
