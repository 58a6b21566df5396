/** Compares outcomes, and prints cases for people. */
import { REG_NAMES } from '../../emulator/api.ts';
import { type Case, COMPLETED, MAP, type Outcome, STOP_BY, SYSTEM_CALL } from './case.ts';

const FLAG_NAMES: readonly (readonly [number, string])[] = [
  ...([
    [0x1, 'CF'],
    [0x4, 'PF'],
    [0x10, 'AF'],
    [0x40, 'ZF'],
    [0x80, 'SF'],
    [0x100, 'TF'],
  ] as const),
  ...([
    [0x400, 'DF'],
    [0x800, 'OF'],
    [0x4000, 'NT'],
    [0x40000, 'AC'],
    [0x200000, 'ID'],
  ] as const),
];

export const flagText = (flags: number): string =>
  FLAG_NAMES.filter(([bit]) => flags & bit)
    .map(([, name]) => name)
    .join(' ') || '-';

const hex = (n: bigint | number, digits = 16) => n.toString(16).padStart(digits, '0');

const VECTORS = [
  '#DE',
  '#DB',
  'NMI',
  '#BP',
  '#OF',
  '#BR',
  '#UD',
  '#NM',
  '#DF',
  '',
  '#TS',
  '#NP',
  '#SS',
  '#GP',
  '#PF',
  '',
  '#MF',
  '#AC',
  '#MC',
  '#XM',
];
const ending = (o: Outcome): string => {
  if (o.vector === COMPLETED) return 'completed';
  if (o.vector === SYSTEM_CALL) return 'system call';
  const cr2 = o.vector === 14 ? ` cr2=${hex(o.cr2)}` : '';
  return `${VECTORS[o.vector] ?? o.vector} error=${hex(o.error, 1)}${cr2}`;
};

/** One part of an outcome in which two differ. */
export interface Difference {
  readonly what: string;
  readonly expected: string;
  readonly actual: string;
}

/** `undefinedFlags` are left out. */
export const differences = (expected: Outcome, actual: Outcome, undefinedFlags: number): Difference[] => {
  const found: Difference[] = [];
  const check = (what: string, a: string, b: string) => {
    if (a !== b) found.push({ what, expected: a, actual: b });
  };
  check('end', ending(expected), ending(actual));
  if (expected.rip !== actual.rip) check('rip', hex(expected.rip), hex(actual.rip));
  for (let n = 0; n < 16; n++) {
    if (expected.gpr[n] !== actual.gpr[n]) check(REG_NAMES[n]!, hex(expected.gpr[n]!), hex(actual.gpr[n]!));
  }
  const mask = ~undefinedFlags;
  check('flags', flagText(expected.rflags & mask), flagText(actual.rflags & mask));
  check('mxcsr', hex(expected.mxcsr, 4), hex(actual.mxcsr, 4));
  for (let n = 0; n < 32; n += 2) {
    const a = expected.xmm;
    const b = actual.xmm;
    if (a[n] === b[n] && a[n + 1] === b[n + 1]) continue;
    check(`xmm${n / 2}`, `${hex(a[n + 1]!)}_${hex(a[n]!)}`, `${hex(b[n + 1]!)}_${hex(b[n]!)}`);
  }
  const words = new Map(expected.changes.map(({ offset, value }) => [offset, value]));
  for (const { offset, value } of actual.changes) {
    const other = words.get(offset);
    words.delete(offset);
    if (other !== value) check(`[data+${hex(offset, 1)}]`, other === undefined ? 'unchanged' : hex(other), hex(value));
  }
  for (const [offset, value] of words) check(`[data+${hex(offset, 1)}]`, hex(value), 'unchanged');
  return found;
};

/** The instruction, in bytes. */
export const bytesText = (bytes: Uint8Array): string => [...bytes].map((b) => hex(b, 2)).join(' ');

/** State before the instruction, for people; registers not shown are zero. */
export const describeCase = (c: Case): string => {
  const lines = [`at ${hex(MAP.code + c.codeOffset, 8)}  ${bytesText(c.bytes)}`];
  const table = (entries: readonly string[], columns: number) => {
    for (let n = 0; n < entries.length; n += columns) lines.push(`  ${entries.slice(n, n + columns).join(' ')}`);
  };
  const gpr = c.gpr.flatMap((value, n) => (value === 0n ? [] : [`${REG_NAMES[n]!.padStart(3)}=${hex(value)}`]));
  table(gpr, 4);
  const how = c.stopBy === STOP_BY.step ? 'host stepped' : 'host stopped by INT3';
  lines.push(`  flags=${flagText(c.rflags)} mxcsr=${hex(c.mxcsr, 4)} (${how})`);
  const xmm = Array.from({ length: 16 }, (_, n) => [c.xmm[n * 2]!, c.xmm[n * 2 + 1]!] as const).flatMap(
    ([low, high], n) => (low === 0n && high === 0n ? [] : [`${`xmm${n}`.padStart(5)}=${hex(high)}_${hex(low)}`]),
  );
  table(xmm, 2);
  for (const { offset, bytes } of c.patches) lines.push(`  [data+${hex(offset, 1)}] ${bytesText(bytes)}`);
  return lines.join('\n');
};

/** `native` and `interpreter`, say, with what differs. */
export const describeDifferences = (expectedName: string, actualName: string, found: readonly Difference[]): string => {
  const width = Math.max(expectedName.length, actualName.length);
  return found
    .map(({ what, expected, actual }) =>
      [`  ${what}`, `    ${expectedName.padEnd(width)} ${expected}`, `    ${actualName.padEnd(width)} ${actual}`].join(
        '\n',
      ),
    )
    .join('\n');
};
