/** DPPS and DPPD (SDM Vol. 2A): products of chosen lanes, added in pairs, copied to chosen lanes. */
import type { Ops } from '../ops.ts';
import { lanesBytes, zeros } from './lanes.ts';

/** Lanes of each chunk whose bit is set, zero in the others. */
function keep<V, C, X>(o: Ops<V, C, X>, size: 4 | 8, a: readonly X[], bits: number): X[] {
  const count = 16 / size;
  const chosen = Array.from({ length: count }, (_, n) => ((bits >> n) & 1 ? n : n + count));
  return a.map((x) => o.shuffle(x, zeros(o), lanesBytes(size, chosen)));
}

function arrange<V, C, X>(o: Ops<V, C, X>, size: 4 | 8, a: readonly X[], lanes: readonly number[]): X[] {
  return a.map((x) => o.shuffle(x, x, lanesBytes(size, lanes)));
}

/** Each of the three steps is an operation of its own: its exceptions end the instruction before the next. */
export function dotProduct<V, C, X>(
  o: Ops<V, C, X>,
  w: 32 | 64,
  a: readonly X[],
  b: readonly X[],
  control: number,
): X[] {
  const size = w === 32 ? 4 : 8;
  const factors = control >> 4;
  // Lanes that are not chosen give 0 * 0, which is exact.
  const products = o.floatVector2('mul', w, keep(o, size, a, factors), keep(o, size, b, factors));
  const add = (even: readonly number[], odd: readonly number[], x: readonly X[]): X[] =>
    o.floatVector2('add', w, arrange(o, size, x, even), arrange(o, size, x, odd));
  const sums = w === 64 ? add([0, 0], [1, 1], products) : add([0, 2, 0, 2], [1, 3, 1, 3], products);
  const total = w === 64 ? sums : add([0, 0, 0, 0], [1, 1, 1, 1], sums);
  return keep(o, size, total, control);
}
