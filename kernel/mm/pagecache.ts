/**
 * The page cache (address_space): frames that hold pages of a file, or of shared anonymous memory, shared by everyone who
 * maps them. Only mapped files are cached; read(2) and write(2) go to the file's own storage and call `overlayCached`,
 * `updateCached` and `truncateCached` so that both ways agree at every moment.
 *
 * The cache holds one reference on each of its frames; every page-table entry holds one more.
 */
import { frameOf, PAGE_SIZE, PTE } from '../../emulator/api.ts';
import { ERRNO } from '../abi/errno.ts';
import type { Inode, OpenFile } from '../fs/types.ts';
import type { Kernel } from '../kernel.ts';
import { withReclaim } from './memory.ts';
import type { Mm } from './mm.ts';
import { pageChanged } from './tlb.ts';
import { VM } from './vma.ts';

/** What keeps pages of no file though nobody maps them: a System V segment. It is told when areas come and go. */
export interface MappedObject {
  readonly ops: {
    opened(kernel: Kernel, object: MappedObject): void;
    closed(kernel: Kernel, object: MappedObject): void;
    /** An area of it is about to move to `target`: 0, or -errno to refuse. */
    moving?(object: MappedObject, mm: Mm, target: number): number;
  };
  /** The kernel's own pages: there are no others, access is SIGBUS; areas of it are whole or not at all. */
  readonly special?: true;
  /** Name and inode number in /proc/PID/maps. */
  readonly name: string;
  ino: number;
}

export interface AddressSpace {
  /** Null for shared anonymous memory. */
  readonly inode: Inode | null;
  readonly object: MappedObject | null;
  /** Page index (offset / 4096) -> frame. */
  readonly pages: Map<number, number>;
  /** Areas, of all address spaces, that map it. */
  vmas: number;
  /** Names memory of no file in the keys of futexes; given with the first one. */
  futexId?: number;
  /** The inode's when the first area came: if they changed while none was there, cached pages are stale. */
  size: number;
  mtime: bigint;
}

/** Pages for a new object of shared anonymous memory; it lives as long as areas map it. */
export const newSharedMemory = (): AddressSpace => ({
  inode: null,
  object: null,
  pages: new Map(),
  vmas: 0,
  size: 0,
  mtime: 0n,
});

/** The cached pages of a file that is about to be mapped. */
export const mappingOf = (kernel: Kernel, inode: Inode): AddressSpace => {
  let mapping = kernel.memory.mappings.get(inode);
  if (mapping === undefined) {
    mapping = { inode, object: null, pages: new Map(), vmas: 0, size: inode.size, mtime: inode.mtime };
    kernel.memory.mappings.set(inode, mapping);
  } else if (mapping.vmas === 0) {
    if (mapping.size !== inode.size || mapping.mtime !== inode.mtime) dropPages(kernel, mapping, 0);
    mapping.size = inode.size;
    mapping.mtime = inode.mtime;
  }
  return mapping;
};

/**
 * The frame of a page, read from `file` (or zero-filled) if it is not cached. -EFAULT behind the end of the file, or the
 * -errno of reading. The frame is the cache's: who maps it takes a reference. Throws `OutOfFrames`.
 */
export const cachedPage = (kernel: Kernel, mapping: AddressSpace, index: number, file: OpenFile | null): number => {
  if (mapping.inode !== null && index * PAGE_SIZE >= mapping.inode.size) return -ERRNO.EFAULT;
  const cached = mapping.pages.get(index);
  if (cached !== undefined) return cached;
  if (mapping.object?.special) return -ERRNO.EFAULT;
  const { physical } = kernel;
  const frame = withReclaim(kernel, () => physical.alloc());
  if (file !== null) {
    const start = frame * PAGE_SIZE;
    const into = physical.u8.subarray(start, start + PAGE_SIZE);
    const read =
      file.ops.readPage === undefined ? -ERRNO.EIO : file.ops.readPage(kernel, file, index * PAGE_SIZE, into);
    if (read < 0) {
      physical.unref(frame);
      return read;
    }
  }
  mapping.pages.set(index, frame);
  return frame;
};

/** An area that mapped it is gone. */
export const releaseMapping = (kernel: Kernel, mapping: AddressSpace): void => {
  mapping.vmas--;
  const { inode, object } = mapping;
  object?.ops.closed(kernel, object);
  if (mapping.vmas > 0 || object !== null) return;
  if (inode === null) {
    dropPages(kernel, mapping, 0);
  } else {
    mapping.size = inode.size;
    mapping.mtime = inode.mtime;
    if (inode.nlink === 0) forgetCached(kernel, inode);
  }
};

/** Lets go of cached pages from index `from` on; who still maps one keeps it. */
export const dropPages = (kernel: Kernel, mapping: AddressSpace, from: number): void => {
  for (const [index, frame] of mapping.pages) {
    if (index < from) continue;
    mapping.pages.delete(index);
    kernel.physical.unref(frame);
  }
};

/**
 * For read(2): `into` was read from the file's storage at `position`; bytes of cached pages, which a shared mapping may have
 * changed, replace it.
 */
export const overlayCached = (kernel: Kernel, inode: Inode, position: number, into: Uint8Array): void => {
  const pages = kernel.memory.mappings.get(inode)?.pages;
  if (pages === undefined || pages.size === 0) return;
  eachCached(pages, position, into.length, (frame, within, from, length) => {
    const start = frame * PAGE_SIZE + within;
    into.set(kernel.physical.u8.subarray(start, start + length), from);
  });
};

/** For write(2): the bytes are in the file's storage; cached pages get them too. */
export const updateCached = (kernel: Kernel, inode: Inode, position: number, bytes: Uint8Array): void => {
  const pages = kernel.memory.mappings.get(inode)?.pages;
  if (pages === undefined || pages.size === 0) return;
  eachCached(pages, position, bytes.length, (frame, within, from, length) => {
    kernel.physical.aboutToWrite(frame);
    kernel.physical.u8.set(bytes.subarray(from, from + length), frame * PAGE_SIZE + within);
  });
};

const eachCached = (
  pages: Map<number, number>,
  position: number,
  length: number,
  visit: (frame: number, within: number, from: number, length: number) => void,
): void => {
  for (let done = 0; done < length; ) {
    const within = (position + done) % PAGE_SIZE;
    const part = Math.min(PAGE_SIZE - within, length - done);
    const frame = pages.get((position + done - within) / PAGE_SIZE);
    if (frame !== undefined) visit(frame, within, done, part);
    done += part;
  }
};

/**
 * For truncate(2), after `inode.size` became `size`: pages behind the end leave the cache and every address space, where
 * access is SIGBUS from now on; the rest of the last page is zero (truncate_pagecache).
 */
export const truncateCached = (kernel: Kernel, inode: Inode, size: number): void => {
  const mapping = kernel.memory.mappings.get(inode);
  if (mapping === undefined) return;
  const within = size % PAGE_SIZE;
  const last = within === 0 ? undefined : mapping.pages.get((size - within) / PAGE_SIZE);
  if (last !== undefined) {
    kernel.physical.aboutToWrite(last);
    kernel.physical.u8.fill(0, last * PAGE_SIZE + within, (last + 1) * PAGE_SIZE);
  }
  const end = Math.ceil(size / PAGE_SIZE) * PAGE_SIZE;
  if (mapping.vmas > 0) unmapMapping(kernel, mapping, end, Number.POSITIVE_INFINITY);
  dropPages(kernel, mapping, end / PAGE_SIZE);
};

/** Takes the pages of bytes [start, end) of a mapping out of all address spaces, private copies too (unmap_mapping_range). */
export const unmapMapping = (kernel: Kernel, mapping: AddressSpace, start: number, end: number): void => {
  const seen = new Set<Mm>();
  for (const { mm } of kernel.tasks.values()) {
    if (seen.has(mm)) continue;
    seen.add(mm);
    for (const vma of mm.vmas) {
      if (vma.mapping !== mapping) continue;
      const from = vma.start + Math.max(0, start - vma.offset);
      const to = Math.min(vma.end, vma.start + (end - vma.offset));
      if (from >= to) continue;
      mm.pageTable.forEach(from, to, (address, entry) => {
        mm.pageTable.unmap(address);
        kernel.physical.unref(frameOf(entry));
        mm.rss--;
        pageChanged(mm, address);
      });
    }
  }
};

/** Drops pages [first, last) of a mapping: a hole was punched, they read as zero (MADV_REMOVE, fallocate). */
export const punchCached = (kernel: Kernel, mapping: AddressSpace, first: number, last: number): void => {
  unmapMapping(kernel, mapping, first * PAGE_SIZE, last * PAGE_SIZE);
  for (const [index, frame] of mapping.pages) {
    if (index < first || index >= last) continue;
    mapping.pages.delete(index);
    kernel.physical.unref(frame);
  }
};

/** The inode is gone for good, or its storage changed behind our back: nothing of it is cached any more. */
export const forgetCached = (kernel: Kernel, inode: Inode): void => {
  const mapping = kernel.memory.mappings.get(inode);
  if (mapping === undefined) return;
  dropPages(kernel, mapping, 0);
  if (mapping.vmas === 0) kernel.memory.mappings.delete(inode);
};

/**
 * Writes back what any address space has stored into the shared pages of an inode since the last time: fsync(2), msync(2).
 * 0 or the first -errno.
 */
export const writebackInode = (kernel: Kernel, inode: Inode): number => {
  const mapping = kernel.memory.mappings.get(inode);
  if (mapping === undefined || mapping.vmas === 0) return 0;
  let result = 0;
  const seen = new Set<Mm>();
  for (const { mm } of kernel.tasks.values()) {
    if (seen.has(mm)) continue;
    seen.add(mm);
    for (const vma of mm.vmas) {
      if (vma.mapping !== mapping || vma.file === null || !(vma.flags & VM.SHARED)) continue;
      const error = writebackPages(mm, vma.file, vma.start, vma.end, vma.start - vma.offset);
      if (result === 0) result = error;
    }
  }
  return result;
};

/**
 * Writes the dirty pages of [start, end) of a shared file mapping to the file and marks them clean. `base` is the address
 * of the file's byte 0. 0 or the first -errno.
 */
export const writebackPages = (mm: Mm, file: OpenFile, start: number, end: number, base: number): number => {
  const { kernel, pageTable } = mm;
  let result = 0;
  pageTable.forEach(start, end, (address, entry, executable) => {
    if (!(entry & PTE.dirty)) return;
    if (entry & PTE.present) pageTable.protect(address, entry & 0xfff & ~PTE.dirty, executable);
    pageChanged(mm, address);
    const error = writePage(kernel, file, address - base, frameOf(entry));
    if (result === 0) result = error;
  });
  return result;
};

/** Writes a frame to its place in the file. 0 or -errno. */
export const writePage = (kernel: Kernel, file: OpenFile, offset: number, frame: number): number => {
  if (file.ops.writePage === undefined || offset >= file.inode.size) return 0;
  const start = frame * PAGE_SIZE;
  const bytes = kernel.physical.u8.slice(start, start + Math.min(PAGE_SIZE, file.inode.size - offset));
  return Math.min(0, file.ops.writePage(kernel, file, offset, bytes));
};
