/** Making and removing mappings, and the heap (mm/mmap.c). Results are addresses or 0, or a negative errno. */

import { PAGE_SIZE, USER_END } from '../../emulator/api.ts';
import { CAP } from '../abi/capability.ts';
import { ERRNO } from '../abi/errno.ts';
import { O } from '../abi/fcntl.ts';
import { MAP, PROT } from '../abi/mman.ts';
import { RLIMIT } from '../abi/resource.ts';
import { makedev, S } from '../abi/stat.ts';
import type { OpenFile } from '../fs/types.ts';
import { capable } from '../task/capability.ts';
import { MMAP_MIN_ADDR, populate } from './fault.ts';
import {
  accountable,
  canLock,
  deniesWriteExec,
  enoughMemory,
  MAX_MAP_COUNT,
  mayExpand,
  mayLock,
  rlimit,
} from './limits.ts';
import type { Mm } from './mm.ts';
import { type AddressSpace, mappingOf, newSharedMemory } from './pagecache.ts';
import { accountVma, pageAlign, pageUp, releaseVma, zapRange } from './pages.ts';
import { getUnmappedArea, startWithGap } from './unmapped.ts';
import {
  findIntersection,
  findVma,
  findVmaIndex,
  holdVma,
  insertVma,
  isUncuttable,
  mergeVmas,
  splitVma,
  VM,
  VM_SPECIAL,
  type Vma,
} from './vma.ts';

/** What a mapping that asks for nothing special may become. */
const VM_MAY = VM.MAYREAD | VM.MAYWRITE | VM.MAYEXEC;

/** Flags older than MAP_SHARED_VALIDATE, which refuses all others (LEGACY_MAP_MASK). */
const LEGACY_MAP_MASK =
  MAP.SHARED |
  MAP.PRIVATE |
  MAP.FIXED |
  MAP.ANONYMOUS |
  MAP.DENYWRITE |
  MAP.EXECUTABLE |
  MAP.UNINITIALIZED |
  MAP.GROWSDOWN |
  MAP.LOCKED |
  MAP.NORESERVE |
  MAP.POPULATE |
  MAP.NONBLOCK |
  MAP.STACK |
  MAP.HUGETLB |
  MAP['32BIT'] |
  MAP.ABOVE4G |
  (MAP.HUGE_MASK << MAP.HUGE_SHIFT);

/** VM_READ, VM_WRITE and VM_EXEC have PROT's values. */
const VM_PROT = PROT.READ | PROT.WRITE | PROT.EXEC;

/** /dev/zero: mapping it gives anonymous memory. */
const DEV_ZERO = makedev(1, 5);

const readable = (file: OpenFile) => (file.flags & O.ACCMODE) !== O.WRONLY;
const writable = (file: OpenFile) => (file.flags & O.ACCMODE) !== O.RDONLY;

/** Flags that private, shared or droppable mappings of a file or of nothing get, or -errno. */
const flagsFor = (file: OpenFile | null, prot: number, flags: number): number => {
  const type = flags & MAP.TYPE;
  if (file === null) {
    if (type === MAP.SHARED) return flags & MAP.GROWSDOWN ? -ERRNO.EINVAL : VM.SHARED | VM.MAYSHARE;
    if (type === MAP.DROPPABLE)
      return flags & MAP.GROWSDOWN ? -ERRNO.EINVAL : VM.NORESERVE | VM.WIPEONFORK | VM.DONTDUMP;
    return type === MAP.PRIVATE ? 0 : -ERRNO.EINVAL;
  }
  let vm = 0;
  if (type === MAP.SHARED_VALIDATE && flags & ~(LEGACY_MAP_MASK | MAP.SHARED_VALIDATE)) return -ERRNO.EOPNOTSUPP;
  if (type === MAP.SHARED || type === MAP.SHARED_VALIDATE) {
    if (prot & PROT.WRITE && !writable(file)) return -ERRNO.EACCES;
    vm = writable(file) ? VM.SHARED | VM.MAYSHARE : VM.MAYSHARE;
  } else if (type !== MAP.PRIVATE) {
    return -ERRNO.EINVAL;
  }
  if (!readable(file)) return -ERRNO.EACCES;
  if (file.ops.readPage === undefined && !isDevZero(file)) return -ERRNO.ENODEV;
  if (flags & MAP.GROWSDOWN) return -ERRNO.EINVAL;
  return vm;
};

const isDevZero = (file: OpenFile): boolean => (file.inode.mode & S.IFMT) === S.IFCHR && file.inode.rdev === DEV_ZERO;

/**
 * mmap(2) after its descriptor was resolved: maps `length` bytes of `file` from byte `offset` (a multiple of pages), or of
 * anonymous memory. Returns the address.
 */
export const doMmap = (
  mm: Mm,
  address: number,
  length: number,
  prot: number,
  flags: number,
  file: OpenFile | null,
  offset: number,
): number => {
  if (length === 0) return -ERRNO.EINVAL;
  const fixed = (flags & (MAP.FIXED | MAP.FIXED_NOREPLACE)) !== 0;
  const size = pageAlign(length);
  if (size === 0) return -ERRNO.ENOMEM;
  if (offset + size > 2 ** 63) return -ERRNO.EOVERFLOW;
  if (mm.vmas.length > MAX_MAP_COUNT) return -ERRNO.ENOMEM;
  const hint = fixed || address === 0 ? address : Math.max(address, MMAP_MIN_ADDR);
  const start = getUnmappedArea(mm, hint, size, fixed ? flags | MAP.FIXED : flags);
  if (start < 0) return start;
  if (start < MMAP_MIN_ADDR && !capable(mm.kernel.current.cred, CAP.SYS_RAWIO)) return -ERRNO.EPERM;
  if (flags & MAP.FIXED_NOREPLACE && findIntersection(mm, start, start + size)) return -ERRNO.EEXIST;

  let vm = (prot & VM_PROT) | VM_MAY | mm.defFlags | (flags & MAP.GROWSDOWN ? VM.GROWSDOWN : 0);
  if (flags & MAP.LOCKED) {
    if (!canLock(mm)) return -ERRNO.EPERM;
    vm |= VM.LOCKED;
  }
  if (vm & VM.LOCKED && !mayLock(mm, size)) return -ERRNO.EAGAIN;
  const kind = flagsFor(file, prot, flags);
  if (kind < 0) return kind;
  vm |= kind;
  if (file !== null && kind & VM.MAYSHARE && !(kind & VM.SHARED)) vm &= ~VM.MAYWRITE;
  if (kind & VM.SHARED && file?.inode.writeSealed) {
    if (prot & PROT.WRITE) return -ERRNO.EPERM;
    vm &= ~VM.MAYWRITE;
  }
  if (flags & MAP.NORESERVE) vm |= VM.NORESERVE;
  const result = mmapRegion(mm, start, size, vm, file, offset, null);
  if (result >= 0 && (flags & (MAP.POPULATE | MAP.NONBLOCK)) === MAP.POPULATE) populate(mm, start, start + size);
  else if (result >= 0 && vm & VM.LOCKED && !(vm & VM.LOCKONFAULT)) populate(mm, start, start + size);
  return result;
};

/**
 * Maps all pages of an object that is no file: a System V segment, at an address if it is `fixed`. `access` is VM_READ,
 * VM_WRITE, VM_EXEC; what is not granted now mprotect may not grant later, but for VM_EXEC
 * with `mayExec`.
 */
export const mapShared = (
  mm: Mm,
  address: number,
  fixed: boolean,
  size: number,
  access: number,
  object: AddressSpace,
  mayExec = true,
): number => {
  if (mm.vmas.length > MAX_MAP_COUNT) return -ERRNO.ENOMEM;
  const start = getUnmappedArea(mm, address, size, fixed ? MAP.FIXED : 0);
  if (start < 0) return start;
  if (start < MMAP_MIN_ADDR && !capable(mm.kernel.current.cred, CAP.SYS_RAWIO)) return -ERRNO.EPERM;
  const locked = access & VM_SPECIAL ? mm.defFlags & ~(VM.LOCKED | VM.LOCKONFAULT) : mm.defFlags;
  const shared = access & VM.WRITE ? VM.SHARED | VM.MAYWRITE : 0;
  const flags = access | VM.MAYREAD | (mayExec ? VM.MAYEXEC : 0) | VM.MAYSHARE | shared | locked;
  if (flags & VM.LOCKED && !mayLock(mm, size)) return -ERRNO.EAGAIN;
  const result = mmapRegion(mm, start, size, flags, null, 0, object);
  if (result >= 0 && flags & VM.LOCKED && !(flags & VM.LOCKONFAULT)) populate(mm, start, start + size);
  return result;
};

/** mmap_region: in the place of whatever was there. */
const mmapRegion = (
  mm: Mm,
  start: number,
  size: number,
  flags: number,
  file: OpenFile | null,
  offset: number,
  object: AddressSpace | null,
): number => {
  const end = start + size;
  if (deniesWriteExec(mm, flags, flags)) return -ERRNO.EACCES;
  if (!mayExpand(mm, flags, size - mappedBytes(mm, start, end))) return -ERRNO.ENOMEM;
  let vmFlags = flags;
  if (accountable(flags)) {
    if (!enoughMemory(mm, size)) return -ERRNO.ENOMEM;
    vmFlags |= VM.ACCOUNT;
  }
  const error = unmapRange(mm, start, end);
  if (error < 0) return error;

  const anonymous = file === null || isDevZero(file);
  const shared = (flags & VM.MAYSHARE) !== 0;
  const mapping =
    object !== null ? object : !anonymous ? mappingOf(mm.kernel, file.inode) : shared ? newSharedMemory() : null;
  const vma: Vma = {
    start,
    end,
    flags: vmFlags,
    file: anonymous ? null : file,
    mapping,
    offset: mapping === null ? start : anonymous ? 0 : offset,
  };
  holdVma(mm.kernel, vma);
  insertVma(mm, vma);
  accountVma(mm, vmFlags, size, 1);
  // The heap's first area stays apart from the program's zeroed data below it.
  if (start !== mm.startBrk) merge(mm, start, end);
  return start;
};

/** Merges areas around [start, end] with their neighbours. */
export const merge = (mm: Mm, start: number, end: number): void =>
  mergeVmas(mm, start, end, (vma) => releaseVma(mm.kernel, vma));

/** How many bytes of [start, end) are mapped. */
const mappedBytes = (mm: Mm, start: number, end: number): number => {
  let bytes = 0;
  for (let index = findVmaIndex(mm, start); index < mm.vmas.length; index++) {
    const vma = mm.vmas[index]!;
    if (vma.start >= end) break;
    bytes += Math.min(vma.end, end) - Math.max(vma.start, start);
  }
  return bytes;
};

/** Removes whatever lies in [start, end), page-aligned. -ENOMEM if an area would have to be cut in two and may not. */
export const unmapRange = (mm: Mm, start: number, end: number): number => {
  let index = findVmaIndex(mm, start);
  const first = mm.vmas[index];
  if (first === undefined || first.start >= end) return 0;
  if (first.start < start && isUncuttable(first, start, end)) return -ERRNO.EINVAL;
  const last = mm.vmas[findVmaIndex(mm, end - 1)];
  if (last !== undefined && last.start < end && isUncuttable(last, last.start, end)) return -ERRNO.EINVAL;
  if (first.start < start) {
    if (first.end > end && mm.vmas.length >= MAX_MAP_COUNT) return -ERRNO.ENOMEM;
    splitVma(mm, first, start);
    index++;
  }
  let stop = index;
  while (stop < mm.vmas.length && mm.vmas[stop]!.start < end) {
    const vma = mm.vmas[stop]!;
    if (vma.end > end) splitVma(mm, vma, end);
    stop++;
  }
  const removed = mm.vmas.splice(index, stop - index);
  for (const vma of removed) {
    zapRange(mm, vma, vma.start, vma.end);
    accountVma(mm, vma.flags, vma.end - vma.start, -1);
    releaseVma(mm.kernel, vma);
  }
  return 0;
};

/** munmap(2). */
export const doMunmap = (mm: Mm, start: number, length: number): number => {
  if (start % PAGE_SIZE !== 0 || start > USER_END || length > USER_END - start) return -ERRNO.EINVAL;
  const end = start + pageUp(length);
  return end === start ? -ERRNO.EINVAL : unmapRange(mm, start, end);
};

/** Anonymous private memory at a fixed place: the heap's growth, and the loader's bss (vm_brk_flags). `exec` adds VM_EXEC. */
export const mapBrk = (mm: Mm, start: number, size: number, exec: boolean): number => {
  if (size === 0) return 0;
  const flags = VM.READ | VM.WRITE | (exec ? VM.EXEC : 0) | VM_MAY | VM.ACCOUNT | mm.defFlags;
  if (start > USER_END - size) return -ERRNO.ENOMEM;
  if (mm.vmas.length > MAX_MAP_COUNT) return -ERRNO.ENOMEM;
  if (flags & VM.LOCKED && !mayLock(mm, size)) return -ERRNO.EAGAIN;
  const result = mmapRegion(mm, start, size, flags, null, 0, null);
  if (result < 0) return result;
  if (flags & VM.LOCKED && !(flags & VM.LOCKONFAULT)) populate(mm, start, start + size);
  return 0;
};

/** brk(2): the end of the heap now, whether it moved to `address` or not. */
export const doBrk = (mm: Mm, address: number): number => {
  if (address < mm.startBrk || address > USER_END) return mm.brk;
  const dataLimit = rlimit(mm, RLIMIT.DATA);
  if (address - mm.startBrk + (mm.endData - mm.startData) > dataLimit) return mm.brk;
  const newEnd = pageUp(address);
  const oldEnd = pageUp(mm.brk);
  if (newEnd < oldEnd) {
    if (unmapRange(mm, newEnd, oldEnd) < 0) return mm.brk;
  } else if (newEnd > oldEnd) {
    const next = findVma(mm, oldEnd);
    if (next !== undefined && newEnd + PAGE_SIZE > startWithGap(next)) return mm.brk;
    if (mapBrk(mm, oldEnd, newEnd - oldEnd, false) < 0) return mm.brk;
  }
  mm.brk = address;
  return address;
};
