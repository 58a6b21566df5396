/**
 * Every row of the x87 against the host CPU, state for state, and the executors against each other.
 *
 * SIGNALBOX_X87=N asks N questions instead of those of the test.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { decode, describe as textOf } from '../../decode/index.ts';
import { X87_STATUS } from '../../state.ts';
import { VECTOR } from '../ops.ts';
import { makeQuestion, Random } from './cases.testing.ts';
import { x87Rows } from './index.ts';
import {
  type Answer,
  CODE,
  Machine,
  MEMORY,
  MEMORY_SIZE,
  pointersKept,
  type Question,
  VISIBLE_FLAGS,
} from './testing.ts';
import { transcendentalRows } from './transcendental.ts';

const QUESTION_SIZE = 512 + MEMORY_SIZE + 16 + 40;
const ANSWER_SIZE = 512 + MEMORY_SIZE + 32 + 40;
const AREA = { fcw: 0, fsw: 2, ftw: 4, fop: 6, fip: 8, fdp: 16, mxcsr: 24, st: 32 } as const;
const DEFAULT_MXCSR = 0x1f80;

const writeQuestion = (q: Question, to: Buffer): void => {
  const { x87 } = q;
  to.writeUInt16LE(x87.fcw, AREA.fcw);
  to.writeUInt16LE(x87.fsw, AREA.fsw);
  to.writeUInt8(x87.ftw, AREA.ftw);
  to.writeUInt16LE(x87.fop, AREA.fop);
  to.writeBigUInt64LE(x87.fip, AREA.fip);
  to.writeBigUInt64LE(x87.fdp, AREA.fdp);
  to.writeUInt32LE(DEFAULT_MXCSR, AREA.mxcsr);
  for (const [n, bits] of x87.st.entries()) {
    to.writeBigUInt64LE(BigInt.asUintN(64, bits), AREA.st + n * 16);
    to.writeUInt16LE(Number(bits >> 64n), AREA.st + n * 16 + 8);
  }
  to.set(q.memory, 512);
  to.set(q.code, 512 + MEMORY_SIZE);
  const numbers = [BigInt(q.code.length), q.rax, q.rdi, BigInt(q.rflags | 0x202), q.gsBase];
  for (const [n, value] of numbers.entries()) to.writeBigUInt64LE(value, 512 + MEMORY_SIZE + 16 + n * 8);
};

/** Opcode and pointers are FNSTENV's, 32 bits: FXSAVE tells them only while an exception is pending. */
const readAnswer = (from: Buffer): Answer => {
  const environment = 512 + MEMORY_SIZE;
  const tail = environment + 32;
  const vector = Number(from.readBigInt64LE(tail));
  const fsw = from.readUInt16LE(AREA.fsw);
  const kept = pointersKept(vector, fsw);
  return {
    vector,
    error: Number(from.readBigUInt64LE(tail + 8)),
    cr2: vector === VECTOR.PF ? from.readBigUInt64LE(tail + 16) : 0n,
    rax: from.readBigUInt64LE(tail + 24),
    rflags: Number(from.readBigUInt64LE(tail + 32)) & VISIBLE_FLAGS,
    x87: {
      fcw: from.readUInt16LE(AREA.fcw),
      fsw,
      ftw: from.readUInt8(AREA.ftw),
      fop: kept ? from.readUInt16LE(environment + 18) : 0,
      fip: kept ? BigInt(from.readUInt32LE(environment + 12)) : 0n,
      fdp: kept ? BigInt(from.readUInt32LE(environment + 20)) : 0n,
      st: Array.from({ length: 8 }, (_, n) => {
        const at = AREA.st + n * 16;
        return (BigInt(from.readUInt16LE(at + 8)) << 64n) | from.readBigUInt64LE(at);
      }),
    },
    memory: from.toString('hex', 512, 512 + MEMORY_SIZE),
  };
};

/** Whether there is a host CPU to ask. */
const hasHost: boolean =
  process.arch === 'x64' && process.platform === 'linux' && spawnSync('gcc', ['--version']).status === 0;

/** Manuals leave choices to the processor; the rows follow AMD's. */
const hostIsAmd = (): boolean => readFileSync('/proc/cpuinfo', 'utf8').includes('AuthenticAMD');

/** Answers of the host CPU. */
const askHost = (questions: readonly Question[]): Answer[] => {
  const folder = mkdtempSync(join(tmpdir(), 'x87-'));
  try {
    const program = join(folder, 'native');
    const source = new URL('native.c', import.meta.url).pathname;
    execFileSync('gcc', ['-O1', '-mgeneral-regs-only', '-o', program, source]);
    const input = Buffer.alloc(questions.length * QUESTION_SIZE);
    for (const [n, q] of questions.entries()) {
      writeQuestion(q, input.subarray(n * QUESTION_SIZE, (n + 1) * QUESTION_SIZE));
    }
    writeFileSync(join(folder, 'questions'), input);
    execFileSync(program, [join(folder, 'questions'), join(folder, 'answers')], { timeout: 60_000 });
    const output = readFileSync(join(folder, 'answers'));
    if (output.length !== questions.length * ANSWER_SIZE) throw new Error('the host left questions unanswered');
    return questions.map((_, n) => readAnswer(output.subarray(n * ANSWER_SIZE, (n + 1) * ANSWER_SIZE)));
  } finally {
    rmSync(folder, { recursive: true });
  }
};

const QUESTIONS = Number(process.env.SIGNALBOX_X87 ?? 12_000);
/** Asks about one mnemonic alone. */
const ONLY = process.env.SIGNALBOX_X87_ONLY;
const SEED = Number(process.env.SIGNALBOX_X87_SEED ?? 20240);
const INTERPRETED = Math.floor(QUESTIONS / 3);

const show = (value: unknown): string =>
  JSON.stringify(value, (key, v) => {
    if (typeof v === 'bigint') return v.toString(16);
    if (v instanceof Uint8Array) return Buffer.from(v).toString('hex');
    return typeof v === 'number' && key !== 'vector' ? v.toString(16) : v;
  });

const explain = (q: Question, want: Answer, got: Answer): string => {
  const instruction = decode(q.code, 0, q.code.length, CODE);
  const text = typeof instruction === 'string' ? instruction : textOf(instruction);
  const fields = (a: Answer) => Object.entries({ ...a, ...a.x87, x87: null });
  const mine = fields(got);
  const lines = fields(want).flatMap(([name, value], n) => {
    const [a, b] = [show(value), show(mine[n]![1])];
    return a === b ? [] : [`  ${name}: expected ${a}`, `  ${name}: received ${b}`];
  });
  const { x87, rflags } = q;
  const st = x87.st.map((bits, n) => (x87.ftw & (1 << (((x87.fsw >> 11) + n) & 7)) ? bits.toString(16) : '-'));
  const offset = Number(BigInt.asUintN(32, q.rdi)) - MEMORY;
  const near = Buffer.from(q.memory.subarray(Math.max(0, offset - 128), offset + 140)).toString('hex');
  return [
    `${text} ${show({ ...x87, st, rflags })} ${text.includes('ptr') ? near.slice(0, 60) : ''} ${q.rdi.toString(16)}`,
    ...lines,
  ].join('\n');
};

const questions = (count: number, seed: number): { mnemonic: string; q: Question }[] => {
  const r = new Random(seed);
  const rows = x87Rows.filter((row) => ONLY === undefined || row.mnemonic === ONLY);
  return Array.from({ length: count }, (_, n) => {
    const row = rows[n % rows.length]!;
    return { mnemonic: `${row.encoding} ${row.mnemonic}`, q: makeQuestion(row, r) };
  });
};

/** The host loses opcode and pointers when it switches tasks before they are read: those are zero then. */
const withoutPointers = (host: Answer, a: Answer): Answer => {
  const { fop, fip, fdp } = host.x87;
  return {
    ...a,
    x87: { ...a.x87, fop: fop && a.x87.fop, fip: fip && a.x87.fip, fdp: fdp && a.x87.fdp },
  };
};

/** Processors compute these to a few bits more than they give; the last bit and which way it was rounded may differ. */
const isTranscendental = (mnemonic: string): boolean =>
  transcendentalRows.some((row) => mnemonic.endsWith(` ${row.mnemonic}`));

/** In how many of the answers: FPTAN of next to nothing is its argument, rounded as if there were a bit more or less. */
const shareOfNear = (mnemonic: string): number => (mnemonic.endsWith('FPTAN') ? 0.15 : 0.01);

/** Counts the numbers of the format: neighbours differ by one. */
const place = (bits: bigint): bigint => ((bits >> 64n) << 63n) | (bits & 0x7fffffffffffffffn);

/** Whether all is the same but for the last place of results and the direction of rounding. */
const sameButLastPlace = (a: Answer, b: Answer): boolean => {
  const without = ({ x87, ...rest }: Answer): unknown => ({ ...rest, ...x87, st: null, fsw: x87.fsw & ~X87_STATUS.C1 });
  const isNear = a.x87.st.every((bits, n) => {
    const distance = place(bits) - place(b.x87.st[n]!);
    return distance >= -1n && distance <= 1n;
  });
  return isNear && show(without(a)) === show(without(b));
};

const compare = (
  asked: readonly { mnemonic: string; q: Question }[],
  want: readonly Answer[],
  got: Answer[],
  exactly = false,
): void => {
  const kinds = new Map<string, number>();
  const differences: string[] = [];
  const near = new Map<string, number>();
  let lost = 0;
  for (const [n, { mnemonic, q }] of asked.entries()) {
    if (show(want[n]) === show(got[n])) continue;
    if (show(withoutPointers(want[n]!, want[n]!)) === show(withoutPointers(want[n]!, got[n]!))) {
      lost++;
      continue;
    }
    if (isTranscendental(mnemonic) && sameButLastPlace(want[n]!, withoutPointers(want[n]!, got[n]!))) {
      near.set(mnemonic, (near.get(mnemonic) ?? 0) + 1);
      continue;
    }
    const count = kinds.get(mnemonic) ?? 0;
    kinds.set(mnemonic, count + 1);
    if (count < 3) differences.push(explain(q, want[n]!, got[n]!));
  }
  if (process.env.SIGNALBOX_X87) process.stderr.write(`${show([...near])} of ${asked.length}\n`);
  for (const [mnemonic, count] of near) {
    const all = asked.filter((one) => one.mnemonic === mnemonic).length;
    expect(count, mnemonic).toBeLessThanOrEqual(exactly ? 0 : Math.ceil(5 + all * shareOfNear(mnemonic)));
  }
  expect(lost).toBeLessThan(10 + asked.length / 200);
  expect([...kinds], differences.slice(0, 40).join('\n')).toEqual([]);
};

describe('x87', () => {
  it.skipIf(!hasHost || !hostIsAmd())(
    `answers ${QUESTIONS} questions as the host CPU does (skipped without gcc and an AMD processor)`,
    () => {
      const asked = questions(QUESTIONS, SEED);
      const machine = new Machine('reference');
      compare(
        asked,
        askHost(asked.map(({ q }) => q)),
        asked.map(({ q }) => machine.ask(q)),
      );
    },
    600_000,
  );

  it('does the same in the interpreter as in the reference', () => {
    const asked = questions(INTERPRETED, SEED + 1);
    const [reference, interpreter] = [new Machine('reference'), new Machine('interpreter')];
    compare(
      asked,
      asked.map(({ q }) => reference.ask(q)),
      asked.map(({ q }) => interpreter.ask(q)),
      true,
    );
  });
});
