/** Locked memory (mm/mlock.c). Nothing is ever paged out, so locking brings pages in and counts them. */
import { PAGE_SIZE } from '../../emulator/api.ts';
import { ERRNO } from '../abi/errno.ts';
import { MCL } from '../abi/mman.ts';
import { RLIMIT } from '../abi/resource.ts';
import { FAULT, populate } from './fault.ts';
import { canLock, capableIpcLock, mayLock, rlimit } from './limits.ts';
import type { Mm } from './mm.ts';
import { merge } from './mmap.ts';
import { isolate } from './mprotect.ts';
import { pageAlign, pageDown } from './pages.ts';
import { findVmaIndex, VM, VM_ACCESS, VM_SPECIAL } from './vma.ts';

/** mlock(2), mlock2(2). */
export const doMlock = (mm: Mm, address: number, length: number, onFault: boolean): number => {
  if (!canLock(mm)) return -ERRNO.EPERM;
  const start = pageDown(address);
  const end = start + pageAlign(length + (address - start));
  if (!mayLock(mm, end - start - lockedBytes(mm, start, end))) return -ERRNO.ENOMEM;
  const error = lockRange(mm, start, end, VM.LOCKED | (onFault ? VM.LOCKONFAULT : 0));
  if (error < 0) return error;
  return onFault ? 0 : populateLocked(mm, start, end);
};

/** munlock(2). */
export const doMunlock = (mm: Mm, address: number, length: number): number => {
  const start = pageDown(address);
  return lockRange(mm, start, start + pageAlign(length + (address - start)), 0);
};

/** mlockall(2). */
export const doMlockall = (mm: Mm, flags: number): number => {
  if (flags === 0 || flags & ~(MCL.CURRENT | MCL.FUTURE | MCL.ONFAULT) || flags === MCL.ONFAULT) return -ERRNO.EINVAL;
  if (!canLock(mm)) return -ERRNO.EPERM;
  const free = capableIpcLock(mm);
  if (flags & MCL.CURRENT && !free && mm.totalVm * PAGE_SIZE > rlimit(mm, RLIMIT.MEMLOCK)) return -ERRNO.ENOMEM;
  const lock = VM.LOCKED | (flags & MCL.ONFAULT ? VM.LOCKONFAULT : 0);
  mm.defFlags = flags & MCL.FUTURE ? lock : 0;
  if (!(flags & MCL.CURRENT)) return 0;
  lockEverything(mm, lock);
  if (!(flags & MCL.ONFAULT)) for (const vma of mm.vmas) populate(mm, vma.start, vma.end);
  return 0;
};

/** munlockall(2). */
export const doMunlockall = (mm: Mm): number => {
  mm.defFlags = 0;
  lockEverything(mm, 0);
  return 0;
};

const lockEverything = (mm: Mm, lock: number): void => {
  mm.lockedVm = 0;
  for (const vma of mm.vmas) {
    if (vma.flags & VM_SPECIAL) continue;
    vma.flags = (vma.flags & ~(VM.LOCKED | VM.LOCKONFAULT)) | lock;
    if (lock) mm.lockedVm += (vma.end - vma.start) / PAGE_SIZE;
  }
  if (mm.vmas.length > 0) merge(mm, mm.vmas[0]!.start, mm.vmas.at(-1)!.end);
};

/** apply_vma_lock_flags: areas before a hole are changed all the same. */
const lockRange = (mm: Mm, start: number, end: number, lock: number): number => {
  if (end >= 2 ** 64) return -ERRNO.EINVAL;
  let result = 0;
  for (let at = start; at < end; ) {
    const area = mm.vmas[findVmaIndex(mm, at)];
    if (area === undefined || area.start > at) {
      result = -ERRNO.ENOMEM;
      break;
    }
    const stop = Math.min(area.end, end);
    const flags = (area.flags & ~(VM.LOCKED | VM.LOCKONFAULT)) | lock;
    if (flags !== area.flags && !(area.flags & VM_SPECIAL)) {
      const vma = isolate(mm, area, at, stop);
      if (vma === null) {
        result = -ERRNO.ENOMEM;
        break;
      }
      const pages = (stop - at) / PAGE_SIZE;
      mm.lockedVm += pages * ((flags & VM.LOCKED ? 1 : 0) - (vma.flags & VM.LOCKED ? 1 : 0));
      vma.flags = flags;
    }
    at = stop;
  }
  merge(mm, start, end);
  return result;
};

/** __mlock_posix_error_return: an inaccessible page is ENOMEM, no memory is EAGAIN. */
const populateLocked = (mm: Mm, start: number, end: number): number => {
  for (let at = start; at < end; ) {
    const vma = mm.vmas[findVmaIndex(mm, at)]!;
    const stop = Math.min(vma.end, end);
    if (vma.flags & (VM.IO | VM.PFNMAP)) {
      at = stop;
      continue;
    }
    if (!(vma.flags & VM_ACCESS)) return -ERRNO.ENOMEM;
    const result = populate(mm, at, stop);
    if (result === FAULT.outOfMemory) return -ERRNO.EAGAIN;
    if (result !== FAULT.handled) return -ERRNO.ENOMEM;
    at = stop;
  }
  return 0;
};

/** How much of [start, end) is locked already (count_mm_mlocked_page_nr). */
const lockedBytes = (mm: Mm, start: number, end: number): number => {
  let bytes = 0;
  for (let index = findVmaIndex(mm, start); index < mm.vmas.length; index++) {
    const vma = mm.vmas[index]!;
    if (vma.start >= end) break;
    if (vma.flags & VM.LOCKED) bytes += Math.min(vma.end, end) - Math.max(vma.start, start);
  }
  return bytes;
};
