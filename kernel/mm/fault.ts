/**
 * Page faults (arch/x86/mm/fault.c, mm/memory.c): finding the area, growing the stack, and bringing in or copying the page.
 */
import { CHUNK_FRAMES, frameOf, OutOfFrames, PAGE_SIZE, PF_ERROR, PTE, USER_END } from '../../emulator/api.ts';
import { RLIMIT } from '../abi/resource.ts';
import type { Kernel } from '../kernel.ts';
import type { Task } from '../task/task.ts';
import { mayExpand, rlimit } from './limits.ts';
import { reclaimPages, withReclaim } from './memory.ts';
import type { Mm } from './mm.ts';
import { cachedPage } from './pagecache.ts';
import { accountVma, mapFrame, pageDown, pageUp } from './pages.ts';
import { pageChanged } from './tlb.ts';
import { findVmaIndex, VM, VM_ACCESS, type Vma } from './vma.ts';

const CHUNK_SIZE = CHUNK_FRAMES * PAGE_SIZE;
/** Areas of so many bytes get their frames in chunks: what many processes have each is smaller. */
const BIG_AREA = 4 << 20;

/** What became of a fault. */
export const FAULT = {
  /** The page is there: the instruction runs again. */
  handled: 0,
  /** SIGSEGV, SEGV_MAPERR: nothing is mapped there. */
  mapError: 1,
  /** SIGSEGV, SEGV_ACCERR: the mapping forbids it. */
  accessError: 2,
  /** SIGBUS, BUS_ADRERR: behind the end of the mapped file, or it could not be read. */
  busError: 3,
  /** Memory is exhausted: the task is to be killed as by Linux's OOM killer. */
  outOfMemory: 4,
} as const;
export type FaultResult = (typeof FAULT)[keyof typeof FAULT];

/** Pages kept free between a stack that grows and the mapping below it (stack_guard_gap). */
export const STACK_GUARD_GAP = 256 * PAGE_SIZE;

/** Cached neighbours mapped along with a faulting file page: an aligned window of this many pages (fault_around_bytes). */
const FAULT_AROUND = 16;

/** A #PF of the guest's own access. `error` is the error code (`PF_ERROR`), `address` cr2. */
export const handleMmFault = (_kernel: Kernel, task: Task, address: number, error: number): FaultResult =>
  faultIn(task.mm, address, error);

/** Makes the access at `address` possible, or says why it is not. `error` has `PF_ERROR` bits write and fetch. */
export const faultIn = (mm: Mm, address: number, error: number): FaultResult => {
  if (!(address >= 0 && address < USER_END)) return FAULT.mapError;
  try {
    return handle(mm, address, error);
  } catch (thrown) {
    if (!(thrown instanceof OutOfFrames)) throw thrown;
  }
  // Page tables may be what could not be had.
  if (reclaimPages(mm.kernel) === 0) return FAULT.outOfMemory;
  try {
    return handle(mm, address, error);
  } catch (thrown) {
    if (!(thrown instanceof OutOfFrames)) throw thrown;
    return FAULT.outOfMemory;
  }
};

const handle = (mm: Mm, address: number, error: number): FaultResult => {
  const page = pageDown(address);
  const index = findVmaIndex(mm, address);
  const vma = mm.vmas[index];
  if (vma === undefined) return FAULT.mapError;
  if (vma.start > address && expandStack(mm, index, page) < 0) return FAULT.mapError;

  const write = (error & PF_ERROR.write) !== 0;
  const entry = mm.pageTable.get(page);
  const present = (entry & PTE.present) !== 0;
  // access_error(): a fetch from a page that is not there only brings it in; if it is not executable, the next try says so.
  if (write) {
    if (!(vma.flags & VM.WRITE)) return FAULT.accessError;
  } else if (present) {
    if (error & PF_ERROR.fetch && !(vma.flags & VM.EXEC)) return FAULT.accessError;
  } else if (!(vma.flags & VM_ACCESS)) {
    return FAULT.accessError;
  }

  if (!present) return bringIn(mm, vma, page, write);
  if (write && !(entry & PTE.write)) return copyOnWrite(mm, vma, page, entry);
  pageChanged(mm, page); // already as it should be: only the TLB does not know
  return FAULT.handled;
};

/** do_anonymous_page, do_fault. */
const bringIn = (mm: Mm, vma: Vma, page: number, write: boolean): FaultResult => {
  const { kernel } = mm;
  const { physical } = kernel;
  const writable = vma.flags & VM.WRITE ? PTE.write : 0;
  if (vma.mapping === null) {
    if (write) mapFrame(mm, vma, page, anonymousFrame(mm, vma, page), PTE.write | PTE.dirty);
    else {
      physical.ref(kernel.memory.zeroFrame);
      mapFrame(mm, vma, page, kernel.memory.zeroFrame, 0);
    }
    return FAULT.handled;
  }

  const index = (vma.offset + (page - vma.start)) / PAGE_SIZE;
  const cached = cachedPage(kernel, vma.mapping, index, vma.file);
  if (cached < 0) return FAULT.busError;
  if (vma.flags & VM.SHARED) {
    physical.ref(cached);
    mapFrame(mm, vma, page, cached, writable | (write ? PTE.dirty : 0));
  } else if (write) {
    physical.ref(cached); // reclaim must not take it while room for the copy is made
    try {
      mapFrame(
        mm,
        vma,
        page,
        withReclaim(kernel, () => physical.copy(cached)),
        PTE.write | PTE.dirty,
      );
    } finally {
      physical.unref(cached);
    }
  } else {
    physical.ref(cached);
    mapFrame(mm, vma, page, cached, 0);
    mapAround(mm, vma, page);
  }
  return FAULT.handled;
};

/**
 * A cleared frame for a page of private anonymous memory. In a big area it comes from a chunk, where it lies beside those of
 * its neighbours: executors translate such pages together. Nothing else is different, and a chunk is given back with the last of its frames.
 */
const anonymousFrame = (mm: Mm, vma: Vma, page: number): number => {
  const { physical } = mm.kernel;
  if (vma.end - vma.start < BIG_AREA) return physical.alloc();
  const piece = Math.floor(page / CHUNK_SIZE);
  const index = (page - piece * CHUNK_SIZE) / PAGE_SIZE;
  const chunk = mm.chunks.get(piece);
  const frame = chunk === undefined ? -1 : physical.allocIn(chunk, index);
  if (frame >= 0) return frame;
  if (!isAllOf(mm, vma, piece * CHUNK_SIZE) || (chunk !== undefined && physical.isReserved(chunk)))
    return physical.alloc();
  const fresh = physical.reserve();
  if (fresh === 0) return physical.alloc();
  mm.chunks.set(piece, fresh);
  return physical.allocIn(fresh, index);
};

/** Whether the area has all pages from `start` on that a chunk has frames for, or, as the heap, is likely to get them. */
const isAllOf = (mm: Mm, vma: Vma, start: number): boolean => {
  if (vma.flags & VM.GROWSDOWN || vma.mapping !== null || start < vma.start) return false;
  return start + CHUNK_SIZE <= vma.end || vma.end === pageUp(mm.brk);
};

/** do_fault_around: what is cached near a file page is likely to be needed soon. */
const mapAround = (mm: Mm, vma: Vma, page: number): void => {
  const { pages, inode } = vma.mapping!;
  const window = FAULT_AROUND * PAGE_SIZE;
  const first = Math.max(vma.start, page - (page % window));
  const end = Math.min(vma.end, page - (page % window) + window, vma.start + (inode?.size ?? 0) - vma.offset);
  for (let address = first; address < end; address += PAGE_SIZE) {
    if (mm.pageTable.get(address) !== 0) continue;
    const frame = pages.get((vma.offset + (address - vma.start)) / PAGE_SIZE);
    if (frame === undefined) continue;
    mm.kernel.physical.ref(frame);
    mapFrame(mm, vma, address, frame, 0);
  }
};

/** do_wp_page: a store to a page that is mapped read-only in a writable area. */
const copyOnWrite = (mm: Mm, vma: Vma, page: number, entry: number): FaultResult => {
  const { kernel, pageTable } = mm;
  const { physical } = kernel;
  const frame = frameOf(entry);
  const executable = (vma.flags & VM.EXEC) !== 0;
  if (vma.flags & VM.SHARED || physical.refcount(frame) === 1) {
    pageTable.protect(page, (entry & 0xfff) | PTE.write | PTE.dirty, executable);
  } else {
    const zero = frame === kernel.memory.zeroFrame;
    const copy = withReclaim(kernel, () => (zero ? anonymousFrame(mm, vma, page) : physical.copy(frame)));
    pageTable.map(page, copy, PTE.write | PTE.dirty, executable);
    physical.unref(frame);
  }
  pageChanged(mm, page);
  return FAULT.handled;
};

/**
 * expand_downwards: the area at `index` begins above `page` and grows down to it if it is a stack and limits allow. Any
 * distance will do; rsp is not looked at. 0 or -1.
 */
const expandStack = (mm: Mm, index: number, page: number): number => {
  const vma = mm.vmas[index]!;
  if (!(vma.flags & VM.GROWSDOWN) || page < MMAP_MIN_ADDR) return -1;
  const below = mm.vmas[index - 1];
  const guarded = below !== undefined && !(below.flags & VM.GROWSDOWN) && (below.flags & VM_ACCESS) !== 0;
  if (guarded && page - below.end < STACK_GUARD_GAP) return -1;
  const growth = vma.start - page;
  if (vma.end - page > rlimit(mm, RLIMIT.STACK)) return -1;
  if (!mayExpand(mm, vma.flags, growth)) return -1;
  if (vma.flags & VM.LOCKED && mm.lockedVm * PAGE_SIZE + growth > rlimit(mm, RLIMIT.MEMLOCK)) return -1;
  vma.start = page;
  vma.offset -= growth;
  accountVma(mm, vma.flags, growth, 1);
  return 0;
};

/** Nothing is mapped below (vm.mmap_min_addr), so that null pointers fault. */
export const MMAP_MIN_ADDR = 65536;

/**
 * Brings in the pages of [start, end) as an access would (populate_vma_page_range), a store where that is allowed. Stops at
 * the first that cannot be; returns how it failed, or `FAULT.handled`.
 */
export const populate = (mm: Mm, start: number, end: number): FaultResult => {
  for (let page = start; page < end; page += PAGE_SIZE) {
    const vma = mm.vmas[findVmaIndex(mm, page)];
    if (vma === undefined || vma.start > page) return FAULT.mapError;
    // A private mapping gets its own copy now, as a later store would; a shared one stays clean.
    const write = (vma.flags & (VM.WRITE | VM.SHARED)) === VM.WRITE;
    const entry = mm.pageTable.get(page);
    if (entry & PTE.present && (!write || entry & PTE.write)) continue;
    const result = faultIn(mm, page, write ? PF_ERROR.write : 0);
    if (result !== FAULT.handled) return result;
  }
  return FAULT.handled;
};
