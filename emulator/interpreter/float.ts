/**
 * Float operations inside instructions: the hardware's answer where it is certainly x86's, flags included, and a call where
 * it is not. What "certainly" means is said in `float-values.ts`; the calls go to `float-runtime.ts` or, for all that is
 * rare, straight to the exact soft float.
 */
import type { FloatBinary, FloatConversion, FloatPredicate, FloatUnary, IntegralRounding } from '../isa/ops.ts';
import { STATE } from '../state.ts';
import { OP, SIMD, TYPE } from '../wasm/opcodes.ts';
import { conversion, vectorConversion } from './float-convert.ts';
import { type Arithmetic, EXACT, FLOAT_RUNTIME } from './float-runtime.ts';
import {
  all,
  allLanes,
  bitsFromFloat,
  choose,
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

/** Comparisons of WebAssembly for the predicates, where neither operand is a NaN. */
const PREDICATE: Readonly<
  Record<FloatPredicate, { readonly compare: 'eq' | 'ne' | 'lt' | 'le' | 'gt' | 'ge' } | { readonly always: boolean }>
> = {
  eq: { compare: 'eq' },
  lt: { compare: 'lt' },
  le: { compare: 'le' },
  unord: { always: false },
  neq: { compare: 'ne' },
  nlt: { compare: 'ge' },
  nle: { compare: 'gt' },
  ord: { always: true },
};

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

  floatVector2(name: FloatBinary, w: 32 | 64, a: Value, b: Value): Value {
    if (name === 'min' || name === 'max') return this.#selectVector(name, w, a, b);
    return this.#vectorArithmetic(name, w, a, b);
  }

  floatVector1(name: FloatUnary, w: 32 | 64, a: Value): Value {
    if (name === 'sqrt') return this.#vectorArithmetic(name, w, a, a);
    const t = FLOAT[w];
    const how = roundingOf(name);
    const r = simd(this, t.vector.round[how.way], a);
    const exact = () => allLanes(this, simd(this, t.vector.compare.eq, r, a));
    const settled = this.#roundingSettled(how, allLanes(this, lanesPlain(this, t, a)), exact);
    return choose(
      this,
      v128,
      settled,
      () => r,
      () => this.exactVector(`float1:${name}:${w}:${t.vector.lanes}`, a, a),
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
    const how = PREDICATE[predicate];
    const compared = (): Value => {
      if ('always' in how) return this.int(w, how.always ? -1 : 0);
      const c = op(this, t.compare[how.compare], i32, floatFromBits(this, t, a), floatFromBits(this, t, b));
      return this.neg(w, this.fromCondition(w, c));
    };
    return choose(this, t.int, this.#bothPlain(t, a, b), compared, () =>
      this.exactScalar(`compare:${predicate}:${w}:1`, w, w, a, b),
    );
  }

  floatVectorCompare(predicate: FloatPredicate, w: 32 | 64, a: Value, b: Value): Value {
    const t = FLOAT[w];
    const how = PREDICATE[predicate];
    const compared = (): Value => {
      if ('always' in how) return how.always ? this.vectorConstant(-1n, -1n) : this.vectorConstant(0n, 0n);
      return simd(this, t.vector.compare[how.compare], a, b);
    };
    const plain = allLanes(this, lanesPlain(this, t, a), lanesPlain(this, t, b));
    return choose(this, v128, plain, compared, () =>
      this.exactVector(`compare:${predicate}:${w}:${t.vector.lanes}`, a, b),
    );
  }

  floatOrder(signalling: boolean, w: 32 | 64, a: Value, b: Value): { zf: Value; pf: Value; cf: Value } {
    const t = FLOAT[w];
    const bits = choose(
      this,
      i32,
      this.#bothPlain(t, a, b),
      () => {
        const [fa, fb] = [floatFromBits(this, t, a), floatFromBits(this, t, b)];
        const less = this.shl(32, op(this, t.compare.lt, i32, fa, fb), this.int(32, 2));
        return this.or(32, op(this, t.compare.eq, i32, fa, fb), less);
      },
      () => this.exactScalar(`order:${signalling ? 'comi' : 'ucomi'}:${w}:1`, w, 32, a, b),
    );
    return { zf: this.bit(32, bits, 0), pf: this.bit(32, bits, 1), cf: this.bit(32, bits, 2) };
  }

  floatConvert(name: FloatConversion, a: Value): Value {
    return conversion(this, name, a);
  }

  floatVectorConvert(name: FloatConversion, lanes: number, a: Value): Value {
    return vectorConversion(this, name, lanes, a);
  }

  /** The exact operation of that name (`imports.ts`) on operands of `from` bits, giving `to` bits. */
  exactScalar(name: string, from: 32 | 64, to: 32 | 64, a: Value, b: Value): Value {
    const zero = this.int(64, 0);
    const operands = [this.zeroExtend(from, 64, a), zero, this.zeroExtend(from, 64, b), zero];
    this.saveContext();
    for (const v of operands) this.push(v);
    this.f.callImport(name, EXACT);
    return this.truncate(64, to, this.pop(i64));
  }

  exactVector(name: string, a: Value, b: Value): Value {
    this.saveContext();
    for (const v of [a, b]) {
      for (const lane of [0, 1]) {
        this.push(v);
        this.f.simd(SIMD.i64x2ExtractLane);
        this.f.code.u8(lane);
      }
    }
    this.f.callImport(name, EXACT);
    this.f.op(OP.drop);
    this.f.i32(0);
    this.f.simdMemory(SIMD.v128Load, STATE.vectorResult);
    return this.pop(v128);
  }

  #runtime(name: string, type: Value['type'], a: Value, b: Value): Value {
    this.saveContext();
    this.push(a);
    this.push(b);
    this.f.callImport(name, FLOAT_RUNTIME[name]!);
    return this.pop(type);
  }

  #bothPlain(t: FloatType, a: Value, b: Value): Value {
    return this.both(isPlain(this, t, a), isPlain(this, t, b));
  }

  /** Square roots take their operand twice. */
  #arithmetic(name: Arithmetic, w: 32 | 64, a: Value, b: Value): Value {
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

  #vectorArithmetic(name: Arithmetic, w: 32 | 64, a: Value, b: Value): Value {
    const t = FLOAT[w];
    const r = name === 'sqrt' ? simd(this, t.vector.sqrt, b) : simd(this, t.vector.arithmetic[name], a, b);
    const masks = [lanesAboveSmallest(this, t, r), lanesFinite(this, t, r), lanesAtLeastNormal(this, t, b)];
    if (name !== 'sqrt') masks.push(lanesAtLeastNormal(this, t, a));
    const settled = this.both(inMode(this, this.mxcsr(), MODE.inexactIsNothingNew), allLanes(this, ...masks));
    return choose(
      this,
      v128,
      settled,
      () => r,
      () => this.#runtime(`float:${name}${w}x${t.vector.lanes}`, v128, a, b),
    );
  }

  /** The second operand unless the first is less, or greater. */
  #select(name: 'min' | 'max', w: 32 | 64, a: Value, b: Value): Value {
    const t = FLOAT[w];
    const compare = t.compare[name === 'min' ? 'lt' : 'gt'];
    return choose(
      this,
      t.int,
      this.#bothPlain(t, a, b),
      () => this.select(w, op(this, compare, i32, floatFromBits(this, t, a), floatFromBits(this, t, b)), a, b),
      () => this.exactScalar(`float2:${name}:${w}:1`, w, w, a, b),
    );
  }

  #selectVector(name: 'min' | 'max', w: 32 | 64, a: Value, b: Value): Value {
    const t = FLOAT[w];
    return choose(
      this,
      v128,
      allLanes(this, lanesPlain(this, t, a), lanesPlain(this, t, b)),
      // WebAssembly's pmin(b, a) is a < b ? a : b, its pmax(b, a) is b < a ? a : b.
      () => simd(this, t.vector.arithmetic[name], b, a),
      () => this.exactVector(`float2:${name}:${w}:${t.vector.lanes}`, a, b),
    );
  }
}
