/** Where a new mapping goes (arch/x86/kernel/sys_x86_64.c, vm_unmapped_area). */
import { USER_END } from '../../emulator/api.ts';
import { ERRNO } from '../abi/errno.ts';
import { MAP } from '../abi/mman.ts';
import { MMAP_MIN_ADDR, STACK_GUARD_GAP } from './fault.ts';
import type { Mm } from './mm.ts';
import { pageDown, pageUp } from './pages.ts';
import { findVma, findVmaIndex, VM, type Vma } from './vma.ts';

/** Room for mappings begins here when there is none below `mmapBase` (TASK_UNMAPPED_BASE). */
const BOTTOM_UP_BASE = pageUp(Math.floor(USER_END / 3));

/** MAP_32BIT mappings lie in the second gigabyte. */
const LOW_START = 0x40000000;
const LOW_END = 0x80000000;

/** Start of an area, less the gap that a stack keeps below itself (vm_start_gap). */
export const startWithGap = (vma: Vma): number =>
  vma.flags & VM.GROWSDOWN ? Math.max(0, vma.start - STACK_GUARD_GAP) : vma.start;

const isFree = (mm: Mm, start: number, length: number): boolean => {
  const next = findVma(mm, start);
  return next === undefined || start + length <= startWithGap(next);
};

/** Highest free range of `length` bytes in [low, high), or -1. */
const searchDown = (mm: Mm, length: number, low: number, high: number): number => {
  let end = high;
  for (let index = findVmaIndex(mm, high - 1); ; index--) {
    const next = mm.vmas[index];
    if (next !== undefined) end = Math.min(end, startWithGap(next));
    const start = Math.max(low, mm.vmas[index - 1]?.end ?? 0);
    if (end - start >= length) return end - length;
    if (start <= low || index === 0) return -1;
  }
};

/** Lowest free range of `length` bytes in [low, high), or -1. */
const searchUp = (mm: Mm, length: number, low: number, high: number): number => {
  let start = low;
  for (let index = findVmaIndex(mm, low); start + length <= high; index++) {
    const next = mm.vmas[index];
    if (next === undefined || start + length <= startWithGap(next)) return start;
    start = Math.max(start, next.end);
  }
  return -1;
};

/**
 * The address for `length` bytes (a multiple of pages): `address` itself if fixed, near it if it is a hint and free, else the
 * highest hole below `mmapBase`. -ENOMEM, or -EINVAL for a fixed address that is no page's.
 */
export const getUnmappedArea = (mm: Mm, address: number, length: number, flags: number): number => {
  if (length > USER_END) return -ERRNO.ENOMEM;
  if (flags & MAP.FIXED) {
    if (address > USER_END - length) return -ERRNO.ENOMEM;
    return pageDown(address) === address ? address : -ERRNO.EINVAL;
  }
  const hint = pageDown(address);
  const low32 = (flags & MAP['32BIT']) !== 0;
  if (hint !== 0 && hint + length <= (low32 ? LOW_END : USER_END) && isFree(mm, hint, length)) return hint;
  if (low32) return orNoMemory(searchUp(mm, length, LOW_START, LOW_END));
  const below = searchDown(mm, length, MMAP_MIN_ADDR, mm.mmapBase);
  return below >= 0 ? below : orNoMemory(searchUp(mm, length, BOTTOM_UP_BASE, USER_END));
};

const orNoMemory = (address: number): number => (address < 0 ? -ERRNO.ENOMEM : address);

/** Top of the room for mappings: below the stack's limit, at least 128 MiB and at most 5/6 of everything (mmap_base). */
export const mmapBaseFor = (stackLimit: number): number => {
  const gap = Math.min(Math.max(stackLimit + STACK_GUARD_GAP, 128 * 2 ** 20), Math.floor(USER_END / 6) * 5);
  return pageUp(USER_END - gap);
};
