/** The soft float against the SSE unit and the x87 of the host: results, flags and faults must agree bit for bit. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { add, div, fma, mul, sqrt, sub } from './arithmetic.ts';
import { compare, max, min, PREDICATES } from './compare.ts';
import { convert, fromInteger, roundToIntegral, toInteger } from './convert.ts';
import { BINARY32, BINARY64, EXTENDED80, type Format } from './format.ts';
import {
  type FloatMode,
  type FloatResult,
  flagsRaised,
  modeOfMxcsr,
  ROUND_ZERO,
  type Rounding,
  unmaskedBy,
} from './mode.ts';

type Operation = (a: bigint, b: bigint, c: bigint, mode: FloatMode) => FloatResult;

/** How an instruction spreads over the registers. */
interface Row {
  asm: string;
  format: Format;
  /** Lanes computed; a scalar instruction has one. */
  lanes: number;
  /** Bits of one result, when not those of the format. */
  resultBits?: number;
  /** The result is an integer in rax. */
  general?: boolean;
  operation: Operation;
}

const rows: Row[] = [];

/** x87 instructions: st(0) becomes the operation of st(1) and st(0). */
const x87: { asm: string; operation: (a: bigint, b: bigint, mode: FloatMode) => FloatResult }[] = [
  { asm: 'faddp', operation: (a, b, mode) => add(EXTENDED80, a, b, mode) },
  { asm: 'fmulp', operation: (a, b, mode) => mul(EXTENDED80, a, b, mode) },
  // AT&T syntax has the two names of a subtraction from st(1) the other way round than Intel's.
  { asm: 'fsubp', operation: (a, b, mode) => sub(EXTENDED80, b, a, mode) },
  { asm: 'fdivp', operation: (a, b, mode) => div(EXTENDED80, b, a, mode) },
  { asm: 'fsqrt', operation: (_a, b, mode) => sqrt(EXTENDED80, b, mode) },
  { asm: 'frndint', operation: (_a, b, mode) => roundToIntegral(EXTENDED80, b, mode) },
];

function arithmetic(name: string, operation: (f: Format, a: bigint, b: bigint, mode: FloatMode) => FloatResult): void {
  for (const [suffix, format, lanes] of [
    ['ss', BINARY32, 1],
    ['sd', BINARY64, 1],
    ['ps', BINARY32, 4],
    ['pd', BINARY64, 2],
  ] as const) {
    const op: Operation = (a, b, _c, mode) => operation(format, a, b, mode);
    rows.push({ asm: `${name}${suffix} %%xmm1, %%xmm0`, format, lanes, operation: op });
  }
}

arithmetic('add', add);
arithmetic('sub', sub);
arithmetic('mul', mul);
arithmetic('div', div);
arithmetic('min', min);
arithmetic('max', max);
arithmetic('sqrt', (f, _a, b, mode) => sqrt(f, b, mode));

for (let i = 0; i < 8; i++) {
  for (const [suffix, format, lanes] of [
    ['ss', BINARY32, 1],
    ['pd', BINARY64, 2],
  ] as const) {
    const ones = (format.signBit << 1n) - 1n;
    rows.push({
      asm: `cmp${suffix} $${i}, %%xmm1, %%xmm0`,
      format,
      lanes,
      operation: (a, b, _c, mode) => {
        const { relation, flags } = compare(format, a, b, mode, PREDICATES[i]!.signalling);
        return { bits: PREDICATES[i]!.holds.includes(relation) ? ones : 0n, flags, roundedUp: false };
      },
    });
  }
}

for (const [suffix, format] of [
  ['ss', BINARY32],
  ['sd', BINARY64],
] as const) {
  for (const [prefix, signalling] of [
    ['u', false],
    ['', true],
  ] as const) {
    rows.push({
      // ZF, PF and CF, the only bits of ah besides the constant one.
      asm: `${prefix}comi${suffix} %%xmm1, %%xmm0; lahf; movzbl %%ah, %%eax; and $0x45, %%eax`,
      format,
      lanes: 1,
      general: true,
      operation: (a, b, _c, mode) => {
        const { relation, flags } = compare(format, a, b, mode, signalling);
        return { bits: { '-1': 0x01n, '0': 0x40n, '1': 0n, '2': 0x45n }[relation], flags, roundedUp: false };
      },
    });
  }
  for (const [register, width] of [
    ['eax', 32],
    ['rax', 64],
  ] as const) {
    for (const truncate of ['', 't']) {
      rows.push({
        asm: `cvt${truncate}${suffix}2si %%xmm1, %%${register}`,
        format,
        lanes: 1,
        general: true,
        operation: (_a, b, _c, mode) => toInteger(format, b, width, mode, truncate ? ROUND_ZERO : mode.rounding),
      });
    }
  }
  for (const [register, width] of [
    ['ecx', 32],
    ['rcx', 64],
  ] as const) {
    rows.push({
      asm: `cvtsi2${suffix} %%${register}, %%xmm0`,
      format,
      lanes: 1,
      operation: (_a, b, _c, mode) => fromInteger(format, BigInt.asIntN(width, b), mode),
    });
  }
  for (let i = 0; i < 5; i++) {
    rows.push({
      asm: `round${suffix} $${i}, %%xmm1, %%xmm0`,
      format,
      lanes: 1,
      operation: (_a, b, _c, mode) => roundToIntegral(format, b, i === 4 ? mode : { ...mode, rounding: i as Rounding }),
    });
  }
  rows.push({
    asm: `vfmadd231${suffix} %%xmm1, %%xmm2, %%xmm0`,
    format,
    lanes: 1,
    operation: (a, b, c, mode) => fma(format, c, b, a, mode),
  });
}
rows.push(
  {
    asm: 'cvtps2dq %%xmm1, %%xmm0',
    format: BINARY32,
    lanes: 4,
    operation: (_a, b, _c, mode) => toInteger(BINARY32, b, 32, mode, mode.rounding),
  },
  {
    asm: 'cvtss2sd %%xmm1, %%xmm0',
    format: BINARY32,
    lanes: 1,
    resultBits: 64,
    operation: (_a, b, _c, mode) => convert(BINARY32, BINARY64, b, mode),
  },
  {
    asm: 'cvtsd2ss %%xmm1, %%xmm0',
    format: BINARY64,
    lanes: 1,
    resultBits: 32,
    operation: (_a, b, _c, mode) => convert(BINARY64, BINARY32, b, mode),
  },
);

/** A deterministic source of random bits (xorshift128). */
function generator(seed: number): () => number {
  let [x, y, z, w] = [seed, 362436069, 521288629, 88675123];
  return () => {
    const t = x ^ (x << 11);
    [x, y, z] = [y, z, w];
    w = w ^ (w >>> 19) ^ t ^ (t >>> 8);
    return w >>> 0;
  };
}

const random = generator(2463534242);
const pick = <T>(list: readonly T[]): T => list[random() % list.length]!;
const bits64 = (): bigint => (BigInt(random()) << 32n) | BigInt(random());

/** Bits of a value that is likely to be at some edge of the format. */
function operand(f: Format): bigint {
  const width = Number(f.fieldBits) + f.exponentBits + 1;
  const sign = random() & 1 ? f.signBit : 0n;
  const fractions = [
    0n,
    1n,
    f.fieldMask,
    f.fieldMask - 1n,
    f.quietBit,
    f.quietBit | 1n,
    1n << BigInt(random() % Number(f.fieldBits)),
  ];
  const fraction = random() & 1 ? bits64() & f.fieldMask : pick(fractions);
  const near = pick([
    0,
    1,
    2,
    f.maxExponent,
    f.maxExponent - 1,
    f.maxExponent - 2,
    f.bias,
    f.bias + 31,
    f.bias + 63,
    f.precision,
  ]);
  const anyExponent = random() % (f.maxExponent + 1);
  const aroundOne = f.bias + (random() % 64) - 32;
  const exponent = [near, near, anyExponent, aroundOne, aroundOne][random() % 5]!;
  const round = random() % 4 === 0 ? fraction & ~((1n << (f.fieldBits / 2n + 1n)) - 1n) : fraction;
  return BigInt.asUintN(width, sign | (BigInt(exponent) << f.fieldBits) | round);
}

/** An x87 operand; one in eight has the wrong integer bit, which makes it a pseudo-denormal or unsupported. */
function extended(): bigint {
  const bits = operand(EXTENDED80);
  const integer = 1n << 63n;
  const normal = ((bits >> 64n) & 0x7fffn) !== 0n;
  return normal !== (random() % 8 === 0) ? bits | integer : bits & ~integer;
}

interface Case {
  row: number;
  mxcsr: number;
  a: bigint;
  b: bigint;
  c: bigint;
}

/** A register of lanes; b of a conversion from integers is an integer near an edge half of the time. */
function register(row: Row): bigint {
  if (row.asm.startsWith('cvtsi2') && random() & 1) {
    return BigInt.asUintN(
      64,
      (random() & 1 ? 1n : -1n) * ((bits64() >> BigInt(random() % 64)) & (random() & 1 ? -1n : ~0x3ffn)),
    );
  }
  const width = row.format.fieldBits + BigInt(row.format.exponentBits) + 1n;
  let bits = 0n;
  for (let shift = 0n; shift < 128n; shift += width) bits |= operand(row.format) << shift;
  return bits;
}

function makeCase(index: number): Case {
  const number = index % rows.length;
  const row = rows[number]!;
  const a = register(row);
  const b = random() % 16 === 0 ? a : register(row);
  const masks = random() & 1 ? 0x1f80 : random() & 0x1f80;
  return { row: number, mxcsr: masks | (random() & 0xe040), a, b, c: register(row) };
}

function model(test: Case): { xmm0: bigint; rax: bigint; mxcsr: number; faulted: number } {
  const row = rows[test.row]!;
  const mode = modeOfMxcsr(test.mxcsr);
  const width = row.format.fieldBits + BigInt(row.format.exponentBits) + 1n;
  const resultWidth = row.resultBits === undefined ? width : BigInt(row.resultBits);
  const mask = (1n << width) - 1n;
  let flags = 0;
  let xmm0 = test.a;
  let rax = 0n;
  for (let lane = 0n; lane < BigInt(row.lanes); lane++) {
    const at = (value: bigint): bigint => (value >> (lane * width)) & mask;
    const b = row.asm.startsWith('cvtsi2') ? test.b & 0xffff_ffff_ffff_ffffn : at(test.b);
    const result = row.operation(at(test.a), b, at(test.c), mode);
    flags |= result.flags;
    if (row.general) rax = result.bits;
    else xmm0 = (xmm0 & ~(((1n << resultWidth) - 1n) << (lane * resultWidth))) | (result.bits << (lane * resultWidth));
  }
  const raised = flagsRaised(test.mxcsr, flags);
  const faulted = unmaskedBy(test.mxcsr, raised) !== 0;
  // A fused operation zeroes nothing here: the legacy part of the register is all the harness looks at.
  return {
    xmm0: faulted ? test.a : xmm0,
    rax: faulted ? 0n : rax,
    mxcsr: test.mxcsr | raised,
    faulted: faulted ? 1 : 0,
  };
}

interface Question {
  number: number;
  control: number;
  operands: bigint[];
}

/** Puts questions to the host CPU; `instructions` is the text of instructions.inc. */
function runNatively(instructions: string, questions: Question[]): Buffer {
  const directory = mkdtempSync(join(tmpdir(), 'float-'));
  try {
    writeFileSync(join(directory, 'instructions.inc'), instructions);
    const program = join(directory, 'native');
    const source = new URL('native.c', import.meta.url).pathname;
    execFileSync('gcc', ['-O1', '-I', directory, '-o', program, source]);
    const input = Buffer.alloc(questions.length * 56);
    questions.forEach((question, i) => {
      input.writeUInt32LE(question.number, i * 56);
      input.writeUInt32LE(question.control, i * 56 + 4);
      question.operands.forEach((value, k) => {
        input.writeBigUInt64LE(BigInt.asUintN(64, value), i * 56 + 8 + k * 16);
        input.writeBigUInt64LE(value >> 64n, i * 56 + 16 + k * 16);
      });
    });
    return execFileSync(program, { input, maxBuffer: 1 << 28 });
  } finally {
    rmSync(directory, { recursive: true });
  }
}

const show = (v: object): string => JSON.stringify(v, (_k, x) => (typeof x === 'bigint' ? x.toString(16) : x));

const native = process.arch === 'x64' && process.platform === 'linux' && spawnSync('gcc', ['--version']).status === 0;
const CASES = 150_000;
const X87_CASES = 30_000;

describe('soft float', () => {
  it.skipIf(!native)(`agrees with the host CPU in ${CASES} cases (skipped without gcc on x86-64 Linux)`, () => {
    const cases = Array.from({ length: CASES }, (_, i) => makeCase(i));
    const text = rows.map((row, i) => `SSE(${i}, "${row.asm}")\n`).join('');
    const questions = cases.map(({ row, mxcsr, a, b, c }) => ({ number: row, control: mxcsr, operands: [a, b, c] }));
    const output = runNatively(text, questions);
    expect(output.length).toBe(CASES * 32);
    const differences: string[] = [];
    const kinds = new Map<string, number>();
    cases.forEach((test, i) => {
      const got = model(test);
      const want = {
        xmm0: output.readBigUInt64LE(i * 32) | (output.readBigUInt64LE(i * 32 + 8) << 64n),
        rax: output.readBigUInt64LE(i * 32 + 16),
        mxcsr: output.readUInt32LE(i * 32 + 24),
        faulted: output.readUInt32LE(i * 32 + 28),
      };
      const row = rows[test.row]!;
      const same = got.xmm0 === want.xmm0 && got.mxcsr === want.mxcsr && got.faulted === want.faulted;
      if (same && (!row.general || got.rax === want.rax)) return;
      kinds.set(row.asm, (kinds.get(row.asm) ?? 0) + 1);
      differences.push(`${row.asm} ${show(test)}\n  native ${show(want)}\n  model  ${show(got)}`);
    });
    expect([...kinds], differences.slice(0, 10).join('\n')).toEqual([]);
  });

  it.skipIf(!native)(`agrees with the host x87 in ${X87_CASES} cases (skipped without gcc on x86-64 Linux)`, () => {
    const questions = Array.from({ length: X87_CASES }, (_, i) => {
      const a = extended();
      const b = random() % 16 === 0 ? a : extended();
      // Every exception masked; precision control 1 is reserved.
      const control = 0x7f | (pick([0, 2, 3]) << 8) | ((random() & 3) << 10);
      return { number: i % x87.length, control, operands: [a, b] };
    });
    const output = runNatively(x87.map((row, i) => `X87(${i}, "${row.asm}")\n`).join(''), questions);
    const differences: string[] = [];
    questions.forEach(({ number, control, operands }, i) => {
      const row = x87[number]!;
      const precision = row.asm === 'frndint' ? 64 : [24, 0, 53, 64][(control >> 8) & 3]!;
      const mode: FloatMode = {
        rounding: ((control >> 10) & 3) as Rounding,
        denormalsAreZero: false,
        flushToZero: false,
        overflowMasked: true,
        underflowMasked: true,
        precision,
      };
      const { bits, flags, roundedUp } = row.operation(operands[0]!, operands[1]!, mode);
      const status = output.readUInt32LE(i * 32 + 24);
      const want = {
        bits: output.readBigUInt64LE(i * 32) | (BigInt(output.readUInt16LE(i * 32 + 8)) << 64n),
        flags: status & 0x3f,
        roundedUp: (status & 0x200) !== 0,
      };
      if (show(want) !== show({ bits, flags, roundedUp })) {
        const [a, b] = operands;
        const got = { bits, flags, roundedUp };
        differences.push(`${row.asm} ${show({ control, a, b })}\n  native ${show(want)}\n  model  ${show(got)}`);
      }
    });
    expect(differences.length, differences.slice(0, 12).join('\n')).toBe(0);
  });
});
