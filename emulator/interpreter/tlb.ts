/** The TLB in linear memory as TypeScript handles it: emptying. Filling is done by generated code (`translate.ts`). */
import { LINEAR, PAGE_SIZE, TLB_ENTRIES } from '../memory/layout.ts';
import type { PhysicalMemory } from '../memory/physical.ts';
import { STATE } from '../state.ts';
import { FILLED_LIMIT } from './translate.ts';

/** High half of an empty entry: negative, so that it equals no address shifted right. */
const EMPTY = 0x80000000;
const WRITE_BIT = 0x8000;

const READ_HIGH = LINEAR.tlbRead / 4 + 1;
const WRITE_HIGH = LINEAR.tlbWrite / 4 + 1;

/** Empties every entry, whatever the filled list says. */
export const resetTlb = (physical: PhysicalMemory): void => {
  const { u32 } = physical;
  for (let n = 0; n < TLB_ENTRIES; n++) {
    u32[READ_HIGH + 2 * n] = EMPTY;
    u32[WRITE_HIGH + 2 * n] = EMPTY;
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
    if (filled & WRITE_BIT) u32[WRITE_HIGH + 2 * (filled & ~WRITE_BIT)] = EMPTY;
    else u32[READ_HIGH + 2 * filled] = EMPTY;
  }
  u32[STATE.tlbFilledCount / 4] = 0;
};

/** Empties the entries that may translate a page. */
export const invalidateTlb = (physical: PhysicalMemory, address: number): void => {
  const n = Math.floor(address / PAGE_SIZE) % TLB_ENTRIES;
  physical.u32[READ_HIGH + 2 * n] = EMPTY;
  physical.u32[WRITE_HIGH + 2 * n] = EMPTY;
};
