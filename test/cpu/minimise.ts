/** Makes a finding easier to read: as much of the state as possible becomes plain without the difference going away. */
import type { Case, Words } from './case.ts';
import { runNatively } from './native.ts';
import { type Executors, type Finding, judge } from './session.ts';
import { initialX87 } from './x87.ts';

const zeroed = (words: Words, start: number, count: number): Words => {
  const copy = words.slice();
  copy.fill(0n, start, start + count);
  return copy;
};

/** Simpler states, each different from the case in one thing. */
const simplifications = function* (c: Case): Generator<(c: Case) => Case> {
  if (c.ymm.some((word) => word !== 0n)) yield (now) => ({ ...now, ymm: zeroed(now.ymm, 0, 64) });
  for (let n = 0; n < 16; n++) {
    if (c.ymm.slice(n * 4, n * 4 + 4).some((word) => word !== 0n))
      yield (now) => ({ ...now, ymm: zeroed(now.ymm, n * 4, 4) });
  }
  for (let n = 0; n < 16; n++) {
    if (c.gpr[n] !== 0n) yield (now) => ({ ...now, gpr: zeroed(now.gpr, n, 1) });
  }
  yield (now) => ({ ...now, x87: initialX87 });
  for (let bit = 1; bit < 1 << 19; bit <<= 1) {
    if (c.rflags & bit & ~0x302) yield (now) => ({ ...now, rflags: now.rflags & ~bit });
  }
  if (c.mxcsr !== 0x1f80) yield (now) => ({ ...now, mxcsr: 0x1f80 });
  for (const patch of c.patches) yield (now) => ({ ...now, patches: now.patches.filter((p) => p !== patch) });
};

/**
 * The finding for a simpler case, by executors of the same kinds in the same order. Only what was found counts: another
 * difference of the same case does not do.
 */
export const minimise = (finding: Finding, runner: string | undefined, executors: Executors): Finding => {
  const signature = (f: Finding) => f.differences.map((d) => d.what).join();
  if (finding.thrown !== undefined) return finding;
  const wanted = signature(finding);
  const native = finding.expectedBy === 'native' ? runner : undefined;
  let best = finding;
  for (const simplify of simplifications(finding.case)) {
    const simpler = simplify(best.case);
    const outcome = native === undefined ? undefined : runNatively(native, [simpler])[0];
    const known = outcome && { by: 'native', outcome };
    const same = judge(executors, simpler, finding.shape, known).find(
      (f) => f.kind === finding.kind && signature(f) === wanted,
    );
    if (same) best = same;
  }
  return best;
};
