import { describe, expect, it } from 'vitest';
import { CHUNK_FRAMES, PAGE_SIZE, PF_ERROR } from '../../emulator/api.ts';
import { MAP, PROT } from '../abi/mman.ts';
import { RLIMIT } from '../abi/resource.ts';
import { doMsync } from './advise.ts';
import { FAULT, faultIn, STACK_GUARD_GAP } from './fault.ts';
import { dupMm } from './fork.ts';
import { mmPut } from './mm.ts';
import { doBrk, doMmap, doMunmap } from './mmap.ts';
import { doMprotect } from './mprotect.ts';
import { overlayCached, truncateCached, updateCached } from './pagecache.ts';
import { fileOf, leakedFrames, testMachine } from './testing.ts';
import { copyFromUser, copyToUser, getUser8, putUser8, UserFault } from './user.ts';
import { findVma } from './vma.ts';

const RW = PROT.READ | PROT.WRITE;
const { write: WRITE, fetch: FETCH } = PF_ERROR;
const ANON = MAP.PRIVATE | MAP.ANONYMOUS;

const pages = (...firstBytes: number[]): Uint8Array => {
  const bytes = new Uint8Array(firstBytes.length * PAGE_SIZE);
  for (const [n, byte] of firstBytes.entries()) bytes[n * PAGE_SIZE] = byte;
  return bytes;
};

describe('a fault', () => {
  it('says why it cannot be handled', () => {
    const { mm } = testMachine();
    const readOnly = doMmap(mm, 0, PAGE_SIZE, PROT.READ, ANON, null, 0);
    const none = doMmap(mm, 0, PAGE_SIZE, PROT.NONE, ANON, null, 0);
    expect(faultIn(mm, 0x1000, 0)).toBe(FAULT.mapError);
    expect(faultIn(mm, 0x7ffffffff000, 0)).toBe(FAULT.mapError);
    expect(faultIn(mm, readOnly, WRITE)).toBe(FAULT.accessError);
    expect(faultIn(mm, none, 0)).toBe(FAULT.accessError);
    // The first fetch brings the page in; the second finds it not executable.
    expect(faultIn(mm, readOnly, FETCH)).toBe(FAULT.handled);
    expect(faultIn(mm, readOnly, FETCH)).toBe(FAULT.accessError);
  });

  it('reads the shared frame of zeros, and copies it for a store', () => {
    const { kernel, mm } = testMachine();
    const address = doMmap(mm, 0, 4 * PAGE_SIZE, RW, ANON, null, 0);
    expect(getUser8(mm, address)).toBe(0);
    const before = kernel.physical.allocated;
    expect(getUser8(mm, address + PAGE_SIZE)).toBe(0);
    expect(kernel.physical.allocated).toBe(before);
    putUser8(mm, address, 5);
    expect(kernel.physical.allocated).toBe(before + 1);
    expect(getUser8(mm, address + PAGE_SIZE)).toBe(0);
  });

  it('in a big area finds frames side by side, that an area of few pages does without', () => {
    const machine = testMachine();
    const { kernel, mm } = machine;
    const chunk = CHUNK_FRAMES * PAGE_SIZE;
    const area = doMmap(mm, 0, 4 * chunk, RW, ANON, null, 0);
    const start = Math.ceil(area / chunk) * chunk;
    const frame = (address: number) => mm.pageTable.get(address) >>> 12;
    for (const n of [7, 0, CHUNK_FRAMES - 1]) putUser8(mm, start + n * PAGE_SIZE, n);
    expect(getUser8(mm, start + 9 * PAGE_SIZE)).toBe(0); // the frame of zeros, until it is written to
    putUser8(mm, start + 9 * PAGE_SIZE, 9);
    const first = frame(start);
    expect(first % CHUNK_FRAMES).toBe(0);
    for (const n of [7, 9, CHUNK_FRAMES - 1]) expect(frame(start + n * PAGE_SIZE)).toBe(first + n);
    expect(mm.rss).toBe(4);
    // A copy for a child is any frame; so is what comes to a place whose frame the child still has.
    const child = dupMm(mm);
    putUser8(child, start, 1);
    expect(mm.chunks.size).toBe(1);
    expect(child.chunks.size).toBe(0);
    putUser8(mm, start, 2);
    doMunmap(mm, start + 7 * PAGE_SIZE, PAGE_SIZE);
    doMmap(mm, start + 7 * PAGE_SIZE, PAGE_SIZE, RW, ANON | MAP.FIXED, null, 0);
    putUser8(mm, start + 7 * PAGE_SIZE, 3);
    expect(frame(start + 7 * PAGE_SIZE)).not.toBe(first + 7);
    expect(getUser8(child, start + 7 * PAGE_SIZE)).toBe(7);
    mmPut(child);
    const small = doMmap(mm, 0, PAGE_SIZE, RW, ANON, null, 0);
    putUser8(mm, small, 1);
    expect(mm.chunks.size).toBe(1);
    mmPut(mm);
    expect(leakedFrames(machine)).toBe(0);
    expect(kernel.physical.reserve()).toBeGreaterThan(0);
  });

  it('takes the frame over when the other owner is gone', () => {
    const machine = testMachine();
    const { kernel, mm } = machine;
    const address = doMmap(mm, 0, PAGE_SIZE, RW, ANON, null, 0);
    putUser8(mm, address, 1);
    const frame = mm.pageTable.get(address) >>> 12;
    const child = dupMm(mm);
    putUser8(child, address, 2);
    expect(getUser8(mm, address)).toBe(1);
    mmPut(child);
    const before = kernel.physical.allocated;
    putUser8(mm, address, 3);
    expect(mm.pageTable.get(address) >>> 12).toBe(frame);
    expect(kernel.physical.allocated).toBe(before);
    mmPut(mm);
    expect(leakedFrames(machine)).toBe(0);
  });

  it('grows the stack to any distance within its limit, but not into the guard gap', () => {
    const { kernel, mm } = testMachine();
    kernel.current.group.rlimits[RLIMIT.STACK]!.soft = 8 << 20;
    const top = 0x7ffffffff000;
    doMmap(mm, top - PAGE_SIZE, PAGE_SIZE, RW, ANON | MAP.FIXED | MAP.GROWSDOWN, null, 0);
    expect(faultIn(mm, top - (9 << 20), WRITE)).toBe(FAULT.mapError);
    expect(faultIn(mm, top - (4 << 20), WRITE)).toBe(FAULT.handled);
    expect(findVma(mm, top - (4 << 20))!.start).toBe(top - (4 << 20));
    const below = top - (6 << 20);
    doMmap(mm, below, PAGE_SIZE, RW, ANON | MAP.FIXED, null, 0);
    expect(faultIn(mm, below + STACK_GUARD_GAP, WRITE)).toBe(FAULT.mapError);
    expect(faultIn(mm, below + PAGE_SIZE + STACK_GUARD_GAP, WRITE)).toBe(FAULT.handled);
    // A mapping that may not be accessed needs no gap.
    doMprotect(mm, below, PAGE_SIZE, PROT.NONE);
    expect(faultIn(mm, below + 2 * PAGE_SIZE, WRITE)).toBe(FAULT.handled);
  });

  it('reports that memory is exhausted instead of throwing', () => {
    const { mm, kernel } = testMachine(1 << 20);
    const address = doMmap(mm, 0, 1 << 20, RW, ANON, null, 0);
    let result: number = FAULT.handled;
    for (let page = 0; page < 256 && result === FAULT.handled; page++) {
      result = faultIn(mm, address + page * PAGE_SIZE, WRITE);
    }
    expect(result).toBe(FAULT.outOfMemory);
    mmPut(mm);
    // The zero page and the vDSO's.
    expect(kernel.physical.allocated).toBe(2);
  });

  it('takes clean cached pages back before memory is exhausted', () => {
    const { mm } = testMachine(1 << 20);
    const file = fileOf(new Uint8Array(128 * PAGE_SIZE));
    const mapped = doMmap(mm, 0, 128 * PAGE_SIZE, PROT.READ, MAP.PRIVATE, file, 0);
    for (let page = 0; page < 128; page++) getUser8(mm, mapped + page * PAGE_SIZE);
    doMunmap(mm, mapped, 128 * PAGE_SIZE);
    const address = doMmap(mm, 0, 200 * PAGE_SIZE, RW, ANON, null, 0);
    for (let page = 0; page < 200; page++) putUser8(mm, address + page * PAGE_SIZE, 1);
  });
});

describe('a mapped file', () => {
  it('is shared by private mappings until they store', () => {
    const machine = testMachine();
    const { mm } = machine;
    const file = fileOf(pages(11, 22));
    const one = doMmap(mm, 0, 2 * PAGE_SIZE, RW, MAP.PRIVATE, file, 0);
    const two = doMmap(mm, 0, 2 * PAGE_SIZE, RW, MAP.PRIVATE, file, 0);
    expect([getUser8(mm, one), getUser8(mm, one + PAGE_SIZE)]).toEqual([11, 22]);
    expect(getUser8(mm, two)).toBe(11);
    expect(mm.pageTable.get(one) >>> 12).toBe(mm.pageTable.get(two) >>> 12);
    putUser8(mm, one, 99);
    expect([getUser8(mm, one), getUser8(mm, two), file.state[0]]).toEqual([99, 11, 11]);
    mmPut(mm);
    expect(file.refs).toBe(1);
    expect(leakedFrames(machine)).toBe(0);
  });

  it('is written back by msync, munmap and the end of the process', () => {
    const { mm, kernel } = testMachine();
    const file = fileOf(pages(1, 2, 3));
    const at = doMmap(mm, 0, 3 * PAGE_SIZE, RW, MAP.SHARED, file, 0);
    putUser8(mm, at, 10);
    putUser8(mm, at + PAGE_SIZE, 20);
    const read = new Uint8Array(1);
    overlayCached(kernel, file.inode, 0, read);
    expect(read[0]).toBe(10);
    expect(doMsync(mm, at, PAGE_SIZE, 4)).toBe(0);
    expect([file.state[0], file.state[PAGE_SIZE]]).toEqual([10, 2]);
    doMunmap(mm, at + PAGE_SIZE, PAGE_SIZE);
    expect(file.state[PAGE_SIZE]).toBe(20);
    putUser8(mm, at + 2 * PAGE_SIZE, 30);
    mmPut(mm);
    expect(file.state[2 * PAGE_SIZE]).toBe(30);
  });

  it('shows what write(2) writes', () => {
    const { mm, kernel } = testMachine();
    const file = fileOf(pages(1, 2));
    const at = doMmap(mm, 0, 2 * PAGE_SIZE, PROT.READ, MAP.SHARED, file, 0);
    expect(getUser8(mm, at + PAGE_SIZE)).toBe(2);
    updateCached(kernel, file.inode, PAGE_SIZE - 1, Uint8Array.of(7, 8));
    expect(getUser8(mm, at + PAGE_SIZE)).toBe(8);
  });

  it('is SIGBUS behind its end, and where truncate cut it off', () => {
    const machine = testMachine();
    const { mm, kernel } = machine;
    const file = fileOf(pages(1, 2));
    const at = doMmap(mm, 0, 3 * PAGE_SIZE, RW, MAP.PRIVATE, file, 0);
    expect(faultIn(mm, at + 2 * PAGE_SIZE, 0)).toBe(FAULT.busError);
    putUser8(mm, at + PAGE_SIZE, 5);
    putUser8(mm, at + 8, 6);
    file.inode.size = 4;
    truncateCached(kernel, file.inode, 4);
    expect(faultIn(mm, at + PAGE_SIZE, 0)).toBe(FAULT.busError);
    expect(getUser8(mm, at + 8)).toBe(6);
    mmPut(mm);
    expect(leakedFrames(machine)).toBe(0);
  });
});

describe('user access', () => {
  it('crosses pages, and faults at the first byte that is not there', () => {
    const { mm } = testMachine();
    const at = doMmap(mm, 0, 2 * PAGE_SIZE, RW, ANON, null, 0);
    const bytes = Uint8Array.from({ length: 300 }, (_, i) => i);
    copyToUser(mm, at + PAGE_SIZE - 100, bytes);
    expect(copyFromUser(mm, at + PAGE_SIZE - 100, 300)).toEqual(bytes);
    expect(() => copyToUser(mm, at + 2 * PAGE_SIZE - 100, bytes)).toThrow(UserFault);
    expect(copyFromUser(mm, at + 2 * PAGE_SIZE - 100, 100)).toEqual(bytes.subarray(0, 100));
    for (const bad of [0, -8, 2 ** 63, 2 ** 64, 0x7ffffffff000, Number.NaN]) {
      expect(() => copyFromUser(mm, bad, 8)).toThrow(UserFault);
      expect(() => copyToUser(mm, bad, bytes)).toThrow(UserFault);
    }
  });

  it('respects protection as the guest does', () => {
    const { mm } = testMachine();
    const at = doMmap(mm, 0, PAGE_SIZE, RW, ANON, null, 0);
    putUser8(mm, at, 1);
    doMprotect(mm, at, PAGE_SIZE, PROT.READ);
    expect(() => putUser8(mm, at, 2)).toThrow(UserFault);
    doMprotect(mm, at, PAGE_SIZE, PROT.NONE);
    expect(() => getUser8(mm, at)).toThrow(UserFault);
    doMprotect(mm, at, PAGE_SIZE, PROT.READ);
    expect(getUser8(mm, at)).toBe(1);
  });
});

describe('brk', () => {
  it('moves the end of the heap, stops at neighbours and limits', () => {
    const { mm, kernel } = testMachine();
    mm.startBrk = mm.brk = 0x600000;
    expect(doBrk(mm, 0)).toBe(0x600000);
    expect(doBrk(mm, 0x600123)).toBe(0x600123);
    putUser8(mm, 0x600fff, 1);
    expect(() => putUser8(mm, 0x601000, 1)).toThrow(UserFault);
    doMmap(mm, 0x610000, PAGE_SIZE, RW, ANON | MAP.FIXED, null, 0);
    expect(doBrk(mm, 0x610000)).toBe(0x600123);
    expect(doBrk(mm, 0x60f000)).toBe(0x60f000);
    kernel.current.group.rlimits[RLIMIT.DATA]!.soft = 0x2000;
    expect(doBrk(mm, 0x602001)).toBe(0x60f000);
    expect(doBrk(mm, 0x600000)).toBe(0x600000);
    expect(() => getUser8(mm, 0x600000)).toThrow(UserFault);
  });
});
