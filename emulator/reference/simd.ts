/** Lane operations on 128-bit vectors as bigints: the reference's meaning of the names in `isa/ops.ts`. */
import type { SimdBinary, SimdMask, SimdShift, SimdUnary } from '../isa/ops.ts';

const MASK128 = (1n << 128n) - 1n;

const mask = (w: number) => (1n << BigInt(w)) - 1n;

/** Lanes of width w, lowest first, unsigned. */
export const lanesOf = (w: number, x: bigint): bigint[] => {
  const lanes: bigint[] = [];
  const m = mask(w);
  for (let at = 0; at < 128; at += w) lanes.push((x >> BigInt(at)) & m);
  return lanes;
};

const join = (w: number, lanes: readonly bigint[]): bigint => {
  let x = 0n;
  const m = mask(w);
  for (let i = lanes.length - 1; i >= 0; i--) x = (x << BigInt(w)) | (lanes[i]! & m);
  return x;
};

const signed = (w: number, v: bigint) => BigInt.asIntN(w, v);
const clampS = (w: number, v: bigint) => {
  const max = mask(w - 1);
  return v > max ? max : v < -max - 1n ? -max - 1n : v;
};
const clampU = (w: number, v: bigint) => (v < 0n ? 0n : v > mask(w) ? mask(w) : v);

type Lane = (a: bigint, b: bigint) => bigint;

const each =
  (w: number, f: Lane) =>
  (a: bigint, b: bigint): bigint => {
    const y = lanesOf(w, b);
    return join(
      w,
      lanesOf(w, a).map((v, i) => f(v, y[i]!)),
    );
  };
const eachSigned = (w: number, f: Lane) => each(w, (a, b) => f(signed(w, a), signed(w, b)));
const truth = (w: number, c: boolean) => (c ? mask(w) : 0n);

/** Products of the low or high half of the lanes, at twice the width. */
const extmul = (w: number, high: boolean, sign: boolean) => (a: bigint, b: bigint) => {
  const half = 64 / w;
  const pick = (x: bigint) => lanesOf(w, x).slice(high ? half : 0, high ? undefined : half);
  const y = pick(b);
  const f = (v: bigint) => (sign ? signed(w, v) : v);
  return join(
    2 * w,
    pick(a).map((v, i) => f(v) * f(y[i]!)),
  );
};

const narrow = (w: number, clamp: (w: number, v: bigint) => bigint) => (a: bigint, b: bigint) =>
  join(
    w / 2,
    [...lanesOf(w, a), ...lanesOf(w, b)].map((v) => clamp(w / 2, signed(w, v))),
  );

const dot = (a: bigint, b: bigint) => {
  const x = lanesOf(16, a).map((v) => signed(16, v));
  const y = lanesOf(16, b).map((v) => signed(16, v));
  return join(
    32,
    [0, 2, 4, 6].map((i) => x[i]! * y[i]! + x[i + 1]! * y[i + 1]!),
  );
};

const swizzle = (a: bigint, b: bigint) => {
  const bytes = lanesOf(8, a);
  return join(
    8,
    lanesOf(8, b).map((n) => bytes[Number(n)] ?? 0n),
  );
};

const lesser: Lane = (a, b) => (a < b ? a : b);
const greater: Lane = (a, b) => (a > b ? a : b);

export const binary: Readonly<Record<SimdBinary, (a: bigint, b: bigint) => bigint>> = {
  'v128.and': (a, b) => a & b,
  'v128.or': (a, b) => a | b,
  'v128.xor': (a, b) => a ^ b,
  'v128.andnot': (a, b) => a & ~b & MASK128,
  'i8x16.add': each(8, (a, b) => a + b),
  'i16x8.add': each(16, (a, b) => a + b),
  'i32x4.add': each(32, (a, b) => a + b),
  'i64x2.add': each(64, (a, b) => a + b),
  'i8x16.sub': each(8, (a, b) => a - b),
  'i16x8.sub': each(16, (a, b) => a - b),
  'i32x4.sub': each(32, (a, b) => a - b),
  'i64x2.sub': each(64, (a, b) => a - b),
  'i8x16.add_sat_s': eachSigned(8, (a, b) => clampS(8, a + b)),
  'i8x16.add_sat_u': each(8, (a, b) => clampU(8, a + b)),
  'i16x8.add_sat_s': eachSigned(16, (a, b) => clampS(16, a + b)),
  'i16x8.add_sat_u': each(16, (a, b) => clampU(16, a + b)),
  'i8x16.sub_sat_s': eachSigned(8, (a, b) => clampS(8, a - b)),
  'i8x16.sub_sat_u': each(8, (a, b) => clampU(8, a - b)),
  'i16x8.sub_sat_s': eachSigned(16, (a, b) => clampS(16, a - b)),
  'i16x8.sub_sat_u': each(16, (a, b) => clampU(16, a - b)),
  'i16x8.mul': each(16, (a, b) => a * b),
  'i32x4.mul': each(32, (a, b) => a * b),
  'i32x4.dot_i16x8_s': dot,
  'i16x8.q15mulr_sat_s': eachSigned(16, (a, b) => clampS(16, (a * b + 0x4000n) >> 15n)),
  'i64x2.extmul_low_i32x4_u': extmul(32, false, false),
  'i64x2.extmul_low_i32x4_s': extmul(32, false, true),
  'i32x4.extmul_low_i16x8_s': extmul(16, false, true),
  'i32x4.extmul_high_i16x8_s': extmul(16, true, true),
  'i32x4.extmul_low_i16x8_u': extmul(16, false, false),
  'i32x4.extmul_high_i16x8_u': extmul(16, true, false),
  'i8x16.min_s': eachSigned(8, lesser),
  'i8x16.min_u': each(8, lesser),
  'i8x16.max_s': eachSigned(8, greater),
  'i8x16.max_u': each(8, greater),
  'i16x8.min_s': eachSigned(16, lesser),
  'i16x8.min_u': each(16, lesser),
  'i16x8.max_s': eachSigned(16, greater),
  'i16x8.max_u': each(16, greater),
  'i32x4.min_s': eachSigned(32, lesser),
  'i32x4.min_u': each(32, lesser),
  'i32x4.max_s': eachSigned(32, greater),
  'i32x4.max_u': each(32, greater),
  'i8x16.avgr_u': each(8, (a, b) => (a + b + 1n) >> 1n),
  'i16x8.avgr_u': each(16, (a, b) => (a + b + 1n) >> 1n),
  'i8x16.eq': each(8, (a, b) => truth(8, a === b)),
  'i16x8.eq': each(16, (a, b) => truth(16, a === b)),
  'i32x4.eq': each(32, (a, b) => truth(32, a === b)),
  'i64x2.eq': each(64, (a, b) => truth(64, a === b)),
  'i8x16.gt_s': eachSigned(8, (a, b) => truth(8, a > b)),
  'i16x8.gt_s': eachSigned(16, (a, b) => truth(16, a > b)),
  'i32x4.gt_s': eachSigned(32, (a, b) => truth(32, a > b)),
  'i64x2.gt_s': eachSigned(64, (a, b) => truth(64, a > b)),
  'i8x16.narrow_i16x8_s': narrow(16, clampS),
  'i8x16.narrow_i16x8_u': narrow(16, clampU),
  'i16x8.narrow_i32x4_s': narrow(32, clampS),
  'i16x8.narrow_i32x4_u': narrow(32, clampU),
  'i8x16.swizzle': swizzle,
};

/** The low or high half of the lanes of width w, twice as wide. */
const extend = (w: number, high: boolean, sign: boolean) => (a: bigint) => {
  const half = 64 / w;
  const lanes = lanesOf(w, a).slice(high ? half : 0, high ? undefined : half);
  return join(2 * w, sign ? lanes.map((v) => signed(w, v)) : lanes);
};

const absolute = (w: number) => (a: bigint) =>
  join(
    w,
    lanesOf(w, a).map((v) => (signed(w, v) < 0n ? -v : v)),
  );

export const unary: Readonly<Record<SimdUnary, (a: bigint) => bigint>> = {
  'v128.not': (a) => ~a & MASK128,
  'i8x16.abs': absolute(8),
  'i16x8.abs': absolute(16),
  'i32x4.abs': absolute(32),
  'i16x8.extend_low_i8x16_u': extend(8, false, false),
  'i16x8.extend_low_i8x16_s': extend(8, false, true),
  'i16x8.extend_high_i8x16_u': extend(8, true, false),
  'i16x8.extend_high_i8x16_s': extend(8, true, true),
  'i32x4.extend_low_i16x8_u': extend(16, false, false),
  'i32x4.extend_low_i16x8_s': extend(16, false, true),
  'i64x2.extend_low_i32x4_u': extend(32, false, false),
  'i64x2.extend_low_i32x4_s': extend(32, false, true),
};

const shiftEach = (w: number, f: (v: bigint, n: bigint) => bigint) => (a: bigint, n: bigint) =>
  join(
    w,
    lanesOf(w, a).map((v) => f(v, n)),
  );

export const shift: Readonly<Record<SimdShift, (a: bigint, count: bigint) => bigint>> = {
  'i16x8.shl': shiftEach(16, (v, n) => v << n),
  'i32x4.shl': shiftEach(32, (v, n) => v << n),
  'i64x2.shl': shiftEach(64, (v, n) => v << n),
  'i16x8.shr_u': shiftEach(16, (v, n) => v >> n),
  'i32x4.shr_u': shiftEach(32, (v, n) => v >> n),
  'i64x2.shr_u': shiftEach(64, (v, n) => v >> n),
  'i16x8.shr_s': shiftEach(16, (v, n) => signed(16, v) >> n),
  'i32x4.shr_s': shiftEach(32, (v, n) => signed(32, v) >> n),
};

const bitmask = (w: number) => (a: bigint) =>
  lanesOf(w, a).reduce((bits, v, i) => bits | ((v >> BigInt(w - 1)) << BigInt(i)), 0n);

export const masks: Readonly<Record<SimdMask, (a: bigint) => bigint>> = {
  'i8x16.bitmask': bitmask(8),
  'i32x4.bitmask': bitmask(32),
  'i64x2.bitmask': bitmask(64),
  'v128.any_true': (a) => (a === 0n ? 0n : 1n),
};

/** Bytes of a (0..15) and b (16..31) by index. */
export const shuffleBytes = (a: bigint, b: bigint, lanes: readonly number[]): bigint => {
  const bytes = [...lanesOf(8, a), ...lanesOf(8, b)];
  return join(
    8,
    lanes.map((n) => bytes[n]!),
  );
};

/** x with lane n replaced. */
export const replaceLane = (w: number, x: bigint, n: number, value: bigint): bigint => {
  const at = BigInt(n * w);
  return (x & ~(mask(w) << at)) | ((value & mask(w)) << at);
};
