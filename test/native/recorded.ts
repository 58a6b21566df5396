import { existsSync, readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { release } from 'node:os';
import { build, hashOf } from './build.ts';
import { type Case, root } from './cases.ts';
import { hostHas, type Outcome, runNative } from './native.ts';

/** What `test/recorded/AREA/NAME.json` holds: one outcome, because all variants of a program must agree. */
export type Recorded = {
  /** Hash of the C source this was recorded from; another hash means the recording is out of date. */
  readonly source: string;
  /** Kernel release of the recording host. */
  readonly kernel: string;
  readonly outcome: Outcome;
};

/** Hash by which a recording is tied to its source. */
export function sourceHash(test: Case): string {
  return hashOf(test.source);
}

/** Path of a case's recording. */
export function recordedPath(test: Case): string {
  return `${root}test/recorded/${test.id}.json`;
}

/** The recording of a case, or undefined where there is none. */
export function readRecorded(test: Case): Recorded | undefined {
  const path = recordedPath(test);
  return existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as Recorded) : undefined;
}

/**
 * Runs every variant natively, `repeat` times, and writes the recording. Throws when any two runs differ.
 * Returns the milliseconds that one run takes.
 */
export async function record(test: Case, repeat: number): Promise<number> {
  let first: Outcome | undefined;
  let spent = 0;
  for (const variant of test.variants) {
    if (!hostHas(variant))
      throw new Error(
        `${test.id} [${variant.name}] needs x86-64-${variant.needs ?? 'v1'} or ${variant.capabilities?.join(', ')}`,
      );
    await build(test, variant);
    for (let i = 0; i < repeat; i++) {
      const start = performance.now();
      const outcome = await runNative(test, variant, true);
      spent += performance.now() - start;
      first ??= outcome;
      if (JSON.stringify(outcome) !== JSON.stringify(first)) {
        throw new Error(
          `${test.id} [${variant.name}] run ${i + 1} differs:\n${outcome.stdout}\n--- first:\n${first.stdout}`,
        );
      }
    }
  }
  if (JSON.stringify(first!.end) !== JSON.stringify(test.end)) {
    throw new Error(`${test.id} ended with ${JSON.stringify(first!.end)}\n${first!.stdout}${first!.stderr}`);
  }
  const each = spent / (repeat * test.variants.length);
  const old = readRecorded(test);
  if (old?.source === sourceHash(test) && JSON.stringify(old.outcome) === JSON.stringify(first)) return each;
  const recorded: Recorded = { source: sourceHash(test), kernel: release(), outcome: first! };
  await mkdir(`${root}test/recorded/${test.area}`, { recursive: true });
  await writeFile(recordedPath(test), `${JSON.stringify(recorded, null, 2)}\n`);
  return each;
}
