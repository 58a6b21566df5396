/** The last entries into the kernel: what a report of our own mistakes shows. */
import type { CpuState } from '../../emulator/api.ts';

/** One in `SIZE` slots, a power of two, each `FIELDS` numbers, the oldest overwritten. */
export interface Trail {
  readonly entries: Float64Array;
  count: number;
}

const SIZE = 16;
const FIELDS = 3;

export const newTrail = (): Trail => ({ entries: new Float64Array(SIZE * FIELDS), count: 0 });

/** `what` is a syscall's number, or -1 - vector for an exception. */
export const leaveTrail = (trail: Trail, pid: number, state: CpuState, what: number): void => {
  const { entries } = trail;
  const at = (trail.count++ & (SIZE - 1)) * FIELDS;
  entries[at] = pid;
  entries[at + 1] = state.rip;
  entries[at + 2] = what;
};

/** Oldest first. */
export const readTrail = (trail: Trail): { pid: number; rip: number; what: number }[] => {
  const events: { pid: number; rip: number; what: number }[] = [];
  for (let n = Math.max(0, trail.count - SIZE); n < trail.count; n++) {
    const at = (n % SIZE) * FIELDS;
    const [pid, rip, what] = trail.entries.subarray(at, at + FIELDS) as unknown as [number, number, number];
    events.push({ pid, rip, what });
  }
  return events;
};
