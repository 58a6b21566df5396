/** The TLB in linear memory as TypeScript handles it: emptying. Filling is done by generated code (`translate.ts`, `large.ts`). */
import { LARGE_BITS, LARGE_SHIFT, LINEAR, PAGE_SIZE, TLB_ENTRIES } from '../memory/layout.ts';
import type { PhysicalMemory } from '../memory/physical.ts';
import { STATE } from '../state.ts';
import { FILLED_LIMIT } from './translate.ts';

const WRITE_BIT = 0x8000;

const READ = LINEAR.tlbRead / 4;
const WRITE = LINEAR.tlbWrite / 4;
const STRIDE = 4;
const LARGE_READ = LINEAR.largeRead / 4;
const LARGE_WRITE = LINEAR.largeWrite / 4;
const LARGE_ENTRIES = 1 << LARGE_BITS;

/**
 * Low half of the negated address in entry `n` while it is empty, whatever the high half is: of a page that has another entry.
 * That it is 0 for nearly all spares touching them at the start, when linear memory is all zeros.
 */
const empty = (n: number): number => (n === 0 ? -PAGE_SIZE : 0);
const emptyLarge = (n: number): number => (n === 0 ? -(1 << LARGE_SHIFT) : 0);

const resetTable = ({ u32 }: PhysicalMemory, table: number, entries: number, first: number): void => {
  u32.fill(0, table, table + STRIDE * entries);
  u32[table] = first;
};

const resetLarge = (physical: PhysicalMemory): void => {
  for (const table of [LARGE_READ, LARGE_WRITE]) resetTable(physical, table, LARGE_ENTRIES, emptyLarge(0));
  physical.u32[STATE.largeFilled / 4] = 0;
};

/** Makes the TLB of linear memory that nobody has written to. */
export const initTlb = ({ u32 }: PhysicalMemory): void => {
  for (const table of [READ, WRITE]) u32[table] = empty(0);
  for (const table of [LARGE_READ, LARGE_WRITE]) u32[table] = emptyLarge(0);
};

/** Empties every entry, whatever the filled list says. */
export const resetTlb = (physical: PhysicalMemory): void => {
  for (const table of [READ, WRITE]) resetTable(physical, table, TLB_ENTRIES, empty(0));
  physical.u32[STATE.tlbFilledCount / 4] = 0;
  resetLarge(physical);
};

/** Empties the entries that were filled. */
export const flushTlb = (physical: PhysicalMemory): void => {
  const { u32, u16 } = physical;
  if (u32[STATE.largeFilled / 4] !== 0) resetLarge(physical);
  const count = u32[STATE.tlbFilledCount / 4]!;
  if (count >= FILLED_LIMIT) {
    resetTlb(physical);
    return;
  }
  for (let n = 0; n < count; n++) {
    const filled = u16[LINEAR.tlbFilled / 2 + n]!;
    const entry = filled & ~WRITE_BIT;
    u32[(filled & WRITE_BIT ? WRITE : READ) + STRIDE * entry] = empty(entry);
  }
  u32[STATE.tlbFilledCount / 4] = 0;
};

/** Empties the entries that may translate a page. */
export const invalidateTlb = (physical: PhysicalMemory, address: number): void => {
  const { u32 } = physical;
  const n = (address / PAGE_SIZE) & (TLB_ENTRIES - 1);
  u32[READ + STRIDE * n] = empty(n);
  u32[WRITE + STRIDE * n] = empty(n);
  const large = (address / 2 ** LARGE_SHIFT) & (LARGE_ENTRIES - 1);
  u32[LARGE_READ + STRIDE * large] = emptyLarge(large);
  u32[LARGE_WRITE + STRIDE * large] = emptyLarge(large);
};
