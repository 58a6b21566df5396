/** The TLB in linear memory as TypeScript handles it: emptying. Filling is done by generated code (`translate.ts`). */
import { LINEAR, PAGE_SIZE, TLB_ENTRIES } from '../memory/layout.ts';
import type { PhysicalMemory } from '../memory/physical.ts';
import { STATE } from '../state.ts';
import { FILLED_LIMIT } from './translate.ts';

/** Low half of the address in an empty entry. */
const EMPTY = 1;
const WRITE_BIT = 0x8000;

const READ = LINEAR.tlbRead / 4;
const WRITE = LINEAR.tlbWrite / 4;
const STRIDE = 4;

/** Empties every entry, whatever the filled list says. */
export const resetTlb = (physical: PhysicalMemory): void => {
  const { u32 } = physical;
  for (let n = 0; n < TLB_ENTRIES; n++) {
    u32[READ + STRIDE * n] = EMPTY;
    u32[WRITE + STRIDE * n] = EMPTY;
  }
  u32[STATE.tlbFilledCount / 4] = 0;
};

/** Empties the entries that were filled. */
export const flushTlb = (physical: PhysicalMemory): void => {
  const { u32, u16 } = physical;
  const count = u32[STATE.tlbFilledCount / 4]!;
  if (count >= FILLED_LIMIT) {
    resetTlb(physical);
    return;
  }
  for (let n = 0; n < count; n++) {
    const filled = u16[LINEAR.tlbFilled / 2 + n]!;
    if (filled & WRITE_BIT) u32[WRITE + STRIDE * (filled & ~WRITE_BIT)] = EMPTY;
    else u32[READ + STRIDE * filled] = EMPTY;
  }
  u32[STATE.tlbFilledCount / 4] = 0;
};

/** Empties the entries that may translate a page. */
export const invalidateTlb = (physical: PhysicalMemory, address: number): void => {
  const n = Math.floor(address / PAGE_SIZE) % TLB_ENTRIES;
  physical.u32[READ + STRIDE * n] = EMPTY;
  physical.u32[WRITE + STRIDE * n] = EMPTY;
};
