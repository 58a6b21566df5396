/** Reproducible random numbers, and the values at which instructions go wrong. */

const rotl = (x: number, k: number) => (x << k) | (x >>> (32 - k));

/** 32-bit hash of a text (FNV-1a with a final mix). */
export const hashText = (text: string): number => {
  let h = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193);
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  return (h ^ (h >>> 13)) >>> 0;
};

/** xoshiro128** seeded by three numbers. */
export class Random {
  #s: [number, number, number, number];

  constructor(seed: number, stream: number, index: number) {
    this.#s = [seed ^ 0x243f6a88, stream ^ 0x85a308d3, index ^ 0x13198a2e, 0x03707344];
    for (let i = 0; i < 12; i++) this.next();
  }

  /** 32 bits. */
  next(): number {
    const s = this.#s;
    const result = Math.imul(rotl(Math.imul(s[1], 5), 7), 9) >>> 0;
    const t = s[1] << 9;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotl(s[3], 11);
    return result;
  }

  /** 0 .. n-1. */
  below(n: number): number {
    return this.next() % n;
  }

  /** True with the given probability. */
  chance(p: number): boolean {
    return this.next() < p * 4294967296;
  }

  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)]!;
  }

  bits64(): bigint {
    return (BigInt(this.next()) << 32n) | BigInt(this.next());
  }
}

const u64 = (n: bigint) => BigInt.asUintN(64, n);

const EDGES: readonly bigint[] = [
  ...[0n, 1n, 2n, 3n, 7n, 8n, 9n, 10n, 15n, 16n, 31n, 32n, 33n, 63n, 64n, 65n, 99n, 100n, 127n, 128n, 255n, 256n],
  ...[0x7fffn, 0x8000n, 0xffffn, 0x10000n, 0x7fffffffn, 0x80000000n, 0xffffffffn, 0x100000000n],
  ...[0x7fffffffffffffffn, 0x8000000000000000n, 0x8000000000000001n, 0x5555555555555555n, 0xaaaaaaaaaaaaaaaan],
  ...[0xffffffff80000000n, 0xffffffffffff8000n, 0xffffffffffffff80n, 0xffffffff7fffffffn, 0x8080808080808080n],
  ...[0x7f7f7f7f7f7f7f7fn, 0x0123456789abcdefn, 0xfedcba9876543210n, 0x00ff00ff00ff00ffn, 0x8000800080008000n],
];

/** An integer of 64 bits with edges in every width. */
export const integer = (r: Random): bigint => {
  switch (r.below(8)) {
    case 0:
    case 1:
      return r.pick(EDGES);
    case 2:
      return u64(-r.pick(EDGES));
    case 3:
      return u64((1n << BigInt(r.below(64))) - BigInt(r.below(3)) + 1n);
    case 4:
      return r.bits64() >> BigInt(r.below(64));
    case 5:
      return u64(~(r.bits64() >> BigInt(r.below(64))));
    case 6: {
      // Different edges in the bytes, words and halves that narrower instructions look at.
      let value = 0n;
      for (let i = 0; i < 8; i++)
        value = (value << 8n) | BigInt(r.pick([0, 1, 0x7f, 0x80, 0x81, 0xff, 0x0f, 0xf0, r.below(256)]));
      return value;
    }
    default:
      return r.bits64();
  }
};

const f64 = (x: number) => new BigUint64Array(Float64Array.of(x).buffer)[0]!;
const f32 = (x: number) => BigInt(new Uint32Array(Float32Array.of(x).buffer)[0]!);

const SPECIAL_64: readonly bigint[] = [
  ...[0n, 1n, 2n, 0x000fffffffffffffn, 0x0010000000000000n, 0x0008000000000000n, 0x7fefffffffffffffn], // denormals, extremes
  ...[0x7ff0000000000000n, 0x7ff8000000000000n, 0x7ff8000000000123n, 0x7ff0000000000001n, 0x7ff7ffffffffffffn], // inf, NaNs
  ...[0x7fffffffffffffffn, 0x7ff4000000000000n, 0x0010000000000001n, 0x3fefffffffffffffn, 0x3ff0000000000001n],
  ...[0x36a0000000000000n, 0x369fffffffffffffn, 0x3800000000000000n, 0x380fffffffffffffn, 0x47efffffe0000000n], // ends of float
  ...[0x47efffffefffffffn, 0x47effffff0000000n, 0x3ff0000010000000n, 0x3ff0000030000000n, 0x3ff0000010000001n],
];
const SPECIAL_32: readonly bigint[] = [
  ...[0n, 1n, 2n, 0x007fffffn, 0x00800000n, 0x00400000n, 0x7f7fffffn, 0x7f800000n, 0x7fc00000n, 0x7fc00123n],
  ...[
    0x7f800001n,
    0x7fbfffffn,
    0x7fffffffn,
    0x7fa00000n,
    0x00800001n,
    0x3f7fffffn,
    0x3f800001n,
    0x5f000000n,
    0x4f000000n,
  ],
];
const PLAIN: readonly number[] = [
  ...[1, 2, 3, 0.5, 1.5, 2.5, 3.5, 0.1, 10, 1e10, 1e-10, 1e30, 1e-30, 1e300, 1e-300, 1e38, 3e38, 1e-38, 1e-45],
  ...[2147483647, 2147483647.5, 2147483648, 2147483648.5, 2147483649, 4294967295, 4294967296, 16777215, 16777217],
  ...[9007199254740991, 9007199254740994, 2 ** 63 - 1024, 2 ** 63, 4503599627370495.5, 0.5 - 2 ** -54],
  ...[32767.5, 8388607.5, 1.7976931348623157e308, Math.PI, Math.SQRT2, 1 / 3],
];

/** Bit pattern of a double. */
export const double = (r: Random): bigint => {
  const sign = BigInt(r.below(2)) << 63n;
  switch (r.below(6)) {
    case 0:
    case 1:
      return sign | r.pick(SPECIAL_64);
    case 2:
      return sign | f64(r.pick(PLAIN));
    case 3: // near one another, so that sums cancel and quotients are exact
      return sign | (BigInt(1023 + r.below(8) - 4) << 52n) | (r.bits64() >> BigInt(12 + r.below(50)));
    case 4:
      return sign | f64(r.below(1 << 20) / (1 << r.below(12)));
    default:
      return r.bits64();
  }
};

/** Bit pattern of a float. */
export const single = (r: Random): bigint => {
  const sign = BigInt(r.below(2)) << 31n;
  switch (r.below(6)) {
    case 0:
    case 1:
      return sign | r.pick(SPECIAL_32);
    case 2:
      return sign | f32(r.pick(PLAIN));
    case 3:
      return sign | BigInt((127 + r.below(8) - 4) << 23) | BigInt(r.next() >>> (9 + r.below(22)));
    case 4:
      return sign | f32(r.below(1 << 20) / (1 << r.below(12)));
    default:
      return BigInt(r.next());
  }
};

const SPECIAL_16 = [0, 1, 2, 0x3ff, 0x400, 0x200, 0x7bff, 0x7c00, 0x7e00, 0x7c01, 0x7dff, 0x7fff, 0x3c00, 0x3c01];

/** Bit pattern of a half. */
const half = (r: Random): bigint => BigInt((r.below(2) << 15) | (r.chance(0.5) ? r.pick(SPECIAL_16) : r.below(0x8000)));

/** What the lanes of a vector hold. */
export type LaneKind = 'double' | 'single' | 'half' | 'integer';

/** 64 bits of a vector. */
export const lane64 = (r: Random, kind: LaneKind): bigint => {
  switch (kind) {
    case 'double':
      return double(r);
    case 'single':
      return (single(r) << 32n) | single(r);
    case 'half':
      return (half(r) << 48n) | (half(r) << 32n) | (half(r) << 16n) | half(r);
    case 'integer':
      return integer(r);
  }
};

/** MXCSR: all rounding modes, DAZ, FTZ, sticky flags and unmasked exceptions. */
export const controlWord = (r: Random): number => {
  if (r.chance(0.4)) return 0x1f80;
  const rounding = r.below(4) << 13;
  const daz = r.chance(0.25) ? 0x40 : 0;
  const ftz = r.chance(0.25) ? 0x8000 : 0;
  const sticky = r.chance(0.3) ? r.below(64) : 0;
  const masks = r.chance(0.75) ? 0x1f80 : r.below(64) << 7;
  return rounding | daz | ftz | sticky | masks;
};
