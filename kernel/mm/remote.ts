/** A tracer's access to another address space: it may do what the program itself may not (access_remote_vm with FOLL_FORCE). */
import { frameOf, PAGE_SIZE, PF_ERROR, PTE } from '../../emulator/api.ts';
import { FAULT, faultIn } from './fault.ts';
import type { Mm } from './mm.ts';
import { pageDown } from './pages.ts';
import { pagesChanged } from './tlb.ts';
import { copyFromUser, copyToUser, UserFault } from './user.ts';
import { VM, VM_ACCESS, vmaAt } from './vma.ts';

/**
 * Runs `access` to a page with the area's permissions raised for the moment. For a store a page of a private area gets a
 * copy of its own; shared ones are refused.
 */
const force = (mm: Mm, address: number, write: boolean, access: () => void): void => {
  const vma = vmaAt(mm, address);
  const may = write ? VM.MAYWRITE : VM.MAYREAD;
  if (vma === undefined || (write && vma.flags & VM.SHARED) || !(vma.flags & may)) throw new UserFault(address);
  const page = pageDown(address);
  const before = mm.pageTable.get(page);
  const kept = vma.flags;
  vma.flags |= write ? VM.WRITE | VM.READ : VM.READ;
  try {
    if (before & PTE.hidden) mm.pageTable.protect(page, before & 0xfff & ~PTE.hidden, (kept & VM.EXEC) !== 0);
    if (faultIn(mm, page, write ? PF_ERROR.write : 0) !== FAULT.handled) throw new UserFault(address);
    access();
  } finally {
    vma.flags = kept;
  }
  const executable = (kept & VM.EXEC) !== 0;
  mm.pageTable.protect(page, mm.pageTable.get(page) & 0xfff & ~PTE.write, executable);
  if ((kept & VM_ACCESS) === 0) {
    // What was brought in along with the page, too.
    mm.pageTable.forEach(vma.start, vma.end, (at, entry) => {
      if (entry & PTE.present) mm.pageTable.hide(at);
    });
  }
  pagesChanged(mm, vma.start, vma.end);
};

/** Pages of the kernel's own are for the program alone (check_vma_flags). Throws `UserFault`. */
const refuseKernelPages = (mm: Mm, address: number): void => {
  if ((vmaAt(mm, address)?.flags ?? 0) & (VM.IO | VM.PFNMAP)) throw new UserFault(address);
};

/** Reads what lies in one page. Throws `UserFault`. */
const readPiece = (mm: Mm, address: number, length: number): Uint8Array => {
  refuseKernelPages(mm, address);
  try {
    return copyFromUser(mm, address, length);
  } catch (thrown) {
    if (!(thrown instanceof UserFault)) throw thrown;
    let bytes = new Uint8Array(0);
    force(mm, address, false, () => {
      const from = frameOf(mm.pageTable.get(address)) * PAGE_SIZE + (address - pageDown(address));
      bytes = mm.kernel.physical.u8.slice(from, from + length);
    });
    return bytes;
  }
};

const writePiece = (mm: Mm, address: number, bytes: Uint8Array): void => {
  refuseKernelPages(mm, address);
  try {
    copyToUser(mm, address, bytes);
  } catch (thrown) {
    if (!(thrown instanceof UserFault)) throw thrown;
    force(mm, address, true, () => copyToUser(mm, address, bytes));
  }
};

/** Calls `each` for the pieces of a range in single pages, until one faults: the bytes before that. */
const byPage = (address: number, length: number, each: (at: number, done: number, length: number) => void): number => {
  let done = 0;
  try {
    while (done < length) {
      const at = address + done;
      const piece = Math.min(length - done, PAGE_SIZE - (at % PAGE_SIZE));
      each(at, done, piece);
      done += piece;
    }
  } catch (thrown) {
    if (!(thrown instanceof UserFault)) throw thrown;
  }
  return done;
};

/** Bytes from `address` on, as many as can be read. */
export const readRemote = (mm: Mm, address: number, length: number): Uint8Array => {
  const bytes = new Uint8Array(length);
  const done = byPage(address, length, (at, offset, piece) => bytes.set(readPiece(mm, at, piece), offset));
  return bytes.subarray(0, done);
};

/** Stores as many of the bytes as can be: how many. */
export const writeRemote = (mm: Mm, address: number, bytes: Uint8Array): number =>
  byPage(address, bytes.length, (at, offset, piece) => writePiece(mm, at, bytes.subarray(offset, offset + piece)));
