/** The tables of README that say what is supported, made from the rows that support it. */
import { FEATURES } from '../emulator/isa/features.ts';
import { rows } from '../emulator/isa/index.ts';
import { arithmetic } from '../emulator/isa/integer/arithmetic.ts';
import { atomics } from '../emulator/isa/integer/atomic.ts';
import { bits } from '../emulator/isa/integer/bit.ts';
import { control } from '../emulator/isa/integer/control.ts';
import { flagControl, nops } from '../emulator/isa/integer/flags.ts';
import { logic } from '../emulator/isa/integer/logic.ts';
import { moves } from '../emulator/isa/integer/move.ts';
import { multiplication } from '../emulator/isa/integer/multiply.ts';
import { rotates } from '../emulator/isa/integer/rotate.ts';
import { segments } from '../emulator/isa/integer/segment.ts';
import { shifts } from '../emulator/isa/integer/shift.ts';
import { stack } from '../emulator/isa/integer/stack.ts';
import { strings } from '../emulator/isa/integer/string.ts';
import { system } from '../emulator/isa/integer/system.ts';
import type { Row } from '../emulator/isa/row.ts';
import { sseRows } from '../emulator/isa/sse/index.ts';
import { syscallRows } from '../kernel/syscalls/table.ts';

/** The first byte of an x87 instruction. */
const isX87 = (row: Row): boolean => /^(D[89A-F]|9B)\b/.test(row.encoding);

/** Families of the baseline in the order of the table; a row belongs to the first that has it. */
const FAMILIES: readonly (readonly [name: string, has: (row: Row) => boolean])[] = [
  ['Arithmetic', among(arithmetic, multiplication)],
  ['Logic, shifts, bits', among(logic, shifts, rotates, bits)],
  ['Moves, stack', among(moves, stack)],
  ['Control flow', among(control)],
  ['Strings', among(strings)],
  ['Flags, no-ops', among(flagControl, nops)],
  ['Atomic', among(atomics)],
  ['Segments, system (the privileged ones fault)', among(segments, system)],
  ['SSE, SSE2', among(sseRows)],
  ['x87', isX87],
  ['MMX', (row) => /[PQN][dq]/.test(row.operands) || row.mnemonic === 'EMMS'],
  ['Saved state', (row) => /^(F?XSAVE|F?XRSTOR|X[GS]ETBV)/.test(row.mnemonic)],
];

function among(...lists: (readonly Row[])[]): (row: Row) => boolean {
  const set = new Set(lists.flat());
  return (row) => set.has(row);
}

/** `JO`, `JNO`, ... are one family of names. */
const shortName = (mnemonic: string): string =>
  mnemonic
    .replace(/^(J|SET|CMOV|FCMOV)(N?[OBEPSLU]|N?BE|AE?|GE?|LE|NU)$/, '$1*cc*')
    .replace(/^MOV_(FROM|TO)_(CR|DR)\d?$/, 'MOV $2')
    .replaceAll('/', ', ');

/** The features that a row needs, as in CPUID, or its family in the baseline. */
const familyOf = (row: Row): string => {
  const { feature } = row;
  if (feature !== undefined) return [feature].flat().join(' and ');
  const family = FAMILIES.find(([, has]) => has(row));
  if (family === undefined) throw new Error(`${row.mnemonic} (${row.encoding}) is in no family of tools/tables.ts`);
  return family[0];
};

export const instructionTable = (): string => {
  const order = [...FAMILIES.map(([name]) => name), ...Object.keys(FEATURES)];
  const names = new Map<string, Set<string>>(order.map((name) => [name, new Set()]));
  for (const row of rows) {
    const family = familyOf(row);
    if (!names.has(family)) names.set(family, new Set());
    for (const name of shortName(row.mnemonic).split(', ')) names.get(family)!.add(name);
  }
  const lines = [...names]
    .filter(([, set]) => set.size > 0)
    .map(([name, set]) => `| ${name} | ${[...set].join(' ')} |`);
  return ['| | instructions |', '|---|---|', ...lines].join('\n');
};

export const syscallTable = (): string => {
  const full = syscallRows.filter(({ level }) => level === 'full').map(({ name }) => name);
  const partial = new Map<string, string[]>();
  for (const { name, level, note } of syscallRows) {
    if (level === 'partial') partial.set(note, [...(partial.get(note) ?? []), name]);
  }
  return [
    `${syscallRows.length} system calls. As documented: ${full.join(', ')}.`,
    '',
    '| in part | what is missing |',
    '|---|---|',
    ...[...partial].map(([note, names]) => `| ${names.join(', ')} | ${note.replaceAll('|', '\\|')} |`),
  ].join('\n');
};

const TABLES: Readonly<Record<string, () => string>> = { syscalls: syscallTable, instructions: instructionTable };

/** The text with fresh tables between its markers. Throws if a marker is missing. */
export const withTables = (text: string): string => {
  let updated = text;
  for (const [name, make] of Object.entries(TABLES)) {
    const [start, end] = [`<!-- generated: ${name} -->\n`, `\n<!-- end of ${name} -->`];
    const from = updated.indexOf(start);
    const to = updated.indexOf(end);
    if (from < 0 || to < from) throw new Error(`no place for the table of ${name}`);
    updated = `${updated.slice(0, from + start.length)}${make()}${updated.slice(to)}`;
  }
  return updated;
};
