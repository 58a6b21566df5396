/**
 * Forms generated beforehand, in one module: nothing in a form depends on the program or the machine. A short run spends most
 * of its time generating forms otherwise.
 */
import { formKey } from '../decode/form.ts';
import type { Instruction } from '../isa/instruction.ts';
import { ModuleWriter } from '../wasm/writer.ts';
import { FIRST_FREE_HANDLER } from './contract.ts';
import { emitForm } from './emit.ts';

/** Good for the very version of the emulator that made it: keys follow the order of the rows. */
export interface PreparedForms {
  /** Keys of the forms, in the order of their functions in the table. */
  readonly keys: readonly number[];
  /** What the module imports besides memory and table. */
  readonly imports: readonly string[];
  /** The module. */
  readonly bytes: Uint8Array;
}

/** Whether its function calls the float runtime, which a program that needs none should not have to make. */
const needsFloatRuntime = (instruction: Instruction): boolean => {
  const m = new ModuleWriter();
  emitForm(m, instruction);
  return m.importNames().some((name) => name.startsWith('float:'));
};

/** The forms of some instructions, each once, but for those that need the float runtime. */
export const prepareForms = (instructions: Iterable<Instruction>): PreparedForms => {
  const m = new ModuleWriter();
  const keys = new Set<number>();
  for (const instruction of instructions) {
    const key = formKey(instruction);
    if (keys.has(key) || needsFloatRuntime(instruction)) continue;
    keys.add(key);
    emitForm(m, instruction);
  }
  m.placeInTable(FIRST_FREE_HANDLER);
  const bytes = m.finish();
  return { keys: [...keys], imports: m.importNames(), bytes };
};
