/** Growing, shrinking and moving mappings (mm/mremap.c). */
import { frameOf, PAGE_SIZE, PTE, USER_END } from '../../emulator/api.ts';
import { ERRNO } from '../abi/errno.ts';
import { MAP, MREMAP } from '../abi/mman.ts';
import { populate } from './fault.ts';
import { enoughMemory, MAX_MAP_COUNT, mayExpand, mayLock } from './limits.ts';
import type { Mm } from './mm.ts';
import { merge, unmapRange } from './mmap.ts';
import { accountVma, pageUp } from './pages.ts';
import { pagesChanged } from './tlb.ts';
import { getUnmappedArea } from './unmapped.ts';
import { findIntersection, holdVma, insertVma, isUncuttable, VM, type Vma, vmaAt } from './vma.ts';

/** mremap(2). `newAddress` counts with MREMAP_FIXED, and with MREMAP_DONTUNMAP as a hint. The new address or -errno. */
export const doMremap = (
  mm: Mm,
  address: number,
  oldLength: number,
  newLength: number,
  flags: number,
  newAddress: number,
): number => {
  const oldSize = pageUp(oldLength);
  const newSize = pageUp(newLength);
  const error = checkArguments(mm, address, oldSize, newSize, flags, newAddress);
  if (error < 0) return error;
  const vma = vmaAt(mm, address);
  if (vma === undefined) return -ERRNO.EFAULT;
  const placed = (flags & (MREMAP.FIXED | MREMAP.DONTUNMAP)) !== 0;
  if (!placed && newSize <= oldSize) {
    const shrunk = newSize < oldSize ? unmapRange(mm, address + newSize, address + oldSize) : 0;
    return shrunk < 0 ? shrunk : address;
  }
  if (oldSize === 0 && !(vma.flags & (VM.SHARED | VM.MAYSHARE))) return -ERRNO.EINVAL;
  if (flags & MREMAP.DONTUNMAP && vma.flags & VM.DONTEXPAND) return -ERRNO.EINVAL;
  if (Math.min(oldSize, newSize) > vma.end - address) return -ERRNO.EFAULT;
  if (newSize > oldSize) {
    const refused = checkGrowth(mm, vma, newSize - oldSize);
    if (refused < 0) return refused;
  }
  let source = vma;
  let size = oldSize;
  if (flags & MREMAP.FIXED) {
    // The destination goes first, then what the source is too long for.
    const cleared = unmapRange(mm, newAddress, newAddress + newSize);
    if (cleared < 0) return cleared;
    if (size > newSize) {
      const shrunk = unmapRange(mm, address + newSize, address + size);
      if (shrunk < 0) return shrunk;
      size = newSize;
    }
    const still = vmaAt(mm, address);
    if (still === undefined) return -ERRNO.EFAULT;
    source = still;
  }
  if (size > source.end - address) return -ERRNO.EFAULT;
  if (flags & MREMAP.DONTUNMAP && !mayExpand(mm, source.flags, newSize)) return -ERRNO.ENOMEM;

  if (!placed && size === source.end - address && canExtend(mm, source, newSize - size)) {
    return extend(mm, source, address, newSize - size);
  }
  if (!(flags & MREMAP.MAYMOVE)) return -ERRNO.ENOMEM;
  const hint = placed ? newAddress : 0;
  const target = getUnmappedArea(mm, hint, newSize, flags & MREMAP.FIXED ? MAP.FIXED : 0);
  if (target < 0) return target;
  if (isUncuttable(source, address, address + size)) return -ERRNO.EINVAL;
  const object = source.mapping?.object ?? null;
  const kept = object?.ops.moving?.(object, mm, target) ?? 0;
  if (kept < 0) return kept;
  return move(mm, source, address, size, newSize, target, (flags & MREMAP.DONTUNMAP) !== 0);
};

/** check_mremap_params */
const checkArguments = (
  mm: Mm,
  address: number,
  oldSize: number,
  newSize: number,
  flags: number,
  newAddress: number,
): number => {
  if (flags & ~(MREMAP.MAYMOVE | MREMAP.FIXED | MREMAP.DONTUNMAP)) return -ERRNO.EINVAL;
  if (address % PAGE_SIZE !== 0 || newSize === 0 || newSize > USER_END) return -ERRNO.EINVAL;
  if (!(flags & (MREMAP.FIXED | MREMAP.DONTUNMAP))) return 0;
  if (newAddress % PAGE_SIZE !== 0 || newAddress > USER_END - newSize) return -ERRNO.EINVAL;
  if (!(flags & MREMAP.MAYMOVE)) return -ERRNO.EINVAL;
  if (flags & MREMAP.DONTUNMAP && oldSize !== newSize) return -ERRNO.EINVAL;
  if (address + oldSize > newAddress && newAddress + newSize > address) return -ERRNO.EINVAL;
  return mm.vmas.length + 2 >= MAX_MAP_COUNT - 3 ? -ERRNO.ENOMEM : 0;
};

const checkGrowth = (mm: Mm, vma: Vma, growth: number): number => {
  if (vma.flags & VM.DONTEXPAND) return -ERRNO.EFAULT;
  if (vma.flags & VM.LOCKED && !mayLock(mm, growth)) return -ERRNO.EAGAIN;
  if (!mayExpand(mm, vma.flags, growth)) return -ERRNO.ENOMEM;
  return vma.flags & VM.ACCOUNT && !enoughMemory(mm, growth) ? -ERRNO.ENOMEM : 0;
};

const canExtend = (mm: Mm, vma: Vma, growth: number): boolean =>
  vma.end + growth <= USER_END && findIntersection(mm, vma.end, vma.end + growth) === undefined;

const extend = (mm: Mm, vma: Vma, address: number, growth: number): number => {
  const oldEnd = vma.end;
  vma.end += growth;
  accountVma(mm, vma.flags, growth, 1);
  if (vma.flags & VM.LOCKED) populate(mm, oldEnd, vma.end);
  merge(mm, oldEnd, vma.end);
  return address;
};

/** move_vma: a new area takes over the pages; the old range goes, or with `keep` stays without pages. */
const move = (
  mm: Mm,
  vma: Vma,
  address: number,
  oldSize: number,
  newSize: number,
  target: number,
  keep: boolean,
): number => {
  const within = address - vma.start;
  const moved: Vma = {
    ...vma,
    start: target,
    end: target + newSize,
    // Untouched private anonymous memory has no history: it may merge where it arrives.
    offset: vma.mapping === null && isUntouched(mm, vma) ? target : vma.offset + within,
  };
  holdVma(mm.kernel, moved);
  insertVma(mm, moved);
  accountVma(mm, moved.flags, newSize, 1);
  try {
    movePages(mm, address, target, oldSize);
  } catch (error) {
    movePages(mm, target, address, oldSize); // back, where page tables are
    unmapRange(mm, target, target + newSize);
    throw error;
  }
  if (keep) {
    if (vma.flags & VM.LOCKED) {
      mm.lockedVm -= (vma.end - vma.start) / PAGE_SIZE;
      vma.flags &= ~(VM.LOCKED | VM.LOCKONFAULT);
    }
  } else if (oldSize > 0) {
    unmapRange(mm, address, address + oldSize);
  }
  if (moved.flags & VM.LOCKED) populate(mm, target, target + newSize);
  merge(mm, target, target + newSize);
  return target;
};

const isUntouched = (mm: Mm, vma: Vma): boolean => {
  let pages = 0;
  mm.pageTable.forEach(vma.start, vma.end, () => {
    pages++;
  });
  return pages === 0;
};

/** move_page_tables: entries go as they are. Throws `OutOfFrames` with each page in one of the two places. */
const movePages = (mm: Mm, from: number, to: number, length: number): void => {
  const { pageTable } = mm;
  let moved = false;
  pageTable.forEach(from, from + length, (address, entry, executable) => {
    const place = address - from + to;
    pageTable.map(place, frameOf(entry), entry & (PTE.write | PTE.dirty | PTE.accessed), executable);
    if (entry & PTE.hidden) pageTable.hide(place);
    pageTable.unmap(address);
    moved = true;
  });
  if (moved) pagesChanged(mm, from, from + length);
};
