/**
 * A row's encoding string, taken apart: `'F3 0F 10 /r'` becomes map 0F, opcode 10, mandatory prefix F3, any ModRM.
 *
 * The notation is that of SDM Vol. 2A, section 3.1.1.1 ("Opcode Column in the Instruction Summary Table"); row.ts lists
 * what rows use of it.
 */

/** Opcode maps. The VEX maps stand four above the legacy map with the same number (VEX.mmmmm). */
export const OPCODE_MAP = { primary: 0, map0F: 1, map0F38: 2, map0F3A: 3, vex0F: 5, vex0F38: 6, vex0F3A: 7 } as const;
export type OpcodeMap = (typeof OPCODE_MAP)[keyof typeof OPCODE_MAP];

/** Which of 66, F3, F2 must stand: `any` does not care, `none` (NP) forbids all three. */
export type MandatoryPrefix = 'any' | 'none' | '66' | 'F3' | 'F2';

export interface Encoding {
  readonly map: OpcodeMap;
  /** The last opcode byte; for `+r` the first of eight. */
  readonly opcode: number;
  /** The opcode's low three bits are a register number. */
  readonly plusRegister: boolean;
  readonly prefix: MandatoryPrefix;
  readonly rexW: 'any' | 0 | 1;
  /** VEX.L: 0 means 128, 1 means 256. Legacy encodings have `any`. */
  readonly vexL: 'any' | 0 | 1;
  readonly hasModrm: boolean;
  /** The row applies when `(modrm & modrmMask) === modrmValue`. `/r` has mask 0. */
  readonly modrmMask: number;
  readonly modrmValue: number;
}

/** Immediates and displacements are told by the operand codes; in the encoding they are there for the reader. */
const SIZES_TOLD_BY_OPERANDS = new Set(['ib', 'iw', 'id', 'io', 'cb', 'cw', 'cd', '/is4']);
const BYTES = new Map(Array.from({ length: 256 }, (_, n) => [n.toString(16).toUpperCase().padStart(2, '0'), n]));
const HEX_BYTE_PLUS = /^([0-9A-F]{2})\+([ri])$/;

const VEX_MAPS: Readonly<Record<string, OpcodeMap>> = {
  '0F': OPCODE_MAP.vex0F,
  '0F38': OPCODE_MAP.vex0F38,
  '0F3A': OPCODE_MAP.vex0F3A,
};

/** Parts of `VEX.128.66.0F.WIG`, in any order after `VEX`. */
const parseVex = (word: string): Pick<Encoding, 'map' | 'prefix' | 'rexW' | 'vexL'> => {
  let map: OpcodeMap | undefined;
  let prefix: MandatoryPrefix = 'none';
  let rexW: Encoding['rexW'] = 'any';
  let vexL: Encoding['vexL'] = 'any';
  for (const part of word.split('.').slice(1)) {
    if (part in VEX_MAPS) map = VEX_MAPS[part];
    else if (part === '66' || part === 'F3' || part === 'F2') prefix = part;
    else if (part === '128' || part === 'LZ' || part === 'L0') vexL = 0;
    else if (part === '256' || part === 'L1') vexL = 1;
    else if (part === 'W0') rexW = 0;
    else if (part === 'W1') rexW = 1;
    else if (part !== 'LIG' && part !== 'WIG' && part !== 'NP' && part !== 'NDS' && part !== 'NDD') {
      throw new Error(`'${part}' in '${word}' is no part of a VEX encoding`);
    }
  }
  if (map === undefined) throw new Error(`'${word}' names no opcode map`);
  return { map, prefix, rexW, vexL };
};

/** Takes an encoding string apart. Throws an Error which quotes the string and says what is wrong with it. */
export const parseEncoding = (text: string): Encoding => {
  const fail = (why: string): never => {
    throw new Error(`encoding '${text}': ${why}`);
  };
  const words = text.split(' ');
  let map: OpcodeMap = OPCODE_MAP.primary;
  let prefix: MandatoryPrefix = 'any';
  let rexW: Encoding['rexW'] = 'any';
  let vexL: Encoding['vexL'] = 'any';
  let opcode = -1;
  let plusRegister = false;
  let hasModrm = false;
  let modrmMask = 0;
  let modrmValue = 0;
  let isVex = false;
  const setModrm = (mask: number, value: number): void => {
    if (hasModrm) fail('two ModRM parts');
    if (opcode < 0) fail('ModRM before the opcode');
    if (plusRegister) fail('a register in the opcode and ModRM');
    hasModrm = true;
    modrmMask = mask;
    modrmValue = value;
  };

  for (let n = 0; n < words.length; n++) {
    const word = words[n]!;
    const byte = BYTES.get(word);
    if (byte !== undefined) {
      if (opcode >= 0) {
        setModrm(0xff, byte);
      } else if (!isVex && map === OPCODE_MAP.primary && (word === '66' || word === 'F2' || word === 'F3')) {
        if (prefix !== 'any') fail('two mandatory prefixes');
        prefix = word;
      } else if (!isVex && map === OPCODE_MAP.primary && byte === 0x0f) {
        map = OPCODE_MAP.map0F;
      } else if (!isVex && map === OPCODE_MAP.map0F && byte === 0x38) {
        map = OPCODE_MAP.map0F38;
      } else if (!isVex && map === OPCODE_MAP.map0F && byte === 0x3a) {
        map = OPCODE_MAP.map0F3A;
      } else {
        opcode = byte;
      }
    } else if (SIZES_TOLD_BY_OPERANDS.has(word)) {
      if (opcode < 0) fail(`'${word}' before the opcode`);
    } else if (word === '/r') {
      setModrm(0, 0);
    } else if (word.length === 2 && word[0] === '/' && word[1]! >= '0' && word[1]! <= '7') {
      setModrm(0x38, Number(word[1]) << 3);
    } else if (word === 'NP') {
      if (prefix !== 'any' || opcode >= 0) fail('misplaced NP');
      prefix = 'none';
    } else if (word === 'REX.W' || word === 'REX.W0') {
      if (rexW !== 'any' || opcode >= 0) fail(`misplaced ${word}`);
      rexW = word === 'REX.W' ? 1 : 0;
    } else if (word.startsWith('VEX.')) {
      if (n > 0) fail('VEX must come first');
      isVex = true;
      ({ map, prefix, rexW, vexL } = parseVex(word));
    } else {
      const match = HEX_BYTE_PLUS.exec(word) ?? fail(`'${word}' is not understood`);
      const first = Number.parseInt(match[1]!, 16);
      if ((first & 7) !== 0) fail(`'${word}' does not start a group of eight`);
      if (opcode >= 0) setModrm(0xf8, first);
      else {
        opcode = first;
        plusRegister = true;
      }
    }
  }
  if (opcode < 0) fail('no opcode');
  return { map, opcode, plusRegister, prefix, rexW, vexL, hasModrm, modrmMask, modrmValue };
};
