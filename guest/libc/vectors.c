// Loops which compilers make vector code of: arithmetic, comparison, reduction, conversion, shifts, strides, gathers and
// permutations over all element types. Floats hold small integers and halves, so that no order or fusing of operations shows.
// variants: -O1 | -O3 -march=x86-64 | -O3 -march=x86-64-v2 | -O3 -march=x86-64-v3
// flags: -fwrapv -fassociative-math -fno-signed-zeros -fno-trapping-math -fno-math-errno
#include <inttypes.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

enum { N = 203 };
#define NOINLINE __attribute__((noinline, noclone))

static uint64_t hash;
static void mix(const void *p, size_t size) {
  for (size_t i = 0; i < size; i++) hash = (hash ^ ((const unsigned char *)p)[i]) * 0x100000001b3;
}
static uint32_t state = 1;
static int number(void) { return (int)((state = state * 1103515245 + 12345) >> 16 & 0x7fff) - 0x4000; }

#define INTEGERS(X) \
  X(int8_t) X(uint8_t) X(int16_t) X(uint16_t) X(int32_t) X(uint32_t) X(int64_t) X(uint64_t)
#define TYPES(X) INTEGERS(X) X(float) X(double)

static int places[N];

// Every function writes r from a and b.
#define EACH(T, name, expression) \
  static NOINLINE void name##_##T(T *restrict r, const T *restrict a, const T *restrict b, T c) { \
    (void)a, (void)b, (void)c; \
    for (int i = 0; i < N; i++) r[i] = (T)(expression); \
  }
#define REDUCE(T, name, R, start, expression) \
  static NOINLINE void name##_##T(T *restrict r, const T *restrict a, const T *restrict b, T c) { \
    (void)a, (void)b, (void)c; \
    R s = start; \
    for (int i = 0; i < N; i++) s = expression; \
    r[0] = (T)s; \
  }

#define COMMON(T) \
  EACH(T, add, a[i] + b[i]) EACH(T, sub, a[i] - b[i]) EACH(T, mul, a[i] * b[i]) EACH(T, scale, a[i] * c + b[i]) \
  EACH(T, min, a[i] < b[i] ? a[i] : b[i]) EACH(T, max, a[i] > b[i] ? a[i] : b[i]) EACH(T, neg, -a[i]) \
  EACH(T, abs, a[i] < 0 ? -a[i] : a[i]) EACH(T, fill, c) EACH(T, index, i) EACH(T, reverse, a[N - 1 - i]) \
  EACH(T, even, a[2 * i % (N - 1)]) EACH(T, gather, a[places[i]]) EACH(T, gather_add, a[places[i]] + b[i]) \
  EACH(T, choose, a[i] == b[i] ? c : a[i] > c ? b[i] : a[i]) EACH(T, count, a[i] <= b[i]) \
  REDUCE(T, sum, T, 0, s + a[i]) REDUCE(T, least, T, a[0], a[i] < s ? a[i] : s) \
  REDUCE(T, most, T, a[0], a[i] > s ? a[i] : s) REDUCE(T, dot, T, 0, s + a[i] * b[i]) \
  REDUCE(T, wide, double, 0, s + a[i]) REDUCE(T, where, T, 0, a[i] < b[i] ? s + b[i] : s) \
  static NOINLINE void strided_##T(T *restrict r, const T *restrict a, const T *restrict b, T c) { \
    for (int i = 0; i < N / 3; i++) r[3 * i] = a[2 * i] + c, r[3 * i + 1] = a[2 * i + 1] - b[i], r[3 * i + 2] = b[i]; \
  } \
  static NOINLINE void split_##T(T *restrict r, const T *restrict a, const T *restrict b, T c) { \
    (void)c; \
    for (int i = 0; i < N / 4; i++) { \
      r[i] = a[4 * i] + b[i], r[i + N / 4] = a[4 * i + 1], r[i + N / 2] = a[4 * i + 2] - a[4 * i + 3]; \
    } \
  } \
  static NOINLINE void prefix_##T(T *restrict r, const T *restrict a, const T *restrict b, T c) { \
    T s = c; \
    for (int i = 0; i < N; i++) r[i] = s = (T)(s + a[i] - b[i]); \
  }
#define COMMON_NAMES(X, T) \
  X(T, add) X(T, sub) X(T, mul) X(T, scale) X(T, min) X(T, max) X(T, neg) X(T, abs) X(T, fill) X(T, index) X(T, reverse) \
  X(T, even) X(T, gather) X(T, gather_add) X(T, choose) X(T, count) X(T, sum) X(T, least) X(T, most) X(T, dot) \
  X(T, wide) X(T, where) X(T, strided) X(T, split) X(T, prefix)

#define BITS (8 * (int)sizeof(a[0]))
#define WHOLE(T) \
  EACH(T, and, a[i] & b[i]) EACH(T, or, a[i] | b[i]) EACH(T, xor, a[i] ^ b[i]) EACH(T, andnot, a[i] & ~b[i]) \
  EACH(T, shl, a[i] << 3) EACH(T, shr, a[i] >> 3) EACH(T, shlv, a[i] << (b[i] & (BITS - 1))) \
  EACH(T, shrv, a[i] >> (b[i] & (BITS - 1))) \
  EACH(T, rotate, (a[i] << 5) | (a[i] >> (BITS - 5))) EACH(T, average, ((__int128)a[i] + b[i] + 1) >> 1) \
  EACH(T, difference, a[i] > b[i] ? a[i] - b[i] : b[i] - a[i]) EACH(T, below, a[i] > c ? a[i] - c : 0) \
  EACH(T, divide, a[i] / 7) EACH(T, modulo, a[i] % 10) EACH(T, ones, __builtin_popcountll((uint64_t)a[i])) \
  REDUCE(T, any, T, 0, s | a[i]) REDUCE(T, all, T, -1, s & a[i]) REDUCE(T, parity, T, 0, s ^ a[i]) \
  REDUCE(T, total, int64_t, 0, s + a[i]) REDUCE(T, product, T, 1, s * (a[i] | 1)) \
  REDUCE(T, distance, int64_t, 0, s + (a[i] > b[i] ? (int64_t)a[i] - (int64_t)b[i] : (int64_t)b[i] - (int64_t)a[i]))
#define WHOLE_NAMES(X, T) \
  X(T, and) X(T, or) X(T, xor) X(T, andnot) X(T, shl) X(T, shr) X(T, shlv) X(T, shrv) X(T, rotate) X(T, average) \
  X(T, difference) X(T, below) X(T, divide) X(T, modulo) X(T, ones) X(T, any) X(T, all) X(T, parity) X(T, total) \
  X(T, product) X(T, distance)

#define REAL(T) \
  EACH(T, quotient, a[i] / (b[i] + (T)0.25)) EACH(T, root, sqrt((double)(a[i] * a[i] + b[i] * b[i]))) \
  EACH(T, floors, __builtin_floor(a[i] * (T)0.375)) EACH(T, ceils, __builtin_ceil(a[i] * (T)0.375)) \
  EACH(T, truncs, __builtin_trunc(a[i] * (T)0.375)) EACH(T, rints, __builtin_rint(a[i] * (T)0.375)) \
  EACH(T, signs, __builtin_copysign(a[i], b[i])) EACH(T, polynomial, (a[i] * c + b[i]) * c - a[i])
#define REAL_NAMES(X, T) \
  X(T, quotient) X(T, root) X(T, floors) X(T, ceils) X(T, truncs) X(T, rints) X(T, signs) X(T, polynomial)

TYPES(COMMON)
INTEGERS(WHOLE)
REAL(float)
REAL(double)

#define CONVERT(T, U) \
  static NOINLINE void T##_to_##U(U *restrict r, const T *restrict a) { \
    for (int i = 0; i < N; i++) r[i] = (U)a[i]; \
  }
#define FROM(T) \
  CONVERT(T, int8_t) CONVERT(T, uint8_t) CONVERT(T, int16_t) CONVERT(T, uint16_t) CONVERT(T, int32_t) \
  CONVERT(T, uint32_t) CONVERT(T, int64_t) CONVERT(T, uint64_t) CONVERT(T, float) CONVERT(T, double)
TYPES(FROM)

// A start which vectors are not aligned to.
static _Alignas(32) unsigned char from[N * 8 + 64], other[N * 8 + 64], to[N * 8 + 64];

#define RUN(T, name) \
  memset(to, 0, sizeof to); \
  name##_##T((T *)(to + 8), (const T *)(from + 8), (const T *)(other + 16), (T)5); \
  mix(to, sizeof to);
// Compilers were told that the sign of a zero does not matter.
#define RUN_SIGNLESS(T, name) \
  memset(to, 0, sizeof to); \
  name##_##T((T *)(to + 8), (const T *)(from + 8), (const T *)(other + 16), (T)5); \
  for (int i = 0; i < N; i++) \
    if (((T *)(to + 8))[i] == 0) memset(to + 8 + i * sizeof(T), 0, sizeof(T)); \
  mix(to, sizeof to);
#define FILL(T, kind) \
  for (int i = 0; i < N; i++) { \
    ((T *)(from + 8))[i] = (T)(number() / kind), ((T *)(other + 16))[i] = (T)(number() / kind); \
  }
#define START hash = 0xcbf29ce484222325
#define END(T, what) printf("%-8s %-12s %016" PRIx64 "\n", #T, what, hash);

#define RUN_COMMON(T) \
  START; \
  FILL(T, (sizeof(T) == 1 ? 1 : (T)0.5 != 0 ? 512 : 1)) \
  COMMON_NAMES(RUN_SIGNLESS, T) \
  END(T, "all types")
#define RUN_WHOLE(T) \
  START; \
  FILL(T, 1) \
  for (int i = 0; i < N; i++) ((T *)(from + 8))[i] *= (T)0x9e3779b97f4a7c15; \
  WHOLE_NAMES(RUN, T) \
  END(T, "integers")
#define RUN_REAL(T) \
  START; \
  FILL(T, 512) \
  REAL_NAMES(RUN_SIGNLESS, T) \
  END(T, "reals")
#define RUN_CONVERT(T, U) memset(to, 0, sizeof to), T##_to_##U((U *)(to + 8), (const T *)(from + 8)), mix(to, sizeof to);
// In the range of all types: conversions of floats out of range are undefined.
#define RUN_FROM(T) \
  START; \
  for (int i = 0; i < N; i++) ((T *)(from + 8))[i] = (T)((T)(number() & 0xff) / (T)2); \
  RUN_CONVERT(T, int8_t) RUN_CONVERT(T, uint8_t) RUN_CONVERT(T, int16_t) RUN_CONVERT(T, uint16_t) \
  RUN_CONVERT(T, int32_t) RUN_CONVERT(T, uint32_t) RUN_CONVERT(T, int64_t) RUN_CONVERT(T, uint64_t) \
  RUN_CONVERT(T, float) RUN_CONVERT(T, double) \
  END(T, "conversions")

int main(void) {
  for (int i = 0; i < N; i++) places[i] = (i * 37 + 11) % N;
  TYPES(RUN_COMMON)
  INTEGERS(RUN_WHOLE)
  RUN_REAL(float)
  RUN_REAL(double)
  TYPES(RUN_FROM)
  return 0;
}
