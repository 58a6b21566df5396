/**
 * Pages of an area in the page table: mapping, taking out, and what an area holds besides (mm/memory.c).
 */
import { frameOf, PAGE_SIZE, PTE } from '../../emulator/api.ts';
import type { OpenFile } from '../fs/types.ts';
import type { Kernel } from '../kernel.ts';
import type { Mm } from './mm.ts';
import { releaseMapping, writePage } from './pagecache.ts';
import { isActive, pageChanged, pagesChanged } from './tlb.ts';
import { VM, type Vma } from './vma.ts';

/** Past this many changed pages the whole TLB is flushed. */
const FLUSH_ALL = 32;

/** Rounds down and up to pages. Exact for every address below 2^53. */
export const pageDown = (address: number): number => address - (address & (PAGE_SIZE - 1));
export const pageUp = (address: number): number => pageDown(address + PAGE_SIZE - 1);

/** A guest's length in whole pages: 0 where 64 bits overflow (PAGE_ALIGN). */
export const pageAlign = (length: number): number => {
  const aligned = pageUp(length);
  return aligned < 2 ** 64 ? aligned : 0;
};

/**
 * Enters a frame for a page that has none; the reference passes to the page table. On failure the reference is dropped.
 * Throws `OutOfFrames`.
 */
export const mapFrame = (mm: Mm, vma: Vma, address: number, frame: number, flags: number): void => {
  try {
    mm.pageTable.map(address, frame, flags, (vma.flags & VM.EXEC) !== 0);
  } catch (error) {
    mm.kernel.physical.unref(frame);
    throw error;
  }
  if (vma.flags & VM.PFNMAP) return;
  mm.rss++;
  if (mm.rss > mm.maxRss) mm.maxRss = mm.rss;
};

/**
 * Takes the pages of [start, end), within the area, out of the page table (zap_page_range). Shared file pages that were
 * stored to are written back. With `tellCpu` false the caller flushes the TLB.
 */
export const zapRange = (mm: Mm, vma: Vma, start: number, end: number, tellCpu = true): void => {
  const { pageTable, kernel } = mm;
  const { physical } = kernel;
  const shared = (vma.flags & VM.SHARED) !== 0 ? vma.file : null;
  const changed: number[] = [];
  let count = 0;
  pageTable.forEach(start, end, (address, entry) => {
    pageTable.unmap(address);
    const frame = frameOf(entry);
    if (shared !== null && entry & PTE.dirty) {
      writePage(kernel, shared, vma.offset + (address - vma.start), frame);
    }
    physical.unref(frame);
    count++;
    if (tellCpu && count <= FLUSH_ALL) changed.push(address);
  });
  if (count === 0) return;
  if (!(vma.flags & VM.PFNMAP)) mm.rss -= count;
  if (!tellCpu) return;
  if (count > FLUSH_ALL || !isActive(mm)) pagesChanged(mm, start, end);
  else for (const address of changed) pageChanged(mm, address);
};

/** One holder of an open file less; the last one releases it (fput). */
export const putFile = (kernel: Kernel, file: OpenFile): void => {
  if (--file.refs === 0) file.ops.release?.(kernel, file);
};

/** Drops what an area holds on to: its file and its share of the page cache. */
export const releaseVma = (kernel: Kernel, vma: Vma): void => {
  if (vma.mapping !== null) releaseMapping(kernel, vma.mapping);
  if (vma.file !== null) putFile(kernel, vma.file);
};

/** Counts pages of an area in (`sign` 1) or out (-1) (vm_stat_account). */
export const accountVma = (mm: Mm, flags: number, bytes: number, sign: 1 | -1): void => {
  const pages = (bytes / PAGE_SIZE) * sign;
  mm.totalVm += pages;
  if (flags & VM.GROWSDOWN) mm.stackVm += pages;
  else if ((flags & (VM.EXEC | VM.WRITE)) === VM.EXEC) mm.execVm += pages;
  else if (isData(flags)) mm.dataVm += pages;
  if (flags & VM.LOCKED) mm.lockedVm += pages;
};

/** Private and writable and no stack: what RLIMIT_DATA counts (is_data_mapping). */
export const isData = (flags: number): boolean => (flags & (VM.WRITE | VM.SHARED | VM.GROWSDOWN)) === VM.WRITE;
