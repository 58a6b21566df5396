/** A program that waits for ever is reported at once: who waits for what, who has it, and where. */
import type { ChildProcess } from 'node:child_process';
import { setTimeout } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { canBuild, guest, signalbox } from './cli.ts';

const DEADLOCK = 123;

const report = async (way: string, ...options: string[]) => {
  const { status, stderr } = await signalbox(['run', ...options, await guest('deadlock', '-pthread'), way]);
  expect(status, stderr).toBe(DEADLOCK);
  const lines = stderr.trimEnd().split('\n');
  expect(lines.pop()).toBe('signalbox: deadlock: every process waits, and nothing can wake one');
  return lines.map((line) => line.replace(/^signalbox: /, '').replaceAll(/\(e2e-deadlock-\w+\)/g, '(deadlock)'));
};

describe.skipIf(!canBuild)('a deadlock', { timeout: 120_000 }, () => {
  it('of two mutexes names the owners, the calls and the functions', async () => {
    const lines = await report('mutexes');
    expect(lines).toHaveLength(6);
    expect(lines[0]).toMatch(/^process (\d+) \(deadlock\) waits in futex\(0x\w+, FUTEX_WAIT_PRIVATE, 2, NULL\)$/);
    expect(lines[1]).toMatch(/^ {2}for: the mutex at 0x\w+, which thread 1001 of process 1000 \(deadlock\) holds$/);
    expect(lines[2]).toMatch(/^ {2}at: 0x\w+ .*pthread_mutex_lock\+0x\w+ < take_both\+0x\w+ < main\+0x\w+/);
    expect(lines[3]).toMatch(/^thread 1001 of process 1000 \(deadlock\) waits in futex/);
    expect(lines[4]).toMatch(/^ {2}for: the mutex at 0x\w+, which process 1000 \(deadlock\) holds$/);
    expect(lines[5]).toMatch(/take_both\+0x\w+ < crosswise\+0x\w+/);
  });

  it('names the ends of pipes, children, semaphores and threads', async () => {
    expect((await report('pipe')).join('\n')).toMatch(
      /waits in read\(3, 0x\w+, 1\)\n {2}for: the pipe is empty; its writing end is open in process 1000 \(deadlock\) as 4\n/,
    );
    expect((await report('child', '--deterministic')).join('\n')).toMatch(
      /waits in wait4\(-1, NULL, 0, NULL\)\n {2}for: children: process 1001 \(deadlock\)\n/,
    );
    expect((await report('semaphore')).join('\n')).toMatch(
      /for: semaphore 1 of set 0 is 1, 2 wanted; changed last by process 1000 \(deadlock\)\n/,
    );
    expect((await report('join', '--schedule', 'random:3')).join('\n')).toMatch(
      /for: the end of thread 1001 of process/,
    );
  });

  it('is none while input or a signal may come, or if none shall be reported', async () => {
    const exe = await guest('deadlock', '-pthread');
    const later = (args: string[], what: (child: ChildProcess) => void) =>
      signalbox(['run', ...args], {
        hold: true,
        onOutput: async (child) => {
          await setTimeout(300);
          what(child);
        },
      });
    const terminate = (child: ChildProcess): void => void child.kill('SIGTERM');
    expect((await later([exe, 'input'], (child) => child.stdin!.end('x'))).status).toBe(0);
    expect((await later([exe, 'pause'], terminate)).status).toBe(143);
    expect((await later(['--no-deadlock-report', exe, 'mutexes'], terminate)).status).toBe(143);
  });
});
