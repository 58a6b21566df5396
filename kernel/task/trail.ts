/** The last entries into the kernel: what a report of our own mistakes shows. */
import type { CpuState } from '../../emulator/api.ts';

/** One in `SIZE` slots, a power of two, each `FIELDS` words, the oldest overwritten. */
export interface Trail {
  readonly entries: Int32Array;
  count: number;
}

const SIZE = 16;
const FIELDS = 4;
const TWO32 = 4294967296;

export const newTrail = (): Trail => ({ entries: new Int32Array(SIZE * FIELDS), count: 0 });

/** `what` is a syscall's number, or -1 - vector for an exception. */
export const leaveTrail = (trail: Trail, pid: number, state: CpuState, what: number): void => {
  const { entries } = trail;
  const at = (trail.count++ & (SIZE - 1)) * FIELDS;
  entries[at] = pid;
  entries[at + 1] = what;
  state.copyRip(entries, at + 2);
};

/** Oldest first. */
export const readTrail = (trail: Trail): { pid: number; rip: number; what: number }[] => {
  const events: { pid: number; rip: number; what: number }[] = [];
  for (let n = Math.max(0, trail.count - SIZE); n < trail.count; n++) {
    const at = (n % SIZE) * FIELDS;
    const [pid, what, low, high] = trail.entries.subarray(at, at + FIELDS) as unknown as [
      number,
      number,
      number,
      number,
    ];
    events.push({ pid, rip: (high >>> 0) * TWO32 + (low >>> 0), what });
  }
  return events;
};
