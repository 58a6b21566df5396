/**
 * Access to guest memory from the kernel (uaccess.h): by page, through the page tables, faulting pages in as the guest's own
 * access would.
 *
 * Every function takes the address space and an unsigned address, and throws `UserFault` where the guest's own access would
 * fault. Memory that cannot be had throws `OutOfFrames`.
 */
import {
  frameOf,
  LINEAR,
  OutOfFrames,
  PAGE_SHIFT,
  PAGE_SIZE,
  PF_ERROR,
  type PhysicalMemory,
  PTE,
  USER_END,
} from '../../emulator/api.ts';
import { fromHalves, highHalf, lowHalf } from '../abi/halves.ts';
import { readSigset, type SigSet, writeSigset } from '../abi/sigset.ts';
import { FAULT, faultIn } from './fault.ts';
import type { Mm } from './mm.ts';

/** A bad guest pointer. Caught in one place, where syscalls return, as EFAULT. No `Error`: nobody wants its stack trace. */
export class UserFault {
  readonly address: number;
  constructor(address: number) {
    this.address = address;
  }
}

const OFFSET = PAGE_SIZE - 1;
const TWO32 = 4294967296;

/** Byte offset in linear memory of a guest byte; good until the next allocation of a frame. */
const forRead = (mm: Mm, address: number): number => {
  if (!(address >= 0 && address < USER_END)) throw new UserFault(address);
  for (let tries = 0; ; tries++) {
    const entry = mm.pageTable.get(address);
    if (entry & PTE.present) return frameOf(entry) * PAGE_SIZE + (address & OFFSET);
    bring(mm, address, 0, tries);
  }
};

/** The same for a byte that will be written: the page is made private and dirty, code decoded from it is dropped. */
const forWrite = (mm: Mm, address: number): number => {
  if (!(address >= 0 && address < USER_END)) throw new UserFault(address);
  const { physical } = mm.kernel;
  for (let tries = 0; ; tries++) {
    const slot = mm.pageTable.slot(address) >>> 2;
    if (slot !== 0) {
      const entry = physical.u32[slot]!;
      if ((entry & (PTE.present | PTE.write)) === (PTE.present | PTE.write)) {
        const frame = entry >>> PAGE_SHIFT;
        physical.u32[slot] = entry | PTE.dirty;
        physical.aboutToWrite(frame);
        return frame * PAGE_SIZE + (address & OFFSET);
      }
    }
    bring(mm, address, PF_ERROR.write, tries);
  }
};

const bring = (mm: Mm, address: number, error: number, tries: number): void => {
  const result = faultIn(mm, address, error);
  if (result === FAULT.outOfMemory) throw new OutOfFrames('physical memory is exhausted');
  if (result !== FAULT.handled) throw new UserFault(address);
  if (tries > 1) throw new Error(`the fault at 0x${address.toString(16)} was handled but the page is not accessible`);
};

/** Throws unless all of [address, address + length) is user space. */
const checkRange = (address: number, length: number): void => {
  if (!(address >= 0 && address + length <= USER_END)) throw new UserFault(address);
};

/**
 * Byte offset in linear memory of [address, address + length) when it lies in one page, else -1. Good until the next
 * allocation of a frame; for hot paths which would rather not copy.
 */
export const userSpan = (mm: Mm, address: number, length: number, write: boolean): number => {
  checkRange(address, length);
  if ((address & OFFSET) + length > PAGE_SIZE) return -1;
  return write ? forWrite(mm, address) : forRead(mm, address);
};

/** A fresh copy of `length` bytes. */
export const copyFromUser = (mm: Mm, address: number, length: number): Uint8Array => {
  if (length === 0) return new Uint8Array(0);
  checkRange(address, length);
  if ((address & OFFSET) + length <= PAGE_SIZE) {
    const start = forRead(mm, address);
    return mm.kernel.physical.u8.slice(start, start + length);
  }
  const bytes = new Uint8Array(length);
  for (let done = 0; done < length; ) {
    const start = forRead(mm, address + done);
    const part = Math.min(PAGE_SIZE - (start & OFFSET), length - done);
    bytes.set(mm.kernel.physical.u8.subarray(start, start + part), done);
    done += part;
  }
  return bytes;
};

/**
 * A struct of which the guest has `size` bytes and the kernel knows `known`: what the guest leaves out is zero, what it has
 * beyond must be zero, or the result is null, for E2BIG (copy_struct_from_user).
 */
export const copyStructFromUser = (mm: Mm, address: number, size: number, known: number): Uint8Array | null => {
  const bytes = copyFromUser(mm, address, size);
  if (bytes.subarray(known).some((byte) => byte !== 0)) return null;
  const result = new Uint8Array(known);
  result.set(bytes.subarray(0, known));
  return result;
};

/** Stores all bytes, or those before the first that faults. */
export const copyToUser = (mm: Mm, address: number, bytes: Uint8Array): void => {
  const { length } = bytes;
  if (length === 0) return;
  checkRange(address, length);
  for (let done = 0; done < length; ) {
    const start = forWrite(mm, address + done);
    const part = Math.min(PAGE_SIZE - (start & OFFSET), length - done);
    mm.kernel.physical.u8.set(part === length ? bytes : bytes.subarray(done, done + part), start);
    done += part;
  }
};

/**
 * Copies bytes at byte offset `at` of physical memory to the guest, without a copy in between. False if the guest's memory
 * faults; what was copied by then stays.
 */
export const copyFramesToUser = (
  mm: Mm,
  address: number,
  physical: PhysicalMemory,
  at: number,
  length: number,
): boolean => {
  try {
    for (let done = 0; done < length; ) {
      const to = forWrite(mm, address + done);
      const part = Math.min(PAGE_SIZE - (to & OFFSET), length - done);
      physical.bytes.copy(to, at + done, part);
      done += part;
    }
    return true;
  } catch (error) {
    if (error instanceof UserFault) return false;
    throw error;
  }
};

/** The same the other way. */
export const copyUserToFrames = (
  mm: Mm,
  address: number,
  physical: PhysicalMemory,
  at: number,
  length: number,
): boolean => {
  try {
    for (let done = 0; done < length; ) {
      const from = forRead(mm, address + done);
      const part = Math.min(PAGE_SIZE - (from & OFFSET), length - done);
      physical.bytes.copy(at + done, from, part);
      done += part;
    }
    return true;
  } catch (error) {
    if (error instanceof UserFault) return false;
    throw error;
  }
};

/** Bytes of a scratch page, below the frames, where structs that cross pages are put together or looked at. */
export const SCRATCH = LINEAR.scratch;

/** Brings bytes into the scratch page, at `at` of it. Throws `UserFault`. */
export const userToScratch = (mm: Mm, address: number, at: number, length: number): void => {
  if (!copyUserToFrames(mm, address, mm.kernel.physical, SCRATCH + at, length)) throw new UserFault(address);
};

/** Stores bytes from `at` of the scratch page on. Throws `UserFault`. */
export const scratchToUser = (mm: Mm, address: number, at: number, length: number): void => {
  if (!copyFramesToUser(mm, address, mm.kernel.physical, SCRATCH + at, length)) throw new UserFault(address);
};

/** Stores zeros. */
export const clearUser = (mm: Mm, address: number, length: number): void => {
  if (length === 0) return;
  checkRange(address, length);
  for (let done = 0; done < length; ) {
    const start = forWrite(mm, address + done);
    const part = Math.min(PAGE_SIZE - (start & OFFSET), length - done);
    mm.kernel.physical.bytes.clear(start, part);
    done += part;
  }
};

/**
 * The bytes of a C string without its NUL, or null if there is none within the first `max` bytes: the caller's E2BIG or
 * ENAMETOOLONG (strncpy_from_user).
 */
export const readCBytes = (mm: Mm, address: number, max: number): Uint8Array | null => {
  const parts: Uint8Array[] = [];
  let total = 0;
  while (total < max) {
    const start = forRead(mm, address + total);
    const end = start + Math.min(PAGE_SIZE - (start & OFFSET), max - total);
    const { u8 } = mm.kernel.physical;
    const nul = u8.indexOf(0, start);
    if (nul >= 0 && nul < end) {
      if (parts.length === 0) return u8.slice(start, nul);
      parts.push(u8.slice(start, nul));
      return concat(parts, total + nul - start);
    }
    parts.push(u8.slice(start, end));
    total += end - start;
  }
  return null;
};

const concat = (parts: readonly Uint8Array[], length: number): Uint8Array => {
  const all = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
};

/** The same as a byte string, one character per byte, as the kernel keeps names; null as for `readCBytes`. */
export const readCString = (mm: Mm, address: number, max: number): string | null => {
  const bytes = readCBytes(mm, address, max);
  if (bytes === null) return null;
  let text = '';
  for (let at = 0; at < bytes.length; at += 4096) text += String.fromCharCode(...bytes.subarray(at, at + 4096));
  return text;
};

export const getUser8 = (mm: Mm, address: number): number => mm.kernel.physical.u8[forRead(mm, address)]!;

/** Unsigned. */
export const getUser32 = (mm: Mm, address: number): number => {
  const at = within(address, 4) ? forRead(mm, address) : -1;
  return at >= 0
    ? mm.kernel.physical.view.getUint32(at, true)
    : viewOf(copyFromUser(mm, address, 4)).getUint32(0, true);
};

export const getUser64 = (mm: Mm, address: number): bigint => {
  const at = within(address, 8) ? forRead(mm, address) : -1;
  if (at >= 0) {
    const { view } = mm.kernel.physical;
    return fromHalves(view.getUint32(at, true), view.getUint32(at + 4, true));
  }
  return viewOf(copyFromUser(mm, address, 8)).getBigUint64(0, true);
};

export const getUserSigset = (mm: Mm, address: number): SigSet => {
  const at = within(address, 8) ? forRead(mm, address) : -1;
  if (at >= 0) return readSigset(mm.kernel.physical.view, at);
  return readSigset(viewOf(copyFromUser(mm, address, 8)), 0);
};

export const putUserSigset = (mm: Mm, address: number, set: SigSet): void => {
  if (within(address, 8)) {
    const at = forWrite(mm, address);
    writeSigset(mm.kernel.physical.view, at, set);
    return;
  }
  const bytes = new Uint8Array(8);
  writeSigset(viewOf(bytes), 0, set);
  copyToUser(mm, address, bytes);
};

/** Unsigned 64 bits as a number: exact below 2^53, rounded beyond. */
export const getUserLong = (mm: Mm, address: number): number => {
  const at = within(address, 8) ? forRead(mm, address) : -1;
  const view = at >= 0 ? mm.kernel.physical.view : viewOf(copyFromUser(mm, address, 8));
  const offset = Math.max(at, 0);
  return view.getUint32(offset + 4, true) * TWO32 + view.getUint32(offset, true);
};

export const putUser8 = (mm: Mm, address: number, value: number): void => {
  const at = forWrite(mm, address);
  mm.kernel.physical.u8[at] = value;
};

/** Stores the low 32 bits. */
export const putUser32 = (mm: Mm, address: number, value: number): void => {
  if (within(address, 4)) {
    const at = forWrite(mm, address);
    mm.kernel.physical.view.setUint32(at, value, true);
    return;
  }
  const bytes = new Uint8Array(4);
  viewOf(bytes).setUint32(0, value, true);
  copyToUser(mm, address, bytes);
};

export const putUser64 = (mm: Mm, address: number, value: bigint): void => {
  if (within(address, 8)) {
    const at = forWrite(mm, address);
    const { view } = mm.kernel.physical;
    view.setUint32(at, lowHalf(value), true);
    view.setUint32(at + 4, highHalf(value), true);
    return;
  }
  const bytes = new Uint8Array(8);
  viewOf(bytes).setBigUint64(0, value, true);
  copyToUser(mm, address, bytes);
};

/** Stores an integer of magnitude below 2^53 in 64 bits, negative ones in two's complement. */
export const putUserLong = (mm: Mm, address: number, value: number): void => putUser64(mm, address, BigInt(value));

/** The struct, array or scalar at an address. */
export const readStruct = <T>(mm: Mm, type: Readable<T>, address: number): T => {
  if (within(address, type.size)) {
    const at = forRead(mm, address);
    return type.read(mm.kernel.physical.view, at);
  }
  return type.read(viewOf(copyFromUser(mm, address, type.size)), 0);
};

/** Stores a struct; fields left out, and padding, become zero. */
export const writeStruct = <T>(mm: Mm, type: Writable<T>, address: number, value: T): void => {
  if (within(address, type.size)) {
    const at = forWrite(mm, address);
    type.write(mm.kernel.physical.view, at, value);
    return;
  }
  const bytes = new Uint8Array(type.size);
  type.write(viewOf(bytes), 0, value);
  copyToUser(mm, address, bytes);
};

/** What `readStruct` and `writeStruct` need of a type of `abi/layout.ts`. */
interface Readable<T> {
  readonly size: number;
  read(view: DataView, offset: number): T;
}
interface Writable<T> {
  readonly size: number;
  write(view: DataView, offset: number, value: T): void;
}

/** How many of `length` bytes from `address` on can be read (or written) before the first that faults. Brings the pages in. */
export const accessibleLength = (mm: Mm, address: number, length: number, write: boolean): number => {
  for (let done = 0; done < length; ) {
    try {
      if (write) forWrite(mm, address + done);
      else forRead(mm, address + done);
    } catch (error) {
      if (error instanceof UserFault) return done;
      throw error;
    }
    done += PAGE_SIZE - ((address + done) & OFFSET);
  }
  return length;
};

/** Whether all of it lies in user space; nothing is said about mappings (access_ok). */
export const accessOk = (address: number, length: number): boolean => address >= 0 && address + length <= USER_END;

const within = (address: number, size: number): boolean => (address & OFFSET) + size <= PAGE_SIZE;
const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
