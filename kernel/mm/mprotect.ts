/** Changing the protection of mappings (mm/mprotect.c). */
import { frameOf, PAGE_SIZE, PTE } from '../../emulator/api.ts';
import { ERRNO } from '../abi/errno.ts';
import { PROT } from '../abi/mman.ts';
import { deniesWriteExec, enoughMemory, MAX_MAP_COUNT, mayExpand } from './limits.ts';
import type { Mm } from './mm.ts';
import { merge } from './mmap.ts';
import { accountVma, pageAlign } from './pages.ts';
import { pagesChanged } from './tlb.ts';
import { findVmaIndex, isUncuttable, splitVma, VM, VM_ACCESS, type Vma } from './vma.ts';

const PROT_ALL = PROT.READ | PROT.WRITE | PROT.EXEC | PROT.SEM;

/** mprotect(2). Areas before the first that refuses are changed all the same. */
export const doMprotect = (mm: Mm, address: number, length: number, protection: number): number => {
  const grows = protection & (PROT.GROWSDOWN | PROT.GROWSUP);
  const prot = protection & ~(PROT.GROWSDOWN | PROT.GROWSUP);
  if (grows === (PROT.GROWSDOWN | PROT.GROWSUP)) return -ERRNO.EINVAL;
  if ((address & (PAGE_SIZE - 1)) !== 0) return -ERRNO.EINVAL;
  if (length === 0) return 0;
  const size = pageAlign(length);
  const end = address + size;
  if (size === 0 || end >= 2 ** 64) return -ERRNO.ENOMEM;
  if (prot & ~PROT_ALL) return -ERRNO.EINVAL;

  let start = address;
  let index = findVmaIndex(mm, start);
  const first = mm.vmas[index];
  if (first === undefined) return -ERRNO.ENOMEM;
  if (grows & PROT.GROWSDOWN) {
    if (first.start >= end) return -ERRNO.ENOMEM;
    start = first.start;
    if (!(first.flags & VM.GROWSDOWN)) return -ERRNO.EINVAL;
  } else {
    if (first.start > start) return -ERRNO.ENOMEM;
    if (grows & PROT.GROWSUP) return -ERRNO.EINVAL; // no area grows up on x86
  }

  const access = prot & VM_ACCESS;
  let result = 0;
  let at = start;
  while (at < end) {
    const vma = mm.vmas[index];
    if (vma === undefined || vma.start > at) {
      result = -ERRNO.ENOMEM;
      break;
    }
    const flags = (vma.flags & ~VM_ACCESS) | access;
    if (access & ~(flags >> 4) || deniesWriteExec(mm, vma.flags, flags)) {
      result = -ERRNO.EACCES;
      break;
    }
    const stop = Math.min(vma.end, end);
    result = protectPart(mm, vma, at, stop, flags);
    if (result < 0) break;
    at = stop;
    index = findVmaIndex(mm, at);
  }
  merge(mm, start, at);
  return result;
};

/** mprotect_fixup: gives [start, end) of one area new flags. */
const protectPart = (mm: Mm, area: Vma, start: number, end: number, wanted: number): number => {
  const old = area.flags;
  let flags = wanted;
  if (flags === old) return 0;
  const bytes = end - start;
  if (flags & VM.WRITE) {
    if (!mayExpand(mm, flags, bytes) && mayExpand(mm, old, bytes)) return -ERRNO.ENOMEM;
    if (!(old & (VM.ACCOUNT | VM.WRITE | VM.SHARED | VM.NORESERVE))) {
      if (!enoughMemory(mm, bytes)) return -ERRNO.ENOMEM;
      flags |= VM.ACCOUNT;
    }
  }
  if (isUncuttable(area, start, end)) return -ERRNO.EINVAL;
  const vma = isolate(mm, area, start, end);
  if (vma === null) return -ERRNO.ENOMEM;
  accountVma(mm, old, bytes, -1);
  accountVma(mm, flags, bytes, 1);
  vma.flags = flags;
  protectPages(mm, vma);
  return 0;
};

/** Cuts an area so that one covers exactly [start, end); null if there would be too many. */
export const isolate = (mm: Mm, area: Vma, start: number, end: number): Vma | null => {
  const cuts = (area.start < start ? 1 : 0) + (area.end > end ? 1 : 0);
  if (cuts > 0 && mm.vmas.length + cuts > MAX_MAP_COUNT) return null;
  const vma = area.start < start ? splitVma(mm, area, start) : area;
  if (vma.end > end) splitVma(mm, vma, end);
  return vma;
};

/** Puts the area's protection into the entries of its pages. Private pages become writable only by a fault, as they may be shared. */
const protectPages = (mm: Mm, vma: Vma): void => {
  const { pageTable } = mm;
  const { physical } = mm.kernel;
  const executable = (vma.flags & VM.EXEC) !== 0;
  const accessible = (vma.flags & VM_ACCESS) !== 0;
  const writable = (vma.flags & VM.WRITE) !== 0;
  const shared = (vma.flags & VM.SHARED) !== 0;
  let changed = false;
  pageTable.forEach(vma.start, vma.end, (address, entry) => {
    changed = true;
    if (!accessible) {
      if (entry & PTE.present) pageTable.hide(address);
      return;
    }
    let flags = entry & PTE.dirty;
    if (writable && (shared || (entry & PTE.dirty && physical.refcount(frameOf(entry)) === 1))) flags |= PTE.write;
    pageTable.protect(address, flags | PTE.accessed, executable);
  });
  if (changed) pagesChanged(mm, vma.start, vma.end);
};
