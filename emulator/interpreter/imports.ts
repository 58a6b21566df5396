/** Functions in TypeScript which generated code calls: helpers and exact float operations, found by import name. */
import { floatBinary, floatConversion, floatFused, floatOrder, floatPredicate, floatUnary } from '../float/mxcsr.ts';
import { type Helper, type HelperName, helpers } from '../isa/helpers.ts';
import type {
  FloatConversion,
  FloatPredicate,
  FloatUnary,
  FloatVectorBinary,
  FloatVectorFused,
  IntegralRounding,
} from '../isa/ops.ts';
import type { GuestMemory } from '../memory/access.ts';
import { STATE } from '../state.ts';

type Imported = ((a: bigint, b: bigint, c: bigint, d: bigint) => bigint) | (() => void);

const unsigned = (v: bigint) => BigInt.asUintN(64, v);

/**
 * The function for an import name: `helper:NAME`, or `KIND:OPERATION:WIDTH:LANES` for floats, which takes numbers for one
 * lane and finds its operands in the CPU state for more (`float-runtime.ts`).
 */
export const importedFunction = (name: string, memory: GuestMemory): Imported => {
  const [kind, what, w, n] = name.split(':') as [string, string, string, string];
  if (kind === 'helper') {
    const helper: Helper = helpers[what as HelperName];
    return (a, b, c, d) => helper(memory, unsigned(a), unsigned(b), unsigned(c), unsigned(d));
  }
  const width = Number(w) as 32 | 64;
  const lanes = Number(n);
  const { state } = memory;
  const compute = floatFunction(kind, what, width, lanes);
  if (lanes === 1) return (a, b, c) => compute(state, unsigned(a), unsigned(b), unsigned(c));
  return () => {
    const { u64 } = memory.physical;
    const operand = (n: number): bigint => {
      let value = 0n;
      for (let quad = 3; quad >= 0; quad--) value = (value << 64n) | u64[STATE.vectorOperands / 8 + 4 * n + quad]!;
      return value;
    };
    const r = compute(state, operand(0), operand(1), operand(2));
    for (let quad = 0; quad < 4; quad++)
      u64[STATE.vectorResult / 8 + quad] = BigInt.asUintN(64, r >> BigInt(64 * quad));
  };
};

type Compute = (state: GuestMemory['state'], a: bigint, b: bigint, c: bigint) => bigint;

const floatFunction = (kind: string, what: string, w: 32 | 64, lanes: number): Compute => {
  switch (kind) {
    case 'float2':
      return (state, a, b) => floatBinary(state, what as FloatVectorBinary, w, lanes, a, b);
    case 'float1':
      return (state, a) => floatUnary(state, what as FloatUnary, w, lanes, a);
    case 'fused':
      return (state, a, b, c) => floatFused(state, what as FloatVectorFused, w, lanes, a, b, c);
    case 'compare':
      return (state, a, b) => floatPredicate(state, what as FloatPredicate, w, lanes, a, b);
    case 'convert': {
      const [name, rounding] = what.split('/') as [FloatConversion, IntegralRounding | undefined];
      return (state, a) => floatConversion(state, name, lanes, a, rounding);
    }
    case 'order':
      return (state, a, b) => {
        const { zf, pf, cf } = floatOrder(state, what === 'comi', w, a, b);
        return BigInt((zf ? 1 : 0) | (pf ? 2 : 0) | (cf ? 4 : 0));
      };
    default:
      throw new Error(`no function for import ${kind}:${what}`);
  }
};
