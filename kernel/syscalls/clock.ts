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

/** What can be done with a clock besides reading it. */
export type ClockUse = 'set' | 'adjust' | 'timer' | 'sleep';

const ALL: readonly ClockUse[] = ['set', 'adjust', 'timer', 'sleep'];
const TIMERS: readonly ClockUse[] = ['timer', 'sleep'];
const NOTHING: readonly ClockUse[] = [];

/** By number (posix_clocks). */
const USES: ReadonlyMap<number, readonly ClockUse[]> = new Map<number, readonly ClockUse[]>([
  [CLOCK.REALTIME, ALL],
  [CLOCK.MONOTONIC, TIMERS],
  [CLOCK.PROCESS_CPUTIME_ID, TIMERS],
  [CLOCK.THREAD_CPUTIME_ID, ['timer']],
  [CLOCK.MONOTONIC_RAW, NOTHING],
  [CLOCK.REALTIME_COARSE, NOTHING],
  [CLOCK.MONOTONIC_COARSE, NOTHING],
  [CLOCK.BOOTTIME, TIMERS],
  [CLOCK.REALTIME_ALARM, TIMERS],
  [CLOCK.BOOTTIME_ALARM, TIMERS],
  [CLOCK.TAI, TIMERS],
]);

/** Numbers made of ids, and those made of descriptors, for which there are no clocks here. */
const OF_TASKS: readonly ClockUse[] = ['set', 'timer', 'sleep'];
const OF_FILES: readonly ClockUse[] = ['set', 'adjust'];
const KIND_MASK = 7;
const CLOCKFD = 3;

/** Whether a number's kind of clock can be used so, if there is such a clock; null for no kind (clockid_to_kclock). */
export const clockCan = (clock: number, use: ClockUse): boolean | null => {
  const uses = clock >= 0 ? USES.get(clock) : (clock & KIND_MASK) === CLOCKFD ? OF_FILES : OF_TASKS;
  return uses === undefined ? null : uses.includes(use);
};

/** The machine has no clock that could wake it: these are there by name alone (alarmtimer_get_rtcdev). */
export const isAlarmClock = (clock: number): boolean =>
  clock === CLOCK.REALTIME_ALARM || clock === CLOCK.BOOTTIME_ALARM;

/** Whether its time is told by ticks: that of processes by other measures than the scheduler's (posix_cpu_clock_getres). */
export const isCoarse = (clock: number): boolean =>
  clock < 0 ? (clock & 3) !== CPUCLOCK_SCHED : clock === CLOCK.REALTIME_COARSE || clock === CLOCK.MONOTONIC_COARSE;

const coarse = (time: bigint): bigint => time - (time % BigInt(COARSE_RESOLUTION));

/** Time of a clock in nanoseconds; null for no such clock. */
export const readClock = (kernel: Kernel, task: Task, clock: number): bigint | null => {
  switch (clock) {
    case CLOCK.REALTIME:
    case CLOCK.TAI:
      return kernel.realtime();
    case CLOCK.REALTIME_COARSE:
      return coarse(kernel.realtime());
    case CLOCK.MONOTONIC:
    case CLOCK.MONOTONIC_RAW:
    case CLOCK.BOOTTIME:
      return BigInt(Math.floor(kernel.now()));
    case CLOCK.MONOTONIC_COARSE:
      return coarse(BigInt(Math.floor(kernel.now())));
    default: {
      const cpu = cpuClock(kernel, task, clock);
      return cpu === null ? null : BigInt(Math.floor(timerNow(kernel, { cpu })));
    }
  }
};
