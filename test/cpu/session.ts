/** A run of many cases: on the host if it can, in every executor, with statistics by row. */
import type { CpuKind } from '../../emulator/api.ts';
import type { Row } from '../../emulator/isa/row.ts';
import type { Case, Outcome } from './case.ts';
import { type Difference, differences } from './compare.ts';
import { Executor } from './execute.ts';
import type { Generator } from './generate.ts';
import { NOT_NATIVE, touchesSeveral } from './hints.ts';
import { runNatively } from './native.ts';
import type { Shape } from './shape.ts';
import { undefinedFlags } from './undefined.ts';

/** An executor that does not do what the host does. */
export interface Finding {
  readonly case: Case;
  readonly shape: Shape | undefined;
  /** Whom the executor is compared with: `native`, `recorded`, or another executor. */
  readonly expectedBy: string;
  readonly kind: CpuKind;
  /** Empty when the executor threw. */
  readonly differences: readonly Difference[];
  readonly thrown: string | undefined;
}

export interface RowStatistics {
  cases: number;
  /** How many of them the host ran. */
  native: number;
  /** Cases that end in an exception on the host. */
  faults: number;
  /** Findings, by executor. */
  differing: Map<CpuKind, number>;
  /** Cases which only flags distinguish that the manuals leave undefined, by executor. */
  undefinedOnly: Map<CpuKind, number>;
}

export type Statistics = Map<Row, RowStatistics>;

const increment = <K>(map: Map<K, number>, key: K) => map.set(key, (map.get(key) ?? 0) + 1);

const STACK_LINES = 6;

/** Executors that can be run again after they threw. */
export class Executors {
  readonly kinds: readonly CpuKind[];
  #live = new Map<CpuKind, Executor>();

  constructor(kinds: readonly CpuKind[]) {
    this.kinds = kinds;
  }

  /** The outcome, or the text of what was thrown. */
  run(kind: CpuKind, c: Case): Outcome | string {
    let executor = this.#live.get(kind);
    if (!executor) this.#live.set(kind, (executor = new Executor(kind)));
    try {
      return executor.run(c);
    } catch (error) {
      this.#live.delete(kind);
      return error instanceof Error
        ? (error.stack ?? error.message).split('\n').slice(0, STACK_LINES).join('\n')
        : String(error);
    }
  }
}

/** Compares one case in all executors with an outcome, or with the first executor where there is none. */
export const judge = (
  executors: Executors,
  c: Case,
  shape: Shape | undefined,
  known: { readonly by: string; readonly outcome: Outcome } | undefined,
  statistics?: RowStatistics,
): Finding[] => {
  const findings: Finding[] = [];
  let expected = known;
  for (const kind of executors.kinds) {
    const actual = executors.run(kind, c);
    const finding = { case: c, shape, expectedBy: expected?.by ?? 'nothing', kind };
    if (typeof actual === 'string') {
      findings.push({ ...finding, differences: [], thrown: actual });
      continue;
    }
    if (!expected) {
      expected = { by: kind, outcome: actual };
      continue;
    }
    // Two executors run the same rows, so they have to agree about everything.
    const mask = known && shape ? undefinedFlags(shape, c) : 0;
    const vague = known && shape && known.outcome.vector === PAGE_FAULT && touchesSeveral(shape);
    const reference = vague ? { ...known.outcome, cr2: actual.cr2, changes: actual.changes } : expected.outcome;
    const found = differences(reference, actual, mask);
    if (found.length > 0) findings.push({ ...finding, differences: found, thrown: undefined });
    else if (mask !== 0 && expected.outcome.rflags !== actual.rflags && statistics) {
      increment(statistics.undefinedOnly, kind);
    }
  }
  if (statistics) for (const { kind } of findings) increment(statistics.differing, kind);
  return findings;
};

const PAGE_FAULT = 14;
const BATCH = 8192;

export interface SessionOptions {
  readonly generator: Generator;
  /** The rows to test, usually all of the generator. */
  readonly shapes: readonly Shape[];
  readonly kinds: readonly CpuKind[];
  /** How many cases, spread evenly over the rows. */
  readonly cases: number;
  /** Path of the compiled runner; without one the executors are compared with each other. */
  readonly runner: string | undefined;
  readonly onFinding: (finding: Finding) => void;
  readonly onProgress?: (done: number) => void;
}

export const runSession = (options: SessionOptions): Statistics => {
  const { generator, shapes, runner } = options;
  const executors = new Executors(options.kinds);
  const statistics: Statistics = new Map();
  for (let done = 0; done < options.cases; ) {
    const count = Math.min(BATCH, options.cases - done);
    const batch = Array.from({ length: count }, (_, i) => {
      const n = done + i;
      const shape = shapes[n % shapes.length]!;
      return { shape, case: generator.make(shape, Math.floor(n / shapes.length)) };
    });
    const natively = batch.filter((b) => !(b.shape.mnemonic in NOT_NATIVE));
    const cases = natively.map((b) => b.case);
    const outcomes = runner === undefined ? [] : runNatively(runner, cases);
    const native = new Map(outcomes.map((outcome, i) => [cases[i]!, outcome]));
    for (const { shape, case: c } of batch) {
      let row = statistics.get(shape.row);
      if (!row) {
        row = { cases: 0, native: 0, faults: 0, differing: new Map(), undefinedOnly: new Map() };
        statistics.set(shape.row, row);
      }
      row.cases++;
      const outcome = native.get(c);
      if (outcome) row.native++;
      if (outcome && outcome.vector >= 0) row.faults++;
      const known = outcome && { by: 'native', outcome };
      for (const finding of judge(executors, c, shape, known, row)) options.onFinding(finding);
    }
    done += count;
    options.onProgress?.(done);
  }
  return statistics;
};
