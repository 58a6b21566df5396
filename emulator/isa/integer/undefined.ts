/**
 * Which flags the manuals leave undefined after an integer instruction (SDM Vol. 2, "Flags Affected"), for
 * comparisons with processors that are not AMD's: what our rows do there is what AMD's do.
 */
import type { FlagName } from '../ops.ts';

/** When the flags are undefined; `count` is the masked count of a shift or rotate, which is never zero here. */
export type UndefinedWhen = 'always' | 'count is not 1' | 'count is the width or more' | 'count exceeds the width';

export interface UndefinedFlags {
  readonly when: UndefinedWhen;
  readonly flags: readonly FlagName[];
}

const always = (...flags: FlagName[]): UndefinedFlags => ({ when: 'always', flags });
const overflow: UndefinedFlags = { when: 'count is not 1', flags: ['of'] };
const exhausted: UndefinedFlags = { when: 'count is the width or more', flags: ['cf'] };
/** The result of a 16-bit double shift by more than 16 is undefined as well. */
const beyond: UndefinedFlags = { when: 'count exceeds the width', flags: ['cf', 'of', 'sf', 'zf', 'af', 'pf'] };

const product = [always('sf', 'zf', 'af', 'pf')];
const quotient = [always('cf', 'of', 'sf', 'zf', 'af', 'pf')];
const scan = [always('cf', 'of', 'sf', 'af', 'pf')];
const bitTest = [always('of', 'sf', 'af', 'pf')];
const zeroCount = [always('of', 'sf', 'af', 'pf')];
const lowestBit = [always('af', 'pf')];
const double = [always('af'), overflow, beyond];

/** By mnemonic. What is not listed leaves no flag undefined. */
export const undefinedFlags: Readonly<Record<string, readonly UndefinedFlags[]>> = {
  AND: [always('af')],
  OR: [always('af')],
  XOR: [always('af')],
  TEST: [always('af')],
  MUL: product,
  IMUL: product,
  DIV: quotient,
  IDIV: quotient,
  SHL: [always('af'), overflow, exhausted],
  SHR: [always('af'), overflow, exhausted],
  SAR: [always('af')],
  ROL: [overflow],
  ROR: [overflow],
  RCL: [overflow],
  RCR: [overflow],
  SHLD: double,
  SHRD: double,
  BSF: scan,
  BSR: scan,
  TZCNT: zeroCount,
  LZCNT: zeroCount,
  ANDN: lowestBit,
  BLSI: lowestBit,
  BLSR: lowestBit,
  BLSMSK: lowestBit,
  BZHI: lowestBit,
  BEXTR: [always('sf', 'af', 'pf')],
  BT: bitTest,
  BTS: bitTest,
  BTR: bitTest,
  BTC: bitTest,
};
