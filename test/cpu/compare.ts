/** Compares outcomes, and prints cases for people. */
import { REG_NAMES } from '../../emulator/api.ts';
import { type Case, COMPLETED, isFloat, MAP, type Outcome, STOP_BY, SYSTEM_CALL, type Words } from './case.ts';
import { initialX87, unpackX87 } from './x87.ts';

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

const equal = (a: Words | Uint8Array, b: Words | Uint8Array): boolean =>
  Buffer.from(a.buffer, a.byteOffset, a.byteLength).equals(Buffer.from(b.buffer, b.byteOffset, b.byteLength));

/** The highest word first. */
const vectorText = (ymm: Words, n: number): string => [3, 2, 1, 0].map((w) => hex(ymm[n * 4 + w]!)).join('_');

const x87Parts = (image: Uint8Array): Record<string, string> => {
  const { fcw, fsw, ftw, fop, fip, fdp, st } = unpackX87(image);
  const words = {
    fcw: hex(fcw, 4),
    fsw: hex(fsw, 4),
    ftw: hex(ftw, 2),
    fop: hex(fop, 3),
    fip: hex(fip),
    fdp: hex(fdp),
  };
  return { ...words, ...Object.fromEntries(st.map((bits, n) => [`st${n}`, hex(bits, 20)])) };
};

const ending = (o: Outcome): string => {
  if (o.vector === COMPLETED) return 'completed';
  if (o.vector === SYSTEM_CALL) return 'system call';
  const cr2 = o.vector === 14 ? ` cr2=${hex(o.cr2)}` : '';
  const code = isFloat(o.vector) ? ` si_code=${o.code}` : '';
  return `${VECTORS[o.vector] ?? o.vector} error=${hex(o.error, 1)}${cr2}${code}`;
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
  if (!equal(expected.gpr, actual.gpr)) {
    for (let n = 0; n < 16; n++) {
      if (expected.gpr[n] !== actual.gpr[n]) check(REG_NAMES[n]!, hex(expected.gpr[n]!), hex(actual.gpr[n]!));
    }
  }
  if (expected.fsBase !== actual.fsBase) check('fsBase', hex(expected.fsBase), hex(actual.fsBase));
  if (expected.gsBase !== actual.gsBase) check('gsBase', hex(expected.gsBase), hex(actual.gsBase));
  const mask = ~undefinedFlags;
  if ((expected.rflags ^ actual.rflags) & mask)
    check('flags', flagText(expected.rflags & mask), flagText(actual.rflags & mask));
  if (expected.mxcsr !== actual.mxcsr) check('mxcsr', hex(expected.mxcsr, 4), hex(actual.mxcsr, 4));
  if (!equal(expected.ymm, actual.ymm))
    for (let n = 0; n < 16; n++) check(`ymm${n}`, vectorText(expected.ymm, n), vectorText(actual.ymm, n));
  if (!equal(expected.x87, actual.x87)) {
    const [a, b] = [x87Parts(expected.x87), x87Parts(actual.x87)];
    for (const [part, value] of Object.entries(a)) check(part, value, b[part]!);
  }
  if (expected.changes.length === 0 && actual.changes.length === 0) return found;
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
  const gpr = [...c.gpr].flatMap((value, n) => (value === 0n ? [] : [`${REG_NAMES[n]!.padStart(3)}=${hex(value)}`]));
  table(gpr, 4);
  const how = c.stopBy === STOP_BY.step ? 'host stepped' : 'host stopped by INT3';
  lines.push(`  flags=${flagText(c.rflags)} mxcsr=${hex(c.mxcsr, 4)} (${how})`);
  const names = Array.from({ length: 16 }, (_, n) => n).filter((n) =>
    c.ymm.slice(n * 4, n * 4 + 4).some((w) => w !== 0n),
  );
  table(
    names.map((n) => `${`ymm${n}`.padStart(5)}=${vectorText(c.ymm, n)}`),
    1,
  );
  if (!equal(c.x87, initialX87)) {
    table(
      Object.entries(x87Parts(c.x87)).map(([name, value]) => `${name}=${value}`),
      6,
    );
  }
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
