/** Programs under the JIT, however it translates and whenever it has to leave: the interpreter tells what is right. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { JitOptions } from '../emulator/api.ts';
import { boot } from '../kernel/index.ts';

const DEMO = readFileSync(new URL('../guest/prebuilt/demo', import.meta.url));

const runDemo = async (cpu: 'interpreter' | 'jit', jit: JitOptions = {}) => {
  let output = '';
  const box = await boot({
    program: DEMO,
    name: 'demo',
    onOutput: (_stream, bytes) => {
      output += new TextDecoder().decode(bytes);
    },
    cpu,
    jit,
    deterministic: { seed: 1 },
  });
  const { kind } = await box.runUntil({ instructions: 10_000_000 });
  return { kind, output, instructions: box.report().instructions };
};

describe('a program under the JIT', () => {
  it('shows and counts what it does in the interpreter, translated at once or when it is hot', async () => {
    const expected = await runDemo('interpreter');
    expect(expected.kind).toBe('exit');
    for (const threshold of [0, 1, 20]) expect(await runDemo('jit', { threshold })).toEqual(expected);
  }, 60_000);

  it('does so whenever it has to leave: after few instructions', async () => {
    const expected = await runDemo('interpreter');
    for (const slice of [1, 2, 3, 5, 11, 23, 50]) {
      expect(await runDemo('jit', { threshold: 2, slice }), `slices of ${slice}`).toEqual(expected);
    }
  }, 120_000);

  it('does so with room for hardly any translation', async () => {
    const expected = await runDemo('interpreter');
    expect(await runDemo('jit', { threshold: 1, cacheBytes: 5000 })).toEqual(expected);
  }, 60_000);
});
