/** Figures, and what is made of them: medians, ratios, means, tables. */
import type { Section } from './programs.ts';

/** Nanoseconds of each run, by executor. */
export interface Row {
  readonly section: Section;
  readonly name: string;
  readonly samples: Map<string, number[]>;
}

export const median = (samples: readonly number[]): number => {
  const sorted = samples.toSorted((a, b) => a - b);
  return sorted[sorted.length >> 1] ?? Number.NaN;
};

export const medianOf = (row: Row, executor: string): number => median(row.samples.get(executor) ?? []);

const geometricMean = (numbers: readonly number[]): number =>
  Math.exp(numbers.reduce((sum, n) => sum + Math.log(n), 0) / numbers.length);

/** Mean over the rows that have both, longer than the clock's step, of how many times as long `a` takes as `b`. */
export const meanRatio = (rows: readonly Row[], a: string, b: string): number =>
  geometricMean(rows.map((row) => medianOf(row, a) / medianOf(row, b)).filter((n) => Number.isFinite(n) && n > 0));

const UNITS = [
  [1e9, 's'],
  [1e6, 'ms'],
  [1e3, 'µs'],
  [1, 'ns'],
] as const;

const time = (nanoseconds: number): string => {
  if (Number.isNaN(nanoseconds)) return '-';
  const [unit, name] = UNITS.find(([size]) => nanoseconds >= size) ?? [1, 'ns'];
  const n = nanoseconds / unit;
  return `${n < 100 ? n.toPrecision(3) : Math.round(n)} ${name}`;
};

const ratio = (n: number): string => (Number.isFinite(n) ? n.toFixed(2) : '-');

/** A table of one section: medians, each executor's to native, and qemu-user's to the JIT. */
export const table = (rows: readonly Row[], executors: readonly string[]): string => {
  const others = executors.filter((name) => name !== 'native');
  const withQemu = executors.includes('qemu-user') && executors.includes('jit');
  const heads = [...executors, ...others.map((name) => `${name}/native`), ...(withQemu ? ['qemu-user/jit'] : [])];
  const line = (name: string, cells: readonly string[]) =>
    [name.padEnd(24), ...cells.map((cell, n) => cell.padStart(Math.max(10, heads[n]!.length + 2)))].join('');
  const lines = rows.map((row) =>
    line(row.name, [
      ...executors.map((name) => time(medianOf(row, name))),
      ...others.map((name) => ratio(medianOf(row, name) / medianOf(row, 'native'))),
      ...(withQemu ? [ratio(medianOf(row, 'qemu-user') / medianOf(row, 'jit'))] : []),
    ]),
  );
  const means = line('geometric mean', [
    ...executors.map(() => ''),
    ...others.map((name) => ratio(meanRatio(rows, name, 'native'))),
    ...(withQemu ? [ratio(meanRatio(rows, 'qemu-user', 'jit'))] : []),
  ]);
  return [line('', heads), ...lines, means].join('\n');
};

/** How the script's 200 programs compare with its first 20 scaled up, per executor. */
export const reuse = (rows: readonly Row[], executor: string): number => {
  const of = (count: number) => medianOf(rows.find((row) => row.name === `script of ${count}`)!, executor);
  return (of(200) - of(0)) / (10 * (of(20) - of(0)));
};

/** Everything, as plain data. */
export const plain = (rows: readonly Row[], executors: readonly string[]): object =>
  rows.map(({ section, name, samples }) => ({
    section,
    name,
    executors: Object.fromEntries(
      executors
        .filter((executor) => samples.has(executor))
        .map((executor) => [executor, { median: median(samples.get(executor)!), samples: samples.get(executor)! }]),
    ),
  }));
