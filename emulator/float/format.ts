/**
 * Binary floating-point formats and their bit patterns, held in bigint. A finite number is a sign, an integer
 * significand and a power of two, so arithmetic on it is exact integer arithmetic until the one rounding at the end.
 */

/** An interchange or extended format. */
export interface Format {
  readonly name: string;
  /** Bits of the exponent field. */
  readonly exponentBits: number;
  /** Bits of significand, the leading one included whether stored or not. */
  readonly precision: number;
  /** The leading bit of the significand is stored (x87 extended). */
  readonly explicitInteger: boolean;
  /** Exponent bias, also the largest unbiased exponent. */
  readonly bias: number;
  /** Bits of the significand field. */
  readonly fieldBits: bigint;
  /** The sign bit. */
  readonly signBit: bigint;
  /** Every bit of the significand field. */
  readonly fieldMask: bigint;
  /** The bit that tells a quiet NaN from a signalling one. */
  readonly quietBit: bigint;
  /** The largest value of the exponent field, that of infinities and NaNs. */
  readonly maxExponent: number;
  /** Bits of +infinity. */
  readonly infinity: bigint;
  /** Bits of the QNaN floating-point indefinite, the answer to an invalid operation (SDM Vol. 1, 4.8.3.7). */
  readonly defaultNaN: bigint;
}

function format(name: string, exponentBits: number, precision: number, explicitInteger: boolean): Format {
  const field = explicitInteger ? precision : precision - 1;
  const maxExponent = 2 ** exponentBits - 1;
  const signBit = 1n << BigInt(field + exponentBits);
  const infinity = (BigInt(maxExponent) << BigInt(field)) | (explicitInteger ? 1n << BigInt(field - 1) : 0n);
  const quietBit = 1n << BigInt(precision - 2);
  return {
    name,
    exponentBits,
    precision,
    explicitInteger,
    bias: 2 ** (exponentBits - 1) - 1,
    fieldBits: BigInt(field),
    signBit,
    fieldMask: (1n << BigInt(field)) - 1n,
    quietBit,
    maxExponent,
    infinity,
    defaultNaN: signBit | infinity | quietBit,
  };
}

export const BINARY16 = format('binary16', 5, 11, false);
export const BINARY32 = format('binary32', 8, 24, false);
export const BINARY64 = format('binary64', 11, 53, false);
export const EXTENDED80 = format('extended80', 15, 64, true);

/** Kinds of value. UNSUPPORTED are the x87 encodings with a wrong integer bit (SDM Vol. 1, 8.2.2). */
export const ZERO = 0;
export const FINITE = 1;
export const INFINITY = 2;
export const QUIET_NAN = 3;
export const SIGNALLING_NAN = 4;
export const UNSUPPORTED = 5;
export type Kind = 0 | 1 | 2 | 3 | 4 | 5;

/** A bit pattern taken apart. */
export interface Unpacked {
  readonly kind: Kind;
  readonly negative: boolean;
  /** For FINITE: the value is significand * 2**exponent, significand positive and not necessarily normalised. */
  readonly significand: bigint;
  readonly exponent: number;
  /** FINITE and below the normal range. */
  readonly denormal: boolean;
}

/** Takes a bit pattern apart; with `denormalsAreZero` a denormal is the zero of its sign. */
export function unpack(f: Format, bits: bigint, denormalsAreZero: boolean): Unpacked {
  const negative = (bits & f.signBit) !== 0n;
  const field = bits & f.fieldMask;
  const exponentField = Number((bits >> f.fieldBits) & BigInt(f.maxExponent));
  const of = (kind: Kind, significand = 0n, exponent = 0, denormal = false): Unpacked => ({
    kind,
    negative,
    significand,
    exponent,
    denormal,
  });
  if (exponentField === 0) {
    if (field === 0n || denormalsAreZero) return of(ZERO);
    return of(FINITE, field, 2 - f.bias - f.precision, true);
  }
  const integer = 1n << BigInt(f.precision - 1);
  if (f.explicitInteger && (field & integer) === 0n) return of(UNSUPPORTED);
  if (exponentField === f.maxExponent) {
    if ((field & ~integer) === 0n) return of(INFINITY);
    return of((field & f.quietBit) !== 0n ? QUIET_NAN : SIGNALLING_NAN);
  }
  return of(FINITE, field | integer, exponentField - f.bias - f.precision + 1);
}

/** Whether a kind is a NaN of either sort. */
export function isNaNKind(kind: Kind): boolean {
  return kind === QUIET_NAN || kind === SIGNALLING_NAN;
}

/** Bits of a zero. */
export function zeroOf(f: Format, negative: boolean): bigint {
  return negative ? f.signBit : 0n;
}

/** Bits of an infinity. */
export function infinityOf(f: Format, negative: boolean): bigint {
  return negative ? f.signBit | f.infinity : f.infinity;
}

const double = new Float64Array(1);
const words = new Uint32Array(double.buffer);

/** Number of bits of a non-negative integer, 0 for 0. */
export function bitLength(value: bigint): number {
  if (value === 0n) return 0;
  // The exponent of the nearest double, which is faster than text; it may have been rounded up to a power of two.
  double[0] = Number(value);
  const high = words[1]!;
  if (high < 0x7ff00000) {
    const length = (high >>> 20) - 1022;
    const isPower = (high & 0xfffff) === 0 && words[0] === 0;
    return isPower && value >> BigInt(length - 1) === 0n ? length - 1 : length;
  }
  const hex = value.toString(16);
  return hex.length * 4 - (Math.clz32(Number.parseInt(hex[0]!, 16)) - 28);
}
