/**
 * `npm run bench [-- OPTION]...`: what things cost natively, under qemu-user if it is installed, and under each executor,
 * in one run, interleaved. Prints medians in nanoseconds and ratios to native.
 *
 *   --repeat N    rounds of all programs under all executors (default 3)
 *   --only TEXT   programs whose name contains TEXT
 *   --json FILE   also writes all figures
 *
 * A program of guest/bench/ prints lines "name<TAB>nanoseconds"; its argument says how much to do. Of the programs cpu-* the
 * user and system time of the whole process is taken, and their output must be the native one; slow executors do a share of
 * the work, and the figure is what all of it would take. "start of hello" is the whole process of a program that only prints a
 * line; beside it "node alone" is `node -e 0`. The geometric means at the end are those of the cpu-* programs.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { parseArgs } from 'node:util';

const SOURCES = 'guest/bench';
const BUILT = '.cache/bench';
const CLI = 'dist/signalbox.js';

/** How much each program does: fast executors, and the reference, which is some fifty times slower. */
const AMOUNT: Readonly<Record<string, { fast: string; slow: string }>> = {
  'kernel-ops': { fast: '4', slow: '0.02' },
  'integer-loop': { fast: '20000000', slow: '100000' },
};

interface Executor {
  readonly name: string;
  /** Of the work of the cpu-* programs. */
  readonly share: number;
  command(program: string, amount: { fast: string; slow: string }): string[];
}

const signalbox = (cpu: string, speed: 'fast' | 'slow', share: number): Executor => ({
  name: cpu,
  share,
  command: (program, amount) => [process.execPath, CLI, 'run', '--cpu', cpu, program, amount[speed]],
});

const installed = (command: string) => spawnSync(command, ['--version']).status === 0;

const executors: readonly Executor[] = [
  { name: 'native', share: 1, command: (program, amount) => [program, amount.fast] },
  ...(installed('qemu-x86_64')
    ? [
        {
          name: 'qemu-user',
          share: 1,
          command: (program: string, amount: { fast: string }) => ['qemu-x86_64', program, amount.fast],
        },
      ]
    : []),
  signalbox('jit', 'fast', 1),
  signalbox('interpreter', 'fast', 0.1),
  signalbox('reference', 'slow', 0.01),
];

const { values } = parseArgs({
  options: {
    repeat: { type: 'string', default: '3' },
    only: { type: 'string', default: '' },
    json: { type: 'string' },
  },
});

const build = (source: string): string => {
  const program = join(BUILT, basename(source, '.c'));
  execFileSync('gcc', ['-O2', '-static', '-o', program, join(SOURCES, source), '-lm'], { stdio: 'inherit' });
  return program;
};

/** Figures by operation, then by executor. */
type Figures = Map<string, Map<string, number[]>>;

const measure = (figures: Figures, executor: Executor, program: string): void => {
  const amount = AMOUNT[basename(program)] ?? { fast: '', slow: '' };
  const [command, ...args] = executor.command(program, amount) as [string, ...string[]];
  const { stdout, stderr, status } = spawnSync(command, args, { encoding: 'utf8', timeout: 300_000 });
  if (status !== 0) throw new Error(`${executor.name}: ${program} ended with ${status}: ${stderr}`);
  for (const line of stdout.trim().split('\n')) {
    const [operation, nanoseconds] = line.split('\t') as [string, string];
    add(figures, operation, executor.name, Number(nanoseconds));
  }
};

const add = (figures: Figures, operation: string, executor: string, nanoseconds: number): void => {
  const row = figures.get(operation) ?? new Map<string, number[]>();
  figures.set(operation, row);
  row.set(executor, [...(row.get(executor) ?? []), nanoseconds]);
};

const isWhole = (program: string) => basename(program).startsWith('cpu-');

/** What programs print natively, by program and share of the work. */
const printed = new Map<string, string>();
const printedNatively = (program: string, share: string): string => {
  const key = `${program} ${share}`;
  let text = printed.get(key);
  if (text === undefined) {
    text = spawnSync(program, [share], { encoding: 'utf8' }).stdout;
    printed.set(key, text);
  }
  return text;
};

/** Seconds of "1m2.34s". */
const seconds = (text: string): number => {
  const [minutes, rest] = text.split('m') as [string, string];
  return Number(minutes) * 60 + Number.parseFloat(rest);
};

/** User and system time of a whole process, as the shell tells it of its children. */
const measureWhole = (figures: Figures, executor: Executor, program: string): void => {
  const share = String(executor.share);
  const command = executor.command(program, { fast: share, slow: share });
  const { stdout, stderr, status } = spawnSync('sh', ['-c', '"$@" && times >&2', 'sh', ...command], {
    encoding: 'utf8',
    timeout: 900_000,
  });
  if (status !== 0) throw new Error(`${executor.name}: ${program} ended with ${status}: ${stderr}`);
  if (stdout !== printedNatively(program, share)) throw new Error(`${executor.name}: ${program} printed ${stdout}`);
  const times = stderr.trim().split('\n').at(-1)!.split(' ').map(seconds);
  add(figures, basename(program), executor.name, ((times[0]! + times[1]!) * 1e9) / executor.share);
};

const median = (samples: readonly number[]): number => {
  const sorted = samples.toSorted((a, b) => a - b);
  return sorted[sorted.length >> 1]!;
};

const show = (n: number) => (n < 100 ? n.toFixed(2) : Math.round(n).toLocaleString('en'));

const print = (figures: Figures): void => {
  const names = executors.map((e) => e.name);
  const ratios = names.slice(1).map((name) => `${name}/native`);
  console.log(
    ['ns, median', ...names, ...ratios].map((cell, n) => (n === 0 ? cell.padEnd(26) : cell.padStart(20))).join(''),
  );
  for (const [operation, row] of figures) {
    const medians = names.map((name) => median(row.get(name) ?? [Number.NaN]));
    const cells = [...medians.map(show), ...medians.slice(1).map((m) => (m / medians[0]!).toFixed(2))];
    console.log([operation.padEnd(26), ...cells.map((cell) => cell.padStart(20))].join(''));
  }
};

const geometricMean = (numbers: readonly number[]): number =>
  Math.exp(numbers.reduce((sum, n) => sum + Math.log(n), 0) / numbers.length);

/** How the executors stand to native and qemu-user over all cpu-* programs. */
const printMeans = (figures: Figures): void => {
  const rows = [...figures].filter(([operation]) => isWhole(operation)).map(([, row]) => row);
  if (rows.length === 0) return;
  const ratio = (a: string, b: string) =>
    geometricMean(rows.map((row) => median(row.get(a) ?? [Number.NaN]) / median(row.get(b) ?? [Number.NaN])));
  for (const { name } of executors.slice(1)) {
    const toNative = `${ratio(name, 'native').toFixed(2)} times native`;
    const toQemu = name === 'qemu-user' ? '' : `, qemu-user takes ${ratio('qemu-user', name).toFixed(2)} times as long`;
    console.log(`geometric mean of cpu-*: ${name} ${toNative}${toQemu}`);
  }
};

/** Whole processes, in nanoseconds: a program that prints one line, and Node with nothing to do. */
const START = 'start of hello';
const measureStart = (figures: Figures, name: string, command: readonly string[]): void => {
  const before = performance.now();
  const { status } = spawnSync(command[0]!, command.slice(1));
  if (status !== 0) throw new Error(`${command.join(' ')} ended with ${status}`);
  add(figures, START, name, (performance.now() - before) * 1e6);
};

mkdirSync(BUILT, { recursive: true });
const hello = join(BUILT, 'hello');
execFileSync('gcc', ['-O2', '-static', '-x', 'c', '-o', hello, '-'], {
  input: '#include <stdio.h>\nint main(void) { return puts("hello") < 0; }\n',
});
const programs = readdirSync(SOURCES)
  .filter((name) => name.endsWith('.c') && name.includes(values.only))
  .map(build);
const figures: Figures = new Map();
const starts = 'start of hello'.includes(values.only) ? Number(values.repeat) * 5 : 0;
const alone: number[] = [];
for (let round = 0; round < starts; round++) {
  const before = performance.now();
  spawnSync(process.execPath, ['-e', '0']);
  alone.push(performance.now() - before);
  for (const executor of executors)
    measureStart(figures, executor.name, executor.command(hello, { fast: '', slow: '' }));
}
for (let round = 0; round < Number(values.repeat); round++) {
  for (const program of programs) {
    for (const executor of executors) (isWhole(program) ? measureWhole : measure)(figures, executor, program);
  }
}
print(figures);
printMeans(figures);
if (alone.length > 0) console.log(`node alone: ${median(alone).toFixed(0)} ms`);
if (values.json !== undefined) {
  const plain = Object.fromEntries([...figures].map(([operation, row]) => [operation, Object.fromEntries(row)]));
  writeFileSync(values.json, `${JSON.stringify({ unit: 'ns', figures: plain }, null, 2)}\n`);
}
