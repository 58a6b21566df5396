/** Threads under random schedules; `npm run torture` is the long run, over 200 of them. */
import { describe, expect, it } from 'vitest';
import { toolchain } from '../native/build.ts';
import { canRunNatively } from '../native/native.ts';
import { buildTorture, torture } from './torture.ts';

const SEEDS = [1, 2, 3, 4, 5, 6];

describe.skipIf(toolchain() === null)('threads under random schedules', () => {
  it('come to the same results, each seed by a way of its own', { timeout: 120_000 }, async () => {
    const exe = await buildTorture();
    const orderly = await torture(exe, null);
    expect(orderly.output).toMatch(/^mutex: 6 80\n[\s\S]*once: 4 1\n$/);
    const traces = new Set([orderly.trace]);
    for (const seed of SEEDS) {
      const run = await torture(exe, seed);
      expect(run.output, `--schedule random:${seed}`).toBe(orderly.output);
      traces.add(run.trace);
    }
    expect(traces.size).toBe(SEEDS.length + 1);
  });

  it('go the same way again with the same seed, translated or interpreted', { timeout: 120_000 }, async () => {
    const exe = await buildTorture();
    const first = await torture(exe, 42, 'jit');
    expect(await torture(exe, 42, 'jit')).toEqual(first);
    expect(await torture(exe, 42, 'interpreter')).toEqual(first);
  });

  it.skipIf(!canRunNatively())('end as they do natively', { timeout: 60_000 }, async () => {
    const exe = await buildTorture();
    const { execFileSync } = await import('node:child_process');
    expect((await torture(exe, 7)).output).toBe(execFileSync(exe, { encoding: 'utf8', timeout: 30_000 }));
  });
});
