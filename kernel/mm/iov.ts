/**
 * Scatter/gather lists of guest memory (lib/iov_iter.c): what read(2), write(2) and their vector forms move bytes through.
 */
import type { PhysicalMemory } from '../../emulator/api.ts';
import { ERRNO } from '../abi/errno.ts';
import { IOV_MAX, MAX_RW_COUNT } from '../abi/fcntl.ts';
import { iovec } from '../abi/uio.ts';
import type { UserBuffer } from '../fs/types.ts';
import type { Mm } from './mm.ts';
import {
  accessibleLength,
  accessOk,
  copyFramesToUser,
  copyFromUser,
  copyToUser,
  copyUserToFrames,
  readStruct,
  UserFault,
} from './user.ts';

interface Segment {
  address: number;
  length: number;
}

class UserVector implements UserBuffer {
  #mm: Mm;
  #segments: Segment[];
  #index = 0;
  #moved = false;
  remaining: number;

  constructor(mm: Mm, segments: Segment[], total: number) {
    this.#mm = mm;
    this.#segments = segments;
    this.remaining = total;
  }

  put(bytes: Uint8Array): number {
    return this.#each(bytes.length, true, (address, done, length) => {
      copyToUser(this.#mm, address, length === bytes.length ? bytes : bytes.subarray(done, done + length));
    });
  }

  take(max: number): Uint8Array {
    const wanted = Math.min(max, this.remaining);
    const first = this.#segments[this.#index];
    if (first !== undefined && first.length > wanted && wanted > 0) {
      // The usual case, one segment that holds it all and more, or a retry of a bad one: no copy of the copy.
      const length = this.#usable(first.address, wanted, false);
      const bytes = copyFromUser(this.#mm, first.address, length);
      this.#advance(first, length);
      return bytes;
    }
    const bytes = new Uint8Array(wanted);
    const taken = this.#each(wanted, false, (address, done, length) => {
      bytes.set(copyFromUser(this.#mm, address, length), done);
    });
    return taken === wanted ? bytes : bytes.subarray(0, taken);
  }

  putFrom(physical: PhysicalMemory, at: number, length: number): boolean {
    return this.#moveAll(at, length, (mm, address, from, part) => copyFramesToUser(mm, address, physical, from, part));
  }

  takeTo(physical: PhysicalMemory, at: number, length: number): boolean {
    return this.#moveAll(at, length, (mm, address, to, part) => copyUserToFrames(mm, address, physical, to, part));
  }

  skip(length: number): void {
    for (let left = length; left > 0; ) {
      const segment = this.#segments[this.#index]!;
      const part = Math.min(segment.length, left);
      this.#advance(segment, part);
      left -= part;
      if (segment.length === 0) this.#index++;
    }
  }

  /** Moves `length` bytes, at `at` of physical memory, piece by piece of the vector; false where one cannot be moved. */
  #moveAll(
    at: number,
    length: number,
    move: (mm: Mm, address: number, at: number, length: number) => boolean,
  ): boolean {
    for (let done = 0; done < length; ) {
      const segment = this.#segments[this.#index];
      if (segment === undefined) return false;
      const part = Math.min(segment.length, length - done);
      if (part > 0 && !move(this.#mm, segment.address, at + done, part)) return false;
      this.#advance(segment, part);
      done += part;
      if (segment.length === 0) this.#index++;
    }
    return true;
  }

  /** Calls `move` for pieces of up to `max` bytes that are accessible; stops before the first that is not. */
  #each(max: number, write: boolean, move: (address: number, done: number, length: number) => void): number {
    let done = 0;
    while (done < max) {
      const segment = this.#segments[this.#index];
      if (segment === undefined) break;
      const wanted = Math.min(segment.length, max - done);
      if (wanted > 0) {
        const length = this.#usable(segment.address, wanted, write);
        if (length > 0) move(segment.address, done, length);
        this.#advance(segment, length);
        done += length;
        if (length < wanted) break;
      }
      if (segment.length === 0) this.#index++;
    }
    return done;
  }

  /** Bytes that can be moved now: less than wanted only if a part could or bytes went before; otherwise a fault. */
  #usable(address: number, wanted: number, write: boolean): number {
    const length = accessibleLength(this.#mm, address, wanted, write);
    if (length === 0 && !this.#moved) throw new UserFault(address);
    return length;
  }

  #advance(segment: Segment, length: number): void {
    segment.address += length;
    segment.length -= length;
    this.remaining -= length;
    if (length > 0) this.#moved = true;
  }
}

/** One piece of guest memory (import_ubuf). Longer than `MAX_RW_COUNT` it is cut. -EFAULT beyond user space. */
export const userBuffer = (mm: Mm, address: number, length: number): UserBuffer | number => {
  const cut = Math.min(length, MAX_RW_COUNT);
  if (!accessOk(address, cut)) return -ERRNO.EFAULT;
  return new UserVector(mm, [{ address, length: cut }], cut);
};

/** The elements of a vector (iovec_from_user). -EINVAL for too many or a negative length. */
const readIovec = (mm: Mm, address: number, count: number): Segment[] | number => {
  if (count > IOV_MAX || count < 0) return -ERRNO.EINVAL;
  const segments: Segment[] = [];
  for (let i = 0; i < count; i++) {
    const { iov_base, iov_len } = readStruct(mm, iovec, address + i * iovec.size);
    if (iov_len >= 2 ** 63) return -ERRNO.EINVAL;
    segments.push({ address: iov_base, length: iov_len });
  }
  return segments;
};

/**
 * The vector of `count` struct iovec at `address` (import_iovec). -EINVAL for too many or a negative length, -EFAULT beyond
 * user space; the total is cut to `MAX_RW_COUNT`. Throws `UserFault` if the vector itself cannot be read.
 */
export const importIovec = (mm: Mm, address: number, count: number): UserBuffer | number => {
  const segments = readIovec(mm, address, count);
  if (typeof segments === 'number') return segments;
  let total = 0;
  for (const segment of segments) {
    if (!accessOk(segment.address, segment.length)) return -ERRNO.EFAULT;
    segment.length = Math.min(segment.length, MAX_RW_COUNT - total);
    total += segment.length;
  }
  return new UserVector(mm, segments, total);
};

/** A vector in `mm` whose elements name memory of another address space (process_vm_readv(2)). */
export const importRemoteIovec = (mm: Mm, address: number, count: number, remote: Mm): UserBuffer | number => {
  const segments = readIovec(mm, address, count);
  if (typeof segments === 'number') return segments;
  return new UserVector(
    remote,
    segments,
    segments.reduce((total, { length }) => total + length, 0),
  );
};

/** A buffer of the kernel's own in the place of the guest's: sendfile(2), splice(2), the loader. */
export class KernelBuffer implements UserBuffer {
  #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get remaining(): number {
    return this.#bytes.length - this.#at;
  }

  put(bytes: Uint8Array): number {
    const length = Math.min(bytes.length, this.remaining);
    this.#bytes.set(bytes.subarray(0, length), this.#at);
    this.#at += length;
    return length;
  }

  take(max: number): Uint8Array {
    const taken = this.#bytes.slice(this.#at, this.#at + max);
    this.#at += taken.length;
    return taken;
  }

  putFrom(physical: PhysicalMemory, at: number, length: number): boolean {
    return length <= this.remaining && this.put(physical.u8.subarray(at, at + length)) === length;
  }

  takeTo(physical: PhysicalMemory, at: number, length: number): boolean {
    if (length > this.remaining) return false;
    physical.u8.set(this.take(length), at);
    return true;
  }

  skip(length: number): void {
    this.#at += length;
  }
}
