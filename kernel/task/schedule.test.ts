/** Who is next, among tasks of all policies. */
import { describe, expect, test } from 'vitest';
import { SCHED } from '../abi/sched.ts';
import { newDeadline, refreshDeadline, replenish } from './deadline.ts';
import { enqueue, newSchedAttributes, normalPrio, preempts } from './priority.ts';
import { newSchedule, requeue, sliceLength, takeNext } from './schedule.ts';
import type { SchedAttributes, Task } from './task.ts';

const attributes = (some: Partial<SchedAttributes>): SchedAttributes => ({ ...newSchedAttributes(), ...some });

const task = (comm: string, some: Partial<SchedAttributes> = {}): Task => {
  const sched = attributes(some);
  const deadline = sched.policy === SCHED.DEADLINE ? newDeadline(sched, 0) : null;
  const rest = { comm, sched, deadline, prio: normalPrio(sched), yielded: false, sliceStart: 0, instructions: 0 };
  return rest as Partial<Task> as Task;
};

const due = (comm: string, deadline: number) =>
  task(comm, { policy: SCHED.DEADLINE, runtime: 10, deadline, period: deadline });
const fifo = (comm: string, priority: number) => task(comm, { policy: SCHED.FIFO, priority });

const queueOf = (...tasks: Task[]): Task[] => {
  const queue: Task[] = [];
  for (const each of tasks) enqueue(queue, each);
  return queue;
};
const names = (queue: Task[]): string => queue.map(({ comm }) => comm).join(' ');

describe('the queue', () => {
  test('deadlines, the earlier first, then priorities, then all others in turn', () => {
    const queue = queueOf(
      task('o'),
      fifo('f5', 5),
      due('late', 300),
      task('p', { nice: -20 }),
      fifo('f9', 9),
      due('soon', 200),
    );
    expect(names(queue)).toBe('soon late f9 f5 o p');
  });

  test('who was interrupted is the first of its equals again, but who gave way', () => {
    const [a, b] = [fifo('a', 5), fifo('b', 5)];
    const queue = queueOf(b, task('o'));
    requeue(queue, a);
    expect(names(queue)).toBe('a b o');
    queue.shift();
    a.yielded = true;
    requeue(queue, a);
    expect(names(queue)).toBe('b a o');
  });

  test('SCHED_RR goes to the end of its equals when its time is over', () => {
    const a = task('a', { policy: SCHED.RR, priority: 5 });
    a.instructions = 99e6;
    const queue = queueOf(task('b', { policy: SCHED.RR, priority: 5 }));
    requeue(queue, a);
    expect(names(queue)).toBe('a b');
    queue.shift();
    a.instructions = 101e6;
    requeue(queue, a);
    expect(names(queue)).toBe('b a');
  });

  test('an earlier deadline interrupts a later one, and a nice value nobody', () => {
    expect(preempts(due('soon', 200), due('late', 300))).toBe(true);
    expect(preempts(due('late', 300), due('soon', 200))).toBe(false);
    expect(preempts(task('o', { nice: -20 }), task('p', { nice: 19 }))).toBe(false);
  });
});

describe('the next', () => {
  test('real-time tasks leave others the end of each second', () => {
    const schedule = newSchedule({ kind: 'round-robin' });
    const queue = queueOf(fifo('f', 1), task('o'));
    const next = (now: number): string => {
      const taken = takeNext({ now: () => now }, schedule, queue)!;
      enqueue(queue, taken);
      return taken.comm;
    };
    expect([0, 500e6, 949e6, 951e6, 999e6, 1001e6, 1900e6, 1960e6].map(next).join(' ')).toBe('f f f o o f f o');
  });

  test('random choices are among equals', () => {
    const schedule = newSchedule({ kind: 'random', seed: 3 });
    const seen = new Set<string>();
    for (let i = 0; i < 50; i++) {
      const queue = queueOf(fifo('a', 2), fifo('b', 2), fifo('c', 1));
      seen.add(takeNext({ now: () => 0 }, schedule, queue)!.comm);
    }
    expect([...seen].sort().join(' ')).toBe('a b');
  });

  test('slices are longer for less nice tasks, within bounds', () => {
    const slice = (some: Partial<SchedAttributes>) =>
      sliceLength(newSchedule({ kind: 'round-robin' }), task('t', some));
    expect(slice({ nice: -1 }) / slice({})).toBeCloseTo(1.25, 2);
    expect(slice({ nice: 5 }) / slice({})).toBeCloseTo(1.25 ** -5, 2);
    expect(slice({ nice: -20 }) / slice({})).toBeCloseTo(8, 2);
    expect(slice({ policy: SCHED.IDLE })).toBe(slice({ nice: 19 }));
  });
});

describe('deadlines', () => {
  const sched = attributes({ policy: SCHED.DEADLINE, runtime: 10, deadline: 100, period: 100 });

  test('who wakes early has what is left', () => {
    const entity = { left: 5, until: 100, throttled: false };
    refreshDeadline(entity, sched, 20);
    expect(entity).toMatchObject({ left: 5, until: 100 });
  });

  test('who could not be served with what is left, or wakes late, begins anew', () => {
    for (const now of [60, 150]) {
      const entity = { left: 5, until: 100, throttled: false };
      refreshDeadline(entity, sched, now);
      expect(entity).toMatchObject({ left: 10, until: now + 100 });
    }
  });

  test('what was used beyond is paid back', () => {
    const entity = { left: -14, until: 100, throttled: true };
    replenish(entity, sched, 100);
    expect(entity).toEqual({ left: 6, until: 300, throttled: false });
  });
});
