import { expect, test } from 'vitest';
import type { Task, ThreadGroup } from './task.ts';
import { addTimer, cancelItimer, cancelSleep, nextExpiry, takeExpired, timerQueue } from './timers.ts';
import type { Wait } from './wait.ts';

const group = (name: string) => ({ name }) as unknown as ThreadGroup;

test('timers come out in order of time, equal ones as they came in', () => {
  const queue = timerQueue();
  const names = ['d', 'a', 'b', 'c'];
  const times = [30, 10, 10, 20];
  names.forEach((name, i) => {
    addTimer(queue, { kind: 'itimer', expires: times[i]!, group: group(name) });
  });
  expect(nextExpiry(queue)).toBe(10);
  expect(takeExpired(queue, 9)).toBeUndefined();
  const taken: string[] = [];
  for (let timer = takeExpired(queue, 25); timer !== undefined; timer = takeExpired(queue, 25)) {
    if (timer.kind === 'itimer') taken.push((timer.group as unknown as { name: string }).name);
  }
  expect(taken).toEqual(['a', 'b', 'c']);
  expect(nextExpiry(queue)).toBe(30);
});

test('a cancelled timer is gone, and others are not', () => {
  const queue = timerQueue();
  const task = { pid: 1 } as Task;
  const mine = group('mine');
  addTimer(queue, { kind: 'sleep', expires: 5, task, wait: {} as Wait });
  addTimer(queue, { kind: 'itimer', expires: 6, group: mine });
  addTimer(queue, { kind: 'itimer', expires: 7, group: group('other') });
  cancelSleep(queue, task);
  cancelItimer(queue, mine);
  cancelItimer(queue, mine);
  expect(queue.timers.map((timer) => timer.expires)).toEqual([7]);
});
