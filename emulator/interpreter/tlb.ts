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

/** Low half of the negated address in entry `n` while it is empty: of a page whose entry is the one beside it. */
const empty = (n: number): number => -((n ^ 1) * PAGE_SIZE);
const emptyLarge = (n: number): number => -((n ^ 1) << LARGE_SHIFT);

const resetLarge = ({ u32 }: PhysicalMemory): void => {
  for (let n = 0; n < LARGE_ENTRIES; n++) {
    u32[LARGE_READ + STRIDE * n] = emptyLarge(n);
    u32[LARGE_WRITE + STRIDE * n] = emptyLarge(n);
  }
  u32[STATE.largeFilled / 4] = 0;
};

/** Empties every entry, whatever the filled list says. */
export const resetTlb = (physical: PhysicalMemory): void => {
  const { u32 } = physical;
  for (let n = 0; n < TLB_ENTRIES; n++) {
    u32[READ + STRIDE * n] = empty(n);
    u32[WRITE + STRIDE * n] = empty(n);
  }
  u32[STATE.tlbFilledCount / 4] = 0;
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
