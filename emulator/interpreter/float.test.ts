/** Generated float code against the exact soft float: results, MXCSR and #XM in every mode. */
import { describe, expect, it } from 'vitest';
import { CpuState } from '../cpu-state.ts';
import {
  conversionWidths,
  floatBinary,
  floatConversion,
  floatFused,
  floatOrder,
  floatPredicate,
  floatUnary,
} from '../float/mxcsr.ts';
import { CpuFault } from '../isa/helper.ts';
import type { Instruction } from '../isa/instruction.ts';
import {
  FLOAT_PREDICATES,
  type FloatConversion,
  type FloatFused,
  type FloatVectorBinary,
  type FloatVectorFused,
  type IntegralRounding,
} from '../isa/ops.ts';
import { GuestMemory } from '../memory/access.ts';
import { LINEAR } from '../memory/layout.ts';
import { PhysicalMemory } from '../memory/physical.ts';
import { SIMD, TYPE } from '../wasm/opcodes.ts';
import { ModuleWriter } from '../wasm/writer.ts';
import { HANDLER } from './contract.ts';
import { FloatEmitter } from './float.ts';
import { fusedRuntime } from './float-fused.ts';
import { floatRuntime } from './float-runtime.ts';
import { importedFunction } from './imports.ts';
import type { Value } from './values.ts';

type Exact = (state: CpuState, a: bigint, b: bigint, c: bigint) => bigint;
type Chunks = readonly Value[];

interface Operation {
  readonly name: string;
  /** Width of an operand's lane, and whether it is a float. */
  readonly from: 16 | 32 | 64;
  readonly fromFloat: boolean;
  /** Operands are of two chunks. */
  readonly emit: (e: FloatEmitter, a: Chunks, b: Chunks, c: Chunks) => Chunks;
  readonly exact: Exact;
}

const operations: Operation[] = [];
const BINARIES: readonly FloatVectorBinary[] = ['add', 'sub', 'mul', 'div', 'min', 'max', 'addsub'];
const FUSED: readonly FloatFused[] = ['fmadd', 'fmsub', 'fnmadd', 'fnmsub'];
const VECTOR_FUSED: readonly FloatVectorFused[] = [...FUSED, 'fmaddsub', 'fmsubadd'];

/** Vectors go in and out of the operations; a scalar one takes the low lane. */
const onLane =
  (w: 32 | 64, to: 32 | 64, f: (e: FloatEmitter, a: Value, b: Value, c: Value) => Value): Operation['emit'] =>
  (e, a, b, c) => [e.vectorFromInt(to, f(e, e.lane(w, a[0]!, 0), e.lane(w, b[0]!, 0), e.lane(w, c[0]!, 0)))];

for (const w of [32, 64] as const) {
  const define = (name: string, emit: Operation['emit'], exact: Exact): void => {
    operations.push({ name: `${name} ${w}`, from: w, fromFloat: true, emit, exact });
  };
  for (const name of BINARIES) {
    if (name === 'addsub') continue;
    const scalar = onLane(w, w, (e, a, b) => e.float2(name, w, a, b));
    define(`${name} scalar`, scalar, (s, a, b) => floatBinary(s, name, w, 1, a, b));
  }
  const root = onLane(w, w, (e, a) => e.float1('sqrt', w, a));
  define('sqrt scalar', root, (s, a) => floatUnary(s, 'sqrt', w, 1, a));
  for (const name of FLOAT_PREDICATES) {
    const scalar = onLane(w, w, (e, a, b) => e.floatCompare(name, w, a, b));
    define(`${name} scalar`, scalar, (s, a, b) => floatPredicate(s, name, w, 1, a, b));
  }
  for (const name of FUSED) {
    const scalar = onLane(w, w, (e, a, b, c) => e.floatFused(name, w, a, b, c));
    define(`${name} scalar`, scalar, (s, a, b, c) => floatFused(s, name, w, 1, a, b, c));
  }
  for (const chunks of [1, 2]) {
    const lanes = (chunks * 128) / w;
    const cut = (x: Chunks): Chunks => x.slice(0, chunks);
    for (const name of BINARIES) {
      define(
        `${name} x${lanes}`,
        (e, a, b) => e.floatVector2(name, w, cut(a), cut(b)),
        (s, a, b) => floatBinary(s, name, w, lanes, a, b),
      );
    }
    define(
      `sqrt x${lanes}`,
      (e, a) => e.floatVector1('sqrt', w, cut(a)),
      (s, a) => floatUnary(s, 'sqrt', w, lanes, a),
    );
    for (const name of chunks === 1 ? FLOAT_PREDICATES.slice(0, 8) : FLOAT_PREDICATES.slice(8)) {
      define(
        `${name} x${lanes}`,
        (e, a, b) => e.floatVectorCompare(name, w, cut(a), cut(b)),
        (s, a, b) => floatPredicate(s, name, w, lanes, a, b),
      );
    }
    for (const name of VECTOR_FUSED) {
      define(
        `${name} x${lanes}`,
        (e, a, b, c) => e.floatVectorFused(name, w, cut(a), cut(b), cut(c)),
        (s, a, b, c) => floatFused(s, name, w, lanes, a, b, c),
      );
    }
  }
  for (const signalling of [false, true]) {
    const order = onLane(w, 32, (e, a, b) => {
      const { zf, pf, cf } = e.floatOrder(signalling, w, a, b);
      return e.or(32, e.or(32, zf, e.shl(32, pf, e.int(32, 1))), e.shl(32, cf, e.int(32, 2)));
    });
    define(signalling ? 'comi' : 'ucomi', order, (s, a, b) => {
      const { zf, pf, cf } = floatOrder(s, signalling, w, BigInt.asUintN(w, a), BigInt.asUintN(w, b));
      return (zf ? 1n : 0n) | (pf ? 2n : 0n) | (cf ? 4n : 0n);
    });
  }
}
const SCALAR_CONVERSIONS: readonly FloatConversion[] = [
  ...(['f64.f32', 'f32.f64', 'f32.i32', 'f32.i64', 'f64.i32', 'f64.i64'] as const),
  ...(['i32.f32', 'i32.f64', 'i64.f32', 'i64.f64'] as const),
  ...(['i32t.f32', 'i32t.f64', 'i64t.f32', 'i64t.f64'] as const),
];
/** With the lanes of the shorter vector; there is one of twice as many. */
const VECTOR_CONVERSIONS: readonly (readonly [FloatConversion, number, IntegralRounding?])[] = [
  ...([
    ['f64.f32', 2],
    ['f32.f64', 2],
    ['f32.i32', 4],
    ['f64.i32', 2],
  ] as const),
  ...([
    ['i32.f32', 4],
    ['i32t.f32', 4],
    ['i32.f64', 2],
    ['i32t.f64', 2],
  ] as const),
  ...([
    ['f32.f16', 4],
    ['f16.f32', 4],
    ['f16.f32', 4, 'nearest'],
    ['f16.f32', 4, 'up'],
  ] as const),
];
for (const name of SCALAR_CONVERSIONS) {
  const { from, to } = conversionWidths(name) as { from: 32 | 64; to: 32 | 64 };
  const emit = onLane(from, to, (e, a) => e.floatConvert(name, a));
  const exact: Exact = (s, a) => floatConversion(s, name, 1, a);
  operations.push({ name, from, fromFloat: /\.f/.test(name), emit, exact });
}
for (const [name, few, rounding] of VECTOR_CONVERSIONS) {
  const { from } = conversionWidths(name) as { from: 16 | 32 | 64 };
  for (const lanes of [few, 2 * few]) {
    operations.push({
      name: `${name} x${lanes} ${rounding ?? ''}`,
      from,
      fromFloat: /\.f/.test(name),
      emit: (e, a) => e.floatVectorConvert(name, lanes, a.slice(0, Math.ceil((lanes * from) / 128)), rounding),
      exact: (s, a) => floatConversion(s, name, lanes, a, rounding),
    });
  }
}

/** Where the generated functions find their operands and leave the result. */
const OPERANDS = [0x8000, 0x8020, 0x8040] as const;
const RESULT = 0x8060;
/** Where they believe their record to be. */
const RECORD_ADDRESS = 0x9000;

const CASES = 250;

interface Machine {
  readonly state: CpuState;
  readonly view: DataView;
  readonly functions: readonly ((record: number, budget: number) => number)[];
}

const build = (): Machine => {
  const physical = new PhysicalMemory(1 << 20);
  const state = new CpuState(physical.memory.buffer, LINEAR.state);
  const guest = new GuestMemory(physical, state, { timestamp: () => 0n, random64: () => 0n });
  const env: Record<string, unknown> = {
    memory: physical.memory,
    table: new WebAssembly.Table({ element: 'anyfunc', initial: 1 }),
  };
  const instantiate = (m: ModuleWriter): Record<string, unknown> => {
    for (const name of m.importNames()) env[name] ??= importedFunction(name, guest);
    return new WebAssembly.Instance(new WebAssembly.Module(m.finish()), { env }).exports;
  };
  Object.assign(env, instantiate(floatRuntime()), instantiate(fusedRuntime()));
  const m = new ModuleWriter();
  for (const [n, operation] of operations.entries()) {
    const e = new FloatEmitter(m.function(HANDLER, `f${n}`), { operands: [] } as unknown as Instruction);
    const load = (address: number): Chunks =>
      [0, 16].map((offset) => {
        e.f.i32(address);
        e.f.simdMemory(SIMD.v128Load, offset);
        return e.pop(TYPE.v128);
      });
    const result = operation.emit(e, load(OPERANDS[0]), load(OPERANDS[1]), load(OPERANDS[2]));
    for (const [chunk, value] of result.entries()) {
      e.f.i32(RESULT);
      e.push(value);
      e.f.simdMemory(SIMD.v128Store, 16 * chunk);
    }
    e.f.i32(0);
  }
  const handlers = instantiate(m);
  const functions = operations.map((_, n) => handlers[`f${n}`] as (record: number, budget: number) => number);
  return { state, view: physical.view, functions };
};

/** A deterministic source of random bits. */
const generator = (seed: number): (() => number) => {
  let [x, y, z, w] = [seed, 362436069, 521288629, 88675123];
  return () => {
    const t = x ^ (x << 11);
    [x, y, z] = [y, z, w];
    w = w ^ (w >>> 19) ^ t ^ (t >>> 8);
    return w >>> 0;
  };
};

const random = generator(19937);
const pick = <T>(list: readonly T[]): T => list[random() % list.length]!;
const bits64 = (): bigint => (BigInt(random()) << 32n) | BigInt(random());

/** Bits near edges of the format, or of few significant digits so that operations on them are exact. */
const floatBits = (w: 16 | 32 | 64): bigint => {
  const [fieldBits, maxExponent, bias] = ({ 16: [10, 31, 15], 32: [23, 255, 127], 64: [52, 2047, 1023] } as const)[w];
  const fieldMask = (1n << BigInt(fieldBits)) - 1n;
  const field = pick([0n, 0n, 1n, fieldMask, 1n << BigInt(fieldBits - 1), bits64(), bits64(), bits64()]) & fieldMask;
  const coarse = random() & 1 ? field & ~(fieldMask >> BigInt(random() % 24)) : field;
  const edges = [
    0,
    0,
    1,
    2,
    maxExponent,
    maxExponent - 1,
    bias,
    bias + 30,
    bias + 31,
    bias + 63,
    bias - 14,
    bias - 15,
    bias + 15,
    bias + 16,
    fieldBits,
    fieldBits + 2,
  ].map((edge) => Math.min(edge, maxExponent));
  const exponent = pick([
    pick(edges),
    bias + (random() % 16) - 8,
    bias + (random() % 16) - 8,
    random() % (maxExponent + 1),
  ]);
  return (BigInt(random() & 1) << BigInt(w - 1)) | (BigInt(exponent) << BigInt(fieldBits)) | coarse;
};

const integerBits = (w: 32 | 64): bigint => {
  const value = bits64() >> BigInt(random() % 64);
  return BigInt.asUintN(w, pick([value, -value, (1n << BigInt(w - 1)) - BigInt(random() % 3), -(1n << BigInt(w - 1))]));
};

const lanesOf = (operation: Operation): bigint => {
  let bits = 0n;
  for (let at = 0; at < 256; at += operation.from) {
    bits |= (operation.fromFloat ? floatBits(operation.from) : integerBits(operation.from as 32 | 64)) << BigInt(at);
  }
  return bits;
};

/** Addends that nearly cancel a product, or end where its last digits are. */
const addendsFor = (operation: Operation, a: bigint, b: bigint): bigint => {
  const w = operation.from as 32 | 64;
  const exponent = w === 32 ? 23n : 52n;
  let bits = 0n;
  for (let at = 0n; at < 256n; at += BigInt(w)) {
    const lane = (x: bigint) => BigInt.asUintN(w, x >> at);
    const scratch = { mxcsr: MASKED } as CpuState;
    const product = floatBinary(scratch, 'mul', w, 1, lane(a), lane(b));
    const negated = product ^ (BigInt(random() & 1) << BigInt(w - 1));
    const moved = BigInt((random() % 121) - 60) << exponent;
    const near = pick([0n, 0n, 1n, -1n, BigInt(random() % 64) - 32n, moved, moved, moved + BigInt(random() % 3) - 1n]);
    const coarse = random() & 1 ? ~((1n << BigInt(random() % Number(exponent))) - 1n) : -1n;
    bits |= BigInt.asUintN(w, (negated + near) & coarse) << at;
  }
  return bits;
};

const MASKED = 0x1f80;
const mxcsrs = [
  MASKED,
  MASKED,
  MASKED | 0x20,
  MASKED | 0x20,
  MASKED | 0x32,
  MASKED | 0x8060,
  MASKED | 0x8040,
  MASKED | 0x22,
];
const anyMxcsr = (): number => (random() % 4 === 0 ? random() & 0xffff : pick(mxcsrs));

describe('generated float code', () => {
  const machine = build();
  const { state, view } = machine;

  it.each(operations.map((operation, n) => [operation.name, operation, n] as const))('%s', (_name, operation, n) => {
    const run = (mxcsr: number, f: () => bigint) => {
      state.mxcsr = mxcsr;
      try {
        const result = f();
        return { result: result.toString(16), mxcsr: state.mxcsr, fault: 0 };
      } catch (error) {
        if (!(error instanceof CpuFault)) throw error;
        return { result: '', mxcsr: state.mxcsr, fault: error.vector };
      }
    };
    for (let i = 0; i < CASES; i++) {
      const [a, other] = [lanesOf(operation), lanesOf(operation)];
      const b = random() % 16 === 0 ? a : other;
      const c = /^fn?m/.test(operation.name) && random() & 1 ? addendsFor(operation, a, b) : lanesOf(operation);
      const mxcsr = anyMxcsr();
      for (const [n, value] of [a, b, c].entries()) {
        for (let quad = 0; quad < 4; quad++) {
          view.setBigUint64(OPERANDS[n]! + 8 * quad, BigInt.asUintN(64, value >> BigInt(64 * quad)), true);
        }
      }
      const got = run(mxcsr, () => {
        for (let quad = 0; quad < 4; quad++) view.setBigUint64(RESULT + 8 * quad, 0n, true);
        machine.functions[n]!(RECORD_ADDRESS, 1);
        let result = 0n;
        for (let quad = 3; quad >= 0; quad--) result = (result << 64n) | view.getBigUint64(RESULT + 8 * quad, true);
        return result;
      });
      const want = run(mxcsr, () => operation.exact(state, a, b, c));
      if (got.result !== want.result || got.mxcsr !== want.mxcsr || got.fault !== want.fault) {
        expect(got, `mxcsr ${mxcsr.toString(16)} a ${a.toString(16)} b ${b.toString(16)} c ${c.toString(16)}`).toEqual(
          want,
        );
      }
    }
  });
});
