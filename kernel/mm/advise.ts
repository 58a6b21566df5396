/** Advice about mappings, and asking which pages are there (mm/madvise.c, mm/mincore.c, mm/msync.c). */
import { PAGE_SIZE, PF_ERROR, PTE } from '../../emulator/api.ts';
import { ERRNO } from '../abi/errno.ts';
import { MADV, MS } from '../abi/mman.ts';
import { FAULT, faultIn } from './fault.ts';
import type { Mm } from './mm.ts';
import { merge } from './mmap.ts';
import { isolate } from './mprotect.ts';
import { punchCached, writebackPages } from './pagecache.ts';
import { pageAlign, zapRange } from './pages.ts';
import { findVmaIndex, isUncuttable, VM, VM_ACCESS, VM_SPECIAL, type Vma, vmaAt } from './vma.ts';

type Advice = (mm: Mm, vma: Vma, start: number, end: number) => number;

/** Clears and sets flags of a part of an area. */
const change =
  (clear: number, set: number, refuse: (vma: Vma) => boolean = () => false): Advice =>
  (mm, vma, start, end) => {
    if (refuse(vma)) return -ERRNO.EINVAL;
    const flags = (vma.flags & ~clear) | set;
    if (flags === vma.flags) return 0;
    if (isUncuttable(vma, start, end)) return -ERRNO.EINVAL;
    const part = isolate(mm, vma, start, end);
    if (part === null) return -ERRNO.EAGAIN;
    part.flags = flags;
    return 0;
  };

const isPrivateAnonymous = (vma: Vma) => vma.mapping === null;

/** Pages that stay where they are. */
const FIXED = VM.LOCKED | VM.PFNMAP;

const zap: Advice = (mm, vma, start, end) => {
  zapRange(mm, vma, start, end);
  return 0;
};

const dontNeed: Advice = (mm, vma, start, end) => (vma.flags & FIXED ? -ERRNO.EINVAL : zap(mm, vma, start, end));

const dontNeedLocked: Advice = (mm, vma, start, end) =>
  vma.flags & VM.PFNMAP ? -ERRNO.EINVAL : zap(mm, vma, start, end);

/** Pages may go at once: a read gives zeros or the old bytes, both are allowed. */
const free: Advice = (mm, vma, start, end) =>
  vma.flags & FIXED || !isPrivateAnonymous(vma) ? -ERRNO.EINVAL : zap(mm, vma, start, end);

/** Punches a hole into the object behind a shared mapping. */
const remove: Advice = (mm, vma, start, end) => {
  if (vma.flags & VM.LOCKED || vma.mapping === null || vma.mapping.object?.special) return -ERRNO.EINVAL;
  if ((vma.flags & (VM.SHARED | VM.MAYWRITE)) !== (VM.SHARED | VM.MAYWRITE)) return -ERRNO.EACCES;
  const from = vma.offset + (start - vma.start);
  const inode = vma.mapping.inode;
  if (inode !== null) {
    const punched =
      inode.ops.allocate?.(mm.kernel, inode, PUNCH_HOLE_KEEP_SIZE, from, end - start) ?? -ERRNO.EOPNOTSUPP;
    if (punched < 0) return punched;
  }
  punchCached(mm.kernel, vma.mapping, from / PAGE_SIZE, (from + end - start) / PAGE_SIZE);
  return 0;
};

/** FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE */
const PUNCH_HOLE_KEEP_SIZE = 3;

const nothing: Advice = () => 0;

const populateFor =
  (error: number): Advice =>
  (mm, vma, start, end) => {
    if (!(error === PF_ERROR.write ? vma.flags & VM.WRITE : vma.flags & VM_ACCESS)) return -ERRNO.EINVAL;
    for (let page = start; page < end; page += PAGE_SIZE) {
      const entry = mm.pageTable.get(page);
      if (entry & PTE.present && (error === 0 || entry & PTE.write)) continue;
      const result = faultIn(mm, page, error);
      if (result === FAULT.busError) return -ERRNO.EFAULT;
      if (result !== FAULT.handled) return -ERRNO.ENOMEM;
    }
    return 0;
  };

/** MADV_HUGEPAGE, MERGEABLE and the like are accepted by a kernel that has those features; here they change nothing. */
const ADVICE: Readonly<Record<number, Advice>> = {
  [MADV.NORMAL]: change(VM.RAND_READ | VM.SEQ_READ, 0),
  [MADV.RANDOM]: change(VM.SEQ_READ, VM.RAND_READ),
  [MADV.SEQUENTIAL]: change(VM.RAND_READ, VM.SEQ_READ),
  [MADV.WILLNEED]: nothing,
  [MADV.DONTNEED]: dontNeed,
  [MADV.DONTNEED_LOCKED]: dontNeedLocked,
  [MADV.FREE]: free,
  [MADV.REMOVE]: remove,
  [MADV.DONTFORK]: change(0, VM.DONTCOPY),
  [MADV.DOFORK]: change(VM.DONTCOPY, 0, (vma) => (vma.flags & VM.IO) !== 0),
  [MADV.WIPEONFORK]: change(0, VM.WIPEONFORK, (vma) => !isPrivateAnonymous(vma) && !vma.mapping?.object?.special),
  [MADV.KEEPONFORK]: change(VM.WIPEONFORK, 0),
  [MADV.DONTDUMP]: change(0, VM.DONTDUMP),
  [MADV.DODUMP]: change(VM.DONTDUMP, 0, (vma) => (vma.flags & VM_SPECIAL) !== 0),
  [MADV.MERGEABLE]: nothing,
  [MADV.UNMERGEABLE]: nothing,
  [MADV.HUGEPAGE]: nothing,
  [MADV.NOHUGEPAGE]: nothing,
  [MADV.COLD]: (_mm, vma) => (vma.flags & FIXED ? -ERRNO.EINVAL : 0),
  [MADV.PAGEOUT]: (_mm, vma) => (vma.flags & FIXED ? -ERRNO.EINVAL : 0),
  [MADV.COLLAPSE]: () => -ERRNO.EINVAL, // there are no huge pages to collapse into
  [MADV.POPULATE_READ]: populateFor(0),
  [MADV.POPULATE_WRITE]: populateFor(PF_ERROR.write),
};

/**
 * Calls `visit` for the part of each area within [start, end). Goes on over holes, which give -ENOMEM at the end; stops at
 * the first error.
 */
const walkAreas = (mm: Mm, start: number, end: number, visit: Advice): number => {
  let hole = 0;
  for (let at = start; at < end; ) {
    const vma = mm.vmas[findVmaIndex(mm, at)];
    if (vma === undefined || vma.start >= end) return -ERRNO.ENOMEM;
    if (vma.start > at) {
      hole = -ERRNO.ENOMEM;
      at = vma.start;
    }
    const stop = Math.min(vma.end, end);
    const error = visit(mm, vma, at, stop);
    if (error < 0) return error;
    at = stop;
  }
  return hole;
};

/** madvise(2). */
export const doMadvise = (mm: Mm, start: number, length: number, advice: number): number => {
  const apply = ADVICE[advice];
  if (apply === undefined || start % PAGE_SIZE !== 0) return -ERRNO.EINVAL;
  const size = pageAlign(length);
  const end = start + size;
  if ((size === 0 && length > 0) || end >= 2 ** 64) return -ERRNO.EINVAL;
  if (size === 0) return 0;
  const result = walkAreas(mm, start, end, apply);
  merge(mm, start, end);
  return result;
};

/** msync(2): shared file mappings are written back, whether synchronously or not. */
export const doMsync = (mm: Mm, start: number, length: number, flags: number): number => {
  if (flags & ~(MS.ASYNC | MS.INVALIDATE | MS.SYNC) || start % PAGE_SIZE !== 0) return -ERRNO.EINVAL;
  if ((flags & (MS.ASYNC | MS.SYNC)) === (MS.ASYNC | MS.SYNC)) return -ERRNO.EINVAL;
  const end = start + pageAlign(length);
  if (end >= 2 ** 64) return -ERRNO.ENOMEM;
  return walkAreas(mm, start, end, (_mm, vma, from, to) => {
    if (flags & MS.INVALIDATE && vma.flags & VM.LOCKED) return -ERRNO.EBUSY;
    if (!(flags & MS.SYNC) || vma.file === null || !(vma.flags & VM.SHARED)) return 0;
    return writebackPages(mm, vma.file, from, to, vma.start - vma.offset);
  });
};

/**
 * mincore(2) for pages from `start` on: one byte per page, bit 0 set if it is there. At most `max` pages, and only those of
 * one area; null if `start` is not mapped.
 */
export const residency = (mm: Mm, start: number, max: number): Uint8Array | null => {
  const vma = vmaAt(mm, start);
  if (vma === undefined) return null;
  const present = new Uint8Array(Math.min(max, (vma.end - start) / PAGE_SIZE));
  for (let i = 0; i < present.length; i++) {
    const page = start + i * PAGE_SIZE;
    const index = (vma.offset + (page - vma.start)) / PAGE_SIZE;
    if (mm.pageTable.get(page) !== 0 || vma.mapping?.pages.has(index) === true) present[i] = 1;
  }
  return present;
};
