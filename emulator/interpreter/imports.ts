/** Functions in TypeScript which generated code calls: helpers and exact float operations, found by import name. */
import { floatBinary, floatConversion, floatOrder, floatPredicate, floatUnary } from '../float/mxcsr.ts';
import { type Helper, type HelperName, helpers } from '../isa/helpers.ts';
import type { FloatBinary, FloatConversion, FloatPredicate, FloatUnary } from '../isa/ops.ts';
import type { GuestMemory } from '../memory/access.ts';
import { STATE } from '../state.ts';

type Imported = (a: bigint, b: bigint, c: bigint, d: bigint) => bigint;

const unsigned = (v: bigint) => BigInt.asUintN(64, v);

/** The function for an import name: `helper:NAME`, or `KIND:OPERATION:WIDTH:LANES` for floats. */
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
  if (lanes === 1) return (a, _high, b) => compute(state, unsigned(a), unsigned(b));
  return (aLow, aHigh, bLow, bHigh) => {
    const a = (unsigned(aHigh) << 64n) | unsigned(aLow);
    const b = (unsigned(bHigh) << 64n) | unsigned(bLow);
    const r = compute(state, a, b);
    const { u64 } = memory.physical;
    u64[STATE.vectorResult / 8] = BigInt.asUintN(64, r);
    u64[STATE.vectorResult / 8 + 1] = r >> 64n;
    return 0n;
  };
};

type Compute = (state: GuestMemory['state'], a: bigint, b: bigint) => bigint;

const floatFunction = (kind: string, what: string, w: 32 | 64, lanes: number): Compute => {
  switch (kind) {
    case 'float2':
      return (state, a, b) => floatBinary(state, what as FloatBinary, w, lanes, a, b);
    case 'float1':
      return (state, a) => floatUnary(state, what as FloatUnary, w, lanes, a);
    case 'compare':
      return (state, a, b) => floatPredicate(state, what as FloatPredicate, w, lanes, a, b);
    case 'convert':
      return (state, a) => floatConversion(state, what as FloatConversion, lanes, a);
    case 'order':
      return (state, a, b) => {
        const { zf, pf, cf } = floatOrder(state, what === 'comi', w, a, b);
        return BigInt((zf ? 1 : 0) | (pf ? 2 : 0) | (cf ? 4 : 0));
      };
    default:
      throw new Error(`no function for import ${kind}:${what}`);
  }
};
