/**
 * Every row in both executors: against the host CPU where it can run the cases, otherwise against each other; and against
 * what a host CPU did when the recording was made.
 */
import { beforeAll, describe, expect, test } from 'vitest';
import { canRunNatively } from '../native/native.ts';
import { type Case, COMPLETED, MAP, type Outcome, STOP_BY, type Words } from './case.ts';
import { differences } from './compare.ts';
import { KINDS, SLOW_KINDS } from './execute.ts';
import { Generator } from './generate.ts';
import { notAsked } from './hints.ts';
import { buildRunner, runNatively } from './native.ts';
import { readRecorded } from './recorded.ts';
import { describeFinding } from './report.ts';
import { rows } from './rows.ts';
import { Executors, type Finding, judge, runSession } from './session.ts';
import { initialX87 } from './x87.ts';

const SEED = 20;
const CASES_PER_ROW = 10;
/** One case in so many for executors that translate each one. */
const SLOW_ONE_IN = 17;
const PATIENCE = 300_000;
const SHOWN = 5;
const native = canRunNatively();

const plain: Case = {
  id: 'plain',
  bytes: Uint8Array.of(0x90),
  codeOffset: 0x100,
  gpr: new BigUint64Array(16),
  rflags: 0x202,
  mxcsr: 0x1f80,
  ymm: new BigUint64Array(64),
  x87: initialX87,
  patches: [],
  stopBy: STOP_BY.int3,
  segments: false,
  loadsTrapFlag: false,
  breaks: false,
};
const start = BigInt(MAP.code + plain.codeOffset);

const expectNone = (findings: readonly Finding[]) => {
  const texts = findings.slice(0, SHOWN).map((finding) => describeFinding(finding, SEED));
  expect(texts.join('\n\n'), `${findings.length} differences`).toBe('');
};

describe.runIf(native)('the runner', () => {
  let runner: string;
  beforeAll(async () => {
    runner = await buildRunner();
  });
  const run = (change: Partial<Case>): Outcome => runNatively(runner, [{ ...plain, ...change }])[0]!;

  test('adds as integers do', () => {
    const edges = [0n, 1n, 0x7fffffffffffffffn, 0x8000000000000000n, 0xffffffffffffffffn, 0x123456789abcdef0n];
    const pairs = edges.flatMap((a) => edges.map((b) => [a, b] as const));
    const bytes = Uint8Array.of(0x48, 0x01, 0xc8); // add rax, rcx
    const cases = pairs.map(([a, b]) => ({ ...plain, bytes, gpr: plain.gpr.map((_, n) => [a, b][n] ?? 0n) }));
    for (const [i, outcome] of runNatively(runner, cases).entries()) {
      const [a, b] = pairs[i]!;
      const sum = BigInt.asUintN(64, a + b);
      expect(outcome.vector).toBe(COMPLETED);
      expect(outcome.gpr[0]).toBe(sum);
      expect(outcome.gpr[1]).toBe(b);
      expect(outcome.rip).toBe(start + 3n);
      const signed = BigInt.asIntN(64, a) + BigInt.asIntN(64, b);
      expect(outcome.rflags & 0x8c1).toBe(
        (a + b !== sum ? 1 : 0) |
          (sum === 0n ? 0x40 : 0) |
          (sum >> 63n ? 0x80 : 0) |
          (signed !== BigInt.asIntN(64, signed) ? 0x800 : 0),
      );
    }
  });

  test('tells completion, faults and traps apart, however it stops the instruction', () => {
    for (const stopBy of [STOP_BY.int3, STOP_BY.step]) {
      expect(run({ stopBy })).toMatchObject({ vector: COMPLETED, rip: start + 1n });
      expect(run({ stopBy, bytes: Uint8Array.of(0x0f, 0x0b) })).toMatchObject({ vector: 6, rip: start });
      expect(run({ stopBy, bytes: Uint8Array.of(0xcc), breaks: true })).toMatchObject({ vector: 3, rip: start + 1n });
      // mov [rax], al
      expect(run({ stopBy, bytes: Uint8Array.of(0x88, 0x00) })).toMatchObject({ vector: 14, error: 6, cr2: 0n });
      const readOnly = BigInt(MAP.high + MAP.writableSize);
      const gpr = plain.gpr.map((_, n) => (n === 0 ? readOnly : 0n));
      expect(run({ stopBy, bytes: Uint8Array.of(0x88, 0x00), gpr })).toMatchObject({
        vector: 14,
        error: 7,
        cr2: readOnly,
      });
    }
    expect(run({ stopBy: STOP_BY.step, rflags: 0x302 })).toMatchObject({ vector: 1, rip: start + 1n });
  });

  test('sees branches land where nothing is mapped', () => {
    const gpr = plain.gpr.map((_, n) => (n === 0 ? 0x12345n : 0n));
    const jump = { bytes: Uint8Array.of(0xff, 0xe0), gpr }; // jmp rax
    for (const stopBy of [STOP_BY.int3, STOP_BY.step]) {
      expect(run({ ...jump, stopBy })).toMatchObject({ vector: COMPLETED, rip: 0x12345n });
    }
  });

  test('reports stores in both views of the data pages, and puts the pages back', () => {
    const gpr = plain.gpr.map((_, n) => (n === 0 ? BigInt(MAP.high + 16) : n === 1 ? 0x1122334455667788n : 0n));
    const store = { bytes: Uint8Array.of(0x48, 0x89, 0x08), gpr }; // mov [rax], rcx
    expect(run(store).changes).toEqual([{ offset: 16, value: 0x1122334455667788n }]);
    const [, second] = runNatively(runner, [{ ...plain, ...store }, plain]);
    expect(second!.changes).toEqual([]);
  });
});

test('a comparison notices every part of an outcome', () => {
  const outcome: Outcome = {
    vector: 14,
    error: 6,
    cr2: 5n,
    code: 0,
    rip: start,
    gpr: plain.gpr,
    rflags: 0x45,
    mxcsr: 0x1f80,
    fsBase: 0n,
    gsBase: 0n,
    ymm: plain.ymm,
    x87: initialX87,
    changes: [{ offset: 8, value: 1n }],
  };
  const other = (list: Words, n: number) => list.map((v, i) => (i === n ? v + 1n : v));
  const changed: Partial<Outcome>[] = [
    { vector: 13 },
    { error: 7 },
    { cr2: 6n },
    { rip: start + 1n },
    ...Array.from(plain.gpr, (_, n) => ({ gpr: other(plain.gpr, n) })),
    { fsBase: 1n },
    { gsBase: 1n },
    { rflags: 0x44 },
    { mxcsr: 0x1f81 },
    ...Array.from(plain.ymm, (_, n) => ({ ymm: other(plain.ymm, n) })),
    ...[0, 2, 4, 32, 41, 144, 153].map((at) => ({ x87: initialX87.map((byte, i) => (i === at ? byte ^ 1 : byte)) })),
    { changes: [] },
    { changes: [{ offset: 8, value: 2n }] },
    { changes: [...outcome.changes, { offset: 16, value: 1n }] },
  ];
  expect(differences({ ...outcome, vector: 19 }, { ...outcome, vector: 19, code: 1 }, 0)).toHaveLength(1);
  for (const change of changed) expect(differences(outcome, { ...outcome, ...change }, 0)).toHaveLength(1);
  expect(differences(outcome, { ...outcome }, 0)).toEqual([]);
  expect(differences(outcome, { ...outcome, rflags: 0x44 }, 1)).toEqual([]);
});

test('cases are made again from seed and id', () => {
  const one = new Generator(rows, SEED);
  const again = new Generator([...rows].reverse(), SEED);
  for (const shape of one.shapes) {
    const made = one.make(shape, 3);
    expect(again.find(made.id).case).toEqual(made);
  }
});

test('the host is not asked about rows that exist, and no others', () => {
  const mnemonics = new Set(new Generator(rows, SEED).shapes.map((shape) => shape.mnemonic));
  const unknown = Object.keys(notAsked(false, false)).filter((mnemonic) => !mnemonics.has(mnemonic));
  expect(unknown).toEqual([]);
});

test(
  `${CASES_PER_ROW} cases of every row do the same ${native ? 'as on this host' : 'in both executors'}`,
  async () => {
    const generator = new Generator(rows, SEED);
    const findings: Finding[] = [];
    const statistics = runSession({
      generator,
      shapes: generator.shapes,
      kinds: KINDS,
      slowOneIn: SLOW_ONE_IN,
      cases: generator.shapes.length * CASES_PER_ROW,
      runner: native ? await buildRunner() : undefined,
      onFinding: (finding) => findings.push(finding),
    });
    expect(statistics.size).toBe(rows.length);
    expectNone(findings);
  },
  PATIENCE,
);

test(
  'recorded cases do the same as on the recording host',
  () => {
    const executors = new Executors(KINDS);
    const quick = KINDS.filter((kind) => !SLOW_KINDS.has(kind));
    const recorded = readRecorded();
    expect(recorded.length).toBeGreaterThan(3000);
    const findings = recorded.flatMap(({ case: c, outcome }, n) =>
      judge(executors, c, undefined, { by: 'recorded', outcome }, undefined, n % SLOW_ONE_IN === 0 ? KINDS : quick),
    );
    expectNone(findings);
  },
  PATIENCE,
);
