/**
 * Guest memory for those who only look: nothing is faulted in, no accessed bit is set, no page table is made. A page that is
 * not there yet reads as its first access would find it.
 */
import { frameOf, PAGE_SIZE, PTE, USER_END } from '../../../emulator/api.ts';
import type { Mm } from '../../mm/mm.ts';
import { VM_ACCESS, vmaAt } from '../../mm/vma.ts';

const ZEROS = new Uint8Array(PAGE_SIZE);

/** The page that starts at `page`: its bytes for now, or null where the guest's own read would fault. */
const pageAt = (mm: Mm, page: number): Uint8Array | null => {
  const { kernel } = mm;
  const frameBytes = (frame: number) => kernel.physical.u8.subarray(frame * PAGE_SIZE, (frame + 1) * PAGE_SIZE);
  const entry = mm.pageTable.get(page);
  if (entry & PTE.present) return frameBytes(frameOf(entry));
  const vma = vmaAt(mm, page);
  if (vma === undefined || !(vma.flags & VM_ACCESS)) return null;
  const { mapping, file } = vma;
  if (mapping === null) return ZEROS;
  const index = (vma.offset + (page - vma.start)) / PAGE_SIZE;
  if (mapping.inode !== null && index * PAGE_SIZE >= mapping.inode.size) return null;
  const frame = mapping.pages.get(index);
  if (frame !== undefined) return frameBytes(frame);
  if (file === null) return ZEROS;
  const bytes = new Uint8Array(PAGE_SIZE);
  const read = file.ops.readPage?.(kernel, file, index * PAGE_SIZE, bytes) ?? -1;
  return read < 0 ? null : bytes;
};

/** A copy of the bytes from `address` on that can be read, at most `length`. */
export const peekUpTo = (mm: Mm, address: number, length: number): Uint8Array => {
  const bytes = new Uint8Array(Math.max(0, Math.min(length, USER_END - address)));
  let done = 0;
  while (done < bytes.length) {
    const at = address + done;
    const within = at % PAGE_SIZE;
    const page = pageAt(mm, at - within);
    if (page === null) break;
    const part = Math.min(PAGE_SIZE - within, bytes.length - done);
    bytes.set(page.subarray(within, within + part), done);
    done += part;
  }
  return bytes.subarray(0, done);
};

/** A copy of `length` bytes, or null if not all of them can be read. */
export const peek = (mm: Mm, address: number, length: number): Uint8Array | null => {
  if (length > USER_END || address > USER_END) return null;
  const bytes = peekUpTo(mm, address, length);
  return bytes.length === length ? bytes : null;
};

/** The same, to read fields from. */
export const peekView = (mm: Mm, address: number, length: number): DataView | null => {
  const bytes = peek(mm, address, length);
  return bytes === null ? null : new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
};

/** The struct, array or scalar at an address, or null. */
export const peekStruct = <T>(
  mm: Mm,
  type: { readonly size: number; read(view: DataView, offset: number): T },
  address: number,
): T | null => {
  const view = peekView(mm, address, type.size);
  return view === null ? null : type.read(view, 0);
};

/** A C string: its bytes without the NUL, or null when it cannot be read. `ended` is false if no NUL came within `max`. */
export const peekString = (mm: Mm, address: number, max: number): { bytes: Uint8Array; ended: boolean } | null => {
  const parts: number[] = [];
  while (parts.length < max) {
    const at = address + parts.length;
    if (!(at < USER_END)) return null;
    const within = at % PAGE_SIZE;
    const page = pageAt(mm, at - within);
    if (page === null) return null;
    const end = Math.min(PAGE_SIZE, within + max - parts.length);
    for (let i = within; i < end; i++) {
      if (page[i] === 0) return { bytes: Uint8Array.from(parts), ended: true };
      parts.push(page[i]!);
    }
  }
  return { bytes: Uint8Array.from(parts), ended: false };
};
