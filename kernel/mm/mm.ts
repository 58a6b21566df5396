/**
 * An address space (struct mm_struct): its areas, page table, heap and counters. Shared by threads and by a vfork child.
 */
import { PageTable } from '../../emulator/api.ts';
import { DEFAULT_COREDUMP_FILTER } from '../abi/core.ts';
import { MDWE } from '../abi/process.ts';
import type { AioContext } from '../fs/aio.ts';
import type { OpenFile } from '../fs/types.ts';
import type { Kernel } from '../kernel.ts';
import { putFile, releaseVma, zapRange } from './pages.ts';
import type { Vma } from './vma.ts';

export interface Mm {
  /** The machine it lives in: user access has to reach frames, files and the CPU's TLB from an `Mm` alone. */
  readonly kernel: Kernel;
  readonly pageTable: PageTable;
  /** Chunks of frames for big anonymous mappings (`fault.ts`), by address / 2 MiB; those that are gone included. */
  chunks: Map<number, number>;
  /** In order of address. */
  vmas: Vma[];
  /** The program it was made for (exe_file), one reference; nobody may write to that file. Null before the first exec. */
  exeFile: OpenFile | null;
  /** Tasks which share it (mm_users). */
  users: number;
  /** mmap(2) looks for room downwards from here. */
  mmapBase: number;
  /** Heap: [startBrk, brk). */
  startBrk: number;
  brk: number;
  startCode: number;
  endCode: number;
  startData: number;
  endData: number;
  /** rsp at the program's start: in the area shown as `[stack]`. */
  startStack: number;
  /** Address of the vDSO as it was mapped; 0 before the first exec. */
  vdso: number;
  argStart: number;
  argEnd: number;
  envStart: number;
  envEnd: number;
  /** The auxiliary vector's bytes, as /proc/PID/auxv shows them. */
  auxv: Uint8Array;
  /** In pages: mapped (total_vm), locked, private writable, executable, of stacks. */
  totalVm: number;
  lockedVm: number;
  dataVm: number;
  execVm: number;
  stackVm: number;
  /** Pages present, and the most there ever were. */
  rss: number;
  maxRss: number;
  /** `VM` flags which every new area gets: mlockall(MCL_FUTURE). */
  defFlags: number;
  /** Which areas a core file holds: /proc/PID/coredump_filter, `COREDUMP_FILTER` bits. */
  coredumpFilter: number;
  /** `MDWE` bits (PR_SET_MDWE). */
  mdwe: number;
  /** What PR_SET_THP_DISABLE and PR_SET_MEMORY_MERGE keep. There are no huge or merged pages that a program could see. */
  thpDisable: number;
  memoryMerge: boolean;
  /** What membarrier(2) was registered for: `MEMBARRIER` commands that may be used, and those it tells of. */
  membarrier: { ready: number; registered: number };
  /** Contexts of io_setup(2) by their index, null where one was destroyed (ioctx_table). */
  aio: (AioContext | null)[];
}

/** An empty address space with one user. Throws `OutOfFrames`. */
export const newMm = (kernel: Kernel): Mm => ({
  kernel,
  pageTable: new PageTable(kernel.physical),
  chunks: new Map(),
  vmas: [],
  exeFile: null,
  users: 1,
  mmapBase: 0,
  startBrk: 0,
  brk: 0,
  startCode: 0,
  endCode: 0,
  startData: 0,
  endData: 0,
  startStack: 0,
  vdso: 0,
  argStart: 0,
  argEnd: 0,
  envStart: 0,
  envEnd: 0,
  auxv: new Uint8Array(0),
  totalVm: 0,
  lockedVm: 0,
  dataVm: 0,
  execVm: 0,
  stackVm: 0,
  rss: 0,
  maxRss: 0,
  defFlags: 0,
  coredumpFilter: DEFAULT_COREDUMP_FILTER,
  mdwe: 0,
  thpDisable: 0,
  memoryMerge: false,
  membarrier: { ready: 0, registered: 0 },
  aio: [],
});

/** What a child's address space, and that of a new program, has from the old one (mmf_init_flags). */
export const inheritFlags = (mm: Mm, from: Mm): void => {
  mm.coredumpFilter = from.coredumpFilter;
  mm.mdwe = from.mdwe & MDWE.NO_INHERIT ? 0 : from.mdwe;
  mm.thpDisable = from.thpDisable;
  mm.memoryMerge = from.memoryMerge;
};

/** One more task uses it. */
export const mmGet = (mm: Mm): Mm => {
  mm.users++;
  return mm;
};

/**
 * One task less. The last one frees everything: shared file pages are written back, frames and files released. Whoever
 * put the last user of the CPU's current address space switches to another before the guest runs again.
 */
export const mmPut = (mm: Mm): void => {
  if (--mm.users > 0) return;
  if (mm.users < 0) throw new Error('an address space was put twice');
  for (const context of mm.aio) context?.ops.exit(mm.kernel, context);
  mm.aio = [];
  for (const vma of mm.vmas) {
    zapRange(mm, vma, vma.start, vma.end, false);
    releaseVma(mm.kernel, vma);
  }
  mm.vmas = [];
  if (mm.exeFile !== null) putFile(mm.kernel, mm.exeFile);
  mm.exeFile = null;
  mm.kernel.cpu.forgetAddressSpace(mm.pageTable.root);
  mm.pageTable.destroy();
};
