/**
 * Contents of regular files in memory, page by page, over those of a host file that was not changed there.
 */

import { PAGE_SIZE } from '../../emulator/api.ts';
import { ERRNO } from '../abi/errno.ts';
import { FALLOC, SEAL } from '../abi/fcntl.ts';
import { isReg } from '../abi/stat.ts';
import type { Kernel } from '../kernel.ts';
import { forgetCached, overlayCached, punchCached, truncateCached, updateCached } from '../mm/pagecache.ts';
import type { Task } from '../task/task.ts';
import { releaseFile, touchAccessed, touchModified } from './inode.ts';
import { charge, type MemInode, uncharge } from './memnode.ts';
import { readFile, writeFile } from './regular.ts';
import type { FileOperations, Inode, InodeOperations } from './types.ts';

const mem = (inode: Inode): MemInode => inode as MemInode;

/** Copies bytes at `position`, all below the size, into `into`. 0 or -errno. */
export const load = (inode: MemInode, position: number, into: Uint8Array): number => {
  if (inode.pages === null) return loadLower(inode, position, into);
  for (let done = 0; done < into.length; ) {
    const at = position + done;
    const within = at % PAGE_SIZE;
    const part = Math.min(PAGE_SIZE - within, into.length - done);
    const page = inode.pages.get((at - within) / PAGE_SIZE);
    if (page !== undefined) {
      into.set(page.subarray(within, within + part), done);
    } else {
      const error = loadLower(inode, at, into.subarray(done, done + part));
      if (error < 0) return error;
    }
    done += part;
  }
  return 0;
};

const loadLower = (inode: MemInode, position: number, into: Uint8Array): number => {
  const end = Math.max(0, Math.min(into.length, inode.lowerSize - position));
  let done = 0;
  while (done < end) {
    const count = inode.sb.files!.read(inode.lower!, position + done, into.subarray(done, end));
    if (typeof count !== 'number') return -count.errno;
    if (count === 0) break;
    done += count;
  }
  into.fill(0, done);
  return 0;
};

/** Stands for pages that fallocate(2) reserved and nobody wrote: zeros, paid for, but still a hole. Never written itself. */
const UNWRITTEN = new Uint8Array(PAGE_SIZE);

/** The page to write into, made or copied up as needed; undefined when memory is full, or -errno of the lower file. */
const pageForWrite = (kernel: Kernel, inode: MemInode, index: number, whole: boolean): Uint8Array | number => {
  const known = inode.pages?.get(index);
  if (known !== undefined && known !== UNWRITTEN) return known;
  if (known === undefined && !charge(kernel, inode, PAGE_SIZE)) return -ERRNO.ENOSPC;
  const page = new Uint8Array(PAGE_SIZE);
  if (!whole && index * PAGE_SIZE < inode.lowerSize) {
    const error = loadLower(inode, index * PAGE_SIZE, page);
    if (error < 0) {
      uncharge(kernel, inode, PAGE_SIZE);
      return error;
    }
  }
  inode.pages ??= new Map();
  inode.pages.set(index, page);
  return page;
};

/** Stores bytes; returns how many, or -errno if none. Grows the file. */
export const store = (kernel: Kernel, inode: MemInode, position: number, bytes: Uint8Array): number => {
  let done = 0;
  let error = 0;
  while (done < bytes.length) {
    const at = position + done;
    const within = at % PAGE_SIZE;
    const part = Math.min(PAGE_SIZE - within, bytes.length - done);
    const page = pageForWrite(kernel, inode, (at - within) / PAGE_SIZE, part === PAGE_SIZE);
    if (typeof page === 'number') {
      error = page;
      break;
    }
    page.set(bytes.subarray(done, done + part), within);
    done += part;
  }
  if (done === 0) return error;
  inode.kept = true;
  if (position + done > inode.size) inode.size = position + done;
  updateCached(kernel, inode, position, done === bytes.length ? bytes : bytes.subarray(0, done));
  touchModified(kernel, inode);
  return done;
};

/** Bytes that may be written from a place on; -EPERM. With F_SEAL_GROW the page that would grow the file is left out. */
const sealedLength = (inode: MemInode, position: number, length: number): number => {
  if ((inode.seals & (SEAL.WRITE | SEAL.FUTURE_WRITE)) !== 0) return -ERRNO.EPERM;
  if ((inode.seals & SEAL.GROW) === 0 || position + length <= inode.size) return length;
  const allowed = inode.size - (inode.size % PAGE_SIZE) - position;
  return allowed > 0 ? allowed : -ERRNO.EPERM;
};

/** Cuts or extends (shmem_setattr). */
export const truncateContent: NonNullable<InodeOperations['truncate']> = (kernel, node, size) => {
  const inode = mem(node);
  if ((size < inode.size && inode.seals & SEAL.SHRINK) || (size > inode.size && inode.seals & SEAL.GROW)) {
    return -ERRNO.EPERM;
  }
  // Also at the same size: what fallocate(2) reserved behind it goes.
  if (size <= inode.size) {
    for (const index of inode.pages?.keys() ?? []) {
      if (index * PAGE_SIZE >= size) freePage(kernel, inode, index);
    }
    const last = inode.pages?.get(Math.floor(size / PAGE_SIZE));
    if (last !== UNWRITTEN) last?.fill(0, size % PAGE_SIZE);
    inode.lowerSize = Math.min(inode.lowerSize, size);
  }
  const shrinks = size < inode.size;
  inode.size = size;
  inode.kept = true;
  if (shrinks) truncateCached(kernel, inode, size);
  touchModified(kernel, inode);
  return 0;
};

const freePage = (kernel: Kernel, inode: MemInode, index: number): void => {
  if (inode.pages?.delete(index)) uncharge(kernel, inode, PAGE_SIZE);
};

/** Forgets all contents: the inode is going away. */
export const dropContent = (kernel: Kernel, inode: MemInode): void => {
  if (!isReg(inode.mode)) return;
  for (const index of inode.pages?.keys() ?? []) freePage(kernel, inode, index);
  forgetCached(kernel, inode);
};

export const blocksOf = (node: Inode): number => {
  const inode = mem(node);
  if (!isReg(inode.mode) || (inode.lower !== null && !inode.kept)) return inode.lowerBlocks;
  const lowerPages = Math.ceil(inode.lowerSize / PAGE_SIZE);
  let pages = lowerPages;
  for (const index of inode.pages?.keys() ?? []) if (index >= lowerPages) pages++;
  return pages * (PAGE_SIZE / 512);
};

/** SEEK_DATA and SEEK_HOLE, by pages. */
export const nextExtent: NonNullable<InodeOperations['nextExtent']> = (node, offset, hole) => {
  const inode = mem(node);
  const isData = (index: number): boolean => {
    const page = inode.pages?.get(index);
    return page === undefined ? index * PAGE_SIZE < inode.lowerSize : page !== UNWRITTEN;
  };
  for (let index = Math.floor(offset / PAGE_SIZE); index * PAGE_SIZE < inode.size; index++) {
    if (isData(index) !== hole) return Math.max(offset, index * PAGE_SIZE);
  }
  return inode.size;
};

/** fallocate(2): preallocation, holes, zeros (shmem_fallocate). */
export const allocateRange: NonNullable<InodeOperations['allocate']> = (kernel, node, mode, offset, length) => {
  const inode = mem(node);
  if (!isReg(inode.mode)) return -ERRNO.ENODEV;
  const end = offset + length;
  if (mode & FALLOC.PUNCH_HOLE) {
    if (inode.seals & (SEAL.WRITE | SEAL.FUTURE_WRITE)) return -ERRNO.EPERM;
    let last = inode.size;
    for (const index of inode.pages?.keys() ?? []) last = Math.max(last, (index + 1) * PAGE_SIZE);
    return zero(kernel, inode, offset, Math.min(end, last));
  }
  if (mode & ~FALLOC.KEEP_SIZE) return -ERRNO.EOPNOTSUPP;
  if (inode.seals & SEAL.GROW && end > inode.size) return -ERRNO.EPERM;
  for (let index = Math.floor(offset / PAGE_SIZE); index * PAGE_SIZE < end; index++) {
    if (index * PAGE_SIZE < inode.lowerSize || inode.pages?.has(index)) continue;
    if (!charge(kernel, inode, PAGE_SIZE)) return -ERRNO.ENOSPC;
    inode.pages ??= new Map();
    inode.pages.set(index, UNWRITTEN);
  }
  inode.kept = true;
  if (!(mode & FALLOC.KEEP_SIZE) && end > inode.size) inode.size = end;
  touchModified(kernel, inode);
  return 0;
};

/** Makes bytes [from, to) read as zero; whole pages of memory are given back. */
const zero = (kernel: Kernel, inode: MemInode, from: number, to: number): number => {
  for (let at = from; at < to; ) {
    const within = at % PAGE_SIZE;
    const part = Math.min(PAGE_SIZE - within, to - at);
    const index = (at - within) / PAGE_SIZE;
    if (part === PAGE_SIZE && at >= inode.lowerSize) {
      freePage(kernel, inode, index);
    } else if (inode.pages?.has(index) || at < inode.lowerSize) {
      const page = pageForWrite(kernel, inode, index, part === PAGE_SIZE);
      if (typeof page === 'number') return page;
      page.fill(0, within, within + part);
    }
    updateCached(kernel, inode, at, new Uint8Array(part));
    at += part;
  }
  const mapping = kernel.memory.mappings.get(inode);
  const first = Math.ceil(from / PAGE_SIZE);
  const last = Math.floor(to / PAGE_SIZE);
  if (mapping !== undefined && first < last) punchCached(kernel, mapping, first, last);
  inode.kept = true;
  touchModified(kernel, inode);
  return 0;
};

/** Open regular files in memory. */
export const memFile: FileOperations = Object.freeze<FileOperations>({
  kind: 'file',
  seekable: true,
  read: (kernel, _task, file, sink, position) => {
    const inode = mem(file.inode);
    const count = readFile(inode.size, sink, position, (at, into) => {
      const error = load(inode, at, into);
      overlayCached(kernel, inode, at, into);
      return error;
    });
    if (count > 0) touchAccessed(kernel, inode);
    return count;
  },
  write: (kernel: Kernel, task: Task, file, source, position) => {
    const inode = mem(file.inode);
    const length = sealedLength(inode, position, source.remaining);
    if (length < 0) return length;
    return writeFile(kernel, task, inode, source, position, (at, bytes) =>
      store(kernel, inode, at, bytes.subarray(0, Math.max(0, position + length - at))),
    );
  },
  readPage: (_kernel, file, offset, into) => {
    const inode = mem(file.inode);
    const count = Math.max(0, Math.min(into.length, inode.size - offset));
    const error = load(inode, offset, into.subarray(0, count));
    return error < 0 ? error : count;
  },
  writePage: (kernel, file, offset, from) => {
    const inode = mem(file.inode);
    const count = Math.max(0, Math.min(from.length, inode.size - offset));
    return count === 0 ? 0 : store(kernel, inode, offset, from.subarray(0, count));
  },
  release: releaseFile,
});
