/** The machine's clock: the host's, or in deterministic mode a function of what was executed. */

/** Plain data; times in nanoseconds. */
export interface Clock {
  /** Time is counted, not measured. */
  readonly deterministic: boolean;
  /** Added to what is measured or counted: the time at start, and in deterministic mode the idle time skipped. */
  offset: number;
  /** Entries into the kernel so far. */
  traps: number;
}

/** Uptime of a machine when it starts: programs may subtract from the monotonic clock. */
const UPTIME_AT_START = 1000e9;

/** CLOCK_REALTIME at start in deterministic mode: 2024-01-01 00:00:00 UTC. */
export const DETERMINISTIC_EPOCH = 1_704_067_200_000_000_000n;

/** `origin` is what the host's monotonic clock shows now; 0 in deterministic mode. */
export const newClock = (deterministic: boolean, origin: number): Clock => ({
  deterministic,
  offset: UPTIME_AT_START - origin,
  traps: 0,
});

/** Time since the machine started, of a clock that shows `now`. */
export const sinceStart = (now: number): number => now - UPTIME_AT_START;
