/** Random walks through signals end the same here and on the host's kernel. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { compile, hashOf, toolchain } from '../native/build.ts';
import { root } from '../native/cases.ts';
import { canRunNatively } from '../native/native.ts';
import { runInSignalbox } from '../native/signalbox.ts';

const source = `${root}test/signal/random.c`;
const variant = { libc: 'glibc', flags: ['-O1'], libs: [], name: 'glibc -O1' } as const;
const MOST_OUTPUT = 1 << 28;

const build = (): Promise<string> =>
  compile(source, 'signal-random', hashOf(readFileSync(source, 'utf8'), toolchain()!.version), variant);

describe.skipIf(!canRunNatively())('random signals', () => {
  test.each([
    ['interpreter', 0, 200],
    ['reference', 1000, 1010],
  ] as const)('%s, walks %i to %i', async (cpu, first, last) => {
    const exe = await build();
    const args = [String(first), String(last)];
    const native = execFileSync(exe, args, { encoding: 'latin1', maxBuffer: MOST_OUTPUT });
    const { stdout, end } = await runInSignalbox(exe, { name: 'random', args, env: {}, stdin: '', cpu });
    expect(end).toEqual({ exit: 0 });
    const lines = stdout.split('\n');
    const wrong = native.split('\n').findIndex((line, n) => line !== lines[n]);
    // The first line that differs, with what led to it, says more than the whole.
    if (wrong >= 0) expect(lines.slice(wrong - 5, wrong + 1)).toEqual(native.split('\n').slice(wrong - 5, wrong + 1));
    expect(stdout.length).toBe(native.length);
  });
});
