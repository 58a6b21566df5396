/** Why a region was left in the middle, as far as the instruction there tells; for profiles. */
import type { Instruction } from '../isa/instruction.ts';
import { effectsOf } from './effects.ts';

export type ExitCause =
  /** The instructions that were left would not have sufficed until the region asked again. */
  | 'budget'
  /** It accesses memory: a TLB miss, two pages, a page with code, a fault. */
  | 'memory'
  /** A float operation with an operand or a mode that wants more than the plain operation. */
  | 'float'
  /** It is not translated: a system call, a helper, what raises an exception. */
  | 'not translated'
  /** The code behind has not run, or is more than a region may hold. */
  | 'edge of the region';

/** Accesses memory that no operand names. */
const STACK = /^(PUSH|POP|CALL|RET|LEAVE|ENTER)/;

export const accessesMemory = (i: Instruction): boolean =>
  i.operands.some(({ kind }) => kind === 'mem') || i.row.repeats === true || STACK.test(i.row.mnemonic);

/** `remaining`: instructions left in the budget; `longest`: most that a region may need at once. */
export const exitCause = (i: Instruction, remaining: number, longest: number): ExitCause => {
  const effects = effectsOf(i);
  if (effects.ending === 'interpret') return 'not translated';
  if (remaining < longest) return 'budget';
  if (!effects.mayExit) return 'edge of the region';
  return accessesMemory(i) ? 'memory' : 'float';
};
