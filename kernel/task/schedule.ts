/** Which of the tasks that can run is next, and for how long. All have one priority. */
import { type RandomState, randomWord, seededRandom } from './random.ts';
import type { Task } from './task.ts';

/**
 * `round-robin`: each in turn, for slices of about one length. `random`: any of them, for a slice of any length; the same seed makes the
 * same choices, so that with `deterministic` a run that showed a race shows it again.
 */
export type SchedulePolicy = { readonly kind: 'round-robin' } | { readonly kind: 'random'; readonly seed: number };

/** The policy at work; part of the machine's state. */
export interface Schedule {
  /** Null for round-robin. */
  readonly random: RandomState | null;
  /** What slices of round-robin differ by. */
  jitter: number;
}

/** Instructions of a time slice; entries into the kernel count as `TRAP_COST` each. */
export const TIME_SLICE = 50_000;

/**
 * Slices of round-robin are shorter than that by up to this. Were they all alike, a loop that takes a lock again and again could
 * keep step with them, and never be interrupted but while it has the lock.
 */
const JITTER = 4096;

const TWO32 = 2 ** 32;

export const newSchedule = (policy: SchedulePolicy): Schedule => ({
  random: policy.kind === 'random' ? seededRandom(policy.seed) : null,
  jitter: 0,
});

/** A number from 0 up to 1. */
const fraction = (random: RandomState): number => randomWord(random) / TWO32;

/** Takes the next task off the queue; undefined if nobody can run. */
export const takeNext = ({ random }: Schedule, queue: Task[]): Task | undefined => {
  if (random === null || queue.length < 2) return queue.shift();
  return queue.splice(Math.floor(fraction(random) * queue.length), 1)[0];
};

/**
 * Instructions that a task may run before another does. Random ones are of every magnitude alike: races hide between two
 * instructions as well as between two calls.
 */
export const sliceLength = (schedule: Schedule): number => {
  if (schedule.random !== null) return Math.ceil(TIME_SLICE ** fraction(schedule.random));
  // Each residue comes once in JITTER slices: the step is odd.
  schedule.jitter = (schedule.jitter + 1597) % JITTER;
  return TIME_SLICE - schedule.jitter;
};
