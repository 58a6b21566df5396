/**
 * A row of the instruction set: encoding in Intel's notation, mnemonic, operand codes, meaning.
 *
 * Encodings are written as in the SDM's instruction pages, in hexadecimal bytes and these words:
 *
 *   '00 /r'  '83 /0 ib'  '0F AF /r'  '50+r'  'E8 cd'  'F3 0F 10 /r'  '66 0F 6F /r'  'NP 0F 10 /r'  'REX.W 0F C7 /1'
 *   '0F 01 D0' (a fixed ModRM byte)  'VEX.128.66.0F.WIG FE /r'
 *
 * A leading 66, F2 or F3 before 0F is a mandatory prefix; NP means none of them may stand. `REX.W` / `REX.W0` restrict by
 * REX.W. Immediates (ib iw id io cb cd) need not be written: operand codes tell them.
 *
 * Operand codes are those of the SDM's opcode map (Vol. 2D, appendix A.2): a letter for where (E G M R I J O V W U L S H B P
 * Q N X Y Z) and one for how wide (b w d q v z y dq x ps pd ss sd s), fixed registers by name (AL eAX rAX CL DX 1), and `Zv`
 * for the register in the opcode's low three bits. A suffix `s` on Ib (`Ibs`) sign-extends it to the operand size.
 * `vm32x`, `vm64y` and so on are memory with a vector of indices (SDM Vol. 2A, 2.3.12), elements as wide as VEX.W says.
 */
import type { Feature } from './features.ts';
import type { Instruction } from './instruction.ts';
import type { Ops } from './ops.ts';

export type Semantics = <V, C, X>(o: Ops<V, C, X>, i: Instruction) => void;

export interface RowOptions {
  /** The extension that must be announced in CPUID; none for the baseline. AES with VEX needs AES and AVX, so there may be two. */
  readonly feature?: Feature | readonly Feature[];
  /** May carry LOCK when the destination is memory. */
  readonly lock?: boolean;
  /** Control does not simply go on: a jump, a call, a trap, or something after which the executor must look around. */
  readonly ends?: boolean;
  /** Operand size is 64 in 64-bit mode even without REX.W (near branches, PUSH, POP). */
  readonly default64?: boolean;
  /** Operand size is always 64, whatever the prefixes (near branches on Intel ignore 66). */
  readonly force64?: boolean;
  /** F2/F3 mean REP: the decoder sets `repeat`. */
  readonly repeats?: boolean;
  /** The immediate's value is part of the form, so the function may read it (shuffles, comparison predicates). */
  readonly immediateInForm?: boolean;
}

export interface Row extends RowOptions {
  readonly encoding: string;
  /** Where the name follows the operand size, the names for 16, 32 and 64 bits: `CBW/CWDE/CDQE`, `PUSHF/PUSHFQ`. */
  readonly mnemonic: string;
  /** Operand codes in Intel's order, destination first; '' for none. */
  readonly operands: string;
  readonly semantics: Semantics;
  /** Where it stands in `rows`, given by the table. */
  id: number;
}

/** One row. `operands` is a comma-separated list without spaces. */
export const row = (
  encoding: string,
  mnemonic: string,
  operands: string,
  semantics: Semantics,
  options: RowOptions = {},
): Row => ({ encoding, mnemonic, operands, semantics, id: -1, ...options });
