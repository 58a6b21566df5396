/**
 * What an instruction does to the state of the CPU, as far as its form tells: found by running its function once with an
 * emitter whose code is thrown away.
 */
import { formKey } from '../decode/form.ts';
import { HANDLER } from '../interpreter/contract.ts';
import type { Instruction } from '../isa/instruction.ts';
import { ModuleWriter } from '../wasm/writer.ts';
import type { Notes } from './emit/control.ts';
import { RegionOps } from './emit.ts';
import { Frame } from './frame.ts';
import { RegionWriter } from './writer.ts';

/** Masks of arithmetic flags, by their bits in RFLAGS. */
export type FlagMask = number;

/** How control leaves an instruction. */
export type Ending = 'next' | 'goto' | 'branch' | 'jump' | 'interpret';

export interface Effects {
  readonly ending: Ending;
  /** The function may leave to the interpreter, with nothing of it done. */
  readonly mayExit: boolean;
  readonly flagsRead: FlagMask;
  /** Written whatever happens. */
  readonly flagsSet: FlagMask;
  /** Written perhaps. */
  readonly flagsTouched: FlagMask;
  /** Registers are written inside an `if`. */
  readonly conditional: boolean;
}

/** By form; and by form and immediates where they decided which way the function went. */
const known = new Map<number, Effects | 'by immediate'>();
const knownByImmediate = new Map<string, Effects>();

/** Of an instruction that is left to the interpreter. */
export const INTERPRET: Effects = {
  ending: 'interpret',
  mayExit: true,
  flagsRead: 0,
  flagsSet: 0,
  flagsTouched: 0,
  conditional: false,
};

export const effectsOf = (i: Instruction): Effects => {
  const key = formKey(i);
  const effects = known.get(key);
  if (effects !== undefined && effects !== 'by immediate') return effects;
  if (effects === undefined) {
    const { result, decided } = probe(i);
    known.set(key, decided ? 'by immediate' : result);
    if (!decided) return result;
  }
  const immediates = i.operands.map((op) => (op.kind === 'imm' ? op.value : '')).join();
  const own = `${key}:${immediates}`;
  let found = knownByImmediate.get(own);
  if (found === undefined) {
    found = probe(i).result;
    knownByImmediate.set(own, found);
  }
  return found;
};

/** `decided`: a condition was constant. */
const probe = (i: Instruction): { result: Effects; decided: boolean } => {
  const f = new RegionWriter(new ModuleWriter(), HANDLER);
  const o = new RegionOps(f, new Frame(f, 0));
  o.begin(i, { flagsWanted: true, conditional: true });
  i.row.semantics(o, o.insn);
  return { result: conclude(i, o.notes), decided: o.notes.decided };
};

const conclude = (i: Instruction, notes: Notes): Effects => {
  if (notes.unsupported || notes.late) return INTERPRET;
  const ending = notes.ending ?? (i.row.ends === true ? 'interpret' : 'next');
  if (ending === 'interpret') return INTERPRET;
  return {
    ending,
    mayExit: notes.mayExit,
    flagsRead: notes.flagsRead,
    flagsSet: notes.flagsSet,
    flagsTouched: notes.flagsTouched,
    conditional: notes.conditional,
  };
};
