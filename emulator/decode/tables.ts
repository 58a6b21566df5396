/**
 * The opcode maps: for a map and an opcode byte, the rows that may apply, the most specific first.
 *
 * Encodings are taken apart when the tables are built; the operand codes of an opcode's rows only when that opcode is
 * first met, so that starting costs little however many rows there are.
 *
 * Which row applies depends on five bits of context besides ModRM, together a number 0..31 (`contextOf`). Every
 * candidate has a mask of the contexts it accepts, so choosing is one shift and one comparison of ModRM per candidate.
 */
import type { Row } from '../isa/row.ts';
import { type Encoding, OPCODE_MAP, parseEncoding } from './encoding.ts';
import { type OperandList, parseOperands } from './operands.ts';

/** The prefix that counts for choosing a row: F2 and F3 before 66 (SDM Vol. 2A, 2.1.2). */
export const PREFIX_CONTEXT = { none: 0, '66': 1, F3: 2, F2: 3 } as const;

/**
 * `last` is VEX.L in the VEX maps; elsewhere REX.B, which tells NOP (90) from XCHG R8, RAX (41 90).
 */
export const contextOf = (prefix: number, rexW: number, registerForm: number, last: number): number =>
  prefix | (rexW << 2) | (registerForm << 3) | (last << 4);

export interface Candidate {
  readonly row: Row;
  readonly encoding: Encoding;
  readonly operands: OperandList;
  /** Bit `contextOf(...)` is set where the row applies. */
  readonly contexts: number;
  readonly modrmMask: number;
  readonly modrmValue: number;
  /** 66 is part of the encoding and no operand-size prefix. */
  readonly consumes66: boolean;
}

/** All rows of one opcode. */
export interface Slot {
  readonly hasModrm: boolean;
  readonly rows: readonly { readonly row: Row; readonly encoding: Encoding }[];
  /** Undefined until the opcode is first met. */
  candidates: readonly Candidate[] | undefined;
}

/** By `map << 8 | opcode`. */
export type OpcodeTables = readonly (Slot | undefined)[];

const inRow = <T>(row: Row, f: () => T): T => {
  try {
    return f();
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new Error(`row '${row.encoding}' ${row.mnemonic} '${row.operands}': ${why}`);
  }
};

/** Sorts the rows into their opcodes. Throws an Error naming the row for an encoding that is not understood. */
export const buildTables = (rows: readonly Row[]): OpcodeTables => {
  const slots: ({ hasModrm: boolean; rows: { row: Row; encoding: Encoding }[]; candidates: undefined } | undefined)[] =
    new Array((OPCODE_MAP.vex0F3A + 1) << 8).fill(undefined);
  for (const row of rows) {
    inRow(row, () => {
      const encoding = parseEncoding(row.encoding);
      const last = encoding.opcode + (encoding.plusRegister ? 7 : 0);
      for (let opcode = encoding.opcode; opcode <= last; opcode++) {
        const slot = (slots[(encoding.map << 8) | opcode] ??= {
          hasModrm: encoding.hasModrm,
          rows: [],
          candidates: undefined,
        });
        if (slot.hasModrm !== encoding.hasModrm) throw new Error('another row of this opcode disagrees about ModRM');
        slot.rows.push({ row, encoding });
      }
    });
  }
  return slots;
};

const acceptsPrefix = (encoding: Encoding, prefix: number): boolean => {
  switch (encoding.prefix) {
    case 'any':
      return true;
    case 'none':
      return prefix === PREFIX_CONTEXT.none;
    default:
      return prefix === PREFIX_CONTEXT[encoding.prefix];
  }
};

const contextsOf = (encoding: Encoding, need: OperandList['need'], yieldsToRexB: boolean): number => {
  const isVex = encoding.map >= OPCODE_MAP.vex0F;
  let contexts = 0;
  for (let context = 0; context < 32; context++) {
    const rexW = (context >> 2) & 1;
    const isRegister = ((context >> 3) & 1) === 1;
    const last = context >> 4;
    const accepted =
      acceptsPrefix(encoding, context & 3) &&
      (encoding.rexW === 'any' || encoding.rexW === rexW) &&
      (need === 'either' || (need === 'register') === isRegister) &&
      (isVex ? encoding.vexL === 'any' || encoding.vexL === last : !(yieldsToRexB && last === 1));
    if (accepted) contexts |= 1 << context;
  }
  return contexts;
};

const bitCount = (mask: number): number => {
  let count = 0;
  for (let bits = mask; bits !== 0; bits &= bits - 1) count++;
  return count;
};

/**
 * More fixed ModRM bits, then fewer accepted contexts. A row for any prefix stands behind those with a prefix of their
 * own even when it is stricter in another way.
 */
const bySpecificity = (a: Candidate, b: Candidate): number =>
  Number(a.encoding.prefix === 'any') - Number(b.encoding.prefix === 'any') ||
  bitCount(b.modrmMask) - bitCount(a.modrmMask) ||
  bitCount(a.contexts) - bitCount(b.contexts);

const rejectTwins = (candidates: readonly Candidate[]): void => {
  for (let n = 0; n < candidates.length; n++) {
    const a = candidates[n]!;
    for (let m = n + 1; m < candidates.length; m++) {
      const b = candidates[m]!;
      if (a.contexts === b.contexts && a.modrmMask === b.modrmMask && a.modrmValue === b.modrmValue) {
        inRow(a.row, () => {
          throw new Error(`stands for the same bytes as row '${b.row.encoding}' ${b.row.mnemonic} '${b.row.operands}'`);
        });
      }
    }
  }
};

/** The candidates of a slot, made on first use. Throws an Error naming the row when operand codes are not understood. */
export const candidatesOf = (slot: Slot): readonly Candidate[] => {
  if (slot.candidates) return slot.candidates;
  const hasPlusRegister = slot.rows.some(({ encoding }) => encoding.plusRegister);
  const candidates = slot.rows.map(({ row, encoding }): Candidate => {
    const operands = inRow(row, () => parseOperands(row.operands));
    return {
      row,
      encoding,
      operands,
      contexts: contextsOf(encoding, operands.need, hasPlusRegister && !encoding.plusRegister),
      modrmMask: encoding.modrmMask,
      modrmValue: encoding.modrmValue,
      consumes66: encoding.prefix === '66',
    };
  });
  candidates.sort(bySpecificity);
  rejectTwins(candidates);
  slot.candidates = candidates;
  return candidates;
};

/** Takes apart every row, so that a mistake in one that is never met is found too. */
export const checkTables = (tables: OpcodeTables): void => {
  for (const slot of tables) if (slot) candidatesOf(slot);
};
