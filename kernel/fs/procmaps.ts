/** /proc/PID/maps, smaps and smaps_rollup: the areas of an address space (proc_pid_maps(5), fs/proc/task_mmu.c). */
import { PAGE_SIZE } from '../../emulator/api.ts';
import { majorOf, minorOf } from '../abi/stat.ts';
import type { Mm } from '../mm/mm.ts';
import { addResident, noResident, type ResidentDetail } from '../mm/resident.ts';
import { VM, type Vma } from '../mm/vma.ts';
import type { ProcContext } from './procfs.ts';
import { isGone, shownPath } from './procview.ts';

const hex = (value: number, width: number): string => value.toString(16).padStart(width, '0');

/** Shared anonymous memory: a file of shmem's that /dev/zero stands for, already unlinked. */
const SHARED_ANONYMOUS = '/dev/zero (deleted)';
/** shmem's device. */
const SHMEM_DEVICE = '00:01';

const vmaName = (mm: Mm, vma: Vma): string => {
  if (vma.file !== null) return shownPath(vma.file);
  if (vma.mapping !== null) return vma.mapping.object?.name ?? SHARED_ANONYMOUS;
  if (vma.start < mm.brk && vma.end > mm.startBrk) return '[heap]';
  return vma.start <= mm.startStack && vma.end >= mm.startStack ? '[stack]' : '';
};

/** Column at which names begin. */
const NAME_COLUMN = 73;

const line = (start: number, end: number, flags: string, offset: number, of: string, name: string): string => {
  const fields = `${hex(start, 8)}-${hex(end, 8)} ${flags} ${hex(offset, 8)} ${of} `;
  return name === '' ? `${fields}\n` : `${fields.padEnd(NAME_COLUMN)}${name.replaceAll('\n', '\\012')}\n`;
};

const vmaLine = (mm: Mm, vma: Vma): string => {
  const inode = vma.file?.inode;
  const flags =
    (vma.flags & VM.READ ? 'r' : '-') +
    (vma.flags & VM.WRITE ? 'w' : '-') +
    (vma.flags & VM.EXEC ? 'x' : '-') +
    (vma.flags & VM.MAYSHARE ? 's' : 'p');
  const anonymous = vma.mapping === null || vma.mapping.object?.special ? '00:00' : SHMEM_DEVICE;
  const device = inode === undefined ? anonymous : `${hex(majorOf(inode.dev), 2)}:${hex(minorOf(inode.dev), 2)}`;
  const offset = vma.mapping === null ? 0 : vma.offset;
  const ino = inode?.ino ?? vma.mapping?.object?.ino ?? 0;
  return line(vma.start, vma.end, flags, offset, `${device} ${ino}`, vmaName(mm, vma));
};

/** The page of vsyscalls, in the kernel's half of addresses: in no list of areas (gate_vma). */
const VSYSCALL = 'ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0                  [vsyscall]\n';

export const mapsText = ({ task }: ProcContext): string =>
  isGone(task) ? '' : task.mm.vmas.map((vma) => vmaLine(task.mm, vma)).join('') + VSYSCALL;

const row = (name: string, bytes: number): string =>
  `${`${name}:`.padEnd(15)} ${String(Math.floor(bytes / 1024)).padStart(8)} kB\n`;

/** The lines that an area and the sum of all have in common. */
const details = (sum: ResidentDetail, locked: number, rollup: boolean): string =>
  row('Rss', sum.rss) +
  row('Pss', sum.pss) +
  row('Pss_Dirty', sum.pssDirty) +
  (rollup ? row('Pss_Anon', sum.pssAnon) + row('Pss_File', sum.pssFile) + row('Pss_Shmem', sum.pssShmem) : '') +
  row('Shared_Clean', sum.sharedClean) +
  row('Shared_Dirty', sum.sharedDirty) +
  row('Private_Clean', sum.privateClean) +
  row('Private_Dirty', sum.privateDirty) +
  row('Referenced', sum.rss) +
  row('Anonymous', sum.anonymous) +
  ['KSM', 'LazyFree', 'AnonHugePages', 'ShmemPmdMapped', 'FilePmdMapped', 'Shared_Hugetlb', 'Private_Hugetlb']
    .concat(['Swap', 'SwapPss'])
    .map((name) => row(name, 0))
    .join('') +
  row('Locked', locked);

/** Flags in the kernel's order of bits (show_smap_vma_flags). */
const FLAG_NAMES: readonly (readonly [flag: number, name: string])[] = [
  [VM.READ, 'rd'],
  [VM.WRITE, 'wr'],
  [VM.EXEC, 'ex'],
  [VM.SHARED, 'sh'],
  [VM.MAYREAD, 'mr'],
  [VM.MAYWRITE, 'mw'],
  [VM.MAYEXEC, 'me'],
  [VM.MAYSHARE, 'ms'],
  [VM.GROWSDOWN, 'gd'],
  [VM.PFNMAP, 'pf'],
  [VM.LOCKED, 'lo'],
  [VM.IO, 'io'],
  [VM.SEQ_READ, 'sr'],
  [VM.RAND_READ, 'rr'],
  [VM.DONTCOPY, 'dc'],
  [VM.DONTEXPAND, 'de'],
  [VM.LOCKONFAULT, 'lf'],
  [VM.ACCOUNT, 'ac'],
  [VM.NORESERVE, 'nr'],
  [VM.WIPEONFORK, 'wf'],
  [VM.DONTDUMP, 'dd'],
];

const smap = (mm: Mm, vma: Vma): string => {
  const sum = noResident();
  addResident(mm, vma, sum);
  const flags = FLAG_NAMES.filter(([flag]) => vma.flags & flag).map(([, name]) => `${name} `);
  return (
    vmaLine(mm, vma) +
    row('Size', vma.end - vma.start) +
    row('KernelPageSize', PAGE_SIZE) +
    row('MMUPageSize', PAGE_SIZE) +
    details(sum, vma.flags & VM.LOCKED ? sum.pss : 0, false) +
    `THPeligible:    ${'0'.padStart(8)}\nVmFlags: ${flags.join('')}\n`
  );
};

export const smapsText = ({ task }: ProcContext): string =>
  isGone(task) ? '' : task.mm.vmas.map((vma) => smap(task.mm, vma)).join('');

export const smapsRollupText = ({ task }: ProcContext): string => {
  const { vmas } = task.mm;
  const first = vmas[0];
  if (isGone(task) || first === undefined) return '';
  const sum = noResident();
  let locked = 0;
  for (const vma of vmas) {
    const before = sum.pss;
    addResident(task.mm, vma, sum);
    if (vma.flags & VM.LOCKED) locked += sum.pss - before;
  }
  return line(first.start, vmas.at(-1)!.end, '---p', 0, '00:00 0', '[rollup]') + details(sum, locked, true);
};
