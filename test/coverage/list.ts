/** The list of all forms of the opcode map by mnemonic, as text: `forms.txt`. */
import { parseEncoding } from '../../emulator/decode/encoding.ts';
import { decode } from '../../emulator/decode/index.ts';
import type { Row } from '../../emulator/isa/row.ts';
import { NOT_NATIVE } from '../cpu/hints.ts';
import type { Disassembler } from '../decode/capstone.ts';
import { NOT_ENUMERATED, whyAbsent, whyRefused } from './absent.ts';
import { EACH_REGISTER_FORM, legacyProbes, opcodeText, PLAIN_PREFIXES, type Probe, vexProbes } from './probes.ts';

/** What the disassembler calls `prefix mnemonic`. */
const SHOWN_PREFIXES = /^(lock|rep|repe|repz|repne|repnz|bnd|notrack|data16|addr32|xacquire|xrelease) /;
const LENGTH = 15;
const ADDRESS = 0x1000;
const REGISTER = 0xc0;

type Status = 'covered' | string;

interface Entry {
  readonly name: string;
  readonly status: Status;
  readonly probes: Probe[];
  /** Opcodes that have ModRM, as far as rows tell. */
  readonly withModrm: Set<string>;
}

/** UD0, UD1 and UD2 are instructions that raise #UD. */
const isUndefined = (row: Row): boolean => /^UD/.test(row.mnemonic);

/** Undefined for what neither is covered nor has a reason of its own not to be. */
const statusOf = (probe: Probe, row: Row | undefined, name: string): Status | undefined => {
  if (row !== undefined) {
    const unasked = isUndefined(row) ? undefined : NOT_NATIVE[row.mnemonic];
    return unasked === undefined ? 'covered' : `covered, the host is not asked: ${unasked}`;
  }
  const absent = whyAbsent(probe);
  if (absent !== undefined) return `absent: ${absent}`;
  const refused = whyRefused(name);
  return refused === undefined ? undefined : `absent there, too: ${refused}`;
};

const range = (numbers: readonly number[]): string =>
  numbers.length === 8 ? '' : ` /${[...numbers].sort((a, b) => a - b).join(',')}`;

/** ModRM of the probes of one opcode and one combination of prefixes. */
const modrmText = (opcode: string, modrms: readonly number[]): string => {
  const forms = EACH_REGISTER_FORM.test(opcode) ? 8 : 1;
  const memory = modrms.filter((m) => m < REGISTER).map((m) => (m >> 3) & 7);
  const registers = new Map<number, number[]>();
  for (const m of modrms.filter((n) => n >= REGISTER)) {
    const reg = (m >> 3) & 7;
    registers.set(reg, [...(registers.get(reg) ?? []), m]);
  }
  const whole = [...registers].filter(([, list]) => list.length === forms).map(([reg]) => reg);
  const single = [...registers].filter(([reg]) => !whole.includes(reg)).flatMap(([, list]) => list);
  const parts: string[] = [];
  const [m, r] = [range(memory), range(whole)];
  if (memory.length > 0 && whole.length > 0 && m === r) parts.push(`rm${m}`);
  else {
    if (memory.length > 0) parts.push(`m${m}`);
    if (whole.length > 0) parts.push(`r${r}`);
  }
  if (single.length > 0) parts.push(single.map((n) => n.toString(16).toUpperCase()).join(','));
  return parts.join(' ');
};

/** `NP.W0 66` and so on: combinations of prefix, W and L, without those parts whose every value is there. */
const combinationsText = (probes: readonly Probe[]): string => {
  const isVex = probes[0]!.map.startsWith('VEX');
  const whole = (key: 'w' | 'l') =>
    probes.every((p) =>
      probes.some(
        (q) => q.prefix === p.prefix && q.w === (key === 'w' ? 1 - p.w : p.w) && q.l === (key === 'l' ? 1 - p.l : p.l),
      ),
    );
  const [anyW, anyL] = [whole('w'), !isVex || whole('l')];
  const text = (p: Probe) => `${p.prefix || 'NP'}${anyL ? '' : p.l ? '.256' : '.128'}${anyW ? '' : `.W${p.w}`}`;
  return [...new Set(probes.map(text))].sort().join(' ');
};

/** All encodings of an entry: by opcode, the combinations that share their ModRM. */
const encodingsText = ({ probes, withModrm }: Entry): string => {
  const opcodes = new Map<string, Map<string, { first: Probe; modrms: number[] }>>();
  for (const p of probes) {
    const opcode = opcodeText(p);
    const combinations = opcodes.get(opcode) ?? new Map();
    opcodes.set(opcode, combinations);
    const key = `${p.prefix} ${p.w} ${p.l}`;
    const combination = combinations.get(key) ?? { first: p, modrms: [] };
    combinations.set(key, combination);
    combination.modrms.push(p.modrm);
  }
  const texts: string[] = [];
  for (const [opcode, combinations] of opcodes) {
    const byModrm = new Map<string, Probe[]>();
    for (const { first, modrms } of combinations.values()) {
      const modrm = withModrm.has(opcode) ? modrmText(opcode, modrms) : '';
      byModrm.set(modrm, [...(byModrm.get(modrm) ?? []), first]);
    }
    for (const [modrm, list] of byModrm) texts.push(`${opcode} (${combinationsText(list)})${modrm && ` ${modrm}`}`);
  }
  return texts.join('; ');
};

export interface Coverage {
  readonly text: string;
  /** Rows that some probe meets. */
  readonly rows: ReadonlySet<Row>;
}

const WIDTH = 18;

export const coverage = (disassemble: Disassembler): Coverage => {
  const entries = new Map<string, Entry>();
  const rows = new Set<Row>();
  // What the disassembler takes although prefixes or registers are such that no processor does.
  const lax = new Set<string>();
  const all = function* () {
    yield* legacyProbes(PLAIN_PREFIXES);
    yield* vexProbes();
  };
  for (const probe of all()) {
    const ours = decode(probe.bytes, 0, LENGTH, ADDRESS);
    const row = typeof ours === 'string' ? undefined : ours.row;
    if (row) rows.add(row);
    const theirs =
      disassemble(probe.bytes.subarray(0, LENGTH), ADDRESS, 1)[0]?.mnemonic.replace(SHOWN_PREFIXES, '') ?? '';
    const name = theirs || (row ? row.mnemonic.toLowerCase() : '');
    if (name === '') continue;
    const status = statusOf(probe, row, theirs);
    if (status === undefined) {
      lax.add(theirs);
      continue;
    }
    const key = `${name} ${status}`;
    const entry = entries.get(key) ?? { name, status, probes: [], withModrm: new Set() };
    entries.set(key, entry);
    entry.probes.push(probe);
    if (row === undefined || parseEncoding(row.encoding).hasModrm) entry.withModrm.add(opcodeText(probe));
  }
  const named = new Set([...entries.values()].map(({ name }) => name));
  const unknown = [...lax].filter((name) => !named.has(name));
  if (unknown.length > 0) throw new Error(`neither covered nor listed as absent: ${unknown.join(', ')}`);
  const lines = [...entries.values()]
    .sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : a.status < b.status ? -1 : 1))
    .map((entry) => `${entry.name.padEnd(WIDTH)} ${entry.status} | ${encodingsText(entry)}`);
  const notEnumerated = NOT_ENUMERATED.map(([what, why]) => `${what}: ${why}`);
  return { text: [...HEADER, ...notEnumerated, '', ...lines, ''].join('\n'), rows };
};

const HEADER = [
  'Every form of the opcode map, by the name that a disassembler gives it: written by `npm run coverage`.',
  '',
  'MNEMONIC  STATUS | ENCODINGS',
  '',
  'Status: `covered` forms are executed here as on the processor; `absent` ones are refused here (#UD) and not there;',
  'those `absent there, too` only the disassembler knows.',
  'Encodings: map and opcode; in parentheses the prefixes (NP: none), VEX.L and W, where not both values are meant; then',
  'whether ModRM is memory (m) or a register (r), with which reg fields, or single ModRM bytes. Encodings which are #UD',
  'here and there are left out where a mnemonic has others.',
  '',
];
