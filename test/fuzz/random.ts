/** Random numbers from a seed (mulberry32): the same each time. */
export interface Random {
  below(limit: number): number;
  oneOf<T>(list: readonly T[]): T;
  bytes(length: number): Uint8Array;
}

export const seeded = (seed: number): Random => {
  let state = seed;
  const below = (limit: number): number => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % limit;
  };
  return {
    below,
    oneOf: (list) => list[below(list.length)]!,
    bytes: (length) => Uint8Array.from({ length }, () => below(256)),
  };
};
