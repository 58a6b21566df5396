/** Telling the CPU that page-table entries changed. Entries that were empty before need no telling. */
import { PAGE_SIZE } from '../../emulator/api.ts';
import type { Mm } from './mm.ts';

/** Whether the CPU runs in this address space now: then its TLB may hold entries of it, otherwise not. */
export const isActive = (mm: Mm): boolean => mm.kernel.cpu.state.cr3 === mm.pageTable.root * PAGE_SIZE;

/** A present entry changed in frame, or lost permissions. */
export const pageChanged = (mm: Mm, address: number): void => {
  if (isActive(mm)) mm.kernel.cpu.invalidatePage(address);
  else mm.kernel.cpu.forgetAddressSpace(mm.pageTable.root);
};

/** Many in [start, end) did. */
export const pagesChanged = (mm: Mm, start: number, end: number): void => {
  if (isActive(mm)) mm.kernel.cpu.invalidateRange(start, end);
  else mm.kernel.cpu.forgetAddressSpace(mm.pageTable.root);
};

/** Any number lost their write permission, and nothing else. */
export const pagesWriteProtected = (mm: Mm): void => {
  if (isActive(mm)) mm.kernel.cpu.flushWrites();
};
