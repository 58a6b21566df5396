/**
 * Guest programs against the real kernel: a test file for each executor, so that they share the machine's cores.
 */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { CpuKind } from '../../emulator/api.ts';
import { build, hasMusl, toolchain } from '../native/build.ts';
import { type Case, listCases, root, type Variant } from '../native/cases.ts';
import { canRunNatively, hostHas, type Outcome, runNative } from '../native/native.ts';
import { readRecorded } from '../native/recorded.ts';
import { runInSignalbox } from '../native/signalbox.ts';

/** A case that is known to differ. It must differ: an entry whose case passes fails the test, so that it gets removed. */
type KnownGap = { readonly case: string; readonly executor: CpuKind; readonly reason: string };

export const executors = ['jit', 'interpreter', 'reference'] as const satisfies readonly CpuKind[];
export const cases = listCases();
export const gaps = JSON.parse(readFileSync(`${root}test/known-gaps.json`, 'utf8')) as KnownGap[];

/** What the real kernel does: asked now where there is one, else as it was recorded. */
async function expected(test: Case, variant: Variant): Promise<Outcome> {
  if (canRunNatively() && hostHas(variant)) return runNative(test, variant);
  const recorded = readRecorded(test);
  if (recorded === undefined) throw new Error(`${test.id} is not recorded; run \`npm run record\` on Linux x86-64`);
  return recorded.outcome;
}

/** Lines that tell how two outcomes differ, short enough to read; empty when they agree. */
function differences(want: Outcome, got: Outcome): string[] {
  const lines: string[] = [];
  for (const stream of ['stdout', 'stderr'] as const) {
    const wanted = want[stream].split('\n');
    const found = got[stream].split('\n');
    for (let i = 0; i < Math.max(wanted.length, found.length) && lines.length < 20; i++) {
      if (wanted[i] === found[i]) continue;
      lines.push(
        `${stream}:${i + 1}`,
        `  native:    ${wanted[i] ?? '(no line)'}`,
        `  signalbox: ${found[i] ?? '(no line)'}`,
      );
    }
  }
  if (JSON.stringify(want.end) !== JSON.stringify(got.end)) {
    lines.push(`end: native ${JSON.stringify(want.end)}, signalbox ${JSON.stringify(got.end)}`);
  }
  return lines;
}

/** Runs all variants of a case under an executor; what differs from native, or why it could not be run. */
async function compare(test: Case, variants: readonly Variant[], cpu: CpuKind): Promise<string[]> {
  const lines: string[] = [];
  for (const variant of variants) {
    const want = await expected(test, variant);
    for (const level of test.levels) {
      try {
        const exe = await build(test, variant);
        const got = await runInSignalbox(exe, {
          name: test.name,
          args: test.args,
          env: test.env,
          stdin: test.stdin,
          cpu,
          level,
        });
        const found = differences(want, got);
        if (found.length > 0) lines.push(`[${variant.name}, ${level}]`, ...found);
      } catch (error) {
        lines.push(
          `[${variant.name}, ${level}]`,
          error instanceof Error ? (error.stack ?? error.message) : String(error),
        );
      }
    }
  }
  return lines;
}

/**
 * The reference executor is some twenty times slower: it runs the first and the last variant, which differ most, and the
 * others all of them. With `SIGNALBOX_VARIANTS=all` it runs all, too.
 */
function variantsFor(test: Case, cpu: CpuKind): Variant[] {
  const all = buildable(test);
  const few = cpu === 'reference' && process.env.SIGNALBOX_VARIANTS !== 'all';
  return few && all.length > 2 ? [all[0]!, all.at(-1)!] : all;
}

/** Variants that this machine can build: all, unless it has no musl. */
export function buildable(test: Case): Variant[] {
  return test.variants.filter((variant) => variant.libc === 'glibc' || hasMusl());
}

/** Declares the tests of one executor: every guest program shows under it what it shows natively. */
export function declareGuestTests(cpu: (typeof executors)[number]): void {
  if (toolchain() === null) {
    it.skip('no compiler for x86-64 Linux here; install gcc or set SIGNALBOX_CC', () => {});
    return;
  }
  describe(`guest programs under ${cpu}`, () => {
    for (const test of cases) {
      const gap = gaps.find((entry) => entry.case === test.id && entry.executor === cpu);
      const run = cpu === 'reference' && test.slow ? it.skip : it;
      run(gap === undefined ? test.id : `${test.id} (known gap: ${gap.reason})`, async () => {
        const found = await compare(test, variantsFor(test, cpu), cpu);
        if (gap === undefined) expect(found.join('\n'), test.id).toBe('');
        else expect(found, `${test.id} passes under ${cpu}: remove it from test/known-gaps.json`).not.toEqual([]);
      });
    }
  });
}
