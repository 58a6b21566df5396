/**
 * `npm run bench [-- OPTION]...`: what things cost natively, under qemu-user if it is installed, and under each executor,
 * in one run, interleaved. Prints medians, ratios, and geometric means.
 *
 *   --repeat N      rounds of all programs under all executors (default 5)
 *   --only TEXT     programs whose name contains TEXT
 *   --section NAME  cpu, memory, untuned, script, start or kernel; may be repeated (default all)
 *   --cpu NAME      native, qemu-user, jit, interpreter or reference; may be repeated (default all)
 *   --json FILE     also writes all figures
 *
 *   cpu       guest/bench/cpu-*: user and system time of the whole process. Slow executors do a share of the work, and the
 *             figure is what all of it would take
 *   memory    a working set of 256 MiB
 *   untuned   programs of this host that nobody tuned anything for, as far as they are installed
 *   script    a shell that forks and executes none, 20 and 200 short programs
 *   start     the whole process of a program that prints a line, by the clock and in CPU time; `node -e 0` for comparison
 *   kernel    programs that print what operations of the kernel took
 *
 * Output must be the native one everywhere but in `kernel`.
 */
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import os from 'node:os';
import { parseArgs } from 'node:util';
import { type Executor, executors } from './bench/executors.ts';
import { meanRatio, median, medianOf, plain, type Row, reuse, table } from './bench/figures.ts';
import { SURROUNDINGS, take } from './bench/measure.ts';
import { type Program, programs, SECTIONS } from './bench/programs.ts';

const { values } = parseArgs({
  options: {
    repeat: { type: 'string', default: '5' },
    only: { type: 'string', default: '' },
    section: { type: 'string', multiple: true, default: [...SECTIONS] },
    cpu: { type: 'string', multiple: true, default: executors.map(({ name }) => name) },
    json: { type: 'string' },
  },
});

const rows = new Map<string, Row>();

const add = ({ section }: Program, name: string, executor: string, nanoseconds: number): void => {
  const row = rows.get(name) ?? { section, name, samples: new Map() };
  rows.set(name, row);
  row.samples.set(executor, [...(row.samples.get(executor) ?? []), nanoseconds]);
};

/** What programs print natively, by command. */
const printed = new Map<string, Buffer>();

const measure = (program: Program, executor: Executor): void => {
  const line = program.line(executor.share);
  const { cpu, wall, output } = take(executor.command(line));
  if (program.figure === 'lines') {
    for (const text of output.toString().trim().split('\n')) {
      const [operation, nanoseconds] = text.split('\t') as [string, string];
      add(program, operation, executor.name, Number(nanoseconds));
    }
    return;
  }
  const key = line.join('\0');
  let expected = printed.get(key);
  if (expected === undefined) printed.set(key, (expected = executor.name === 'native' ? output : take(line).output));
  if (!output.equals(expected)) throw new Error(`${executor.name}: ${line.join(' ')} printed something else`);
  const share = program.section === 'cpu' ? executor.share : 1;
  add(program, program.name, executor.name, (program.figure === 'wall' ? wall : cpu) / share);
};

const chosen = programs().filter(({ name, section }) => name.includes(values.only) && values.section.includes(section));
const taking = executors.filter(({ name }) => values.cpu.includes(name));
const alone: number[] = [];
for (let round = 0; round < Number(values.repeat); round++) {
  for (const program of chosen) {
    for (const executor of taking) if (!program.except.includes(executor.name)) measure(program, executor);
  }
  if (!chosen.some(({ section }) => section === 'start')) continue;
  const before = performance.now();
  spawnSync(process.execPath, ['-e', '0'], { env: SURROUNDINGS });
  alone.push(performance.now() - before);
}

const all = [...rows.values()];
const names = taking.map(({ name }) => name);
for (const section of SECTIONS) {
  const some = all.filter((row) => row.section === section);
  if (some.length === 0) continue;
  const present = names.filter((name) => some.some((row) => row.samples.has(name)));
  console.log(`\n${section}\n${table(some, present)}`);
  if (section !== 'script' || some.length < 3) continue;
  for (const name of present)
    console.log(`200 programs take ${reuse(some, name).toFixed(2)} of the first 20 scaled up: ${name}`);
}
if (alone.length > 0) console.log(`\nnode alone: ${median(alone).toFixed(0)} ms`);

const isComplete = (row: Row) => ['native', 'qemu-user', 'jit'].every((name) => !Number.isNaN(medianOf(row, name)));
const means = Object.fromEntries(
  SECTIONS.map((section) => [section, all.filter((row) => row.section === section && isComplete(row))] as const)
    .filter(([, some]) => some.length > 0)
    .map(([section, some]) => [
      section,
      { jitToNative: meanRatio(some, 'jit', 'native'), qemuToJit: meanRatio(some, 'qemu-user', 'jit') },
    ]),
);
if (values.json !== undefined) {
  const host = { processor: os.cpus()[0]?.model, node: process.version, kernel: os.release() };
  const result = { unit: 'ns', host, repeat: Number(values.repeat), means, rows: plain(all, names) };
  writeFileSync(values.json, `${JSON.stringify(result, null, 2)}\n`);
}
