/** Which clocks there are, and what time they show (kernel/time/posix-timers.c, posix-cpu-timers.c). */
import { CLOCK, COARSE_RESOLUTION } from '../abi/time.ts';
import type { Kernel } from '../kernel.ts';
import { timerNow } from '../task/posix-timers.ts';
import type { PosixTimer, Task } from '../task/task.ts';

/** Clock ids of other processes and threads: the complement of the id, above bits for the kind of CPU time. */
const CPUCLOCK_PERTHREAD = 4;
const CPUCLOCK_VIRT = 1;
const CPUCLOCK_SCHED = 2;

/** Whose CPU time a clock counts. */
export type CpuClock = NonNullable<PosixTimer['cpu']>;

/** What a clock of CPU time counts; null if there is no such task, or it is no such clock. */
export const cpuClock = (kernel: Kernel, task: Task, clock: number): CpuClock | null => {
  if (clock === CLOCK.PROCESS_CPUTIME_ID) return { group: task.group, thread: null, virtual: false };
  if (clock === CLOCK.THREAD_CPUTIME_ID) return { group: task.group, thread: task, virtual: false };
  if (clock >= 0 || (clock & 3) > CPUCLOCK_SCHED) return null;
  const pid = ~(clock >> 3);
  const target = pid === 0 ? task : kernel.tasks.get(pid);
  if (target === undefined) return null;
  const virtual = (clock & 3) === CPUCLOCK_VIRT;
  const { group } = target;
  if (clock & CPUCLOCK_PERTHREAD) return group === task.group ? { group, thread: target, virtual } : null;
  return group.leader === target || pid === 0 ? { group, thread: null, virtual } : null;
};

const coarse = (time: bigint): bigint => time - (time % BigInt(COARSE_RESOLUTION));

/** Time of a clock in nanoseconds; null for no such clock. */
export const readClock = (kernel: Kernel, task: Task, clock: number): bigint | null => {
  switch (clock) {
    case CLOCK.REALTIME:
    case CLOCK.REALTIME_ALARM:
    case CLOCK.TAI:
      return kernel.realtime();
    case CLOCK.REALTIME_COARSE:
      return coarse(kernel.realtime());
    case CLOCK.MONOTONIC:
    case CLOCK.MONOTONIC_RAW:
    case CLOCK.BOOTTIME:
    case CLOCK.BOOTTIME_ALARM:
      return BigInt(Math.floor(kernel.now()));
    case CLOCK.MONOTONIC_COARSE:
      return coarse(BigInt(Math.floor(kernel.now())));
    default: {
      const cpu = cpuClock(kernel, task, clock);
      return cpu === null ? null : BigInt(Math.floor(timerNow(kernel, { cpu })));
    }
  }
};
