/** Resource limits on an address space. The task that runs is the one whose limits count, as in Linux. */
import { PAGE_SIZE } from '../../emulator/api.ts';
import { RLIMIT } from '../abi/resource.ts';
import type { Mm } from './mm.ts';
import { isData } from './pages.ts';
import { VM } from './vma.ts';

/** Most areas an address space may have (vm.max_map_count). */
export const MAX_MAP_COUNT = 65530;

/** Soft limit in bytes; Infinity if none. */
export const rlimit = (mm: Mm, resource: number): number => mm.kernel.current.group.rlimits[resource]!.soft;

/** CAP_IPC_LOCK, which we take to be root's. */
const capableIpcLock = (mm: Mm): boolean => mm.kernel.current.cred.euid === 0;

/** RLIMIT_AS and RLIMIT_DATA allow `bytes` more with these flags (may_expand_vm). */
export const mayExpand = (mm: Mm, flags: number, bytes: number): boolean => {
  if (mm.totalVm * PAGE_SIZE + bytes > rlimit(mm, RLIMIT.AS)) return false;
  return !isData(flags) || mm.dataVm * PAGE_SIZE + bytes <= rlimit(mm, RLIMIT.DATA);
};

/** Heuristic overcommit: only what could never fit is refused (__vm_enough_memory, OVERCOMMIT_GUESS). */
export const enoughMemory = (mm: Mm, bytes: number): boolean => bytes <= mm.kernel.physical.limit * PAGE_SIZE;

/** Private writable memory is charged against the overcommit limit (accountable_mapping). */
export const accountable = (flags: number): boolean => (flags & (VM.NORESERVE | VM.SHARED | VM.WRITE)) === VM.WRITE;

/** The caller may lock memory at all (can_do_mlock). */
export const canLock = (mm: Mm): boolean => rlimit(mm, RLIMIT.MEMLOCK) !== 0 || capableIpcLock(mm);

/** RLIMIT_MEMLOCK allows `bytes` more to be locked. */
export const mayLock = (mm: Mm, bytes: number): boolean =>
  capableIpcLock(mm) || mm.lockedVm * PAGE_SIZE + bytes <= rlimit(mm, RLIMIT.MEMLOCK);
