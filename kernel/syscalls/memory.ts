/** Memory: mmap(2) and its family. */
import { PAGE_SIZE, REG } from '../../emulator/api.ts';
import { ERRNO } from '../abi/errno.ts';
import { MAP, MLOCK_ONFAULT } from '../abi/mman.ts';
import { getFile } from '../fs/descriptors.ts';
import type { Kernel } from '../kernel.ts';
import { doMadvise, doMsync, residency } from '../mm/advise.ts';
import { doMlock, doMlockall, doMunlock, doMunlockall } from '../mm/mlock.ts';
import { doBrk, doMmap, doMunmap } from '../mm/mmap.ts';
import { doMprotect } from '../mm/mprotect.ts';
import { doMremap } from '../mm/mremap.ts';
import { accessOk, copyToUser } from '../mm/user.ts';
import type { Task } from '../task/task.ts';
import * as arg from './args.ts';
import { processVmSyscalls } from './process-vm.ts';
import { type SyscallHandler, type SyscallRow, syscall } from './row.ts';

/** Sizes of huge pages that x86 has, as MAP_HUGETLB encodes them: log2, or 0 for the default. */
const HUGE_SIZES = [0, 21, 30];

const mmap = (
  _kernel: Kernel,
  task: Task,
  address: number,
  length: number,
  prot: number,
  flags: number,
  fd: number,
  offset: number,
): number => {
  if (offset % PAGE_SIZE !== 0) return -ERRNO.EINVAL;
  if (flags & MAP.ANONYMOUS) {
    if (flags & MAP.HUGETLB) {
      const size = (flags >>> MAP.HUGE_SHIFT) & MAP.HUGE_MASK;
      return HUGE_SIZES.includes(size) ? -ERRNO.ENOMEM : -ERRNO.EINVAL; // there is no pool of huge pages
    }
    return doMmap(task.mm, address, length, prot, flags, null, 0);
  }
  const file = getFile(task, fd);
  if (file === undefined) return -ERRNO.EBADF;
  if (flags & MAP.HUGETLB) return -ERRNO.EINVAL;
  return doMmap(task.mm, address, length, prot, flags, file, offset < 0 ? offset + 2 ** 64 : offset);
};

/**
 * The handler of a call that wants a page's address first. The register itself is looked at, as addresses beyond 2^53, such
 * as MAP_FAILED, have lost their low bits.
 */
const pageAddress =
  (handler: SyscallHandler): SyscallHandler =>
  (kernel, task, ...args) =>
    kernel.cpu.state.getUint32(REG.rdi) % PAGE_SIZE === 0 ? handler(kernel, task, ...args) : -ERRNO.EINVAL;

const mincore = (_kernel: Kernel, task: Task, start: number, length: number, vector: number): number => {
  if (start % PAGE_SIZE !== 0) return -ERRNO.EINVAL;
  if (!accessOk(start, length)) return -ERRNO.ENOMEM;
  const pages = Math.ceil(length / PAGE_SIZE);
  if (!accessOk(vector, pages)) return -ERRNO.EFAULT;
  for (let done = 0; done < pages; ) {
    const present = residency(task.mm, start + done * PAGE_SIZE, Math.min(pages - done, PAGE_SIZE));
    if (present === null) return -ERRNO.ENOMEM;
    copyToUser(task.mm, vector + done, present);
    done += present.length;
  }
  return 0;
};

/** Protection keys, on a processor which has none (mm/mprotect.c). */
const pkeySyscalls: readonly SyscallRow[] = [
  syscall(
    329,
    'pkey_mprotect',
    [
      ['addr', arg.pointer],
      ['len', arg.size],
      ['prot', arg.prot],
      ['pkey', arg.int],
    ],
    pageAddress((_kernel, task, address, length, prot, pkey) =>
      pkey === -1 ? doMprotect(task.mm, address, length, prot) : -ERRNO.EINVAL,
    ),
  ),
  syscall(
    330,
    'pkey_alloc',
    [
      ['flags', arg.flags],
      ['access_rights', arg.flags],
    ],
    (_kernel, _task, flags, rights) => (flags !== 0 || rights & ~PKEY_ACCESS_MASK ? -ERRNO.EINVAL : -ERRNO.ENOSPC),
  ),
  syscall(331, 'pkey_free', [['pkey', arg.int]], () => -ERRNO.EINVAL),
];

/** PKEY_DISABLE_ACCESS | PKEY_DISABLE_WRITE */
const PKEY_ACCESS_MASK = 3;

export const memorySyscalls: readonly SyscallRow[] = [
  ...pkeySyscalls,
  ...processVmSyscalls,
  syscall(
    9,
    'mmap',
    [
      ['addr', arg.pointer],
      ['length', arg.size],
      ['prot', arg.prot],
      ['flags', arg.mapFlags],
      ['fd', arg.fd],
      ['offset', arg.mapOffset],
    ],
    mmap,
    'no huge pages',
  ),
  syscall(
    10,
    'mprotect',
    [
      ['addr', arg.pointer],
      ['len', arg.size],
      ['prot', arg.prot],
    ],
    pageAddress((_kernel, task, address, length, prot) => doMprotect(task.mm, address, length, prot)),
  ),
  syscall(
    11,
    'munmap',
    [
      ['addr', arg.pointer],
      ['length', arg.size],
    ],
    pageAddress((_kernel, task, address, length) => doMunmap(task.mm, address, length)),
  ),
  syscall(12, 'brk', [['addr', arg.pointer]], (_kernel, task, address) => doBrk(task.mm, address)),
  syscall(
    25,
    'mremap',
    [
      ['old_address', arg.pointer],
      ['old_size', arg.size],
      ['new_size', arg.size],
      ['flags', arg.mremapFlags],
      ['new_address', arg.mremapAddress],
    ],
    pageAddress((_kernel, task, address, oldSize, newSize, flags, newAddress) =>
      doMremap(task.mm, address, oldSize, newSize, flags, newAddress),
    ),
    'moves one mapping at a time',
  ),
  syscall(
    26,
    'msync',
    [
      ['addr', arg.pointer],
      ['length', arg.size],
      ['flags', arg.msyncFlags],
    ],
    pageAddress((_kernel, task, start, length, flags) => doMsync(task.mm, start, length, flags)),
  ),
  syscall(
    27,
    'mincore',
    [
      ['addr', arg.pointer],
      ['length', arg.size],
      ['vec', arg.outPointer],
    ],
    pageAddress(mincore),
  ),
  syscall(
    28,
    'madvise',
    [
      ['addr', arg.pointer],
      ['length', arg.size],
      ['advice', arg.advice],
    ],
    pageAddress((_kernel, task, start, length, advice) => doMadvise(task.mm, start, length, advice)),
    'no MADV_HWPOISON or MADV_GUARD_INSTALL',
  ),
  syscall(
    149,
    'mlock',
    [
      ['addr', arg.pointer],
      ['len', arg.size],
    ],
    (_kernel, task, start, length) => doMlock(task.mm, start, length, false),
  ),
  syscall(
    150,
    'munlock',
    [
      ['addr', arg.pointer],
      ['len', arg.size],
    ],
    (_kernel, task, start, length) => doMunlock(task.mm, start, length),
  ),
  syscall(151, 'mlockall', [['flags', arg.mlockallFlags]], (_kernel, task, flags) => doMlockall(task.mm, flags)),
  syscall(152, 'munlockall', [], (_kernel, task) => doMunlockall(task.mm)),
  syscall(
    325,
    'mlock2',
    [
      ['addr', arg.pointer],
      ['len', arg.size],
      ['flags', arg.mlockFlags],
    ],
    (_kernel, task, start, length, flags) =>
      flags & ~MLOCK_ONFAULT ? -ERRNO.EINVAL : doMlock(task.mm, start, length, flags !== 0),
  ),
];
