import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { command } from '../test/e2e/cli.ts';
import { buildScale } from '../test/scale/scale.ts';

/** Ways and numbers, each run by half as well: memory shall be in proportion, and a switch cost the same. */
const RUNS = [
  ['pipeline', 1000],
  ['threads', 1000],
  ['pipes', 10_000],
  ['semaphores', 32_000],
  ['segment', 256],
] as const;
const SLEEPERS = [10, 100, 1000];

const MEBIBYTE = 2 ** 20;

interface Run {
  readonly line: string;
  readonly note: string;
  readonly seconds: number;
  /** Memory of the machine in use when a process ended, the most there was. */
  readonly memory: number;
}

const runScale = (exe: string, way: string, count: number): Run => {
  const report = `${tmpdir()}/scale-${process.pid}.json`;
  const start = performance.now();
  const { stdout, stderr, status } = spawnSync(
    process.execPath,
    [command, 'run', '--report', report, exe, way, String(count)],
    { encoding: 'utf8' },
  );
  const seconds = (performance.now() - start) / 1000;
  const { memory } = existsSync(report)
    ? (JSON.parse(readFileSync(report, 'utf8')) as { memory: number })
    : { memory: 0 };
  rmSync(report, { force: true });
  if (status !== 0) throw new Error(`${way} ${count}: status ${status}\n${stdout}${stderr}`);
  return { line: stdout.trim(), note: stderr.trim(), seconds, memory };
};

/** `npm run scale`: much of everything, with what it takes; and the cost of a context switch while others sleep. */
const main = async (): Promise<void> => {
  const exe = await buildScale();
  for (const [way, count] of RUNS) {
    for (const n of [count / 2, count]) {
      const { line, seconds, memory } = runScale(exe, way, n);
      console.log(`${way} ${n}: ${seconds.toFixed(1)} s, ${(memory / MEBIBYTE).toFixed(1)} MiB; ${line}`);
    }
  }
  for (const n of SLEEPERS) console.log(runScale(exe, 'switches', n).note);
};

await main();
