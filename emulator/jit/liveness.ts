/** Which flags are used later: after each instruction, over the whole region. Leaving the region shows all of them. */
import { ARITHMETIC_FLAGS } from '../state.ts';
import type { Block } from './cfg.ts';
import type { FlagMask } from './effects.ts';

type MayExit = readonly (readonly boolean[])[];

const blockIn = (block: Block, out: FlagMask, mayExit: MayExit): FlagMask => {
  let live = out;
  for (let n = block.steps.length - 1; n >= 0; n--) live = before(block, n, live, mayExit);
  return live;
};

const before = (block: Block, n: number, after: FlagMask, mayExit: MayExit): FlagMask => {
  const { effects } = block.steps[n]!;
  return (after & ~effects.flagsSet) | effects.flagsRead | (mayExit[block.id]![n]! ? ARITHMETIC_FLAGS : 0);
};

const outOf = ({ terminator }: Block, liveIn: readonly FlagMask[], leavesAt: (block: Block) => boolean): FlagMask => {
  const into = (to: Block | null): FlagMask => (to === null || leavesAt(to) ? ARITHMETIC_FLAGS : liveIn[to.id]!);
  switch (terminator.kind) {
    case 'goto':
      return into(terminator.to.block);
    case 'branch':
      return into(terminator.taken.block) | into(terminator.fall.block);
    case 'jump':
      // Elsewhere too.
      return ARITHMETIC_FLAGS;
    default:
      return ARITHMETIC_FLAGS;
  }
};

/** Flags that may be used from the start of each block on (by id); see `usedFlags`. */
const liveAtStart = (
  blocks: readonly Block[],
  mayExit: MayExit,
  leavesAt: (block: Block) => boolean,
): readonly FlagMask[] => {
  const liveIn: FlagMask[] = blocks.map(() => 0);
  for (let changed = true; changed; ) {
    changed = false;
    for (let n = blocks.length - 1; n >= 0; n--) {
      const block = blocks[n]!;
      const live = blockIn(block, outOf(block, liveIn, leavesAt), mayExit);
      if (live !== liveIn[block.id]) {
        liveIn[block.id] = live;
        changed = true;
      }
    }
  }
  return liveIn;
};

/** Whether instructions read flags that come into each block (by id), or a known way out of the region shows them. */
export const readsFlags = (blocks: readonly Block[]): boolean[] => {
  const never: MayExit = blocks.map(() => []);
  return liveAtStart(blocks, never, () => false).map((live) => live !== 0);
};

/**
 * For each block (by id) and each of its steps, whether a flag that it writes is used. `leavesAt`: the region may be left at
 * the start of this block. `mayExit`: or at this step of it.
 */
export const usedFlags = (
  blocks: readonly Block[],
  mayExit: MayExit,
  leavesAt: (block: Block) => boolean,
): boolean[][] => {
  const liveIn = liveAtStart(blocks, mayExit, leavesAt);
  return blocks.map((block) => {
    let live = outOf(block, liveIn, leavesAt);
    const used: boolean[] = [];
    for (let n = block.steps.length - 1; n >= 0; n--) {
      const { insn, effects } = block.steps[n]!;
      // Between the rounds of a string instruction the region may be left.
      used[n] = (effects.flagsTouched & (insn.row.repeats === true ? ARITHMETIC_FLAGS : live)) !== 0;
      live = before(block, n, live, mayExit);
    }
    return used;
  });
};
