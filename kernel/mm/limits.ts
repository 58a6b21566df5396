/** Resource limits on an address space. The task that runs is the one whose limits count, as in Linux. */

import { PAGE_SIZE } from '../../emulator/api.ts';
import { CAP } from '../abi/capability.ts';
import { RLIMIT } from '../abi/resource.ts';
import { capable } from '../task/capability.ts';
import type { Mm } from './mm.ts';
import { isData } from './pages.ts';
import { VM } from './vma.ts';

/** Most areas an address space may have (vm.max_map_count). */
export const MAX_MAP_COUNT = 65530;

/** Soft limit in bytes; Infinity if none. */
export const rlimit = (mm: Mm, resource: number): number => mm.kernel.current.group.rlimits[resource]!.soft;

export const capableIpcLock = (mm: Mm): boolean => capable(mm.kernel.current.cred, CAP.IPC_LOCK);

/** RLIMIT_AS and RLIMIT_DATA allow `bytes` more with these flags (may_expand_vm). */
export const mayExpand = (mm: Mm, flags: number, bytes: number): boolean => {
  if (mm.totalVm * PAGE_SIZE + bytes > rlimit(mm, RLIMIT.AS)) return false;
  return !isData(flags) || mm.dataVm * PAGE_SIZE + bytes <= rlimit(mm, RLIMIT.DATA);
};

/** Heuristic overcommit: only what could never fit is refused (__vm_enough_memory, OVERCOMMIT_GUESS). */
export const enoughMemory = (mm: Mm, bytes: number): boolean => bytes <= mm.kernel.physical.limit * PAGE_SIZE;

/** Private writable memory is charged against the overcommit limit (accountable_mapping). */
export const accountable = (flags: number): boolean => (flags & (VM.NORESERVE | VM.SHARED | VM.WRITE)) === VM.WRITE;

/** PR_SET_MDWE forbids what is both writable and executable, and code that was none (map_deny_write_exec). */
export const deniesWriteExec = (mm: Mm, old: number, flags: number): boolean =>
  mm.mdwe !== 0 && (flags & VM.EXEC) !== 0 && ((flags & VM.WRITE) !== 0 || (old & VM.EXEC) === 0);

/** The caller may lock memory at all (can_do_mlock). */
export const canLock = (mm: Mm): boolean => rlimit(mm, RLIMIT.MEMLOCK) !== 0 || capableIpcLock(mm);

/** RLIMIT_MEMLOCK allows `bytes` more to be locked. */
export const mayLock = (mm: Mm, bytes: number): boolean =>
  capableIpcLock(mm) || mm.lockedVm * PAGE_SIZE + bytes <= rlimit(mm, RLIMIT.MEMLOCK);
