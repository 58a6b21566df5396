/**
 * Float operations inside instructions: the hardware's answer where it is certainly x86's, flags included, and a call where
 * it is not. What "certainly" means is said in `float-values.ts`; the calls go to `float-runtime.ts` or, for all that is
 * rare, straight to the exact soft float.
 */
import {
  FLOAT_PREDICATES,
  type FloatBinary,
  type FloatConversion,
  type FloatFused,
  type FloatPredicate,
  type FloatUnary,
  type FloatVectorBinary,
  type FloatVectorFused,
  type IntegralRounding,
} from '../isa/ops.ts';
import { SIMD, TYPE, type ValueType } from '../wasm/opcodes.ts';
import { conversion, vectorConversion } from './float-convert.ts';
import { FUSED_RUNTIME } from './float-fused.ts';
import { callExactVector, EXACT, FLOAT_RUNTIME, type RuntimeArithmetic } from './float-runtime.ts';
import {
  all,
  allLanes,
  bitsFromFloat,
  choose,
  chooseVectors,
  FLOAT,
  type FloatType,
  floatFromBits,
  inMode,
  isClearlyNormal,
  isNormal,
  isPlain,
  lanesAboveSmallest,
  lanesAtLeastNormal,
  lanesFinite,
  lanesPlain,
  MODE,
  op,
  simd,
} from './float-values.ts';
import { SimdEmitter } from './simd.ts';
import { typeOf, type Value } from './values.ts';

const { i32, i64, v128 } = TYPE;

type Compare = 'eq' | 'ne' | 'lt' | 'le' | 'gt' | 'ge';

/**
 * Comparisons of WebAssembly for the predicates, where neither operand is a NaN; or the answer, which is then the same for
 * all. Predicates 16 to 31 repeat the first sixteen with the other answer to whether quiet NaNs signal.
 */
const COMPARISONS: readonly (Compare | boolean)[] = [
  ...(['eq', 'lt', 'le', false, 'ne', 'ge', 'gt', true] as const),
  ...(['eq', 'lt', 'le', false, 'ne', 'ge', 'gt', true] as const),
];
const comparisonOf = (predicate: FloatPredicate): Compare | boolean =>
  COMPARISONS[FLOAT_PREDICATES.indexOf(predicate) & 15]!;

interface Rounding {
  readonly name: IntegralRounding;
  /** What WebAssembly has in its place. */
  readonly way: Exclude<IntegralRounding, 'mxcsr'>;
  readonly silent: boolean;
}

const roundingOf = (operation: FloatUnary): Rounding => {
  const [, name, silent] = operation.split('.') as ['round', IntegralRounding, 'silent' | undefined];
  return { name, way: name === 'mxcsr' ? 'nearest' : name, silent: silent !== undefined };
};

/** Sign bits of the even lanes. */
const EVEN_SIGNS: Readonly<Record<32 | 64, readonly [bigint, bigint]>> = {
  32: [0x80000000n, 0x80000000n],
  64: [1n << 63n, 0n],
};

export class FloatEmitter extends SimdEmitter {
  float2(name: FloatBinary, w: 32 | 64, a: Value, b: Value): Value {
    if (name === 'min' || name === 'max') return this.#select(name, w, a, b);
    return this.#arithmetic(name, w, a, b);
  }

  float1(name: FloatUnary, w: 32 | 64, a: Value): Value {
    if (name === 'sqrt') return this.#arithmetic(name, w, a, a);
    const t = FLOAT[w];
    const how = roundingOf(name);
    const r = bitsFromFloat(this, t, op(this, t.round[how.way], t.float, floatFromBits(this, t, a)));
    const settled = this.#roundingSettled(how, isPlain(this, t, a), () => this.eq(w, r, a));
    return choose(
      this,
      t.int,
      settled,
      () => r,
      () => this.exactScalar(`float1:${name}:${w}:1`, w, w, a, a),
    );
  }

  floatVector2(name: FloatVectorBinary, w: 32 | 64, a: readonly Value[], b: readonly Value[]): Value[] {
    if (name === 'min' || name === 'max') return this.#selectVector(name, w, a, b);
    if (name === 'addsub') return this.#vectorAddSub(w, a, b);
    return this.#vectorArithmetic(name, w, a, b);
  }

  floatVector1(name: FloatUnary, w: 32 | 64, a: readonly Value[]): Value[] {
    if (name === 'sqrt') return this.#vectorArithmetic(name, w, a, a);
    const t = FLOAT[w];
    const how = roundingOf(name);
    const r = a.map((x) => simd(this, t.vector.round[how.way], x));
    const exact = () => allLanes(this, ...r.map((x, n) => simd(this, t.vector.compare.eq, x, a[n]!)));
    const settled = this.#roundingSettled(how, allLanes(this, ...a.map((x) => lanesPlain(this, t, x))), exact);
    return this.#chooseExact(settled, () => r, `float1:${name}:${w}`, t, [a]);
  }

  floatFused(name: FloatFused, w: 32 | 64, a: Value, b: Value, c: Value): Value {
    return this.#runtime(`float:fused:${name}${w}`, typeOf(w), a, b, c);
  }

  floatVectorFused(
    name: FloatVectorFused,
    w: 32 | 64,
    a: readonly Value[],
    b: readonly Value[],
    c: readonly Value[],
  ): Value[] {
    const perChunk = (): Value[] =>
      a.map((x, n) => this.#runtime(`float:fused:${name}${w}x${128 / w}`, v128, x, b[n]!, c[n]!));
    if (a.length === 1) return perChunk();
    // While everything is masked, lanes know nothing of each other.
    return chooseVectors(this, a.length, inMode(this, this.mxcsr(), MODE.masked), perChunk, () =>
      this.exactVectors(`fused:${name}:${w}:${(a.length * 128) / w}`, [a, b, c], a.length),
    );
  }

  /** Whether WebAssembly's rounding is the answer: no NaN or denormal, and no precision exception that would be new. */
  #roundingSettled({ name, silent }: Rounding, plain: Value, exact: () => Value): Value {
    const mxcsr = this.mxcsr();
    const nothingNew = silent ? [] : [this.either(inMode(this, mxcsr, MODE.truncatesSilently), exact())];
    const asMxcsrSays = name === 'mxcsr' ? [inMode(this, mxcsr, MODE.roundsToNearest)] : [];
    return all(this, plain, ...nothingNew, ...asMxcsrSays);
  }

  floatCompare(predicate: FloatPredicate, w: 32 | 64, a: Value, b: Value): Value {
    const t = FLOAT[w];
    const how = comparisonOf(predicate);
    const compared = (): Value => {
      if (typeof how === 'boolean') return this.int(w, how ? -1 : 0);
      const c = op(this, t.compare[how], i32, floatFromBits(this, t, a), floatFromBits(this, t, b));
      return this.neg(w, this.fromCondition(w, c));
    };
    return this.ifPlain(t, [a, b], t.int, compared, () => this.exactScalar(`compare:${predicate}:${w}:1`, w, w, a, b));
  }

  floatVectorCompare(predicate: FloatPredicate, w: 32 | 64, a: readonly Value[], b: readonly Value[]): Value[] {
    const t = FLOAT[w];
    const how = comparisonOf(predicate);
    const compared = (n: number): Value => {
      if (typeof how === 'boolean') return how ? this.vectorConstant(-1n, -1n) : this.vectorConstant(0n, 0n);
      return simd(this, t.vector.compare[how], a[n]!, b[n]!);
    };
    const plain = allLanes(this, ...[...a, ...b].map((x) => lanesPlain(this, t, x)));
    return this.#chooseExact(plain, () => a.map((_, n) => compared(n)), `compare:${predicate}:${w}`, t, [a, b]);
  }

  floatOrder(signalling: boolean, w: 32 | 64, a: Value, b: Value): { zf: Value; pf: Value; cf: Value } {
    const t = FLOAT[w];
    const bits = this.ifPlain(
      t,
      [a, b],
      i32,
      () => {
        const { less, equal } = this.order(t, a, b);
        return this.or(32, equal, this.shl(32, less, this.int(32, 2)));
      },
      () => this.exactScalar(`order:${signalling ? 'comi' : 'ucomi'}:${w}:1`, w, 32, a, b),
    );
    return { zf: this.bit(32, bits, 0), pf: this.bit(32, bits, 1), cf: this.bit(32, bits, 2) };
  }

  /** How two numbers compare. */
  protected order(t: FloatType, a: Value, b: Value): { less: Value; equal: Value } {
    const [fa, fb] = [floatFromBits(this, t, a), floatFromBits(this, t, b)];
    return { less: op(this, t.compare.lt, i32, fa, fb), equal: op(this, t.compare.eq, i32, fa, fb) };
  }

  floatConvert(name: FloatConversion, a: Value): Value {
    return conversion(this, name, a);
  }

  floatVectorConvert(
    name: FloatConversion,
    lanes: number,
    a: readonly Value[],
    rounding: IntegralRounding = 'mxcsr',
  ): Value[] {
    return vectorConversion(this, name, lanes, a, rounding);
  }

  /** The exact operation of that name (`imports.ts`) on operands of `from` bits, giving `to` bits. */
  exactScalar(name: string, from: 32 | 64, to: 32 | 64, ...operands: readonly Value[]): Value {
    this.saveContext();
    for (let n = 0; n < 4; n++) {
      const operand = operands[n];
      this.push(operand === undefined ? this.int(64, 0) : this.zeroExtend(from, 64, operand));
    }
    this.f.callImport(name, EXACT);
    return this.truncate(64, to, this.pop(i64));
  }

  /** The same on vectors, giving `chunks` of 128 bits. */
  exactVectors(name: string, operands: readonly (readonly Value[])[], chunks: number): Value[] {
    this.saveContext();
    return callExactVector(this, name, operands, chunks);
  }

  /** The vectors that `then` gives, or if they are not settled those of the exact operation on as many lanes. */
  #chooseExact(
    settled: Value,
    then: () => readonly Value[],
    name: string,
    t: FloatType,
    operands: readonly (readonly Value[])[],
  ): Value[] {
    const chunks = operands[0]!.length;
    return chooseVectors(this, chunks, settled, then, () =>
      this.exactVectors(`${name}:${chunks * t.vector.lanes}`, operands, chunks),
    );
  }

  #runtime(name: string, type: Value['type'], ...operands: readonly Value[]): Value {
    this.saveContext();
    for (const operand of operands) this.push(operand);
    this.f.callImport(name, (FLOAT_RUNTIME[name] ?? FUSED_RUNTIME[name])!);
    return this.pop(type);
  }

  /** What `then` gives if two scalars are neither denormals nor NaNs, and what `exact` gives otherwise. */
  protected ifPlain(
    t: FloatType,
    [a, b]: readonly [Value, Value],
    type: ValueType,
    then: () => Value,
    exact: () => Value,
  ): Value {
    return choose(this, type, this.both(isPlain(this, t, a), isPlain(this, t, b)), then, exact);
  }

  /** Square roots take their operand twice. */
  #arithmetic(name: RuntimeArithmetic, w: 32 | 64, a: Value, b: Value): Value {
    const t = FLOAT[w];
    const fb = floatFromBits(this, t, b);
    const result =
      name === 'sqrt'
        ? op(this, t.sqrt, t.float, fb)
        : op(this, t.arithmetic[name], t.float, floatFromBits(this, t, a), fb);
    const r = bitsFromFloat(this, t, result);
    const settled = all(
      this,
      inMode(this, this.mxcsr(), MODE.inexactIsNothingNew),
      isClearlyNormal(this, t, r),
      isNormal(this, t, b),
      ...(name === 'sqrt' ? [] : [isNormal(this, t, a)]),
    );
    return choose(
      this,
      typeOf(w),
      settled,
      () => r,
      () => this.#runtime(`float:${name}${w}`, t.int, a, b),
    );
  }

  #vectorArithmetic(name: RuntimeArithmetic, w: 32 | 64, a: readonly Value[], b: readonly Value[]): Value[] {
    const t = FLOAT[w];
    const r = b.map((y, n) =>
      name === 'sqrt' ? simd(this, t.vector.sqrt, y) : simd(this, t.vector.arithmetic[name], a[n]!, y),
    );
    const masks = r.flatMap((x) => [lanesAboveSmallest(this, t, x), lanesFinite(this, t, x)]);
    masks.push(...b.map((y) => lanesAtLeastNormal(this, t, y)));
    if (name !== 'sqrt') masks.push(...a.map((x) => lanesAtLeastNormal(this, t, x)));
    const mxcsr = this.mxcsr();
    const settled = this.both(inMode(this, mxcsr, MODE.inexactIsNothingNew), allLanes(this, ...masks));
    const perChunk = (): Value[] =>
      b.map((y, n) => this.#runtime(`float:${name}${w}x${t.vector.lanes}`, v128, a[n]!, y));
    if (b.length === 1) {
      return chooseVectors(this, 1, settled, () => r, perChunk);
    }
    const exactName = `${name === 'sqrt' ? 'float1' : 'float2'}:${name}:${w}:${b.length * t.vector.lanes}`;
    return chooseVectors(
      this,
      b.length,
      settled,
      () => r,
      // While everything is masked, lanes know nothing of each other.
      () =>
        chooseVectors(this, b.length, inMode(this, mxcsr, MODE.masked), perChunk, () =>
          this.exactVectors(exactName, name === 'sqrt' ? [b] : [a, b], b.length),
        ),
    );
  }

  #vectorAddSub(w: 32 | 64, a: readonly Value[], b: readonly Value[]): Value[] {
    const t = FLOAT[w];
    const signs = this.vectorConstant(...EVEN_SIGNS[w]);
    const r = b.map((y, n) => simd(this, t.vector.arithmetic.add, a[n]!, simd(this, SIMD.v128Xor, y, signs)));
    const masks = [
      ...r.flatMap((x) => [lanesAboveSmallest(this, t, x), lanesFinite(this, t, x)]),
      ...[...a, ...b].map((x) => lanesAtLeastNormal(this, t, x)),
    ];
    const settled = this.both(inMode(this, this.mxcsr(), MODE.inexactIsNothingNew), allLanes(this, ...masks));
    return this.#chooseExact(settled, () => r, `float2:addsub:${w}`, t, [a, b]);
  }

  /** The second operand unless the first is less, or greater. */
  #select(name: 'min' | 'max', w: 32 | 64, a: Value, b: Value): Value {
    const t = FLOAT[w];
    const compare = t.compare[name === 'min' ? 'lt' : 'gt'];
    return this.ifPlain(
      t,
      [a, b],
      t.int,
      () => this.select(w, op(this, compare, i32, floatFromBits(this, t, a), floatFromBits(this, t, b)), a, b),
      () => this.exactScalar(`float2:${name}:${w}:1`, w, w, a, b),
    );
  }

  #selectVector(name: 'min' | 'max', w: 32 | 64, a: readonly Value[], b: readonly Value[]): Value[] {
    const t = FLOAT[w];
    return this.#chooseExact(
      allLanes(this, ...[...a, ...b].map((x) => lanesPlain(this, t, x))),
      // WebAssembly's pmin(b, a) is a < b ? a : b, its pmax(b, a) is b < a ? a : b.
      () => a.map((x, n) => simd(this, t.vector.arithmetic[name], b[n]!, x)),
      `float2:${name}:${w}`,
      t,
      [a, b],
    );
  }
}
