/** What the integer families share: widths, sign-extended sources, the eight classic encodings, condition names. */
import type { Operand, Width } from '../instruction.ts';
import type { Ops } from '../ops.ts';
import { type Row, type RowOptions, row, type Semantics } from '../row.ts';

/** Two hexadecimal digits, as encodings want them. */
export const hex = (byte: number): string => byte.toString(16).toUpperCase().padStart(2, '0');

/** Width of an operand of an integer instruction; anything else is a mistake in a row. */
export const widthOf = (op: Operand): Width => {
  const w = op.width;
  if (w !== 8 && w !== 16 && w !== 32 && w !== 64) throw new Error(`operand of ${w} bits in an integer instruction`);
  return w;
};

/** The n-th operand; a row whose function asks for more operands than it declares is a mistake. */
export const operand = (operands: readonly Operand[], n: number): Operand => {
  const op = operands[n];
  if (!op) throw new Error(`no operand ${n}`);
  return op;
};

/** Reads a source as `w` bits: narrower ones (immediates of 8 or 32 bits) are sign-extended. */
export const readAs = <V, C, X>(o: Ops<V, C, X>, op: Operand, w: Width): V => {
  const from = widthOf(op);
  const value = o.read(op);
  return from === w ? value : o.signExtend(from, w, value);
};

/** Zero-extends or truncates, or does nothing. */
export const resize = <V, C, X>(o: Ops<V, C, X>, from: Width, to: Width, value: V): V => {
  if (from === to) return value;
  return from < to ? o.zeroExtend(from, to, value) : o.truncate(from, to, value);
};

/**
 * The encodings that ADD, OR, ADC, SBB, AND, SUB, XOR and CMP share: `n` is the instruction's number among them, which
 * gives both the first opcode byte and the ModRM extension of group 1 (SDM Vol. 2D, table A-6).
 */
export const arithmeticRows = (n: number, mnemonic: string, semantics: Semantics, options: RowOptions = {}): Row[] => {
  const first = n * 8;
  return [
    row(`${hex(first)} /r`, mnemonic, 'Eb,Gb', semantics, options),
    row(`${hex(first + 1)} /r`, mnemonic, 'Ev,Gv', semantics, options),
    row(`${hex(first + 2)} /r`, mnemonic, 'Gb,Eb', semantics),
    row(`${hex(first + 3)} /r`, mnemonic, 'Gv,Ev', semantics),
    row(hex(first + 4), mnemonic, 'AL,Ib', semantics),
    row(hex(first + 5), mnemonic, 'rAX,Iz', semantics),
    row(`80 /${n}`, mnemonic, 'Eb,Ib', semantics, options),
    row(`81 /${n}`, mnemonic, 'Ev,Iz', semantics, options),
    row(`83 /${n}`, mnemonic, 'Ev,Ibs', semantics, options),
  ];
};

/**
 * Suffixes of Jcc, SETcc and CMOVcc by condition code (SDM Vol. 2D, B.1.4.7), in the spelling of most disassemblers.
 */
export const CONDITIONS = [
  ...['O', 'NO', 'B', 'AE', 'E', 'NE', 'BE', 'A'],
  ...['S', 'NS', 'P', 'NP', 'L', 'GE', 'LE', 'G'],
] as const;

/** Bytes in the opposite order. */
export const reverseBytes = <V, C, X>(o: Ops<V, C, X>, w: Width, a: V): V => {
  const n8 = o.int(w, 8);
  if (w === 8) return a;
  if (w === 16) return o.or(w, o.shrU(w, a, n8), o.shl(w, a, n8));
  const evenBytes = o.int(w, w === 32 ? 0x00ff00ff : 0x00ff00ff_00ff00ffn);
  const pairs = o.or(w, o.and(w, o.shrU(w, a, n8), evenBytes), o.shl(w, o.and(w, a, evenBytes), n8));
  if (w === 32) return o.rotl(32, pairs, o.int(32, 16));
  const n16 = o.int(w, 16);
  const evenWords = o.int(w, 0x0000ffff_0000ffffn);
  const quads = o.or(w, o.and(w, o.shrU(w, pairs, n16), evenWords), o.shl(w, o.and(w, pairs, evenWords), n16));
  return o.rotl(64, quads, o.int(64, 32));
};
