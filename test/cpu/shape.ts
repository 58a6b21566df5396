/** What the generator knows of a row: its encoding taken apart, its operand codes read independently of the decoder. */
import { type Encoding, OPCODE_MAP, parseEncoding } from '../../emulator/decode/encoding.ts';
import type { Row } from '../../emulator/isa/row.ts';
import { hashText } from './random.ts';

export type Place = 'reg' | 'rm' | 'opcode' | 'vvvv' | 'is4' | 'immediate' | 'relative' | 'moffs' | 'implicit';
export type RegisterFile = 'general' | 'vector' | 'mmx' | 'st' | 'segment' | 'none';

/** One operand code. */
export interface OperandCode {
  readonly place: Place;
  readonly file: RegisterFile;
  /** Size letters of the SDM's codes: `b`, `v`, `dq`, ... For `Rd/Mb` those of the memory form are in `memorySize`. */
  readonly size: string;
  readonly memorySize: string;
  readonly signExtended: boolean;
}

export interface Shape {
  readonly row: Row;
  /** In capitals, and the first of those which the row gives for different operand sizes (`CBW/CWDE/CDQE`). */
  readonly mnemonic: string;
  readonly encoding: Encoding;
  readonly operands: readonly OperandCode[];
  /** The operands in ModRM.reg, in ModRM.rm and in the opcode. */
  readonly byReg: OperandCode | undefined;
  readonly byRm: OperandCode | undefined;
  readonly byOpcode: OperandCode | undefined;
  readonly byVvvv: OperandCode | undefined;
  readonly isVex: boolean;
  /** It looks at x87 or MMX registers. */
  readonly usesX87: boolean;
  readonly rm: 'either' | 'memory' | 'register' | 'none';
  /** Some operand follows the operand size. */
  readonly sized: boolean;
  /** 32 bits which name the row independently of the others. */
  readonly key: number;
}

const FIXED = /^([re]?(AX|CX|DX|BX|SP|BP|SI|DI)|[ABCD][LH]|R?(AX|CX|DX|BX|SP|BP|SI|DI)|[ECSDFG]S|1|XMM0|ST0)$/;

const parseOperand = (code: string): { operand: OperandCode; need: Shape['rm'] } => {
  const make = (place: Place, file: RegisterFile, need: Shape['rm'], size = code.slice(1)) => ({
    operand: { place, file, size, memorySize: size, signExtended: code === 'Ibs' },
    need,
  });
  if (FIXED.test(code))
    return make('implicit', 'none', 'none', code.startsWith('r') || code.startsWith('e') ? 'v' : '');
  if (code === 'STi') return make('rm', 'st', 'register', 't');
  const vsib = /^vm(32|64)[xy]$/.exec(code);
  if (vsib) return make('rm', 'none', 'memory', vsib[1] === '32' ? 'vm32' : 'vm64');
  const slash = code.indexOf('/');
  if (slash > 0) {
    const register = parseOperand(code.slice(0, slash));
    const memory = parseOperand(code.slice(slash + 1));
    return { operand: { ...register.operand, memorySize: memory.operand.size }, need: 'either' };
  }
  switch (code[0]) {
    case 'E':
      return make('rm', 'general', 'either');
    case 'R':
      return make('rm', 'general', 'register');
    case 'M':
      return make('rm', 'none', 'memory');
    case 'W':
      return make('rm', 'vector', 'either');
    case 'U':
      return make('rm', 'vector', 'register');
    case 'G':
      return make('reg', 'general', 'none');
    case 'V':
      return make('reg', 'vector', 'none');
    case 'P':
      return make('reg', 'mmx', 'none');
    case 'Q':
      return make('rm', 'mmx', 'either');
    case 'N':
      return make('rm', 'mmx', 'register');
    case 'H':
      return make('vvvv', 'vector', 'none');
    case 'B':
      return make('vvvv', 'general', 'none');
    case 'L':
      return make('is4', 'vector', 'none');
    case 'S':
      return make('reg', 'segment', 'none');
    case 'Z':
      return make('opcode', 'general', 'none');
    case 'I':
      return make('immediate', 'none', 'none', code === 'Ibs' ? 'b' : code.slice(1));
    case 'J':
      return make('relative', 'none', 'none');
    case 'O':
      return make('moffs', 'none', 'none');
    case 'X':
    case 'Y':
      return make('implicit', 'none', 'none');
    default:
      throw new Error(`the generator cannot make an operand '${code}'`);
  }
};

const ESCAPE_FIRST = 0xd8;
const ESCAPE_LAST = 0xdf;
const isX87 = ({ mnemonic }: Row, { map, opcode }: Encoding): boolean =>
  (map === OPCODE_MAP.primary && opcode >= ESCAPE_FIRST && opcode <= ESCAPE_LAST) ||
  /^(FWAIT|EMMS|FX(SAVE|RSTOR)|XSAVE|XRSTOR)/.test(mnemonic);

export const keyText = (row: Row): string => `${row.mnemonic} ${row.encoding} ${row.operands}`;

/** Throws an Error for a row of a kind which the generator does not know. */
export const shapeOf = (row: Row): Shape => {
  const encoding = parseEncoding(row.encoding);
  const parsed = row.operands === '' ? [] : row.operands.split(',').map(parseOperand);
  const operands = parsed.map((p) => p.operand);
  const needs = parsed.map((p) => p.need).filter((need) => need !== 'none');
  // A fixed ModRM byte (0F AE E8) is part of the opcode.
  const whole = encoding.hasModrm && encoding.modrmMask === 0xff;
  return {
    row,
    mnemonic: row.mnemonic.toUpperCase().split('/')[0]!,
    encoding,
    operands,
    byReg: operands.find((o) => o.place === 'reg'),
    byRm: operands.find((o) => o.place === 'rm'),
    byOpcode: operands.find((o) => o.place === 'opcode'),
    byVvvv: operands.find((o) => o.place === 'vvvv'),
    isVex: encoding.map >= OPCODE_MAP.vex0F,
    usesX87: isX87(row, encoding) || operands.some((o) => o.file === 'mmx'),
    rm: !encoding.hasModrm || whole ? 'none' : (needs.find((need) => need !== 'either') ?? needs[0] ?? 'register'),
    sized: operands.some((o) => /^[vyz]/.test(o.size)) || row.default64 === true,
    key: hashText(keyText(row)),
  };
};

export type OperandSize = 16 | 32 | 64;

/** Bits of a size letter; `vexL` is VEX.L. */
export const bitsOf = (size: string, operandSize: OperandSize, vexL: number): number => {
  switch (size) {
    case 'b':
      return 8;
    case 'w':
      return 16;
    case 'd':
    case 'ss':
    case 'si':
      return 32;
    case 'q':
    case 'sd':
    case 'pi':
      return 64;
    case 'v':
      return operandSize;
    case 'p':
      return operandSize + 16;
    case 's':
    case 't':
      return 80;
    case 'z':
      return operandSize === 16 ? 16 : 32;
    case 'y':
      return operandSize === 64 ? 64 : 32;
    case 'dq':
      return 128;
    case 'qq':
      return 256;
    case 'x':
    case 'ps':
    case 'pd':
      return vexL === 0 ? 128 : 256;
    case '':
    case 'vm32':
    case 'vm64':
      return 0;
    default:
      throw new Error(`the generator does not know how wide '${size}' is`);
  }
};
