/**
 * Operand codes (SDM Vol. 2D, appendix A.2) turned into what the decoder follows: where an operand comes from, and for
 * every combination of sizes its width and its ready-made register operands.
 *
 * Sizes are looked up by a size index: 0, 1, 2 for an operand size of 16, 32, 64, plus 3 when VEX.L is set.
 */
import type {
  FpuOperand,
  ImmediateOperand,
  Operand,
  RegisterOperand,
  SegmentOperand,
  VectorOperand,
  Width,
} from '../isa/instruction.ts';

/** Where an operand comes from. */
export const SOURCE = {
  /** ModRM.reg. */
  reg: 0,
  /** ModRM.rm, a register or memory by ModRM.mod. */
  rm: 1,
  /** Low three bits of the opcode. */
  opcode: 2,
  /** Nowhere: it is the same in every instruction of the row. */
  fixed: 3,
  immediate: 4,
  /** An immediate relative to the next instruction. */
  relative: 5,
  /** An absolute address in the place of an immediate. */
  moffs: 6,
  /** [rSI] with segment override. */
  stringSource: 7,
  /** [rDI], always in ES. */
  stringDestination: 8,
  /** VEX.vvvv. */
  vvvv: 9,
  /** Bits 7:4 of an immediate byte. */
  is4: 10,
  /** ModRM.rm with a SIB byte whose index is a vector register. */
  vsib: 11,
} as const;
export type Source = (typeof SOURCE)[keyof typeof SOURCE];

export type RegisterTable = readonly (Operand | undefined)[];

export interface OperandSpec {
  readonly source: Source;
  /** Width in bits (of memory, immediates) by size index. */
  readonly widths: readonly number[];
  /** Registers by size index, then by number; a number without entry is an invalid instruction. */
  readonly registers: readonly RegisterTable[];
  /** The same for an instruction without REX, where 4..7 of the byte registers are AH, CH, DH, BH. */
  readonly registersWithoutRex: readonly RegisterTable[];
  /** 7 where REX does not extend the register number (segments, MMX, x87), else 15. */
  readonly registerMask: number;
  /** Bytes of the immediate by size index. */
  readonly immediateBytes: readonly number[];
  readonly signExtend: boolean;
  /** Width of the index register, for `vsib`. */
  readonly vsib?: 128 | 256;
  /** The operand itself by size index, for `fixed`. */
  readonly fixed: readonly Operand[];
}

/** What ModRM.mod an operand insists on. */
export type ModrmNeed = 'either' | 'memory' | 'register';

export interface OperandList {
  readonly specs: readonly OperandSpec[];
  readonly need: ModrmNeed;
  /** Bytes of all immediates together, by size index; moffs come on top. */
  readonly immediateBytes: readonly number[];
  readonly hasMoffs: boolean;
  /** Whether an operand comes from VEX.vvvv. */
  readonly hasVvvv: boolean;
}

const OPERAND_SIZES = [16, 32, 64, 16, 32, 64] as const;

type WidthRule = (operandSize: 16 | 32 | 64, vexL: number) => number;
const constant =
  (width: number): WidthRule =>
  () =>
    width;
const byVexL: WidthRule = (_, vexL) => (vexL === 0 ? 128 : 256);

const WIDTH_RULES: Readonly<Record<string, WidthRule>> = {
  '': constant(0),
  b: constant(8),
  w: constant(16),
  d: constant(32),
  q: constant(64),
  v: (size) => size,
  z: (size) => (size === 16 ? 16 : 32),
  y: (size) => (size === 64 ? 64 : 32),
  /** Far pointer in memory: an offset of the operand size and a selector. */
  p: (size) => size + 16,
  /** Descriptor-table register image: limit and base. */
  s: constant(80),
  /** x87 extended and packed BCD. */
  t: constant(80),
  dq: constant(128),
  qq: constant(256),
  x: byVexL,
  ps: byVexL,
  pd: byVexL,
  ss: constant(32),
  sd: constant(64),
  si: constant(32),
  pi: constant(64),
};

const perSize = <T>(f: (operandSize: 16 | 32 | 64, vexL: number) => T): T[] =>
  OPERAND_SIZES.map((size, index) => f(size, index < 3 ? 0 : 1));

const range = <T>(count: number, f: (n: number) => T): T[] => Array.from({ length: count }, (_, n) => f(n));

const generalRegister = (width: Width, register: number, high = false): RegisterOperand => ({
  kind: 'reg',
  width,
  register,
  high,
});

const generalRegisters = {
  8: range(16, (n) => generalRegister(8, n)),
  16: range(16, (n) => generalRegister(16, n)),
  32: range(16, (n) => generalRegister(32, n)),
  64: range(16, (n) => generalRegister(64, n)),
} as const;
const byteRegistersWithoutRex = range(16, (n) =>
  n >= 4 && n < 8 ? generalRegister(8, n - 4, true) : generalRegisters[8][n]!,
);

const isWidth = (width: number): width is Width => width === 8 || width === 16 || width === 32 || width === 64;

const vectorTables = new Map<number, readonly VectorOperand[]>();
const vectorRegisters = (width: number): readonly VectorOperand[] => {
  let table = vectorTables.get(width);
  if (!table) {
    table = range(16, (register): VectorOperand => ({ kind: 'vector', width, register }));
    vectorTables.set(width, table);
  }
  return table;
};

const fpuRegisters = (kind: 'st' | 'mmx', width: number): FpuOperand[] =>
  range(8, (register) => ({ kind, width, register }));

const segmentRegisters = range(6, (register): SegmentOperand => ({ kind: 'segment', width: 16, register }));
const CS = 1;
/** CS cannot be loaded by MOV: #UD. */
const loadableSegments = segmentRegisters.map((segment) => (segment.register === CS ? undefined : segment));

const NONE: readonly never[] = [];
const emptySpec: OperandSpec = {
  source: SOURCE.fixed,
  widths: perSize(() => 0),
  registers: NONE,
  registersWithoutRex: NONE,
  registerMask: 15,
  immediateBytes: perSize(() => 0),
  signExtend: false,
  fixed: NONE,
};

const imm8One: ImmediateOperand = { kind: 'imm', width: 8, value: 1n };
const LEGACY_NAMES = ['AX', 'CX', 'DX', 'BX', 'SP', 'BP', 'SI', 'DI'];
const BYTE_NAMES = ['AL', 'CL', 'DL', 'BL', 'AH', 'CH', 'DH', 'BH'];
const SEGMENT_NAMES = ['ES', 'CS', 'SS', 'DS', 'FS', 'GS'];

/** Registers and numbers written by name; undefined for anything else. */
const parseFixed = (code: string): OperandSpec | undefined => {
  const always = (operand: Operand): OperandSpec => ({ ...emptySpec, fixed: perSize(() => operand) });
  if (code === '1') return always(imm8One);
  if (code === 'ST0') return always({ kind: 'st', width: 80, register: 0 });
  if (code === 'XMM0') return always(vectorRegisters(128)[0]!);
  const byte = BYTE_NAMES.indexOf(code);
  if (byte >= 0) return always(byteRegistersWithoutRex[byte]!);
  const segment = SEGMENT_NAMES.indexOf(code);
  if (segment >= 0) return always(segmentRegisters[segment]!);
  const word = LEGACY_NAMES.indexOf(code);
  if (word >= 0) return always(generalRegisters[16][word]!);
  const named = LEGACY_NAMES.indexOf(code.slice(1));
  if (named < 0) return undefined;
  switch (code[0]) {
    case 'E':
      return always(generalRegisters[32][named]!);
    case 'R':
      return always(generalRegisters[64][named]!);
    case 'e': // 16 or 32 bits (appendix A.2.3)
      return { ...emptySpec, fixed: perSize((size) => generalRegisters[size === 16 ? 16 : 32][named]!) };
    case 'r':
      return { ...emptySpec, fixed: perSize((size) => generalRegisters[size][named]!) };
    default:
      return undefined;
  }
};

const general = (rule: WidthRule): Partial<OperandSpec> => {
  const tables = perSize((size, vexL) => {
    const width = rule(size, vexL);
    if (!isWidth(width)) throw new Error('a general register cannot be that wide');
    return width;
  });
  return {
    registers: tables.map((width) => generalRegisters[width]),
    registersWithoutRex: tables.map((width) => (width === 8 ? byteRegistersWithoutRex : generalRegisters[width])),
  };
};
const oneTable = (tables: RegisterTable[]): Partial<OperandSpec> => ({
  registers: tables,
  registersWithoutRex: tables,
});
const vectors = (rule: WidthRule): Partial<OperandSpec> =>
  oneTable(perSize((size, vexL) => vectorRegisters(rule(size, vexL))));
const fpu = (kind: 'st' | 'mmx', rule: WidthRule): Partial<OperandSpec> => ({
  ...oneTable(perSize((size, vexL) => fpuRegisters(kind, rule(size, vexL)))),
  registerMask: 7,
});

/** Bytes that an immediate of this width takes: never more than four but for `MOV r64, imm64` and Iq. */
const immediateSpec = (code: string, size: string, rule: WidthRule): OperandSpec => {
  const widths = perSize(rule);
  if (code.endsWith('s') && size === 'b') {
    return {
      ...emptySpec,
      source: SOURCE.immediate,
      widths: perSize((s) => s),
      immediateBytes: perSize(() => 1),
      signExtend: true,
    };
  }
  // Iz: 16 or 32 bits in the instruction, sign-extended to the operand size.
  const wide = size === 'z' ? perSize((s) => s) : widths;
  return {
    ...emptySpec,
    source: SOURCE.immediate,
    widths: wide,
    immediateBytes: widths.map((width) => width / 8),
    signExtend: size === 'z',
  };
};

interface ParsedOperand {
  readonly spec: OperandSpec;
  readonly need: ModrmNeed;
}

const parseOne = (code: string, isDestination: boolean): ParsedOperand => {
  const fixed = parseFixed(code);
  if (fixed) return { spec: fixed, need: 'either' };
  if (code === 'STi') {
    return { spec: { ...emptySpec, source: SOURCE.rm, ...fpu('st', constant(80)) }, need: 'register' };
  }

  // A gather's memory: elements of 32 or 64 bits by VEX.W, an index vector of 128 (x) or 256 (y) bits.
  const vsib = /^vm(?:32|64)([xy])$/.exec(code);
  if (vsib) {
    const widths = perSize(WIDTH_RULES.y!);
    return { spec: { ...emptySpec, source: SOURCE.vsib, widths, vsib: vsib[1] === 'x' ? 128 : 256 }, need: 'memory' };
  }

  const slash = code.indexOf('/');
  if (slash > 0) {
    // `Rd/Mb`: a register of one width or memory of another.
    const register = parseOne(code.slice(0, slash), isDestination);
    const memory = parseOne(code.slice(slash + 1), isDestination);
    if (register.need !== 'register' || memory.need !== 'memory')
      throw new Error(`operand code '${code}' is not understood`);
    return { spec: { ...register.spec, widths: memory.spec.widths }, need: 'either' };
  }

  const where = code[0]!;
  const size = where === 'I' && code === 'Ibs' ? 'b' : code.slice(1);
  const rule = WIDTH_RULES[size];
  if (!rule || (size === '' && where !== 'M')) throw new Error(`operand code '${code}' is not understood`);
  const from = (source: Source, more: Partial<OperandSpec>, need: ModrmNeed = 'either') => ({
    spec: { ...emptySpec, source, widths: perSize(rule), ...more },
    need,
  });
  switch (where) {
    case 'E':
      return from(SOURCE.rm, general(rule));
    case 'R':
      return from(SOURCE.rm, general(rule), 'register');
    case 'M':
      return from(SOURCE.rm, {}, 'memory');
    case 'W':
      return from(SOURCE.rm, vectors(rule));
    case 'U':
      return from(SOURCE.rm, vectors(rule), 'register');
    case 'Q':
      return from(SOURCE.rm, fpu('mmx', rule));
    case 'N':
      return from(SOURCE.rm, fpu('mmx', rule), 'register');
    case 'G':
      return from(SOURCE.reg, general(rule));
    case 'V':
      return from(SOURCE.reg, vectors(rule));
    case 'P':
      return from(SOURCE.reg, fpu('mmx', rule));
    case 'S':
      return from(SOURCE.reg, {
        ...oneTable(perSize(() => (isDestination ? loadableSegments : segmentRegisters))),
        registerMask: 7,
      });
    case 'Z':
      return from(SOURCE.opcode, general(rule));
    case 'H':
      return from(SOURCE.vvvv, vectors(rule));
    case 'B':
      return from(SOURCE.vvvv, general(rule));
    case 'L':
      return from(SOURCE.is4, { ...vectors(rule), immediateBytes: perSize(() => 1) });
    case 'I':
      return { spec: immediateSpec(code, size, rule), need: 'either' };
    case 'J':
      return from(SOURCE.relative, { immediateBytes: perSize((s, vexL) => rule(s, vexL) / 8) });
    case 'O':
      return from(SOURCE.moffs, {});
    case 'X':
      return from(SOURCE.stringSource, {});
    case 'Y':
      return from(SOURCE.stringDestination, {});
    default:
      throw new Error(`operand code '${code}' is not understood`);
  }
};

/** The few dozen codes stand in a thousand rows. */
const known = { destination: new Map<string, ParsedOperand>(), other: new Map<string, ParsedOperand>() };
const parseOnce = (code: string, isDestination: boolean): ParsedOperand => {
  const cache = isDestination ? known.destination : known.other;
  let parsed = cache.get(code);
  if (!parsed) cache.set(code, (parsed = parseOne(code, isDestination)));
  return parsed;
};

/** The operand codes of a row. Throws an Error that quotes the code which is not understood. */
export const parseOperands = (codes: string): OperandList => {
  const parsed = codes === '' ? [] : codes.split(',').map((code, index) => parseOnce(code, index === 0));
  const needs = new Set(parsed.map((p) => p.need).filter((need) => need !== 'either'));
  if (needs.size > 1) throw new Error(`operands '${codes}' want ModRM to be memory and a register`);
  const specs = parsed.map((p) => p.spec);
  return {
    specs,
    need: [...needs][0] ?? 'either',
    immediateBytes: perSize(() => 0).map((_, index) =>
      specs.reduce((sum, spec) => sum + (spec.immediateBytes[index] ?? 0), 0),
    ),
    hasMoffs: specs.some((spec) => spec.source === SOURCE.moffs),
    hasVvvv: specs.some((spec) => spec.source === SOURCE.vvvv),
  };
};
