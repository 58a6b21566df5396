/** The integer instruction set. */
import type { Row } from '../row.ts';
import { carryChains } from './adx.ts';
import { arithmetic } from './arithmetic.ts';
import { atomics } from './atomic.ts';
import { bits } from './bit.ts';
import { bitManipulation } from './bmi.ts';
import { control } from './control.ts';
import { flagControl, nops } from './flags.ts';
import { logic } from './logic.ts';
import { bigEndianMoves } from './movbe.ts';
import { moves } from './move.ts';
import { multiplication } from './multiply.ts';
import { rotates } from './rotate.ts';
import { segments } from './segment.ts';
import { shifts } from './shift.ts';
import { stack } from './stack.ts';
import { strings } from './string.ts';
import { system } from './system.ts';

export const integerRows: readonly Row[] = [
  ...arithmetic,
  ...logic,
  ...moves,
  ...stack,
  ...control,
  ...shifts,
  ...rotates,
  ...multiplication,
  ...strings,
  ...bits,
  ...flagControl,
  ...nops,
  ...atomics,
  ...bitManipulation,
  ...carryChains,
  ...bigEndianMoves,
  ...segments,
  ...system,
];
