import { createRequire } from 'node:module';
import type { CpuKind } from '../emulator/api.ts';
import { KINDS } from '../test/cpu/execute.ts';
import { Generator } from '../test/cpu/generate.ts';
import { notAsked } from '../test/cpu/hints.ts';
import { minimise } from '../test/cpu/minimise.ts';
import { buildRunner, hostFlags, hostIsAmd } from '../test/cpu/native.ts';
import { record } from '../test/cpu/recorded.ts';
import { type Disassemble, describeFinding, describeStatistics } from '../test/cpu/report.ts';
import { rows } from '../test/cpu/rows.ts';
import { selectShapes } from '../test/cpu/select.ts';
import { Executors, type Finding, runSession } from '../test/cpu/session.ts';
import type { Shape } from '../test/cpu/shape.ts';
import { canRunNatively } from '../test/native/native.ts';

const SLOW_ONE_IN = 25;

const USAGE = `usage: npm run cpu-diff -- [OPTION]...
Runs random instructions on the host CPU and in the executors, and compares all of the state afterwards.
  --cases N        how many, spread evenly over the rows (default 200000)
  --seed N         which ones (default 1)
  --only PATTERN   only some rows; may be repeated. PATTERN is a mnemonic or an extension, both with * for anything
                   (VPADD*, AVX2, SSE4_1), a source file (emulator/isa/sse/move.ts), or text of a row (66 0F 38 00)
  --case ID        one case, as findings name it
  --cpu KIND       ${KINDS.join(' or ')}; may be repeated (default all, but slow ones get
                   one case in ${SLOW_ONE_IN} only)
  --show N         findings printed in full, per row (default 1)
  --no-native      compare the executors with each other only
  --no-minimise    print cases as they were made
  --table          print all rows, not only those with differences
  --record         write test/cpu/recorded.br from what this host does, and nothing else`;

const RECORDED_PER_ROW = 3;
/** Findings printed, which takes time; the rest are in the table. */
const MOST_SHOWN = 40;

interface Options {
  cases: number;
  seed: number;
  only: string[];
  case: string | undefined;
  kinds: CpuKind[];
  slowOneIn: number;
  show: number;
  native: boolean;
  minimise: boolean;
  table: boolean;
  record: boolean;
}

const parse = (args: readonly string[]): Options => {
  const options: Options = {
    cases: 200_000,
    seed: 1,
    only: [],
    case: undefined,
    kinds: [],
    slowOneIn: 1,
    show: 1,
    native: true,
    minimise: true,
    table: false,
    record: false,
  };
  const words = [...args];
  const value = (name: string) => words.shift() ?? fail(`${name} needs a value`);
  const number = (name: string) => {
    const text = value(name);
    return /^\d+$/.test(text) ? Number(text) : fail(`${name} ${text}: not a number`);
  };
  const fail = (why: string): never => {
    console.error(`${why}\n${USAGE}`);
    process.exit(2);
  };
  for (let word = words.shift(); word !== undefined; word = words.shift()) {
    if (word === '--cases') options.cases = number(word);
    else if (word === '--seed') options.seed = number(word);
    else if (word === '--only') options.only.push(value(word));
    else if (word === '--case') options.case = value(word);
    else if (word === '--show') options.show = number(word);
    else if (word === '--no-native') options.native = false;
    else if (word === '--no-minimise') options.minimise = false;
    else if (word === '--table') options.table = true;
    else if (word === '--record') options.record = true;
    else if (word === '--cpu') {
      const kind = value(word);
      options.kinds.push(KINDS.find((known) => known === kind) ?? fail(`no such executor: ${kind}`));
    } else fail(`unknown option ${word}`);
  }
  if (options.kinds.length === 0) {
    options.kinds = [...KINDS];
    options.slowOneIn = SLOW_ONE_IN;
  }
  return options;
};

/** Capstone is a CommonJS module without types that exports one factory. */
const loadDisassembler = async (): Promise<Disassemble> => {
  const factory = createRequire(import.meta.url)('@alexaltea/capstone-js') as () => Promise<unknown>;
  const cs = (await factory()) as {
    ARCH_X86: number;
    MODE_64: number;
    Capstone: new (
      arch: number,
      mode: number,
    ) => {
      disasm(bytes: Uint8Array, address: number, max: number): { mnemonic: string; op_str: string }[];
    };
  };
  const capstone = new cs.Capstone(cs.ARCH_X86, cs.MODE_64);
  return (bytes, address) => {
    try {
      const [instruction] = capstone.disasm(bytes, address, 1);
      return instruction ? `${instruction.mnemonic} ${instruction.op_str}` : '(capstone knows no such instruction)';
    } catch {
      return '(capstone knows no such instruction)';
    }
  };
};

const main = async (): Promise<number> => {
  const options = parse(process.argv.slice(2));
  const generator = new Generator(rows, options.seed);
  const native = options.native && canRunNatively();
  if (options.native && !native)
    console.log('this host cannot run cases natively; comparing the executors with each other');
  const runner = native ? await buildRunner() : undefined;
  if (options.record) {
    if (runner === undefined) throw new Error('recording needs a Linux x86-64 host with gcc');
    console.log(`${record(runner, new Generator(rows, options.seed, 0), RECORDED_PER_ROW)} cases recorded`);
    return 0;
  }
  const disassemble = await loadDisassembler();

  let shapes: readonly Shape[] = generator.shapes;
  if (options.only.length > 0) {
    shapes = selectShapes(shapes, options.only);
    if (shapes.length === 0) {
      console.error(`no row matches ${options.only.join(', ')}`);
      return 2;
    }
  }
  const executors = new Executors(options.kinds);
  const perRow = new Map<string, number>();
  let shown = 0;
  const onFinding = (finding: Finding) => {
    const key = `${finding.shape!.key} ${finding.kind}`;
    const before = perRow.get(key) ?? 0;
    perRow.set(key, before + 1);
    if (before >= options.show || shown++ >= MOST_SHOWN) return;
    const smaller = options.minimise ? minimise(finding, runner, executors) : finding;
    console.log(`${describeFinding(smaller, options.seed, disassemble)}\n`);
  };
  const start = performance.now();
  let statistics: ReturnType<typeof runSession>;
  if (options.case !== undefined) {
    if (!/^[0-9a-f]{8}:\d+$/.test(options.case)) {
      console.error(`--case ${options.case}: findings name cases like 3fa2b1c0:17`);
      return 2;
    }
    const { shape, case: one } = generator.find(options.case);
    const only = Object.create(generator, { make: { value: () => one } }) as Generator;
    statistics = runSession({
      generator: only,
      shapes: [shape],
      kinds: options.kinds,
      slowOneIn: options.slowOneIn,
      cases: 1,
      runner,
      onFinding,
    });
  } else {
    statistics = runSession({
      generator,
      shapes,
      kinds: options.kinds,
      slowOneIn: options.slowOneIn,
      cases: options.cases,
      runner,
      onFinding,
    });
  }
  console.log(describeStatistics(statistics, options.table));
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  console.log(`seed ${options.seed}, ${native ? 'against the host CPU' : 'without the host CPU'}, ${seconds} s`);
  if (options.table) {
    for (const [mnemonic, why] of Object.entries(notAsked(hostIsAmd, hostFlags.has('umip'))))
      console.log(`the host is not asked about ${mnemonic}: ${why}`);
  }
  return [...statistics.values()].some((s) => s.differing.size > 0) ? 1 : 0;
};

process.exitCode = await main();
