/** Flags which the manuals leave undefined after an instruction: another processor than ours may set them otherwise. */
import { RFLAGS } from '../../emulator/api.ts';
import type { Case } from './case.ts';
import type { Shape } from './shape.ts';

const { CF, PF, AF, ZF, SF, OF } = RFLAGS;

/** By mnemonic, as the instruction pages of SDM Vol. 2 have it under "Flags Affected". */
const UNDEFINED: Readonly<Record<string, number>> = {
  AND: AF,
  OR: AF,
  XOR: AF,
  TEST: AF,
  MUL: SF | ZF | AF | PF,
  IMUL: SF | ZF | AF | PF,
  DIV: CF | OF | SF | ZF | AF | PF,
  IDIV: CF | OF | SF | ZF | AF | PF,
  BSF: CF | OF | SF | AF | PF,
  BSR: CF | OF | SF | AF | PF,
  BT: OF | SF | AF | PF,
  BTS: OF | SF | AF | PF,
  BTR: OF | SF | AF | PF,
  BTC: OF | SF | AF | PF,
  // CF where the count exceeds the operand, OF where it is not one.
  SHL: CF | OF | AF,
  SAL: CF | OF | AF,
  SHR: CF | OF | AF,
  SAR: AF | OF,
  ROL: OF,
  ROR: OF,
  RCL: OF,
  RCR: OF,
  SHLD: CF | OF | AF | SF | ZF | PF,
  SHRD: CF | OF | AF | SF | ZF | PF,
};

/** RFLAGS bits not to be compared for a case. */
export const undefinedFlags = (shape: Shape, _: Case): number => UNDEFINED[shape.mnemonic] ?? 0;
