/** What the guest programs do on the real kernel: that it is recorded, and that all variants of a program do the same. */
import { describe, expect, it } from 'vitest';
import { hasMusl, toolchain } from '../native/build.ts';
import { canRunNatively, hostHas, runNative } from '../native/native.ts';
import { readRecorded, sourceHash } from '../native/recorded.ts';
import { buildable, cases, executors, gaps } from './guest.ts';

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

if (toolchain() !== null && !hasMusl()) {
  it.skip('no musl-gcc here; install musl-tools or set SIGNALBOX_MUSL_CC', () => {});
}

describe.skipIf(toolchain() === null || !canRunNatively())('native runs', () => {
  it.for(cases)('$id ends as its directives say, in all variants alike', async (test, context) => {
    // Another kernel may differ from the one that was recorded, but never one variant from another.
    const variants = buildable(test).filter(hostHas);
    if (variants.length === 0) return context.skip('not on this processor, or not by this user');
    const fresh = process.env.CI === 'true';
    const first = await runNative(test, variants[0]!, fresh);
    expect(first.end).toEqual(test.end);
    for (const variant of variants) expect(await runNative(test, variant, fresh), variant.name).toEqual(first);
  });
});
