/** Integer values and conditions on `bigint`: the part of the reference that knows neither operands nor memory. */
import type { Width } from '../isa/instruction.ts';
import type { Variable } from '../isa/ops.ts';

export const MASK: Readonly<Record<Width, bigint>> = {
  8: 0xffn,
  16: 0xffffn,
  32: 0xffffffffn,
  64: 0xffffffffffffffffn,
};
export const M64 = MASK[64];
export const SIGN: Readonly<Record<Width, bigint>> = { 8: 1n << 7n, 16: 1n << 15n, 32: 1n << 31n, 64: 1n << 63n };

const bitLength = (v: bigint) => (v === 0n ? 0 : v.toString(2).length);

export class ReferenceValues {
  /** A repeated string instruction does one round, as TF traps after each (SDM Vol. 3B, 18.3.1.4). */
  protected singleRound = false;

  int(w: Width, value: number | bigint): bigint {
    return BigInt(value) & MASK[w];
  }
  add(w: Width, a: bigint, b: bigint): bigint {
    return (a + b) & MASK[w];
  }
  sub(w: Width, a: bigint, b: bigint): bigint {
    return (a - b) & MASK[w];
  }
  mul(w: Width, a: bigint, b: bigint): bigint {
    return (a * b) & MASK[w];
  }
  mulHighU(w: Width, a: bigint, b: bigint): bigint {
    return (a * b) >> BigInt(w);
  }
  mulHighS(w: Width, a: bigint, b: bigint): bigint {
    return ((BigInt.asIntN(w, a) * BigInt.asIntN(w, b)) >> BigInt(w)) & MASK[w];
  }
  divU(_w: Width, a: bigint, b: bigint): bigint {
    return a / b;
  }
  divS(w: Width, a: bigint, b: bigint): bigint {
    return (BigInt.asIntN(w, a) / BigInt.asIntN(w, b)) & MASK[w];
  }
  remU(_w: Width, a: bigint, b: bigint): bigint {
    return a % b;
  }
  remS(w: Width, a: bigint, b: bigint): bigint {
    return (BigInt.asIntN(w, a) % BigInt.asIntN(w, b)) & MASK[w];
  }
  and(_w: Width, a: bigint, b: bigint): bigint {
    return a & b;
  }
  or(_w: Width, a: bigint, b: bigint): bigint {
    return a | b;
  }
  xor(_w: Width, a: bigint, b: bigint): bigint {
    return a ^ b;
  }
  not(w: Width, a: bigint): bigint {
    return ~a & MASK[w];
  }
  neg(w: Width, a: bigint): bigint {
    return -a & MASK[w];
  }
  shl(w: Width, a: bigint, count: bigint): bigint {
    return (a << count) & MASK[w];
  }
  shrU(_w: Width, a: bigint, count: bigint): bigint {
    return a >> count;
  }
  shrS(w: Width, a: bigint, count: bigint): bigint {
    return (BigInt.asIntN(w, a) >> count) & MASK[w];
  }
  rotl(w: 32 | 64, a: bigint, count: bigint): bigint {
    const n = count % BigInt(w);
    return ((a << n) | (a >> (BigInt(w) - n))) & MASK[w];
  }
  rotr(w: 32 | 64, a: bigint, count: bigint): bigint {
    const n = count % BigInt(w);
    return ((a >> n) | (a << (BigInt(w) - n))) & MASK[w];
  }
  clz(w: 32 | 64, a: bigint): bigint {
    return BigInt(w - bitLength(a));
  }
  ctz(w: 32 | 64, a: bigint): bigint {
    return a === 0n ? BigInt(w) : BigInt(bitLength(a & -a) - 1);
  }
  popcnt(_w: 32 | 64, a: bigint): bigint {
    let ones = 0n;
    for (let v = a; v !== 0n; v &= v - 1n) ones++;
    return ones;
  }
  zeroExtend(_from: Width, _to: Width, a: bigint): bigint {
    return a;
  }
  signExtend(from: Width, to: Width, a: bigint): bigint {
    return BigInt.asIntN(from, a) & MASK[to];
  }
  truncate(_from: Width, to: Width, a: bigint): bigint {
    return a & MASK[to];
  }
  select(_w: Width, c: boolean, a: bigint, b: bigint): bigint {
    return c ? a : b;
  }
  fromCondition(_w: Width, c: boolean): bigint {
    return c ? 1n : 0n;
  }

  condition(value: boolean): boolean {
    return value;
  }
  eq(_w: Width, a: bigint, b: bigint): boolean {
    return a === b;
  }
  ne(_w: Width, a: bigint, b: bigint): boolean {
    return a !== b;
  }
  ltU(_w: Width, a: bigint, b: bigint): boolean {
    return a < b;
  }
  ltS(w: Width, a: bigint, b: bigint): boolean {
    return BigInt.asIntN(w, a) < BigInt.asIntN(w, b);
  }
  isZero(_w: Width, a: bigint): boolean {
    return a === 0n;
  }
  isNegative(w: Width, a: bigint): boolean {
    return (a & SIGN[w]) !== 0n;
  }
  bit(_w: Width, a: bigint, n: number): boolean {
    return ((a >> BigInt(n)) & 1n) === 1n;
  }
  both(a: boolean, b: boolean): boolean {
    return a && b;
  }
  either(a: boolean, b: boolean): boolean {
    return a || b;
  }
  differ(a: boolean, b: boolean): boolean {
    return a !== b;
  }
  negate(a: boolean): boolean {
    return !a;
  }

  variable(_w: Width, initial: bigint): Variable<bigint> {
    let current = initial;
    return {
      get: () => current,
      set: (value) => {
        current = value;
      },
    };
  }
  vectorVariable(initial: bigint): Variable<bigint> {
    return this.variable(64, initial);
  }
  if(c: boolean, then: () => void, otherwise?: () => void): void {
    if (c) then();
    else otherwise?.();
  }
  loop(limit: number, body: () => boolean): void {
    const rounds = this.singleRound ? 1 : limit;
    for (let round = 0; round < rounds; round++) if (!body()) return;
  }
}
