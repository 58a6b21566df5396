/**
 * What an instruction does to general registers, memory and flags as far as it alone tells: found by running its function once
 * with an emitter whose code goes nowhere. Those of a block put together are what `plan.ts` goes by.
 */
import { formKey } from '../decode/form.ts';
import type { FlagSource } from './carry.ts';
import { RegionOps } from './emit.ts';
import { Frame } from './frame.ts';
import { isNamed, type Linear, named } from './linear.ts';
import type { Step } from './steps.ts';
import { NullWriter } from './writer.ts';

/** Names below are of registers as they are before the instruction, others are its own. */
export const REGISTERS = 16;

export interface Access {
  readonly address: Linear | null;
  readonly bytes: number;
  readonly write: boolean;
}

export interface Summary {
  readonly accesses: readonly Access[];
  /** It may leave the region for another reason than its accesses. */
  readonly leaves: boolean;
  /** Registers that change, and what they are then. */
  readonly changes: readonly (readonly [register: number, after: Linear])[];
  /** How many names are its own, from `REGISTERS` on. */
  readonly names: number;
  /** What the flags follow from if it sets them, null if that cannot be said; undefined if it does not set them. */
  readonly flags: FlagSource | null | undefined;
  /** Vector registers whose upper half it is about, as a mask. */
  readonly uppers: number;
}

let observer: RegionOps | undefined;

const summarize = ({ insn, effects }: Step): Summary => {
  if (observer === undefined) {
    const f = new NullWriter();
    observer = new RegionOps(f, new Frame(f, 0));
  }
  const o = observer;
  const registers = Array.from({ length: REGISTERS }, (_, n) => named(n));
  let next = REGISTERS;
  o.observe(registers, () => named(next++));
  o.begin(insn, { flagsWanted: true, conditional: effects.conditional });
  o.accesses = [];
  o.uppers = 0;
  // What was known of floats before is another instruction's.
  o.enterBlock(null);
  insn.row.semantics(o, o.insn);
  const { accesses, uppers } = o;
  const changes = [...registers.entries()].filter(([n, sum]) => !isNamed(sum, n));
  return { accesses, leaves: o.notes.mayExit, changes, names: next - REGISTERS, flags: o.tracker?.followed, uppers };
};

/** By form, of instructions that have no operand but a target. */
const ofBranches = new Map<number, Summary>();

const summarizeForm = (step: Step): Summary => {
  if (!step.insn.operands.every(({ kind }) => kind === 'target')) return summarize(step);
  const key = formKey(step.insn);
  let summary = ofBranches.get(key);
  if (summary === undefined) {
    summary = summarize(step);
    ofBranches.set(key, summary);
  }
  return summary;
};

export const summaryOf = (step: Step): Summary => {
  step.summary ??= summarizeForm(step);
  return step.summary;
};
