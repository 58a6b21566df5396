/** PCLMULQDQ (SDM Vol. 2B): multiplication without carries, of polynomials over the field of two elements. */
import type { Ops } from '../ops.ts';
import type { Row } from '../row.ts';
import { vectorRows } from '../sse/forms.ts';
import { vector2 } from '../sse/operands.ts';

/** Every fourth bit: at most 8 of them meet in a column of a product of 32-bit numbers, so no carry reaches the next. */
const EVERY_FOURTH = 0x1111111111111111n;

/** The product of two values below 2**32 by sixteen integer products with room for carries. */
function product32<V, C, X>(o: Ops<V, C, X>, a: V, b: V): V {
  const masks = [0n, 1n, 2n, 3n].map((n) => o.int(64, EVERY_FOURTH << n));
  const [as, bs] = [a, b].map((value) => masks.map((mask) => o.and(64, value, mask))) as [V[], V[]];
  const columns = masks.map((mask, column) => {
    const products = as.map((part, n) => o.mul(64, part, bs[(column - n) & 3]!));
    return o.and(
      64,
      products.reduce((sum, product) => o.xor(64, sum, product)),
      mask,
    );
  });
  return columns.reduce((sum, part) => o.or(64, sum, part));
}

/** By Karatsuba's rule: the middle of the product is that of the sums, less the outer two. */
function product64<V, C, X>(o: Ops<V, C, X>, a: V, b: V): X {
  const n32 = o.int(64, 32);
  const low = (value: V) => o.and(64, value, o.int(64, 0xffffffffn));
  const high = (value: V) => o.shrU(64, value, n32);
  const sum = (x: V, y: V) => o.xor(64, x, y);
  const [a0, a1, b0, b1] = [low(a), high(a), low(b), high(b)];
  const bottom = product32(o, a0, b0);
  const top = product32(o, a1, b1);
  const middle = sum(product32(o, sum(a0, a1), sum(b0, b1)), sum(bottom, top));
  const lower = o.vectorFromInt(64, sum(bottom, o.shl(64, middle, n32)));
  return o.withLane(64, lower, 1, sum(top, high(middle)));
}

/** Bits 0 and 4 of the immediate choose a half of the first and of the second source. */
const pclmulqdq = vector2((o, a, b, i) => {
  const choice = o.read(i.operands.at(-1)!);
  const half = (x: typeof a, bit: number) => o.select(64, o.bit(8, choice, bit), o.lane(64, x, 1), o.lane(64, x, 0));
  return product64(o, half(a, 0), half(b, 4));
});

export const clmulRows: readonly Row[] = vectorRows('66 0F 3A 44 /r ib', 'PCLMULQDQ', 'Vdq,Hdq,Wdq,Ib', pclmulqdq, {
  legacy: 'PCLMULQDQ',
  vex: ['PCLMULQDQ', 'AVX'],
});
