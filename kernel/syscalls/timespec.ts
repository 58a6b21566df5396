/** Spans and points of time between guest structs and nanoseconds. */
import { CLOCK, NSEC_PER_SEC, NSEC_PER_USEC } from '../abi/time.ts';
import type { Kernel } from '../kernel.ts';

interface Timespec {
  tv_sec: bigint;
  tv_nsec: bigint;
}

export interface Timeval {
  tv_sec: bigint;
  tv_usec: bigint;
}

/** What the kernel's clocks can hold, 2^63 - 1, as near as a number comes; longer spans are as long as that. */
const KTIME_MAX = 2 ** 63;
const LONGEST = 2n ** 63n - 1n;
const SECOND = BigInt(NSEC_PER_SEC);

/** A valid timespec in nanoseconds; -1 for one that is not (timespec64_valid). */
export const timespecNanoseconds = ({ tv_sec, tv_nsec }: Timespec): number =>
  tv_sec < 0n || tv_nsec < 0n || tv_nsec >= 1_000_000_000n
    ? -1
    : Math.min(KTIME_MAX, Number(tv_sec) * NSEC_PER_SEC + Number(tv_nsec));

/** The same for a timeval. */
export const timevalNanoseconds = ({ tv_sec, tv_usec }: Timeval): number =>
  tv_sec < 0n || tv_usec < 0n || tv_usec >= 1_000_000n
    ? -1
    : Math.min(KTIME_MAX, Number(tv_sec) * NSEC_PER_SEC + Number(tv_usec) * 1000);

export const toTimespec = (nanoseconds: number): Timespec => {
  if (nanoseconds >= KTIME_MAX) return { tv_sec: LONGEST / SECOND, tv_nsec: LONGEST % SECOND };
  const seconds = Math.floor(nanoseconds / NSEC_PER_SEC);
  return { tv_sec: BigInt(seconds), tv_nsec: BigInt(Math.floor(nanoseconds - seconds * NSEC_PER_SEC)) };
};

/** Rounds down to microseconds. */
export const toTimeval = (nanoseconds: number): Timeval => {
  const { tv_sec, tv_nsec } = toTimespec(nanoseconds);
  return { tv_sec, tv_usec: tv_nsec / BigInt(NSEC_PER_USEC) };
};

/** When a point on CLOCK_REALTIME or a monotonic clock is, on `Kernel.now`. The real-time clock is never set. */
export const monotonicDeadline = (kernel: Kernel, clock: number, time: Timespec): number => {
  if (!isRealtime(clock)) return Number(time.tv_sec) * NSEC_PER_SEC + Number(time.tv_nsec);
  const point = time.tv_sec * BigInt(NSEC_PER_SEC) + time.tv_nsec;
  return kernel.now() + Number(point - kernel.realtime());
};

export const isRealtime = (clock: number): boolean =>
  clock === CLOCK.REALTIME || clock === CLOCK.REALTIME_ALARM || clock === CLOCK.TAI;
