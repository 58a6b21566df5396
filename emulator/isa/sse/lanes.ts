/** Lane patterns for `Ops.shuffle`, and vectors with the same value in every lane. */
import type { Width } from '../instruction.ts';
import type { Ops } from '../ops.ts';

/** Bytes of lane `n` when lanes are `size` bytes wide. */
export const laneBytes = (size: number, n: number): number[] =>
  Array.from({ length: size }, (_, byte) => n * size + byte);

/** Bytes of the given lanes in turn; those from 16 / size on are of the second vector. */
export const lanesBytes = (size: number, lanes: readonly number[]): number[] =>
  lanes.flatMap((n) => laneBytes(size, n));

/** The even lanes of both vectors, and the odd ones: what horizontal operations work on. */
export const evenLanes = (size: number): number[] =>
  lanesBytes(
    size,
    Array.from({ length: 16 / size }, (_, n) => 2 * n),
  );
export const oddLanes = (size: number): number[] =>
  lanesBytes(
    size,
    Array.from({ length: 16 / size }, (_, n) => 2 * n + 1),
  );

/** Lane `n` in every place. */
export const repeated = (size: number, n: number): number[] =>
  lanesBytes(
    size,
    Array.from({ length: 16 / size }, () => n),
  );

/** A constant with `value` in every lane of `w` bits. */
export function splatConstant<V, C, X>(o: Ops<V, C, X>, w: Width, value: bigint): X {
  let half = 0n;
  for (let at = 0; at < 64; at += w) half |= BigInt.asUintN(w, value) << BigInt(at);
  return o.vectorConstant(half, half);
}

/** A value in every lane. */
export function splat<V, C, X>(o: Ops<V, C, X>, w: Width, value: V): X {
  const low = o.vectorFromInt(w, value);
  return o.shuffle(low, low, repeated(w / 8, 0));
}

export function zeros<V, C, X>(o: Ops<V, C, X>): X {
  return o.vectorConstant(0n, 0n);
}
