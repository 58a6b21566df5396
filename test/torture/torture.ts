/** Runs guest/torture/threads.c under schedules made of a seed. */

import { readFileSync } from 'node:fs';
import type { CpuKind } from '../../emulator/api.ts';
import { boot } from '../../kernel/index.ts';
import { observe } from '../../kernel/observers.ts';
import { buildKey, compile } from '../native/build.ts';
import { root } from '../native/cases.ts';

const SOURCE = `${root}guest/torture/threads.c`;
const VARIANT = { libc: 'glibc', flags: ['-O1'], libs: ['-lpthread'], name: 'glibc -O1' } as const;

/** Far more than the program needs: a run that uses them up goes round in circles. */
const INSTRUCTION_LIMIT = 50_000_000;

/** Compiled; the path of the executable. */
export const buildTorture = (): Promise<string> =>
  compile(SOURCE, 'torture-threads', buildKey(readFileSync(SOURCE, 'utf8'), VARIANT), VARIANT);

/** What a run came to. Two runs of one seed have all of it in common. */
export interface TortureRun {
  /** Standard output, or why there is none to speak of. */
  readonly output: string;
  readonly instructions: number;
  readonly syscalls: number;
  /** Of all system calls with their results, and of signals, in order. */
  readonly trace: string;
}

const FNV_OFFSET = 0x811c9dc5;
const FNV_PRIME = 0x01000193;

/** One run on a machine of its own. `seed` null is round-robin. */
export const torture = async (exe: string, seed: number | null, cpu: CpuKind = 'jit'): Promise<TortureRun> => {
  const box = await boot({
    program: readFileSync(exe),
    name: 'threads',
    cpu,
    memory: 64 << 20,
    deterministic: { seed: 1 },
    schedule: seed === null ? { kind: 'round-robin' } : { kind: 'random', seed },
  });
  let hash = FNV_OFFSET;
  let syscalls = 0;
  const mix = (value: number): void => {
    hash = Math.imul(hash ^ (value | 0), FNV_PRIME);
  };
  observe(box.machine.observers, {
    syscallExit: (task, number, _args, result) => {
      syscalls++;
      for (const value of [task.pid, number, result, task.instructions]) mix(value);
    },
    signalDelivered: (task, info) => {
      mix(task.pid);
      mix(info.signo);
    },
  });
  const stop = await box.runUntil({ instructions: INSTRUCTION_LIMIT });
  let output = box.stdout;
  if (stop.kind === 'deadlock') output += `deadlock:\n${stop.waiting.join('\n')}\n`;
  else if (stop.kind !== 'exit') output += `no end: ${stop.kind}\n`;
  else if (!('exit' in stop.end) || stop.end.exit !== 0) output += `${JSON.stringify(stop.end)}\n`;
  const { instructions } = box.machine.cpu;
  return { output, instructions, syscalls, trace: (hash >>> 0).toString(16).padStart(8, '0') };
};
