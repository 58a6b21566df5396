/** One run of a command, and what it took. */
import { spawnSync } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Where the benchmark builds and writes. */
export const BUILT = '.cache/bench';

const LONGEST_MS = 900_000;
const OUTPUT = join(BUILT, 'output');

/** Seconds of "1m2.34s". */
const seconds = (text: string): number => {
  const [minutes, rest] = text.split('m') as [string, string];
  return Number(minutes) * 60 + Number.parseFloat(rest);
};

/**
 * Surroundings of what is measured: without what this host has every Node do first, such as to parse certificates, which can take
 * as long as all the rest of its start.
 */
export const SURROUNDINGS: NodeJS.ProcessEnv = { ...process.env };
delete SURROUNDINGS.NODE_EXTRA_CA_CERTS;
delete SURROUNDINGS.NODE_OPTIONS;

export interface Taken {
  /** User and system time of the whole process and its children, as the shell tells it, in nanoseconds. */
  readonly cpu: number;
  readonly wall: number;
  readonly output: Buffer;
}

/** Throws if the command fails. */
export const take = (command: readonly string[]): Taken => {
  const out = openSync(OUTPUT, 'w');
  const before = performance.now();
  const { status, stderr } = spawnSync('sh', ['-c', '"$@"; status=$?; times >&2; exit $status', 'sh', ...command], {
    stdio: ['ignore', out, 'pipe'],
    env: SURROUNDINGS,
    encoding: 'utf8',
    timeout: LONGEST_MS,
  });
  const wall = (performance.now() - before) * 1e6;
  closeSync(out);
  if (status !== 0) throw new Error(`${command.join(' ')} ended with ${status}: ${stderr}`);
  const times = stderr.trim().split('\n').at(-1)!.split(' ').map(seconds);
  return { cpu: (times[0]! + times[1]!) * 1e9, wall, output: readFileSync(OUTPUT) };
};
