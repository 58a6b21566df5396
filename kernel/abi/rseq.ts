/** Restartable sequences and memory barriers (linux/rseq.h, linux/membarrier.h). */
import { pointer, struct, u32 } from './layout.ts';

export const RSEQ_FLAG_UNREGISTER = 1;
/** `cpu_id` after a registration was taken back. */
export const RSEQ_CPU_ID_UNINITIALIZED = 0xffffffff;

/** The area of a thread. What the kernel fills (offsetof(struct rseq, end)) is less than its size, which is its alignment too. */
export const RSEQ = struct(
  'struct rseq',
  [
    ['cpu_id_start', u32, 'processor, 0 before registration'],
    ['cpu_id', u32, 'processor, or RSEQ_CPU_ID_*'],
    ['rseq_cs', pointer, 'the critical section that runs, or 0'],
    ['flags', u32, '0'],
    ['node_id', u32, 'NUMA node'],
    ['mm_cid', u32, 'number among the threads that run'],
    ['pad', u32, ''],
  ],
  { size: 32 },
);
/** AT_RSEQ_FEATURE_SIZE and AT_RSEQ_ALIGN; and the size which was all of it at first. */
export const RSEQ_FEATURE_SIZE = 28;
export const RSEQ_ALIGN = 32;
export const ORIG_RSEQ_SIZE = 32;

export const RSEQ_CS = struct(
  'struct rseq_cs',
  [
    ['version', u32, '0'],
    ['flags', u32, '0'],
    ['start_ip', pointer, 'first instruction'],
    ['post_commit_offset', pointer, 'bytes up to the one behind the last'],
    ['abort_ip', pointer, 'where to go on if it was interrupted'],
  ],
  { size: 32 },
);

export const MEMBARRIER = {
  QUERY: 0,
  GLOBAL: 1,
  GLOBAL_EXPEDITED: 2,
  REGISTER_GLOBAL_EXPEDITED: 4,
  PRIVATE_EXPEDITED: 8,
  REGISTER_PRIVATE_EXPEDITED: 16,
  PRIVATE_EXPEDITED_SYNC_CORE: 32,
  REGISTER_PRIVATE_EXPEDITED_SYNC_CORE: 64,
  PRIVATE_EXPEDITED_RSEQ: 128,
  REGISTER_PRIVATE_EXPEDITED_RSEQ: 256,
  GET_REGISTRATIONS: 512,
} as const;
export const MEMBARRIER_CMD_FLAG_CPU = 1;
