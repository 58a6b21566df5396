/** A run of many cases: on the host if it can, in every executor, with statistics by row. */
import type { CpuKind } from '../../emulator/api.ts';
import { missingFeatures } from '../../emulator/isa/features.ts';
import type { Row } from '../../emulator/isa/row.ts';
import type { Case, Outcome } from './case.ts';
import { type Difference, differences } from './compare.ts';
import { Executor, SLOW_KINDS } from './execute.ts';
import type { Generator } from './generate.ts';
import { isOfEmulation, notAsked, touchesSeveral } from './hints.ts';
import { hostFeatures, hostFlags, hostIsAmd, runNatively } from './native.ts';
import type { Shape } from './shape.ts';
import { allowingForPrecision } from './transcendental.ts';
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
  /** How many it could not, since it does not announce what the row needs. */
  unannounced: number;
  /** Cases that end in an exception on the host. */
  faults: number;
  /** Findings, by executor. */
  differing: Map<CpuKind, number>;
  /** Cases which only flags distinguish that the manuals leave undefined, by executor. */
  undefinedOnly: Map<CpuKind, number>;
  /** Cases which differ in the last place of a transcendental function only, by executor. */
  close: Map<CpuKind, number>;
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

const PAGE_FAULT = 14;
const ALIGNMENT_CHECK = 17;

/** What the host did, less what is its own affair: `actual` says it where several faults compete. */
const allowing = (host: Outcome, actual: Outcome, shape: Shape | undefined): Outcome => {
  const vectors = [host.vector, actual.vector];
  if (Math.min(...vectors) < 0) return host;
  const page = vectors.includes(PAGE_FAULT);
  const alignment = vectors.includes(ALIGNMENT_CHECK);
  const several = shape !== undefined && touchesSeveral(shape);
  if (!(page && alignment) && !(several && (page || alignment))) return host;
  const { vector, error, cr2, code, changes } = actual;
  return { ...host, vector, error, cr2, code, changes };
};

/** Compares one case in all executors with the outcome on a host, if that is known, and with each other in any case. */
export const judge = (
  executors: Executors,
  c: Case,
  shape: Shape | undefined,
  host: { readonly by: string; readonly outcome: Outcome } | undefined,
  statistics?: RowStatistics,
  kinds: readonly CpuKind[] = executors.kinds,
): Finding[] => {
  const findings: Finding[] = [];
  let first: { readonly by: CpuKind; readonly outcome: Outcome } | undefined;
  for (const kind of kinds) {
    const actual = executors.run(kind, c);
    const finding = { case: c, shape, kind };
    if (typeof actual === 'string') {
      findings.push({ ...finding, expectedBy: 'nothing', differences: [], thrown: actual });
      continue;
    }
    if (host) {
      // Our rows do what AMD's processors do with flags that are undefined.
      const mask = shape && !hostIsAmd ? undefinedFlags(shape, c) : 0;
      let found = differences(allowing(host.outcome, actual, shape), actual, mask);
      const close = found.length > 0 ? allowingForPrecision(host.outcome, actual, shape) : undefined;
      if (close !== undefined && differences(close, actual, mask).length === 0) {
        found = [];
        if (statistics) increment(statistics.close, kind);
      }
      if (found.length > 0) {
        findings.push({ ...finding, expectedBy: host.by, differences: found, thrown: undefined });
        continue;
      }
      if (statistics && host.outcome.rflags !== actual.rflags) increment(statistics.undefinedOnly, kind);
    }
    // They run the same rows: neither undefined flags nor the choice of a fault may tell them apart.
    if (first) {
      const found = differences(first.outcome, actual, 0);
      if (found.length > 0) findings.push({ ...finding, expectedBy: first.by, differences: found, thrown: undefined });
    }
    first ??= { by: kind, outcome: actual };
  }
  if (statistics) for (const { kind } of findings) increment(statistics.differing, kind);
  return findings;
};

/** Whether the host has what the row needs. */
export const isAnnounced = (row: Row): boolean => missingFeatures(row, hostFeatures).length === 0;

const BATCH = 8192;

interface Made {
  readonly shape: Shape;
  readonly case: Case;
}

export interface SessionOptions {
  readonly generator: Generator;
  /** The rows to test, usually all of the generator. */
  readonly shapes: readonly Shape[];
  readonly kinds: readonly CpuKind[];
  /** How many cases, spread evenly over the rows. */
  readonly cases: number;
  /** Executors of `SLOW_KINDS` get one case in so many. */
  readonly slowOneIn: number;
  /** Path of the compiled runner; without one the executors are compared with each other. */
  readonly runner: string | undefined;
  readonly onFinding: (finding: Finding) => void;
  readonly onProgress?: (done: number) => void;
}

/**
 * The cases in batches. Rows stay together, since an executor that has met all forms of all rows becomes slow: each batch is
 * run by new ones.
 */
const batches = function* ({ generator, shapes, cases }: SessionOptions): Iterable<readonly Made[]> {
  const perRow = Math.ceil(cases / shapes.length);
  // The first rows have one case more than the others where the number does not divide.
  const longer = cases - (perRow - 1) * shapes.length;
  let batch: Made[] = [];
  for (const [n, shape] of shapes.entries()) {
    for (let index = 0; index < (n < longer ? perRow : perRow - 1); index++) {
      batch.push({ shape, case: generator.make(shape, index) });
      if (batch.length < BATCH) continue;
      yield batch;
      batch = [];
    }
  }
  if (batch.length > 0) yield batch;
};

export const runSession = (options: SessionOptions): Statistics => {
  const { runner, kinds, slowOneIn } = options;
  const quick = kinds.filter((kind) => !SLOW_KINDS.has(kind));
  const statistics: Statistics = new Map();
  const unasked = notAsked(hostIsAmd, hostFlags.has('umip'));
  let done = 0;
  for (const batch of batches(options)) {
    const executors = new Executors(options.kinds);
    const natively = batch.filter((b) => !(b.shape.mnemonic in unasked) && isAnnounced(b.shape.row));
    const cases = natively.map((b) => b.case);
    const outcomes = runner === undefined ? [] : runNatively(runner, cases);
    const native = new Map(outcomes.map((outcome, i) => [cases[i]!, outcome]));
    for (const [n, { shape, case: c }] of batch.entries()) {
      let row = statistics.get(shape.row);
      if (!row) {
        row = {
          cases: 0,
          native: 0,
          unannounced: 0,
          faults: 0,
          differing: new Map(),
          undefinedOnly: new Map(),
          close: new Map(),
        };
        statistics.set(shape.row, row);
      }
      row.cases++;
      if (!isAnnounced(shape.row)) row.unannounced++;
      const answer = native.get(c);
      const outcome = answer && isOfEmulation(shape, c, answer.vector) ? undefined : answer;
      if (outcome) row.native++;
      if (outcome && outcome.vector >= 0) row.faults++;
      const known = outcome && { by: 'native', outcome };
      for (const finding of judge(executors, c, shape, known, row, n % slowOneIn === 0 ? kinds : quick))
        options.onFinding(finding);
    }
    done += batch.length;
    options.onProgress?.(done);
  }
  return statistics;
};
