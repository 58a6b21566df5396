/** System V shared memory (ipc/shm.c; shmop(2), shmctl(2)). */

import { PAGE_SIZE, USER_END } from '../../emulator/api.ts';
import { CAP } from '../abi/capability.ts';
import { ERRNO } from '../abi/errno.ts';
import { SHM } from '../abi/ipc.ts';
import type { Kernel } from '../kernel.ts';
import type { Mm } from '../mm/mm.ts';
import { mapShared, unmapRange } from '../mm/mmap.ts';
import { type AddressSpace, dropPages, type MappedObject, newSharedMemory } from '../mm/pagecache.ts';
import { pageUp } from '../mm/pages.ts';
import { findIntersection, findVmaIndex, VM, type Vma } from '../mm/vma.ts';
import { capable } from '../task/capability.ts';
import type { Task } from '../task/task.ts';
import {
  addIpcObject,
  EXEC,
  hideIpcKey,
  type IpcObject,
  ipcGet,
  ipcObject,
  ipcPermitted,
  newIpcObject,
  nowSeconds,
  READ,
  removeIpcObject,
  WRITE,
} from './ids.ts';

/** struct shmid_kernel. */
export interface SharedSegment extends IpcObject {
  /** Bytes, as asked for; the mapping is in whole pages. */
  size: number;
  pages: AddressSpace;
  atime: number;
  dtime: number;
  ctime: number;
  cpid: number;
  lpid: number;
}

/** What stands behind the pages of a segment, for the memory manager. */
interface SegmentObject extends MappedObject {
  segment: SharedSegment;
}

/** How areas of a segment come and go: at shmat and shmdt, but at fork, exec, exit and when one is cut in two as well. */
const segmentOps: MappedObject['ops'] = Object.freeze({
  opened(kernel: Kernel, object: MappedObject): void {
    const { segment } = object as SegmentObject;
    segment.atime = nowSeconds(kernel);
    segment.lpid = kernel.current.group.tgid;
  },
  closed(kernel: Kernel, object: MappedObject): void {
    const { segment } = object as SegmentObject;
    segment.dtime = nowSeconds(kernel);
    segment.lpid = kernel.current.group.tgid;
    if (attaches(segment) === 0 && segment.mode & SHM.DEST) destroy(kernel, segment);
  },
});

/** shm_nattch: areas that map it. */
export const attaches = (segment: SharedSegment): number => segment.pages.vmas;

export const segmentPages = (segment: SharedSegment): number => pageUp(segment.size) / PAGE_SIZE;

/** Pages of all segments (shm_tot). */
export const totalPages = (kernel: Kernel): number => {
  let total = 0;
  for (const segment of kernel.ipc.shm.slots.values()) total += segmentPages(segment);
  return total;
};

export const shmget = (kernel: Kernel, task: Task, key: number, size: number, flags: number): number => {
  const { shm } = kernel.ipc;
  return ipcGet(
    shm,
    task,
    key,
    flags,
    () => newSegment(kernel, task, key, size, flags),
    (segment) => size <= segment.size,
  );
};

/** newseg. */
const newSegment = (kernel: Kernel, task: Task, key: number, size: number, flags: number): number => {
  const { shm, limits } = kernel.ipc;
  if (size < 1 || BigInt(size) > limits.shmmax) return -ERRNO.EINVAL;
  const pages = pageUp(size) / PAGE_SIZE;
  if (pages * PAGE_SIZE > 2 ** 63 || BigInt(totalPages(kernel) + pages) > limits.shmall) return -ERRNO.ENOSPC;
  if (shm.slots.size >= limits.shmmni) return -ERRNO.ENOSPC;
  // There are no huge pages to be had.
  if (flags & SHM.HUGETLB) return capable(task.cred, CAP.IPC_LOCK) ? -ERRNO.ENOMEM : -ERRNO.EPERM;
  if (!(flags & SHM.NORESERVE) && pages > kernel.physical.limit) return -ERRNO.ENOMEM;
  const object: MappedObject = { ops: segmentOps, name: `/SYSV${hexKey(key)} (deleted)`, ino: 0 };
  const segment: SharedSegment = {
    ...newIpcObject(task, key, flags),
    size,
    pages: { ...newSharedMemory(), object },
    atime: 0,
    dtime: 0,
    ctime: nowSeconds(kernel),
    cpid: task.group.tgid,
    lpid: 0,
  };
  (object as SegmentObject).segment = segment;
  object.ino = addIpcObject(shm, segment);
  return segment.id;
};

const hexKey = (key: number): string => (key >>> 0).toString(16).padStart(8, '0');

const destroy = (kernel: Kernel, segment: SharedSegment): void => {
  removeIpcObject(kernel.ipc.shm, segment);
  dropPages(kernel, segment.pages, 0);
};

/** IPC_RMID: gone at once, or with the last attach (do_shm_rmid). */
export const removeSegment = (kernel: Kernel, segment: SharedSegment): void => {
  if (attaches(segment) === 0) {
    destroy(kernel, segment);
    return;
  }
  segment.mode |= SHM.DEST;
  hideIpcKey(kernel.ipc.shm, segment);
};

/** shmat(2): the address, or -errno (do_shmat). */
export const shmat = (kernel: Kernel, task: Task, id: number, address: number, flags: number): number => {
  if (id < 0) return -ERRNO.EINVAL;
  let start = address;
  if (address !== 0) {
    if (address % PAGE_SIZE !== 0) {
      if (!(flags & SHM.RND)) return -ERRNO.EINVAL;
      start -= address % PAGE_SIZE;
      if (start === 0 && flags & SHM.REMAP) return -ERRNO.EINVAL;
    }
  } else if (flags & SHM.REMAP) {
    return -ERRNO.EINVAL;
  }
  const segment = ipcObject(kernel.ipc.shm, id);
  if (typeof segment === 'number') return segment;
  const writable = !(flags & SHM.RDONLY);
  const executable = (flags & SHM.EXEC) !== 0;
  const wanted = READ | (writable ? WRITE : 0) | (executable ? EXEC : 0);
  if (!ipcPermitted(task, segment, wanted)) return -ERRNO.EACCES;
  const { mm } = task;
  const size = pageUp(segment.size);
  if (address !== 0 && !(flags & SHM.REMAP)) {
    if (start + size > 2 ** 64 || findIntersection(mm, start, start + size) !== undefined) return -ERRNO.EINVAL;
  }
  const access = VM.READ | (writable ? VM.WRITE : 0) | (executable ? VM.EXEC : 0);
  return mapShared(mm, start, address !== 0, size, access, segment.pages);
};

/** shmdt(2): every area of the segment that was attached at the address (ksys_shmdt). */
export const shmdt = (task: Task, address: number): number => {
  const { mm } = task;
  if (address % PAGE_SIZE !== 0 || address >= USER_END) return -ERRNO.EINVAL;
  const attached = firstArea(mm, address);
  if (attached === undefined) return -ERRNO.EINVAL;
  const { mapping } = attached;
  const end = address + pageUp((mapping!.object as SegmentObject).segment.size);
  const areas = mm.vmas.filter(
    (vma) => vma.mapping === mapping && vma.start >= address && vma.end <= end && vma.start - vma.offset === address,
  );
  for (const vma of areas) unmapRange(mm, vma.start, vma.end);
  return 0;
};

/** The lowest area left of an attach at the address: its start may have been unmapped. */
const firstArea = (mm: Mm, address: number): Vma | undefined => {
  for (let index = findVmaIndex(mm, address); index < mm.vmas.length; index++) {
    const vma = mm.vmas[index]!;
    if (vma.mapping?.object?.ops === segmentOps && vma.start - vma.offset === address) return vma;
  }
  return undefined;
};
