/** What the interpreter leaves behind for the JIT: where computed jumps went. */
import { LINEAR } from '../memory/layout.ts';
import type { PhysicalMemory } from '../memory/physical.ts';

const TWO32 = 4294967296;

/** Targets of late computed jumps by the address behind the jump, most frequent first. */
export const jumpTargets = ({ u32 }: PhysicalMemory): Map<number, readonly number[]> => {
  const counts = new Map<number, Map<number, number>>();
  for (let at = LINEAR.jumpRing / 4; at < LINEAR.jumpRingEnd / 4; at += 4) {
    const next = u32[at + 1]! * TWO32 + u32[at]!;
    const target = u32[at + 3]! * TWO32 + u32[at + 2]!;
    if (next === 0) continue;
    const known = counts.get(next);
    if (known === undefined) counts.set(next, new Map([[target, 1]]));
    else known.set(target, (known.get(target) ?? 0) + 1);
  }
  const byFrequency = (targets: ReadonlyMap<number, number>): number[] =>
    [...targets].sort(([a, x], [b, y]) => y - x || a - b).map(([target]) => target);
  return new Map([...counts].map(([next, targets]) => [next, byFrequency(targets)]));
};
