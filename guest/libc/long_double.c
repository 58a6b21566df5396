// Long double, which is the x87's extended precision here: printing, reading, arithmetic, comparison and conversions, in all
// rounding modes (printf(3), strtold(3), fesetround(3)).
// libc: glibc | musl
// libs: -lm
// flags: -frounding-math
// variants: -O0 | -O3 -march=x86-64-v3
// apart
// slow
#define _GNU_SOURCE
#include <complex.h>
#include <fenv.h>
#include <float.h>
#include <inttypes.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef long double ld;
static const int modes[] = {FE_TONEAREST, FE_DOWNWARD, FE_UPWARD, FE_TOWARDZERO};

static uint64_t hash = 0xcbf29ce484222325;
static void mix(const void *p, size_t size) {
  for (size_t i = 0; i < size; i++) hash = (hash ^ ((const unsigned char *)p)[i]) * 0x100000001b3;
}
static void mix_ld(ld value) { mix(&value, 10); }
static void mix_int(int64_t value) { mix(&value, 8); }

static ld raw(uint16_t top, uint64_t bits) {
  ld value = 0;
  memcpy(&value, &bits, 8), memcpy((char *)&value + 8, &top, 2);
  return value;
}
static void show(const char *what, ld value) {
  uint64_t bits;
  uint16_t top;
  memcpy(&bits, &value, 8), memcpy(&top, (char *)&value + 8, 2);
  printf("%s %04x %016" PRIx64 "\n", what, top, bits);
}

static void print(ld x) {
  if (fabsl(x) < 1e30L && fabsl(x) > 1e-30L) printf("%Lf|%Le|%30.15Lf|%#.0Lf|%010.2Lf|%-25.3Le|%.40Lg|", x, x, x, x, x, x, x);
  printf("%Lg|%+.21Lg|%La\n", x, x, x);
}

static void calculate(ld a, ld b) {
  volatile ld x = a, y = b;
  mix_ld(x + y), mix_ld(x - y), mix_ld(x * y), mix_ld(x / y), mix_ld(-x), mix_ld(fabsl(x)), mix_ld(sqrtl(x));
  mix_int(x < y), mix_int(x <= y), mix_int(x == y), mix_int(x != y), mix_int(isunordered(x, y)), mix_int(x > y);
  mix_int(isless(x, y)), mix_int(signbit(x)), mix_int(fpclassify(x)), mix_int(isfinite(x)), mix_int(isnormal(y));
  float f = (float)x;
  double d = (double)x;
  mix(&f, 4), mix(&d, 8);
  mix_ld((ld)f), mix_ld((ld)d);
  if (fabsl(x) < 0x1p62L) mix_int((int64_t)x), mix_int(llrintl(x)), mix_int(llroundl(x));
  if (fabsl(x) < 0x1p30L) mix_int((int)x), mix_int((short)(int)x), mix_int(lrintl(x));
  if (x >= 0 && x < 0x1p63L) mix_int((int64_t)(uint64_t)x);
  mix_ld(floorl(x)), mix_ld(ceill(x)), mix_ld(rintl(x)), mix_ld(truncl(x)), mix_ld(nextafterl(x, y)), mix_ld(fmodl(x, y));
  int e = 0;
  if (isfinite(x)) mix_ld(frexpl(x, &e)), mix_int(e), mix_ld(scalbnl(x, -7)), mix_ld(scalbnl(x, 20000));
}

int main(void) {
  const ld values[] = {0.0L, -0.0L, 1.0L, -1.5L, 0.1L, 1e-5L, 123456789.987654321L, 1e21L, 3.14159265358979323846264338L, LDBL_MAX,
                       LDBL_MIN, LDBL_EPSILON, raw(0, 1), raw(0, 0x7fffffffffffffff), INFINITY, -INFINITY, NAN, 0x1p63L, -0x1p64L,
                       1.0L / 3, 2e4000L, -9.5L, 0.5L, 2.5L, 999999.5L, 0x1.fffffffffffffffep0L, DBL_MAX, FLT_MIN, 0x1p-1074L, 4294967295.5L};
  enum { N = sizeof values / sizeof *values };
  for (int i = 0; i < N; i++) print(values[i]);

  const char *texts[] = {"0", "-0.0", "1.18973149535723176502e+4932", "1.18973149535723176506e+4932", "1e-4960",
                         "0.1", "123456789012345678901234567890", "0x1.8p-3", "0xf.ffffffffffffffffp+16380", "inf", "-NaN(12)", "  7.5x",
                         "9007199254740993", "18446744073709551615.4999999999999999999999", "18446744073709551615.5", "1.0000000000000000000542101086242752217003726400434970855712890625",
                         "2.2250738585072011e-308", "3.3621031431120935062626778173217526e-4932", "0x1p-16446", "-0x0.8p-16445"};
  for (unsigned m = 0; m < 4; m++) {
    fesetround(modes[m]);
    for (unsigned i = 0; i < sizeof texts / sizeof *texts; i++) {
      char *end;
      feclearexcept(FE_ALL_EXCEPT);
      ld value = strtold(texts[i], &end);
      char line[160];
      snprintf(line, sizeof line, "%u %-40.40s %2d", m, texts[i], (int)(end - texts[i]));
      show(line, value);
    }
    printf("%.3Lf %.0Lf %.17Le %La\n", values[4], values[21], values[19], values[19]);
  }

  for (unsigned m = 0; m < 4; m++) {
    fesetround(modes[m]);
    feclearexcept(FE_ALL_EXCEPT);
    for (int i = 0; i < N; i++)
      for (int j = 0; j < N; j++) calculate(values[i], values[j]);
    printf("mode %u %016" PRIx64 " %02x\n", m, hash, fetestexcept(FE_ALL_EXCEPT));
  }
  fesetround(FE_TONEAREST);

  // Integers of all widths and back, and what is printed is read again as the same value.
  for (int i = -24; i < 24; i++) {
    volatile int64_t whole = (int64_t)(0x9e3779b97f4a7c15u * (uint64_t)i);
    volatile ld x = (ld)whole, u = (ld)(uint64_t)whole, w = (ld)(int)whole, s = (ld)(short)whole;
    mix_ld(x), mix_ld(u), mix_ld(w), mix_ld(s), mix_ld(x * 0x1p-40L / 3);
    char text[64];
    snprintf(text, sizeof text, "%.21Lg", x / 7 * 0x1p-60L);
    ld again = strtold(text, NULL), first = x / 7 * 0x1p-60L;
    mix_int(again == first);
    ld scanned = 0;
    sscanf("  2.5e-10 ", "%Lf", &scanned);
    mix_ld(scanned);
  }
  printf("conversions %016" PRIx64 "\n", hash);

  volatile complex long double z = 1.5L + 2.25L * I, v = -0.125L + 7 * I;
  complex long double product = z * v, quotient = z / v;
  show("product", creall(product)), show("product", cimagl(product));
  show("quotient", creall(quotient)), show("quotient", cimagl(quotient));
  show("cabsl", cabsl(z));
  return 0;
}
