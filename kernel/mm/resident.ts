/** What of an address space is in memory, page by page: the counters of /proc/PID/status and smaps (fs/proc/task_mmu.c). */
import { frameOf, PAGE_SIZE, PTE } from '../../emulator/api.ts';
import type { Mm } from './mm.ts';
import { VM, type Vma } from './vma.ts';

/** Pages present, by what is behind them. The page of zeros is not counted, as in Linux. */
export interface Resident {
  anon: number;
  file: number;
  shmem: number;
}

/** Bytes present of areas; each field as proc_pid_smaps(5) calls it. `pss` counts a page shared by n tables as 1/n of it. */
export interface ResidentDetail {
  rss: number;
  pss: number;
  pssDirty: number;
  pssAnon: number;
  pssFile: number;
  pssShmem: number;
  sharedClean: number;
  sharedDirty: number;
  privateClean: number;
  privateDirty: number;
  anonymous: number;
}

export const noResident = (): ResidentDetail => ({
  rss: 0,
  pss: 0,
  pssDirty: 0,
  pssAnon: 0,
  pssFile: 0,
  pssShmem: 0,
  sharedClean: 0,
  sharedDirty: 0,
  privateClean: 0,
  privateDirty: 0,
  anonymous: 0,
});

type Kind = keyof Resident;

/** What is behind a page of an area, and in how many page tables it is. */
const kindOf = (mm: Mm, vma: Vma, address: number, frame: number): { kind: Kind; maps: number } => {
  const references = mm.kernel.physical.refcount(frame);
  const { mapping } = vma;
  const cached = mapping?.pages.get((vma.offset + (address - vma.start)) / PAGE_SIZE) === frame;
  if (!cached) return { kind: 'anon', maps: references };
  return { kind: mapping!.inode === null ? 'shmem' : 'file', maps: references - 1 };
};

/** Counts the pages of a whole address space. */
export const residentPages = (mm: Mm): Resident => {
  const count: Resident = { anon: 0, file: 0, shmem: 0 };
  for (const vma of mm.vmas) {
    if (vma.flags & VM.PFNMAP) continue;
    mm.pageTable.forEach(vma.start, vma.end, (address, entry) => {
      const frame = frameOf(entry);
      if (frame !== mm.kernel.memory.zeroFrame) count[kindOf(mm, vma, address, frame).kind]++;
    });
  }
  return count;
};

/** Adds an area's bytes to `sum`. */
export const addResident = (mm: Mm, vma: Vma, sum: ResidentDetail): void => {
  if (vma.flags & VM.PFNMAP) return;
  mm.pageTable.forEach(vma.start, vma.end, (address, entry) => {
    const frame = frameOf(entry);
    if (frame === mm.kernel.memory.zeroFrame) return;
    const { kind, maps } = kindOf(mm, vma, address, frame);
    const share = PAGE_SIZE / Math.max(1, maps);
    // What fork made read-only was written nevertheless.
    const dirty = (entry & PTE.dirty) !== 0 || kind === 'anon';
    sum.rss += PAGE_SIZE;
    sum.pss += share;
    if (dirty) sum.pssDirty += share;
    if (kind === 'anon') {
      sum.anonymous += PAGE_SIZE;
      sum.pssAnon += share;
    } else if (kind === 'file') {
      sum.pssFile += share;
    } else {
      sum.pssShmem += share;
    }
    if (maps > 1) sum[dirty ? 'sharedDirty' : 'sharedClean'] += PAGE_SIZE;
    else sum[dirty ? 'privateDirty' : 'privateClean'] += PAGE_SIZE;
  });
};
