/**
 * The opcode space, enumerated without asking our tables: every opcode of every map, with each combination of the prefixes
 * that choose among instructions, REX.W or VEX.W, VEX.L, and ModRM with memory and with registers.
 */

/** Prefix bytes before an opcode of the legacy maps. */
export const PLAIN_PREFIXES = ['', '66', 'F3', 'F2'] as const;
/** What a prefix more does: ignored, refused, or another operand size. */
export const MORE_PREFIXES = ['66 F3', '66 F2', 'F0', 'F0 66', 'F0 F2', 'F0 F3'] as const;

export type OpcodeMap = '' | '0F' | '0F38' | '0F3A' | 'VEX.0F' | 'VEX.0F38' | 'VEX.0F3A';

export interface Probe {
  readonly map: OpcodeMap;
  readonly opcode: number;
  /** Of the legacy maps the prefix bytes, of the VEX maps the one that VEX.pp stands for. */
  readonly prefix: string;
  readonly w: 0 | 1;
  readonly l: 0 | 1;
  readonly modrm: number;
  /** With zeros behind ModRM for displacements and immediates. */
  readonly bytes: Uint8Array;
}

const LENGTH = 16;
/** [rax] by way of SIB, whose index - none, or register 4 of a vector - gathers want. */
const SIB_MEMORY = 0x04;
const SIB_RAX = 0x20;
const REGISTERS = 0xc0;

const ESCAPES: Readonly<Record<string, readonly number[]>> = {
  '': [],
  '0F': [0x0f],
  '0F38': [0x0f, 0x38],
  '0F3A': [0x0f, 0x3a],
};
const VEX_MAPS = { 'VEX.0F': 1, 'VEX.0F38': 2, 'VEX.0F3A': 3 } as const;

/** Opcodes of which every register form is an instruction of its own. */
export const EACH_REGISTER_FORM = /^((C6|C7|D[89A-F])|0F (01|1E|AE|C7))$/;

const hex = (n: number): string => n.toString(16).toUpperCase().padStart(2, '0');

/** `0F38 DC` */
export const opcodeText = ({ map, opcode }: Pick<Probe, 'map' | 'opcode'>): string => `${map} ${hex(opcode)}`.trim();

/** Prefixes and escapes are read as such, not as opcodes. */
const isPrefix = (map: OpcodeMap, opcode: number): boolean =>
  map === ''
    ? (opcode & 0xf0) === 0x40 ||
      [0x0f, 0x26, 0x2e, 0x36, 0x3e, 0x62, 0x64, 0x65, 0x66, 0x67].includes(opcode) ||
      [0xc4, 0xc5, 0xf0, 0xf2, 0xf3].includes(opcode)
    : map === '0F' && (opcode === 0x38 || opcode === 0x3a);

const modrmsOf = (map: OpcodeMap, opcode: number): number[] => {
  const all = EACH_REGISTER_FORM.test(opcodeText({ map, opcode }));
  const modrms: number[] = [];
  for (let reg = 0; reg < 8; reg++) {
    modrms.push(SIB_MEMORY | (reg << 3));
    for (let rm = 0; rm < 8; rm++) if (all || rm === 1) modrms.push(REGISTERS | (reg << 3) | rm);
  }
  return modrms;
};

const tail = (modrm: number): number[] => (modrm >= REGISTERS ? [modrm] : [modrm, SIB_RAX]);

const pad = (bytes: readonly number[]): Uint8Array => {
  const all = new Uint8Array(LENGTH);
  all.set(bytes);
  return all;
};

/** Of the legacy maps. */
export const legacyProbes = function* (prefixes: readonly string[]): Iterable<Probe> {
  for (const map of ['', '0F', '0F38', '0F3A'] as const) {
    for (let opcode = 0; opcode < 256; opcode++) {
      if (isPrefix(map, opcode)) continue;
      for (const modrm of modrmsOf(map, opcode)) {
        for (const prefix of prefixes) {
          for (const w of [0, 1] as const) {
            const before = prefix === '' ? [] : prefix.split(' ').map((byte) => Number.parseInt(byte, 16));
            const bytes = pad([...before, ...(w ? [0x48] : []), ...ESCAPES[map]!, opcode, ...tail(modrm)]);
            yield { map, opcode, prefix, w, l: 0, modrm, bytes };
          }
        }
      }
    }
  }
};

/** Of the VEX maps. VEX.vvvv is all ones: no register, or the first one. */
export const vexProbes = function* (): Iterable<Probe> {
  for (const map of ['VEX.0F', 'VEX.0F38', 'VEX.0F3A'] as const) {
    for (let opcode = 0; opcode < 256; opcode++) {
      for (const modrm of modrmsOf(map, opcode)) {
        for (const [pp, prefix] of ['', '66', 'F3', 'F2'].entries()) {
          for (const w of [0, 1] as const) {
            for (const l of [0, 1] as const) {
              const bytes = pad([0xc4, 0xe0 | VEX_MAPS[map], (w << 7) | 0x78 | (l << 2) | pp, opcode, ...tail(modrm)]);
              yield { map, opcode, prefix, w, l, modrm, bytes };
            }
          }
        }
      }
    }
  }
};

/** For people: `66 0F38 DC W1 mem`. The register number is there where ModRM.reg tells instructions apart. */
export const probeText = (p: Probe): string =>
  [
    p.map.startsWith('VEX') ? '' : p.prefix,
    p.map.startsWith('VEX') ? `VEX.${p.l ? 256 : 128}.${p.prefix || 'NP'}.${p.map.slice(4)}` : p.map,
    hex(p.opcode),
    p.modrm >= REGISTERS ? hex(p.modrm) : `/${p.modrm >> 3} mem`,
    `W${p.w}`,
  ]
    .filter((word) => word !== '')
    .join(' ');
