import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { CpuKind } from '../emulator/api.ts';
import { build, hasMusl, toolchain } from './native/build.ts';
import { type Case, listCases, root, type Variant } from './native/cases.ts';
import { canRunNatively, hostHas, type Outcome, runNative } from './native/native.ts';
import { readRecorded, sourceHash } from './native/recorded.ts';
import { runInSignalbox } from './native/signalbox.ts';

/** A case that is known to differ. It must differ: an entry whose case passes fails the test, so that it gets removed. */
type KnownGap = { readonly case: string; readonly executor: CpuKind; readonly reason: string };

const executors = ['jit', 'interpreter', 'reference'] as const satisfies readonly CpuKind[];
const cases = listCases();
const gaps = JSON.parse(readFileSync(`${root}test/known-gaps.json`, 'utf8')) as KnownGap[];

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
 * interpreter all of them. With `CI=true` it runs all, too.
 */
function variantsFor(test: Case, cpu: CpuKind): Variant[] {
  const all = buildable(test);
  return cpu === 'reference' && process.env.CI !== 'true' && all.length > 2 ? [all[0], all.at(-1)!] : all;
}

/** Variants that this machine can build: all, unless it has no musl. */
function buildable(test: Case): Variant[] {
  return test.variants.filter((variant) => variant.libc === 'glibc' || hasMusl());
}

describe('recordings', () => {
  it.each(cases)('$id is recorded from its present source, and ended as its directives say', (test) => {
    const recorded = readRecorded(test);
    expect(recorded?.source, 'run `npm run record` on Linux x86-64').toBe(sourceHash(test));
    expect(recorded?.outcome.end).toEqual(test.end);
  });
});

it('known gaps are of cases and executors that there are', () => {
  for (const gap of gaps) {
    expect(cases.map((test) => test.id)).toContain(gap.case);
    expect(executors).toContain(gap.executor);
    expect(gap.reason).not.toBe('');
  }
});

if (toolchain() === null) {
  describe('guest programs', () => {
    it.skip('no compiler for x86-64 Linux here; install gcc or set SIGNALBOX_CC', () => {});
  });
} else {
  if (!hasMusl()) {
    describe('guest programs with musl', () => {
      it.skip('no musl-gcc here; install musl-tools or set SIGNALBOX_MUSL_CC', () => {});
    });
  }
  if (canRunNatively()) {
    describe('native runs', () => {
      it.for(cases)('$id ends as its directives say, in all variants alike', async (test, context) => {
        // Another kernel may differ from the one that was recorded, but never one variant from another.
        const variants = buildable(test).filter(hostHas);
        if (variants.length === 0) return context.skip('not on this processor');
        const first = await runNative(test, variants[0]!);
        expect(first.end).toEqual(test.end);
        for (const variant of variants) expect(await runNative(test, variant), variant.name).toEqual(first);
      });
    });
  }
  describe.each(executors)('guest programs under %s', (cpu) => {
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
