/**
 * The text of an instruction in Intel's syntax, in the style of capstone: `mov dword ptr [rax + rcx*4 - 8], 0x10`.
 * For logs and error messages; nothing is decided by it.
 */
import {
  type ImmediateOperand,
  type Instruction,
  type MemoryOperand,
  nextAddress,
  type Operand,
  type Width,
} from '../isa/instruction.ts';

const LEGACY = ['ax', 'cx', 'dx', 'bx', 'sp', 'bp', 'si', 'di'];
const LOW_BYTES = ['al', 'cl', 'dl', 'bl', 'spl', 'bpl', 'sil', 'dil'];
const HIGH_BYTES = ['ah', 'ch', 'dh', 'bh'];
const SEGMENTS = ['es', 'cs', 'ss', 'ds', 'fs', 'gs'];
const NUMBERED_SUFFIX: Readonly<Record<Width, string>> = { 8: 'b', 16: 'w', 32: 'd', 64: '' };
const LEGACY_PREFIX: Readonly<Record<16 | 32 | 64, string>> = { 16: '', 32: 'e', 64: 'r' };

/** `eax`, `r8b`, `ah`. */
export const registerName = (width: Width, register: number, high = false): string => {
  if (high) return HIGH_BYTES[register]!;
  if (register >= 8) return `r${register}${NUMBERED_SUFFIX[width]}`;
  return width === 8 ? LOW_BYTES[register]! : LEGACY_PREFIX[width] + LEGACY[register]!;
};

const SIZE_NAMES: Readonly<Record<number, string>> = {
  8: 'byte ptr ',
  16: 'word ptr ',
  32: 'dword ptr ',
  48: 'fword ptr ',
  64: 'qword ptr ',
  80: 'xword ptr ',
  128: 'xmmword ptr ',
  256: 'ymmword ptr ',
};

/** Decimal up to 9, hexadecimal above. */
const number = (value: bigint): string => (value <= 9n ? value.toString() : `0x${value.toString(16)}`);

const BITWISE = new Set(['mov', 'and', 'or', 'xor', 'test']);

/**
 * Negative immediates get a sign where a reader thinks of a number: 64 bits wide, or of 16 or 32 bits and small enough
 * to have been a sign-extended byte; not where he thinks of a bit pattern.
 */
const describeImmediate = (i: Instruction, op: ImmediateOperand): string => {
  const signed = BigInt.asIntN(op.width, op.value);
  const hasSign =
    signed < 0n &&
    (op.width === 64 || (op.width !== 8 && signed >= -128n)) &&
    !BITWISE.has(i.row.mnemonic.toLowerCase());
  return hasSign ? `-${number(-signed)}` : number(op.value);
};

const describeMemory = (i: Instruction, op: MemoryOperand): string => {
  const terms: string[] = [];
  let displacement = op.displacement;
  if (op.ripRelative) {
    terms.push(op.addressSize === 64 ? 'rip' : 'eip');
    displacement = BigInt.asIntN(op.addressSize, displacement - BigInt(nextAddress(i)));
  }
  if (op.base >= 0) terms.push(registerName(op.addressSize, op.base));
  if (op.index >= 0) {
    const vector = op.vsib === undefined ? '' : `${op.vsib === 256 ? 'ymm' : 'xmm'}${op.index}`;
    const index = vector || registerName(op.addressSize, op.index);
    terms.push(op.scale === 1 ? index : `${index}*${op.scale}`);
  }
  let address = terms.join(' + ');
  if (terms.length === 0) address = number(BigInt.asUintN(op.addressSize, displacement));
  else if (displacement > 0n) address += ` + ${number(displacement)}`;
  else if (displacement < 0n) address += ` - ${number(-displacement)}`;
  return `${SIZE_NAMES[op.width] ?? ''}${op.segment === 'none' ? '' : `${op.segment}:`}[${address}]`;
};

/** The text of one operand of `i`. */
export const describeOperand = (i: Instruction, op: Operand): string => {
  switch (op.kind) {
    case 'reg':
      return registerName(op.width, op.register, op.high);
    case 'vector':
      return `${op.width === 256 ? 'ymm' : 'xmm'}${op.register}`;
    case 'st':
      return `st(${op.register})`;
    case 'mmx':
      return `mm${op.register}`;
    case 'segment':
      return SEGMENTS[op.register]!;
    case 'mem':
      return describeMemory(i, op);
    case 'imm':
      return describeImmediate(i, op);
    case 'target':
      return number(op.value);
  }
};

/**
 * Rows whose name follows the operand size list the names with slashes: `CBW/CWDE/CDQE` for 16, 32 and 64 bits,
 * `PUSHF/PUSHFQ` for 16 and 64.
 */
const nameBySize = (i: Instruction): string => {
  const names = i.row.mnemonic.split('/');
  if (i.operandSize === 16) return names[0]!;
  return i.operandSize === 32 && names.length > 2 ? names[1]! : names.at(-1)!;
};

/** The mnemonic with its prefixes: `lock cmpxchg`, `rep stosq`, `repe cmpsb`. */
export const describeMnemonic = (i: Instruction): string => {
  const name = nameBySize(i).toLowerCase();
  const lock = i.lock ? 'lock ' : '';
  if (i.repeat === 'none') return lock + name;
  const comparesToo = name.startsWith('cmps') || name.startsWith('scas');
  return `${lock}${i.repeat === 'rep' && comparesToo ? 'repe' : i.repeat} ${name}`;
};

/** The whole instruction. */
export const describe = (i: Instruction): string => {
  const operands = i.operands.map((op) => describeOperand(i, op)).join(', ');
  return operands === '' ? describeMnemonic(i) : `${describeMnemonic(i)} ${operands}`;
};
