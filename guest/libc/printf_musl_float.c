// Printf and scanf of doubles and long doubles with musl, whose conversions compute in x87 extended precision: %f %e %g %a with
// widths and precisions, %L forms of values beyond double's range, strtold and back (printf(3), scanf(3), musl's fmt_fp).
// libc: musl
// variants: -O0 | -O2 | -O3 -march=x86-64 | -O3 -march=x86-64-v3
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#pragma GCC diagnostic ignored "-Wformat-nonliteral"
#pragma GCC diagnostic ignored "-Wformat-security"

int main(void) {
  static const double values[] = {0.0, -0.0, 1.0, -1.5, 0.1, 2.5, 3.5, 0.5, 1e15, 123456.789, 999999.5, 1e-5, 0.0001,
                                  9007199254740993.0, 0.30000000000000004, 1.0 / 3, 2.0 / 3, 1e22, 1e23, 4.35, 1.005, HUGE_VAL, -HUGE_VAL, NAN};
  static const char *const formats[] = {"%f", "%e", "%g", "%a", "%.0f", "%.3e", "%+.2f", "%012.3f", "%.17g", "%.20f", "%.3a"};
  for (unsigned f = 0; f < sizeof formats / sizeof *formats; f++) {
    printf("%s:", formats[f]);
    for (unsigned v = 0; v < sizeof values / sizeof *values; v++) {
      printf(" ");
      printf(formats[f], values[v]);
    }
    printf("\n");
  }
  printf("%f %g %a %.17g %.60f\n", DBL_MAX, DBL_MIN, DBL_MAX, 5e-324, 0.1);

  static const long double wide[] = {0.1L, 1.0L / 3, -2.0L / 3, 1e30L, LDBL_EPSILON, 18446744073709551615.0L, 0x1.fffffffffffffffep+0L};
  for (unsigned v = 0; v < sizeof wide / sizeof *wide; v++)
    printf("%Lg %.21Lg %Le %La %.3La %.25Lf\n", wide[v], wide[v], wide[v], wide[v], wide[v], wide[v]);
  printf("%La %La %La\n", LDBL_MAX, LDBL_MIN, 1e-4940L);

  static const char *const texts[] = {"0.1", "3.14159265358979323846264338327950288", "1e-340", "-0x1.8p-3", "1e400", "inf", "nan",
                                      "123456789012345678901234567890", "4.9406564584124654e-324", "9007199254740993", "0x1.00000000000001p0"};
  for (unsigned t = 0; t < sizeof texts / sizeof *texts; t++) {
    double d = 0;
    long double l = 0;
    int n = sscanf(texts[t], "%lf", &d) + sscanf(texts[t], "%Lf", &l);
    printf("%s: %d %.17g %.21Lg %a %La\n", texts[t], n, d, l, strtod(texts[t], 0), strtold(texts[t], 0));
  }

  // Arithmetic on long double as the compiler writes it, with conversions to and from every width.
  volatile long double x = 1.0L, y = 3.0L;
  volatile long long big = 9223372036854775807LL;
  volatile unsigned long long unsignedBig = 18446744073709551615ULL;
  volatile int small = -7;
  volatile short tiny = 300;
  volatile float single = 0.1f;
  printf("%La %La %La %La %La\n", x / y, x - y, x * y, x + y, -x);
  printf("%La %La %La %La %La\n", (long double)big, (long double)unsignedBig, (long double)small, (long double)tiny, (long double)single);
  volatile long double pi = 3.14159265358979323846L, negative = -1e10L;
  printf("%d %lld %llu %d %a %a\n", (int)pi, (long long)negative, (unsigned long long)(pi * 1e18L), (short)pi, (float)pi, (double)pi);
  printf("%d %d %d %d\n", x < y, x == y, pi >= y, x != x);
  printf("%La %La %La %La\n", sqrtl(y), fabsl(negative), rintl(pi), fmodl(1e20L, pi));
  printf("%La %La %La %La\n", floorl(-pi), ceill(pi), truncl(-pi), ldexpl(pi, 5000));
  return 0;
}
