/** A little of what `npm run scale` does with much: 1,000 processes and threads, 10,000 pipes, 32,000 semaphores, 256 MiB. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { boot } from '../../kernel/index.ts';
import { toolchain } from '../native/build.ts';
import { buildScale } from './scale.ts';

const run = async (way: string, count: number): Promise<string> => {
  const program = readFileSync(await buildScale());
  const box = await boot({ program, args: [way, String(count)], deterministic: { seed: 1 } });
  const stop = await box.runUntil({ instructions: 100_000_000 });
  return stop.kind === 'exit' ? box.stdout : `${stop.kind}\n${box.stdout}`;
};

describe.skipIf(toolchain() === null)('many of everything', { timeout: 120_000 }, () => {
  it.each([
    ['pipeline', 60, 'pipeline: sum 183, ended 60\n'],
    ['threads', 100, 'threads: joined 100\n'],
    ['pipes', 600, 'pipes: sum 179700, highest descriptor 1202\n'],
    ['semaphores', 2000, 'semaphores: 8 sets, sum 7960\n'],
    ['segment', 4, 'segment: ended 50, sum 1275, attached 1\n'],
    ['switches', 20, 'switches: joined 20\n'],
  ])('%s', async (way, count, expected) => {
    expect(await run(way, count)).toBe(expected);
  });
});
