// Accuracy of the C library's mathematics (math.h) in float, double and long double: every function over pseudo-random
// arguments, a quarter of them any bit pattern at all; results and exception flags are hashed.
// With an argument, `sweep POINTS`, it takes so many of each instead of 64; `sweep POINTS FUNCTION` prints them one by one.
// libc: glibc | musl
// libs: -lm
// needs: v3
// apart
// slow
#define _GNU_SOURCE
#include <fenv.h>
#include <inttypes.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef long double ld;
static uint64_t seed, hash;
static uint64_t next(void) {
  seed ^= seed << 13, seed ^= seed >> 7, seed ^= seed << 17;
  return seed * 0x2545f4914f6cdd1d;
}

static float float_bits(uint64_t r, uint16_t top) {
  float value;
  (void)top, memcpy(&value, &r, 4);
  return value;
}
static double double_bits(uint64_t r, uint16_t top) {
  double value;
  (void)top, memcpy(&value, &r, 8);
  return value;
}
// The integer bit is set unless the exponent is zero: other patterns are no numbers since the 80387.
static ld ld_bits(uint64_t r, uint16_t top) {
  ld value = 0;
  r = top & 0x7fff ? r | 1ull << 63 : r & ~0ull >> 1;
  memcpy(&value, &r, 8), memcpy((char *)&value + 8, &top, 2);
  return value;
}

// A quarter lies in the interval, another is spread over the exponents, the third is near integers, the last anywhere.
#define ARGUMENT(T) \
  static T T##_argument(double low, double high, int kind) { \
    uint64_t r = next(), s = next(); \
    T unit = (T)(r / 18446744073709551616.0L); \
    switch (kind) { \
      case 0: return (T)low + (T)(high - low) * unit; \
      case 1: return (s & 64 ? 1 + unit : -1 - unit) * (T)ldexp(1, (int)(s % 64) - 32); \
      case 2: return (T)((int)(s % 64) - 32) + (s & 64 ? 0 : (unit - (T)0.5) / 1024); \
    } \
    return T##_bits(r, (uint16_t)s); \
  }
ARGUMENT(float)
ARGUMENT(double)
ARGUMENT(ld)

static int show;
static void mix(const void *value, size_t size) {
  unsigned char bytes[16] = {0};
  memcpy(bytes, value, size);
  for (size_t i = 0; i < size; i++) hash = (hash ^ bytes[i]) * 0x100000001b3;
  if (!show) return;
  putchar(' ');
  for (size_t i = size; i-- > 0;) printf("%02x", bytes[i]);
}
static void mix_int(long long value) { mix(&value, 8); }

static long points = 64;
static const char *only;

static int begin(const char *name) {
  if (only && strcmp(only, name)) return 0;
  show = only != NULL;
  seed = 0x9e3779b97f4a7c15, hash = 0xcbf29ce484222325;
  feclearexcept(FE_ALL_EXCEPT);
  return 1;
}
static void end(const char *name) {
  printf("%-12s %016" PRIx64 " %02x\n", name, hash, fetestexcept(FE_ALL_EXCEPT));
}

#define SIZE(T) (sizeof(T) == 16 ? 10 : sizeof(T))
#define BODY(T, name, prepare, compute) \
  if (begin(name)) { \
    for (long i = 0; i < points; i++) { \
      prepare; \
      compute; \
      if (show) putchar('\n'); \
    } \
    end(name); \
  }
#define GIVEN(T, low, high, kind) T##_argument(low, high, (int)((kind) & 3))
#define SHOWN(T, x) if (show) mix(&x, SIZE(T))

#define ONE(T, s, f, low, high) \
  BODY(T, #f #s, T x = GIVEN(T, low, high, i); SHOWN(T, x), T r = f##s(x); mix(&r, SIZE(T)))
#define TWO(T, s, f, low, high, low2, high2) \
  BODY(T, #f #s, T x = GIVEN(T, low, high, i); T y = GIVEN(T, low2, high2, i >> 2); SHOWN(T, x); SHOWN(T, y), \
       T r = f##s(x, y); mix(&r, SIZE(T)))
#define INTEGER(T, s, f) BODY(T, #f #s, T x = GIVEN(T, -1e9, 1e9, i); SHOWN(T, x), mix_int(f##s(x)))
#define WITH_INTEGER(T, s, f, low, high, n) \
  BODY(T, #f #s, T x = GIVEN(T, low, high, i); int k = (int)(next() % (2 * n)) - n; SHOWN(T, x), \
       T r = f##s(x, k); mix(&r, SIZE(T)))
#define INTEGER_WITH(T, s, f, low, high, n) \
  BODY(T, #f #s, T x = GIVEN(T, low, high, i); int k = (int)(next() % (2 * n)) - n; SHOWN(T, x), \
       T r = f##s(k, x); mix(&r, SIZE(T)))

#define ALL(T, s) \
  ONE(T, s, sin, -1000, 1000) ONE(T, s, cos, -1000, 1000) ONE(T, s, tan, -1000, 1000) \
  ONE(T, s, asin, -1, 1) ONE(T, s, acos, -1, 1) ONE(T, s, atan, -10, 10) \
  ONE(T, s, sinh, -20, 20) ONE(T, s, cosh, -20, 20) ONE(T, s, tanh, -10, 10) \
  ONE(T, s, asinh, -100, 100) ONE(T, s, acosh, 1, 100) ONE(T, s, atanh, -1, 1) \
  ONE(T, s, exp, -80, 80) ONE(T, s, exp2, -100, 100) ONE(T, s, expm1, -5, 5) \
  ONE(T, s, log, 0, 10) ONE(T, s, log2, 0, 10) ONE(T, s, log10, 0, 100) ONE(T, s, log1p, -1, 3) \
  ONE(T, s, cbrt, -1000, 1000) ONE(T, s, sqrt, 0, 1000) ONE(T, s, erf, -4, 4) ONE(T, s, erfc, -2, 10) \
  ONE(T, s, tgamma, -20, 35) \
  ONE(T, s, floor, -10, 10) ONE(T, s, ceil, -10, 10) ONE(T, s, trunc, -10, 10) ONE(T, s, round, -10, 10) \
  ONE(T, s, rint, -10, 10) ONE(T, s, nearbyint, -10, 10) ONE(T, s, logb, 0, 1e9) ONE(T, s, fabs, -1, 1) \
  TWO(T, s, pow, 0, 20, -20, 20) TWO(T, s, atan2, -10, 10, -10, 10) TWO(T, s, hypot, -1e3, 1e3, -1e3, 1e3) \
  TWO(T, s, fmod, -1e6, 1e6, -10, 10) TWO(T, s, remainder, -1e6, 1e6, -10, 10) TWO(T, s, drem, -1e4, 1e4, -10, 10) \
  TWO(T, s, nextafter, -1, 1, -1, 1) TWO(T, s, copysign, -1, 1, -1, 1) TWO(T, s, fdim, -9, 9, -9, 9) \
  TWO(T, s, fmax, -9, 9, -9, 9) TWO(T, s, fmin, -9, 9, -9, 9) \
  INTEGER(T, s, lrint) INTEGER(T, s, llrint) INTEGER(T, s, lround) INTEGER(T, s, ilogb) \
  WITH_INTEGER(T, s, ldexp, -2, 2, 2000) WITH_INTEGER(T, s, scalbn, -2, 2, 20000) \
  BODY(T, "lgamma" #s, T x = GIVEN(T, -30, 100, i); SHOWN(T, x), \
       int sign = 0; T r = lgamma##s##_r(x, &sign); mix(&r, SIZE(T)); if (isfinite(x)) mix_int(sign)) \
  BODY(T, "sincos" #s, T x = GIVEN(T, -1e5, 1e5, i); SHOWN(T, x), \
       T r; T c; sincos##s(x, &r, &c); mix(&r, SIZE(T)); mix(&c, SIZE(T))) \
  BODY(T, "frexp" #s, T x = GIVEN(T, -1e5, 1e5, i); SHOWN(T, x), \
       int e = 0; T r = frexp##s(x, &e); mix(&r, SIZE(T)); if (isfinite(x)) mix_int(e)) \
  BODY(T, "modf" #s, T x = GIVEN(T, -1e5, 1e5, i); SHOWN(T, x), \
       T w; T r = modf##s(x, &w); mix(&r, SIZE(T)); mix(&w, SIZE(T))) \
  BODY(T, "remquo" #s, T x = GIVEN(T, -1e5, 1e5, i); T y = GIVEN(T, -10, 10, i >> 2); SHOWN(T, x); SHOWN(T, y), \
       int q = 0; T r = remquo##s(x, y, &q); mix(&r, SIZE(T)); if (r == r) mix_int(q & 7)) \
  BODY(T, "fma" #s, T x = GIVEN(T, -9, 9, i); T y = GIVEN(T, -9, 9, i >> 2); T z = GIVEN(T, -9, 9, i >> 4); \
       SHOWN(T, x); SHOWN(T, y); SHOWN(T, z), T r = fma##s(x, y, z); mix(&r, SIZE(T)))
#define BESSEL(T, s) \
  ONE(T, s, j0, 0, 100) ONE(T, s, j1, 0, 100) ONE(T, s, y0, 0, 100) ONE(T, s, y1, 0, 100) \
  INTEGER_WITH(T, s, jn, 0, 50, 20) INTEGER_WITH(T, s, yn, 0, 50, 20)

int main(int argc, char **argv) {
  setvbuf(stdout, NULL, argc > 2 ? _IOFBF : _IOLBF, 1 << 16);
  if (argc > 1) points = atol(argv[1]);
  if (argc > 2) only = argv[2];
  ALL(float, f)
  BESSEL(float, f)
  ALL(double, )
  BESSEL(double, )
#ifdef __GLIBC__
#define dreml dreml
  BESSEL(ld, l)
  ONE(float, f, exp10, -30, 30) ONE(double, , exp10, -300, 300) ONE(ld, l, exp10, -300, 300)
#else
#define dreml remainderl
#endif
  ALL(ld, l)
  return 0;
}
