/**
 * AES's substitution of bytes by vectors, without a table of 256 entries: a byte is a pair of nibbles over the field of 16
 * elements, where inverses are tables for `i8x16.swizzle` (Mike Hamburg, "Accelerating AES with Vector Permute
 * Instructions", CHES 2009). The tables are computed here, from the field of FIPS 197, section 4.
 *
 * A byte is x = k + i t with i and k in the subfield, where t * t = a * t + a. Its norm is N = k * k + a * i * k + a * i * i,
 * and 1 / x = (k + a * i + i * t) / N. With j = i + k and the subfield's infinity for 1 / 0,
 *
 *   1 / (1 / i + a / k) + j = N / (k + a * i)    1 / (1 / j + a / k) + i = N / (k + a * j)
 *
 * and 1 / x is linear in the inverses p and q of these two: k / N = (p + q) / a, i / N = (p + k / N) / a. A table stands for
 * all that is linear in a nibble. Infinity is 80H, which stays above 15 whatever is added, where a swizzle gives zero.
 */
import type { Ops } from '../ops.ts';
import { splatConstant } from '../sse/lanes.ts';

/** In the field of 256 elements with the polynomial 11BH. */
const multiply = (a: number, b: number): number => {
  let product = 0;
  for (let n = 7; n >= 0; n--) {
    product = (product << 1) ^ (product & 0x80 ? 0x11b : 0);
    if ((b >> n) & 1) product ^= a;
  }
  return product;
};

/** a to the 254th: its inverse, and zero of zero. */
const inverse = (a: number): number => {
  let power = a;
  for (let n = 0; n < 6; n++) power = multiply(multiply(power, power), a);
  return multiply(power, power);
};

const rotate = (byte: number, n: number): number => ((byte << n) | (byte >> (8 - n))) & 0xff;

/** FIPS 197, equation 5.1, without the constant; and its inverse. */
const affine = (b: number): number => b ^ rotate(b, 1) ^ rotate(b, 2) ^ rotate(b, 3) ^ rotate(b, 4);
const inverseAffine = (b: number): number => rotate(b, 1) ^ rotate(b, 3) ^ rotate(b, 6);
const CONSTANT = 0x63;

/** 16 bytes for a swizzle, as halves. */
type Table = readonly [bigint, bigint];

/** What becomes of a byte before it is inverted, by its nibbles (i and k in one byte), and of p and q afterwards. */
interface Box {
  readonly low: Table;
  readonly high: Table;
  readonly fromP: Table;
  readonly fromQ: Table;
  /** Added to the result. */
  readonly constant: bigint;
}

interface Tables {
  /** 1 / n and a / n in the subfield. */
  readonly inverse: Table;
  readonly aOver: Table;
  readonly forward: Box;
  readonly backward: Box;
}

const INFINITY = 0x80;

const tableOf = (entry: (n: number) => number): Table => {
  const half = (start: number) => {
    let bits = 0n;
    for (let n = 7; n >= 0; n--) bits = (bits << 8n) | BigInt(entry(start + n));
    return bits;
  };
  return [half(0), half(8)];
};

const computeTables = (): Tables => {
  const bytes = Array.from({ length: 256 }, (_, n) => n);
  const fourth = (a: number) => multiply(multiply(a, a), multiply(a, a));
  const isInSubfield = (a: number) => fourth(fourth(a)) === a;
  const t = bytes.find((x) => !isInSubfield(x) && isInSubfield(multiply(multiply(x, x), inverse(x ^ 1))))!;
  const a = multiply(multiply(t, t), inverse(t ^ 1));
  const overA = (x: number) => multiply(x, inverse(a));

  // The bits of a nibble are coordinates by the powers of an element that is no root of a smaller subfield.
  const g = bytes.find((x) => isInSubfield(x) && fourth(x) !== x)!;
  const basis = [1, g, multiply(g, g), multiply(g, multiply(g, g))];
  const element = (nibble: number) => basis.reduce((sum, x, n) => ((nibble >> n) & 1 ? sum ^ x : sum), 0);
  const nibbles = new Map(bytes.slice(0, 16).map((nibble) => [element(nibble), nibble]));
  const nibbleOf = (x: number) => nibbles.get(x)!;
  const pairs = new Map(bytes.map((pair) => [element(pair & 15) ^ multiply(element(pair >> 4), t), pair]));
  const pairOf = (x: number) => pairs.get(x)!;

  const ofP = (p: number) => p ^ multiply(overA(p ^ overA(p)), t);
  const ofQ = (q: number) => multiply(overA(overA(q)), t);
  const inverted = (n: number) => inverse(element(n));
  return {
    inverse: tableOf((n) => (n === 0 ? INFINITY : nibbleOf(inverted(n)))),
    aOver: tableOf((n) => (n === 0 ? INFINITY : nibbleOf(multiply(a, inverted(n))))),
    forward: {
      low: tableOf((n) => pairOf(n)),
      high: tableOf((n) => pairOf(n << 4)),
      fromP: tableOf((n) => affine(ofP(inverted(n)))),
      fromQ: tableOf((n) => affine(ofQ(inverted(n)))),
      constant: BigInt(CONSTANT),
    },
    backward: {
      low: tableOf((n) => pairOf(inverseAffine(n ^ CONSTANT))),
      high: tableOf((n) => pairOf(inverseAffine(n << 4))),
      fromP: tableOf((n) => ofP(inverted(n))),
      fromQ: tableOf((n) => ofQ(inverted(n))),
      constant: 0n,
    },
  };
};

let computed: Tables | undefined;

/** SubBytes or InvSubBytes (FIPS 197, 5.1.1 and 5.3.2) of 16 bytes. */
export function substitute<V, C, X>(o: Ops<V, C, X>, direction: 'forward' | 'backward', bytes: X): X {
  computed ??= computeTables();
  const box = computed[direction];
  const look = ([low, high]: Table, index: X) => o.simd2('i8x16.swizzle', o.vectorConstant(low, high), index);
  const add = (x: X, y: X) => o.simd2('v128.xor', x, y);
  const nibble = splatConstant(o, 8, 15n);
  const split = (x: X): readonly [X, X] => [
    o.simd2('v128.and', x, nibble),
    o.simd2('v128.and', o.simdShift('i16x8.shr_u', x, o.int(32, 4)), nibble),
  ];
  const [low, high] = split(bytes);
  const [k, i] = split(add(look(box.low, low), look(box.high, high)));
  const j = add(i, k);
  const aOverK = look(computed.aOver, k);
  const p = add(look(computed.inverse, add(look(computed.inverse, i), aOverK)), j);
  const q = add(look(computed.inverse, add(look(computed.inverse, j), aOverK)), i);
  const sum = add(look(box.fromP, p), look(box.fromQ, q));
  return box.constant === 0n ? sum : add(sum, splatConstant(o, 8, box.constant));
}
