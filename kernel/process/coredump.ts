/** Whether a death by signal leaves a core dump (fs/coredump.c): what wait(2) shows as WCOREDUMP. */
import { PAGE_SIZE } from '../../emulator/api.ts';
import { RLIMIT } from '../abi/resource.ts';
import type { Task } from '../task/task.ts';

/** The smallest core file: a limit below it means none (min_coredump of binfmt_elf). */
const MIN_COREDUMP = PAGE_SIZE;

/** The process may be dumped at all. */
export const mayDumpCore = (task: Task): boolean =>
  task.dumpable === 1 && task.group.rlimits[RLIMIT.CORE]!.soft >= MIN_COREDUMP;
