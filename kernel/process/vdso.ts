/** Mapping the vDSO into a new program (arch/x86/entry/vdso/vma.c). */
import { PAGE_SIZE } from '../../emulator/api.ts';
import type { Mm } from '../mm/mm.ts';
import { accountVma } from '../mm/pages.ts';
import { getUnmappedArea } from '../mm/unmapped.ts';
import { holdVma, insertVma, VM } from '../mm/vma.ts';

/** Maps it where there is room, and notes the address in `mm.vdso`. 0 or -ENOMEM. Throws `OutOfFrames`. */
export const mapVdso = (mm: Mm): number => {
  const { kernel } = mm;
  const start = getUnmappedArea(mm, 0, PAGE_SIZE, 0);
  if (start < 0) return start;
  // A debugger may set breakpoints in it, which makes a copy.
  const flags = VM.READ | VM.EXEC | VM.MAYREAD | VM.MAYWRITE | VM.MAYEXEC | VM.DONTEXPAND;
  const vma = { start, end: start + PAGE_SIZE, flags, file: null, mapping: kernel.memory.vdso, offset: 0 };
  holdVma(kernel, vma);
  insertVma(mm, vma);
  accountVma(mm, flags, PAGE_SIZE, 1);
  mm.vdso = start;
  return 0;
};
