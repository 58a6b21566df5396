/** Copying an address space for fork(2) (dup_mmap, copy_page_range): all frames are shared, private ones copy on write. */
import { frameOf, PTE } from '../../emulator/api.ts';
import { withReclaim } from './memory.ts';
import { inheritFlags, type Mm, mmPut, newMm } from './mm.ts';
import { accountVma, mapFrame } from './pages.ts';
import { pagesWriteProtected } from './tlb.ts';
import { holdVma, VM, type Vma } from './vma.ts';

/** A copy with one user. Throws `OutOfFrames`, having kept nothing. */
export const dupMm = (mm: Mm): Mm => withReclaim(mm.kernel, () => duplicate(mm));

const duplicate = (mm: Mm): Mm => {
  const child = newMm(mm.kernel);
  child.exeFile = mm.exeFile;
  child.mmapBase = mm.mmapBase;
  child.startBrk = mm.startBrk;
  child.brk = mm.brk;
  child.startCode = mm.startCode;
  child.endCode = mm.endCode;
  child.startData = mm.startData;
  child.endData = mm.endData;
  child.startStack = mm.startStack;
  child.vdso = mm.vdso;
  child.argStart = mm.argStart;
  child.argEnd = mm.argEnd;
  child.envStart = mm.envStart;
  child.envEnd = mm.envEnd;
  child.auxv = mm.auxv;
  inheritFlags(child, mm);
  child.membarrier = { ...mm.membarrier };
  if (child.exeFile !== null) child.exeFile.refs++;
  let protectedAny = false;
  try {
    for (const vma of mm.vmas) {
      if (vma.flags & VM.DONTCOPY) continue;
      const copy: Vma = { ...vma, flags: vma.flags & ~(VM.LOCKED | VM.LOCKONFAULT) };
      holdVma(mm.kernel, copy);
      child.vmas.push(copy);
      accountVma(child, copy.flags, copy.end - copy.start, 1);
      if (!(vma.flags & VM.WIPEONFORK) && copyPages(mm, child, vma)) protectedAny = true;
    }
  } catch (error) {
    mmPut(child);
    throw error;
  } finally {
    if (protectedAny) pagesWriteProtected(mm);
  }
  return child;
};

/** Enters the area's pages in the child. Returns whether the parent's entries lost their write permission. */
const copyPages = (mm: Mm, child: Mm, vma: Vma): boolean => {
  const { physical } = mm.kernel;
  const { pageTable } = mm;
  const shared = (vma.flags & VM.SHARED) !== 0;
  let changed = false;
  pageTable.forEach(vma.start, vma.end, (address, entry, executable) => {
    let flags = entry & 0xfff;
    if (shared) {
      flags &= ~PTE.dirty; // the parent's entry is enough to have it written back
    } else if (flags & PTE.write) {
      flags &= ~PTE.write;
      pageTable.protect(address, flags, executable);
      changed = true;
    }
    const frame = frameOf(entry);
    physical.ref(frame);
    mapFrame(child, vma, address, frame, flags & ~PTE.hidden);
    if (entry & PTE.hidden) child.pageTable.hide(address);
  });
  return changed;
};
