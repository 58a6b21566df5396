/**
 * Which of the tasks that can run is next, and for how long. The queue has the more important first (`priority.ts`); among
 * equals a policy chooses.
 */
import { SCHED } from '../abi/sched.ts';
import { enqueue, PRIO } from './priority.ts';
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
  /** Since when more important tasks keep those of the fair class waiting; negative if they do not. */
  starvedSince: number;
}

/** Instructions of a time slice; entries into the kernel count as `TRAP_COST` each. */
export const TIME_SLICE = 50_000;

/**
 * Slices of round-robin are shorter than that by up to this. Were they all alike, a loop that takes a lock again and again could
 * keep step with them, and never be interrupted but while it has the lock.
 */
const JITTER = 4096;

const TWO32 = 2 ** 32;

/** Nanoseconds that real-time tasks may take of every second while others wait (fair_server). */
const REALTIME_SHARE = 950e6;
const SHARE_PERIOD = 1e9;
/** SCHED_RR goes on to the next of its priority after this many instructions, 100 ms in counted time. */
const RR_SLICE = 100e6;

/** A nice value is a quarter more or less of the CPU (sched_prio_to_weight); slices get neither tiny nor endless. */
const NICE_STEP = 1.25;
const NICE_LONGEST = 8;
const NICE_SHORTEST = 1 / 32;

export const newSchedule = (policy: SchedulePolicy): Schedule => ({
  random: policy.kind === 'random' ? seededRandom(policy.seed) : null,
  jitter: 0,
  starvedSince: -1,
});

/** A number from 0 up to 1. */
const fraction = (random: RandomState): number => randomWord(random) / TWO32;

/** One of the first `count`. */
const takeAmong = ({ random }: Schedule, queue: Task[], count: number): Task | undefined => {
  if (random === null || count < 2) return queue.shift();
  return queue.splice(Math.floor(fraction(random) * count), 1)[0];
};

/** Takes the next task off the queue; undefined if nobody can run. */
export const takeNext = (clock: { now(): number }, schedule: Schedule, queue: Task[]): Task | undefined => {
  const [first] = queue;
  if (first === undefined || first.prio >= PRIO.FAIR) {
    schedule.starvedSince = -1;
    return takeAmong(schedule, queue, queue.length);
  }
  const fair = queue.findIndex(({ prio }) => prio >= PRIO.FAIR);
  if (fair >= 0 && isFairTurn(schedule, clock.now())) return queue.splice(fair, 1)[0];
  if (fair < 0) schedule.starvedSince = -1;
  const less = queue.findIndex(({ prio }) => prio !== first.prio);
  return takeAmong(schedule, queue, less < 0 ? queue.length : less);
};

/** The last of each second for which it has waited is the fair class's. */
const isFairTurn = (schedule: Schedule, now: number): boolean => {
  if (schedule.starvedSince < 0 || now - schedule.starvedSince >= SHARE_PERIOD) schedule.starvedSince = now;
  return now - schedule.starvedSince >= REALTIME_SHARE;
};

/**
 * Puts back who was interrupted. Of real-time tasks only those that gave way (sched_yield) or had their time (SCHED_RR) go
 * behind their equals.
 */
export const requeue = (queue: Task[], task: Task): void => {
  const { yielded } = task;
  task.yielded = false;
  if (task.prio >= PRIO.FAIR) {
    queue.push(task);
    return;
  }
  const spent = task.sched.policy === SCHED.RR && task.instructions - task.sliceStart >= RR_SLICE;
  if (spent) task.sliceStart = task.instructions;
  enqueue(queue, task, !yielded && !spent);
};

/**
 * Instructions that a task may run before another does. Random ones are of every magnitude alike: races hide between two
 * instructions as well as between two calls.
 */
export const sliceLength = (schedule: Schedule, { sched }: Task): number => {
  if (schedule.random !== null) return Math.ceil(TIME_SLICE ** fraction(schedule.random));
  // Each residue comes once in JITTER slices: the step is odd.
  schedule.jitter = (schedule.jitter + 1597) % JITTER;
  const slice = TIME_SLICE - schedule.jitter;
  if (sched.policy === SCHED.IDLE) return Math.ceil(slice * NICE_SHORTEST);
  if (sched.nice === 0) return slice;
  return Math.ceil(slice * Math.min(NICE_LONGEST, Math.max(NICE_SHORTEST, NICE_STEP ** -sched.nice)));
};
