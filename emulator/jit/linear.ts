/** Addresses as sums, so that two can be compared at translation: their difference may be a constant. */

/** What `terms` name, each times its factor, plus `offset`; modulo 2^64. Sorted by name. */
export interface Linear {
  readonly terms: readonly (readonly [name: number, factor: number])[];
  readonly offset: number;
}

/** Farthest an offset may be from zero: sums of two are exact numbers. */
const REACH = 2 ** 50;
const MOST_TERMS = 4;

const checked = (terms: Linear['terms'], offset: number): Linear | null =>
  Math.abs(offset) < REACH && terms.length <= MOST_TERMS ? { terms, offset } : null;

/** Those of low names, by name: a region asks for each again and again. */
const names: Linear[] = [];
const LOW_NAMES = 4096;

/** The quantity that a name stands for. */
export const named = (name: number): Linear => {
  if (name >= LOW_NAMES) return { terms: [[name, 1]], offset: 0 };
  for (let n = names.length; n <= name; n++) names.push({ terms: [[n, 1]], offset: 0 });
  return names[name]!;
};

/** Whether a sum is what a name stands for, and no more. */
export const isNamed = ({ terms, offset }: Linear, name: number): boolean =>
  offset === 0 && terms.length === 1 && terms[0]![0] === name && terms[0]![1] === 1;

/** Null where the number is too large to be followed. */
export const constant = (value: bigint): Linear | null => checked([], Number(BigInt.asIntN(64, value)));

export const plus = (a: Linear, b: Linear): Linear | null => {
  if (b.terms.length === 0) return checked(a.terms, a.offset + b.offset);
  if (a.terms.length === 0) return checked(b.terms, a.offset + b.offset);
  const factors = new Map(a.terms);
  for (const [name, factor] of b.terms) factors.set(name, (factors.get(name) ?? 0) + factor);
  const terms = [...factors].filter(([, factor]) => factor !== 0).sort(([x], [y]) => x - y);
  return checked(terms, a.offset + b.offset);
};

export const times = (a: Linear, factor: number): Linear | null =>
  checked(
    a.terms.map(([name, f]) => [name, f * factor] as const),
    a.offset * factor,
  );

/** With every name replaced by what it stands for. */
export const substitute = (a: Linear, meaning: (name: number) => Linear): Linear | null => {
  const [only, second] = a.terms;
  if (only === undefined) return a;
  if (second === undefined && only[1] === 1) {
    const { terms, offset } = meaning(only[0]);
    return checked(terms, offset + a.offset);
  }
  let sum: Linear | null = { terms: [], offset: a.offset };
  for (const [name, factor] of a.terms) {
    const part = times(meaning(name), factor);
    sum = part === null || sum === null ? null : plus(sum, part);
  }
  return sum;
};

/** Two sums with the same key differ in `offset` alone. */
export const keyOf = ({ terms }: Linear): string => terms.join();
