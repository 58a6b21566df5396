/** Usage as getrusage(2) and wait4(2) show it. */
import { PAGE_SIZE } from '../../emulator/api.ts';
import type { Usage } from '../task/task.ts';
import { toTimeval } from './timespec.ts';

const KIB = 1024;

/** Fields of struct rusage; those which Linux keeps no count of are 0. */
export const rusageOf = (usage: Usage) => ({
  ru_utime: toTimeval(usage.utime),
  ru_stime: toTimeval(usage.stime),
  ru_maxrss: (usage.maxrss * PAGE_SIZE) / KIB,
  ru_ixrss: 0,
  ru_idrss: 0,
  ru_isrss: 0,
  ru_minflt: usage.minflt,
  ru_majflt: usage.majflt,
  ru_nswap: 0,
  ru_inblock: 0,
  ru_oublock: 0,
  ru_msgsnd: 0,
  ru_msgrcv: 0,
  ru_nsignals: 0,
  ru_nvcsw: usage.nvcsw,
  ru_nivcsw: usage.nivcsw,
});
