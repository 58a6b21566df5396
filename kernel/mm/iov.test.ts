import { describe, expect, it } from 'vitest';
import { PAGE_SIZE } from '../../emulator/api.ts';
import { ERRNO } from '../abi/errno.ts';
import { iovec } from '../abi/uio.ts';
import type { UserBuffer } from '../fs/types.ts';
import { importIovec, userBuffer } from './iov.ts';
import type { Mm } from './mm.ts';
import { doMmap } from './mmap.ts';
import { testMachine } from './testing.ts';
import { copyFromUser, copyToUser, UserFault, writeStruct } from './user.ts';

const AT = 0x10000000;
const END = AT + 2 * PAGE_SIZE;

/** Two pages with memory, nothing behind them. */
const twoPages = (): Mm => {
  const { mm } = testMachine();
  doMmap(mm, AT, 2 * PAGE_SIZE, 3, 0x32, null, 0);
  return mm;
};

const vector = (mm: Mm, ...elements: [address: number, length: number][]): UserBuffer | number => {
  for (const [n, [iov_base, iov_len]] of elements.entries()) {
    writeStruct(mm, iovec, AT + n * iovec.size, { iov_base, iov_len });
  }
  return importIovec(mm, AT, elements.length);
};

const buffer = (made: UserBuffer | number): UserBuffer => {
  if (typeof made === 'number') throw new Error(`refused: ${made}`);
  return made;
};

describe('a vector of guest memory', () => {
  it('is consumed from the front, across elements and pages', () => {
    const mm = twoPages();
    const sink = buffer(vector(mm, [AT + PAGE_SIZE - 2, 4], [AT + 100, 0], [AT + 200, 3]));
    expect(sink.remaining).toBe(7);
    expect(sink.put(Uint8Array.of(1, 2, 3))).toBe(3);
    expect(sink.put(Uint8Array.of(4, 5, 6, 7, 8))).toBe(4);
    expect(sink.remaining).toBe(0);
    expect([...copyFromUser(mm, AT + PAGE_SIZE - 2, 4)]).toEqual([1, 2, 3, 4]);
    expect([...copyFromUser(mm, AT + 200, 3)]).toEqual([5, 6, 7]);
    const source = buffer(vector(mm, [AT + PAGE_SIZE - 2, 4], [AT + 200, 3]));
    expect([...source.take(5)]).toEqual([1, 2, 3, 4, 5]);
    expect([...source.take(99)]).toEqual([6, 7]);
  });

  it('stops short where memory ends, and faults only if nothing was moved', () => {
    const mm = twoPages();
    copyToUser(mm, END - 3, Uint8Array.of(7, 8, 9));
    const source = buffer(userBuffer(mm, END - 3, 10));
    expect([...source.take(10)]).toEqual([7, 8, 9]);
    expect(source.take(10).length).toBe(0);
    expect(() => buffer(userBuffer(mm, END, 10)).take(1)).toThrow(UserFault);
    expect(() => buffer(userBuffer(mm, END, 10)).put(Uint8Array.of(1))).toThrow(UserFault);
    expect(buffer(userBuffer(mm, END, 0)).take(1).length).toBe(0);
  });

  it('is refused for its lengths before its addresses', () => {
    const mm = twoPages();
    expect(vector(mm, [2 ** 63, 1], [AT, 2 ** 63])).toBe(-ERRNO.EINVAL);
    expect(vector(mm, [2 ** 63, 1], [AT, 1])).toBe(-ERRNO.EFAULT);
    expect(importIovec(mm, AT, 1025)).toBe(-ERRNO.EINVAL);
    expect(importIovec(mm, AT, -1)).toBe(-ERRNO.EINVAL);
    expect(() => importIovec(mm, END - 8, 1)).toThrow(UserFault);
    expect(userBuffer(mm, 2 ** 63, 1)).toBe(-ERRNO.EFAULT);
    expect(buffer(userBuffer(mm, AT, 2 ** 40)).remaining).toBe(0x7ffff000);
  });
});
