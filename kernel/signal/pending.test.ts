import { expect, it } from 'vitest';
import { withSignal } from '../abi/sigset.ts';
import type { SigInfo, Task } from '../task/task.ts';
import { dequeueSignal, enqueue, newPending, queued } from './pending.ts';
import { addProcess, signalMachine } from './testing.ts';

const info = (signo: number, value: number): SigInfo => ({
  ...{ kind: 'queue', signo, errno: 0, code: -1, pid: 1, uid: 0, value: BigInt(value) },
});

it('long queues give signals in order too, whatever is put in and taken out between', () => {
  const kernel = signalMachine();
  const task = addProcess(kernel, kernel.starter);
  const put = (signo: number, value: number): void => {
    enqueue(task.pending, info(signo, value));
    task.pending.signal = withSignal(task.pending.signal, signo);
  };
  const take = (of: Task): number => Number((dequeueSignal(kernel, of) as SigInfo & { kind: 'queue' }).value);
  task.pending = newPending();
  let sent = 0;
  let taken = 0;
  for (let round = 0; round < 30; round++) {
    for (let n = 0; n < 200; n++) put(40, sent++);
    put(41, -1);
    for (let n = 0; n < 100; n++) expect(take(task)).toBe(taken++);
    expect(queued(task.pending)).toHaveLength(sent - taken + round + 1);
  }
  while (taken < sent) expect(take(task)).toBe(taken++);
  expect(queued(task.pending).map(({ signo }) => signo)).toEqual(new Array(30).fill(41));
});
