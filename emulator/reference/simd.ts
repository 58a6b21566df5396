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
  'i64x2.extmul_low_i32x4_u': extmul(32, false, false),
  'i32x4.extmul_low_i16x8_s': extmul(16, false, true),
  'i32x4.extmul_high_i16x8_s': extmul(16, true, true),
  'i32x4.extmul_low_i16x8_u': extmul(16, false, false),
  'i32x4.extmul_high_i16x8_u': extmul(16, true, false),
  'i8x16.min_u': each(8, (a, b) => (a < b ? a : b)),
  'i8x16.max_u': each(8, (a, b) => (a > b ? a : b)),
  'i16x8.min_s': eachSigned(16, (a, b) => (a < b ? a : b)),
  'i16x8.max_s': eachSigned(16, (a, b) => (a > b ? a : b)),
  'i8x16.avgr_u': each(8, (a, b) => (a + b + 1n) >> 1n),
  'i16x8.avgr_u': each(16, (a, b) => (a + b + 1n) >> 1n),
  'i8x16.eq': each(8, (a, b) => truth(8, a === b)),
  'i16x8.eq': each(16, (a, b) => truth(16, a === b)),
  'i32x4.eq': each(32, (a, b) => truth(32, a === b)),
  'i8x16.gt_s': eachSigned(8, (a, b) => truth(8, a > b)),
  'i16x8.gt_s': eachSigned(16, (a, b) => truth(16, a > b)),
  'i32x4.gt_s': eachSigned(32, (a, b) => truth(32, a > b)),
  'i8x16.narrow_i16x8_s': narrow(16, clampS),
  'i8x16.narrow_i16x8_u': narrow(16, clampU),
  'i16x8.narrow_i32x4_s': narrow(32, clampS),
};

const extend = (high: boolean, sign: boolean) => (a: bigint) => {
  const lanes = lanesOf(8, a).slice(high ? 8 : 0, high ? 16 : 8);
  return join(16, sign ? lanes.map((v) => signed(8, v)) : lanes);
};

export const unary: Readonly<Record<SimdUnary, (a: bigint) => bigint>> = {
  'v128.not': (a) => ~a & MASK128,
  'i16x8.extend_low_i8x16_u': extend(false, false),
  'i16x8.extend_low_i8x16_s': extend(false, true),
  'i16x8.extend_high_i8x16_u': extend(true, false),
  'i16x8.extend_high_i8x16_s': extend(true, true),
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
