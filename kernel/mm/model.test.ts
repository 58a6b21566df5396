/** Random sequences of memory calls against a naive model: one entry per page. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PAGE_SIZE } from '../../emulator/api.ts';
import { ERRNO } from '../abi/errno.ts';
import { MADV, MAP, MREMAP, PROT } from '../abi/mman.ts';
import { doMadvise } from './advise.ts';
import { dupMm } from './fork.ts';
import { accountable } from './limits.ts';
import { doMlock, doMunlock } from './mlock.ts';
import { type Mm, mmPut } from './mm.ts';
import { doMmap, doMunmap } from './mmap.ts';
import { doMprotect } from './mprotect.ts';
import { doMremap } from './mremap.ts';
import { isData } from './pages.ts';
import { leakedFrames, testMachine } from './testing.ts';
import { getUser8, putUser8, UserFault } from './user.ts';
import { VM, vmaAt } from './vma.ts';

const BASE = 0x10000000;
const PAGES = 24;
const at = (page: number) => BASE + page * PAGE_SIZE;

/** What the model knows of a page: protection, contents (its first byte) and whether it is shared or locked. */
interface Page {
  prot: number;
  /** Shared pages of one object are the same cell in parent and child. */
  cell: { value: number };
  shared: boolean;
  locked: boolean;
}
type Model = (Page | undefined)[];

const operation = fc.oneof(
  fc.record({
    kind: fc.constant('mmap' as const),
    page: fc.nat(PAGES - 1),
    count: fc.integer({ min: 1, max: 8 }),
    prot: fc.constantFrom(0, 1, 3, 7, 5),
    shared: fc.boolean(),
    noreplace: fc.boolean(),
  }),
  fc.record({ kind: fc.constant('munmap' as const), page: fc.nat(PAGES - 1), count: fc.integer({ min: 1, max: 8 }) }),
  fc.record({
    kind: fc.constant('mprotect' as const),
    page: fc.nat(PAGES - 1),
    count: fc.integer({ min: 1, max: 8 }),
    prot: fc.constantFrom(0, 1, 3, 5),
  }),
  fc.record({ kind: fc.constant('write' as const), page: fc.nat(PAGES - 1), value: fc.nat(255) }),
  fc.record({
    kind: fc.constant('mremap' as const),
    page: fc.nat(PAGES - 1),
    count: fc.integer({ min: 1, max: 6 }),
    to: fc.nat(PAGES - 1),
    keep: fc.boolean(),
  }),
  fc.record({ kind: fc.constant('dontneed' as const), page: fc.nat(PAGES - 1), count: fc.integer({ min: 1, max: 6 }) }),
  fc.record({
    kind: fc.constant('mlock' as const),
    page: fc.nat(PAGES - 1),
    count: fc.integer({ min: 1, max: 6 }),
    lock: fc.boolean(),
  }),
  fc.record({ kind: fc.constant('fork' as const) }),
);
type Operation = typeof operation extends fc.Arbitrary<infer T> ? T : never;

const mappedRun = (model: Model, page: number, count: number): number => {
  let n = 0;
  while (n < count && model[page + n] !== undefined) n++;
  return n;
};

/** Does one operation in both; returns nothing, but fails if results differ. */
const perform = (mm: Mm, model: Model, op: Exclude<Operation, { kind: 'fork' }>): void => {
  if (op.kind === 'write') {
    const page = model[op.page];
    const allowed = page !== undefined && (page.prot & PROT.WRITE) !== 0;
    try {
      putUser8(mm, at(op.page) + 7, op.value);
      expect(allowed).toBe(true);
      page!.cell.value = op.value;
    } catch (error) {
      if (!(error instanceof UserFault)) throw error;
      expect(allowed).toBe(false);
    }
    return;
  }
  const count = Math.min(op.count, PAGES - op.page);
  const start = at(op.page);
  const size = count * PAGE_SIZE;
  const pages = Array.from({ length: count }, (_, i) => op.page + i);
  switch (op.kind) {
    case 'mmap': {
      const flags =
        MAP.ANONYMOUS | (op.shared ? MAP.SHARED : MAP.PRIVATE) | (op.noreplace ? MAP.FIXED_NOREPLACE : MAP.FIXED);
      const result = doMmap(mm, start, size, op.prot, flags, null, 0);
      if (op.noreplace && pages.some((page) => model[page] !== undefined)) {
        expect(result).toBe(-ERRNO.EEXIST);
        return;
      }
      expect(result).toBe(start);
      for (const page of pages) {
        model[page] = { prot: op.prot, cell: { value: 0 }, shared: op.shared, locked: false };
      }
      return;
    }
    case 'munmap':
      expect(doMunmap(mm, start, size)).toBe(0);
      for (const page of pages) model[page] = undefined;
      return;
    case 'mprotect': {
      const run = mappedRun(model, op.page, count);
      expect(doMprotect(mm, start, size, op.prot)).toBe(run === count ? 0 : -ERRNO.ENOMEM);
      for (const page of pages.slice(0, run)) model[page]!.prot = op.prot;
      return;
    }
    case 'dontneed': {
      const mapped = pages.filter((page) => model[page] !== undefined);
      const locked = mapped.find((page) => model[page]!.locked);
      const result = doMadvise(mm, start, size, MADV.DONTNEED);
      const done = locked === undefined ? mapped : mapped.filter((page) => page < locked);
      if (locked !== undefined) expect(result).toBe(-ERRNO.EINVAL);
      else expect(result).toBe(mapped.length === count ? 0 : -ERRNO.ENOMEM);
      for (const page of done) if (!model[page]!.shared) model[page]!.cell = { value: 0 };
      return;
    }
    case 'mlock': {
      const run = mappedRun(model, op.page, count);
      const result = op.lock ? doMlock(mm, start, size, false) : doMunlock(mm, start, size);
      for (const page of pages.slice(0, run)) model[page]!.locked = op.lock;
      const accessible = pages.slice(0, run).every((page) => model[page]!.prot !== 0);
      expect(result).toBe(run === count && (accessible || !op.lock) ? 0 : -ERRNO.ENOMEM);
      return;
    }
    case 'mremap': {
      const to = Math.min(op.to, PAGES - count);
      if (Math.abs(to - op.page) < count) return;
      const vma = vmaAt(mm, start);
      const fits = vma !== undefined && vma.end >= start + size; // a move takes from one area
      const flags = MREMAP.MAYMOVE | MREMAP.FIXED | (op.keep ? MREMAP.DONTUNMAP : 0);
      const result = doMremap(mm, start, size, size, flags, at(to));
      if (!fits) {
        expect(result).toBe(-ERRNO.EFAULT);
        return;
      }
      expect(result).toBe(at(to));
      for (let i = 0; i < count; i++) {
        const page = model[op.page + i]!;
        model[to + i] = { ...page };
        if (!op.keep) model[op.page + i] = undefined;
        else if (!page.shared) model[op.page + i] = { ...page, cell: { value: 0 } };
      }
      if (op.keep) unlockModel(mm, model);
    }
  }
};

/** MREMAP_DONTUNMAP unlocks the whole area it took from, whose bounds the model does not know. */
const unlockModel = (mm: Mm, model: Model): void => {
  for (const [n, page] of model.entries()) {
    if (page !== undefined) page.locked = (vmaAt(mm, at(n))!.flags & VM.LOCKED) !== 0;
  }
};

/** The invariants of the list of areas, its counters, and every page's protection and contents. */
const check = (mm: Mm, model: Model): void => {
  let end = 0;
  let total = 0;
  let data = 0;
  let locked = 0;
  for (const vma of mm.vmas) {
    expect(vma.start).toBeGreaterThanOrEqual(end);
    expect(vma.end).toBeGreaterThan(vma.start);
    expect(vma.start % PAGE_SIZE).toBe(0);
    expect((vma.flags & VM.ACCOUNT) !== 0 || !accountable(vma.flags)).toBe(true);
    end = vma.end;
    const pages = (vma.end - vma.start) / PAGE_SIZE;
    total += pages;
    if (isData(vma.flags)) data += pages;
    if (vma.flags & VM.LOCKED) locked += pages;
  }
  expect(mm.totalVm).toBe(total);
  expect(mm.dataVm).toBe(data);
  expect(mm.lockedVm).toBe(locked);
  let resident = 0;
  mm.pageTable.forEach(0, 0x7ffffffff000, () => {
    resident++;
  });
  expect(mm.rss).toBe(resident);
  for (let n = 0; n < PAGES; n++) {
    const page = model[n];
    const vma = vmaAt(mm, at(n));
    expect(vma === undefined).toBe(page === undefined);
    if (page === undefined || vma === undefined) continue;
    expect(vma.flags & 7).toBe(page.prot);
    expect((vma.flags & VM.SHARED) !== 0).toBe(page.shared);
    expect((vma.flags & VM.LOCKED) !== 0).toBe(page.locked);
    if (page.prot !== 0) expect(getUser8(mm, at(n) + 7)).toBe(page.cell.value);
  }
};

describe('memory calls against a model of pages', () => {
  it('agree on protection, contents and counters, and give all frames back', () => {
    fc.assert(
      fc.property(fc.array(operation, { minLength: 1, maxLength: 40 }), (operations) => {
        const machine = testMachine(16 << 20);
        const spaces: { mm: Mm; model: Model }[] = [{ mm: machine.mm, model: new Array(PAGES).fill(undefined) }];
        for (const [step, op] of operations.entries()) {
          const space = spaces[step % spaces.length]!;
          machine.kernel.cpu.switchAddressSpace(space.mm.pageTable.root);
          if (op.kind !== 'fork') {
            perform(space.mm, space.model, op);
          } else if (spaces.length < 4) {
            const model = space.model.map((page) =>
              page === undefined
                ? undefined
                : { ...page, locked: false, cell: page.shared ? page.cell : { ...page.cell } },
            );
            spaces.push({ mm: dupMm(space.mm), model });
          }
          check(space.mm, space.model);
        }
        for (const { mm, model } of spaces) check(mm, model);
        for (const { mm } of spaces) mmPut(mm);
        expect(leakedFrames(machine)).toBe(0);
      }),
      { numRuns: 80, seed: 7 },
    );
  });
});
