/** futex_waitv(2) and its kin (linux/futex.h). */
import { struct, u32, u64 } from './layout.ts';

export const FUTEX2 = {
  SIZE_MASK: 3,
  SIZE_U32: 2,
  NUMA: 4,
  MPOL: 8,
  PRIVATE: 128,
} as const;

/** Most words that futex_waitv(2) waits for. */
export const FUTEX_WAITV_MAX = 128;

export const FUTEX_WAITV = struct(
  'struct futex_waitv',
  [
    ['val', u64, 'what the word has to hold'],
    ['uaddr', u64, 'address of the word'],
    ['flags', u32, 'FUTEX2_*'],
    ['__reserved', u32, '0'],
  ],
  { size: 24 },
);
