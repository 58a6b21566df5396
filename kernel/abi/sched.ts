/** Scheduling: policies, attributes, input/output priorities (linux/sched.h, linux/sched/types.h, linux/ioprio.h). */
import { i32, struct, u32, u64 } from './layout.ts';

export const SCHED = { OTHER: 0, FIFO: 1, RR: 2, BATCH: 3, IDLE: 5, DEADLINE: 6, EXT: 7 } as const;
/** Or'ed into a policy of sched_setscheduler(2): children begin with SCHED_OTHER. */
export const SCHED_RESET_ON_FORK = 0x40000000;

export const SCHED_FLAG = {
  RESET_ON_FORK: 1,
  RECLAIM: 2,
  DL_OVERRUN: 4,
  KEEP_POLICY: 8,
  KEEP_PARAMS: 16,
  UTIL_CLAMP_MIN: 32,
  UTIL_CLAMP_MAX: 64,
} as const;

/** The argument of sched_setattr(2) in its first size, 48, and the clamps of its second, 56. */
export const SCHED_ATTR_SIZE_VER0 = 48;
export const SCHED_ATTR = struct(
  'struct sched_attr',
  [
    ['size', u32, 'bytes of the structure'],
    ['sched_policy', u32, 'SCHED_*'],
    ['sched_flags', u64, 'SCHED_FLAG_*'],
    ['sched_nice', i32, 'nice value, of SCHED_OTHER and SCHED_BATCH'],
    ['sched_priority', u32, 'of SCHED_FIFO and SCHED_RR'],
    ['sched_runtime', u64, 'of SCHED_DEADLINE'],
    ['sched_deadline', u64, ''],
    ['sched_period', u64, ''],
    ['sched_util_min', u32, 'least utilisation'],
    ['sched_util_max', u32, 'most utilisation'],
  ],
  { size: 56 },
);

export const IOPRIO_CLASS_SHIFT = 13;
export const IOPRIO_CLASS = { NONE: 0, RT: 1, BE: 2, IDLE: 3 } as const;
export const IOPRIO_WHO = { PROCESS: 1, PGRP: 2, USER: 3 } as const;
