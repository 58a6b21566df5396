import { existsSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { root } from '../native/cases.ts';
import { command, spawned } from './cli.ts';

/** Milliseconds above a bare Node which a short run may take; the machine that runs tests is busy, so only the best counts. */
const MOST = 120;
const TRIES = 40;

const timed = async (args: readonly string[]): Promise<number> => {
  const start = performance.now();
  const { status } = await spawned(process.execPath, args, { input: '' });
  expect(status).toBe(0);
  return performance.now() - start;
};

describe('a short run', () => {
  it(`takes at most ${MOST} ms more than Node alone`, async () => {
    for (const name of ['signalbox.code', 'signalbox.forms']) expect(existsSync(`${root}dist/${name}`)).toBe(true);
    let [bare, run] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
    for (let i = 0; i < TRIES && !(run - bare <= MOST); i++) {
      bare = Math.min(bare, await timed(['-e', '0']));
      run = Math.min(run, await timed([command, 'run', `${root}guest/prebuilt/example`]));
    }
    expect(run - bare).toBeLessThanOrEqual(MOST);
  });
});
