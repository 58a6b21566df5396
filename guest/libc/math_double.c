// The C library's double functions that need no x87: sqrt, floor, ceil, trunc, round, fmod, ldexp, frexp, modf, exp, log, pow,
// sin, cos, tan, atan2, hypot, over edge values; bits compared. Nothing is contracted into FMA.
// libs: -lm
// flags: -ffp-contract=off
// variants: -O0 | -O2 | -O3 -march=x86-64 | -O3 -march=x86-64-v3
#include <inttypes.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

static const double v[] = {0.0, -0.0, 1.0, -1.0, 0.5, 1.5, 2.5, -2.5, 3.7, 1e-300, 1e300, 5e-324, 0.1, 10.0, 100.25, 4503599627370497.5, 1e20};
enum { N = sizeof v / sizeof *v };
static uint64_t hash;
static void mix(double d) {
  uint64_t bits;
  memcpy(&bits, &d, 8);
  if (d != d) bits = 0x7ff8000000000000;
  hash = (hash ^ bits) * 0x100000001b3;
}
#define ONE(f) \
  do { \
    hash = 0xcbf29ce484222325; \
    for (volatile int i = 0; i < N; i++) mix(f(v[i])); \
    printf("%-8s %016" PRIx64 "\n", #f, hash); \
  } while (0)
#define TWO(f) \
  do { \
    hash = 0xcbf29ce484222325; \
    for (volatile int i = 0; i < N; i++) \
      for (volatile int j = 0; j < N; j++) mix(f(v[i], v[j])); \
    printf("%-8s %016" PRIx64 "\n", #f, hash); \
  } while (0)

int main(void) {
  ONE(sqrt); ONE(floor); ONE(ceil); ONE(trunc); ONE(round); ONE(rint); ONE(nearbyint); ONE(fabs);
  TWO(fmin); TWO(fmax); TWO(copysign); TWO(nextafter); TWO(fdim);
  hash = 0xcbf29ce484222325;
  for (int i = 0; i < N; i++) {
    int e;
    double whole;
    mix(frexp(v[i], &e)), mix(e), mix(ldexp(v[i], 7)), mix(ldexp(v[i], -1050)), mix(modf(v[i], &whole)), mix(whole), mix(ilogb(v[i] + 1));
    mix((double)lround(fmod(v[i], 1000))), mix(signbit(v[i]) ? 1 : 0);
  }
  printf("%-8s %016" PRIx64 "\n", "parts", hash);
  // To twelve digits, which hides the last bits that implementations chosen by CPU features may differ in.
  for (int i = 2; i < 15; i++) {
    double x = fabs(v[i]) > 700 ? 1.25 : v[i];
    printf("%.12g %.12g %.12g %.12g %.12g %.12g\n", exp(x), log(fabs(x)), sin(x), cos(x), atan2(x, 2.0), pow(fabs(x), 1.7));
  }
  double matrix[12][12], sum = 0;
  for (int i = 0; i < 12; i++)
    for (int j = 0; j < 12; j++) matrix[i][j] = 1.0 / (i + j + 1);
  for (int k = 0; k < 12; k++)
    for (int i = k + 1; i < 12; i++) {
      double f = matrix[i][k] / matrix[k][k];
      for (int j = k; j < 12; j++) matrix[i][j] -= f * matrix[k][j];
    }
  for (int i = 0; i < 6; i++) sum += matrix[i][i];
  printf("elimination %.17g\n", sum);
  return 0;
}
