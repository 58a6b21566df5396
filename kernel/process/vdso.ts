/** Mapping the vDSO into a new program, and the data that it reads on Linux (arch/x86/entry/vdso/vma.c). */
import { PAGE_SIZE } from '../../emulator/api.ts';
import type { Mm } from '../mm/mm.ts';
import type { AddressSpace } from '../mm/pagecache.ts';
import { accountVma } from '../mm/pages.ts';
import { getUnmappedArea } from '../mm/unmapped.ts';
import { holdVma, insertVma, VM } from '../mm/vma.ts';

/** Pages of each, in the order of their addresses (VDSO_NR_PAGES, VDSO_NR_VCLOCK_PAGES). */
const VVAR_PAGES = 4;
const VCLOCK_PAGES = 2;
const VDSO_PAGES = 1;

const DATA = VM.READ | VM.MAYREAD | VM.IO | VM.DONTDUMP | VM.PFNMAP | VM.DONTEXPAND;
/** A debugger may set breakpoints in it, which makes a copy. */
const CODE = VM.READ | VM.EXEC | VM.MAYREAD | VM.MAYWRITE | VM.MAYEXEC | VM.DONTEXPAND;

const install = (mm: Mm, start: number, pages: number, flags: number, mapping: AddressSpace): number => {
  const size = pages * PAGE_SIZE;
  const vma = { start, end: start + size, flags, file: null, mapping, offset: 0 };
  holdVma(mm.kernel, vma);
  insertVma(mm, vma);
  accountVma(mm, flags, size, 1);
  return vma.end;
};

/** Maps it where there is room, and notes the address in `mm.vdso`. 0 or -ENOMEM. Throws `OutOfFrames`. */
export const mapVdso = (mm: Mm): number => {
  const { vvar, vclock, vdso } = mm.kernel.memory;
  const start = getUnmappedArea(mm, 0, (VVAR_PAGES + VCLOCK_PAGES + VDSO_PAGES) * PAGE_SIZE, 0);
  if (start < 0) return start;
  const clocks = install(mm, start, VVAR_PAGES, DATA, vvar);
  mm.vdso = install(mm, clocks, VCLOCK_PAGES, DATA, vclock);
  install(mm, mm.vdso, VDSO_PAGES, CODE, vdso);
  return 0;
};
