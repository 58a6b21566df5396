// Printf of doubles with glibc: %f %e %g %a with flags, widths and precisions, edge values, correct rounding of ties and of
// long expansions, infinities and NaN (printf(3), C11 7.21.6.1).
// variants: -O0 | -O2 | -O3 -march=x86-64 | -O3 -march=x86-64-v3
#include <float.h>
#include <math.h>
#include <stdio.h>

#pragma GCC diagnostic ignored "-Wformat-nonliteral"
#pragma GCC diagnostic ignored "-Wformat-security"

int main(void) {
  static const double values[] = {0.0, -0.0, 1.0, -1.5, 0.1, 2.5, 3.5, 0.5, 1e15, 123456.789, 999999.5, 1e-5, 0.0001, 1e100, 5e-324, DBL_MAX, DBL_MIN,
                                  9007199254740993.0, 0.30000000000000004, 1.0 / 3, 2.0 / 3, 1e21, 1e22, 1e23, 4.35, 1.005, HUGE_VAL, -HUGE_VAL};
  static const char *const formats[] = {"%f", "%e", "%g", "%a", "%.0f", "%.1f", "%.3e", "%.10g", "%#g", "%+.2f", "% .2e", "%012.3f", "%-12.3f|", "%12.4g",
                                        "%.17g", "%F", "%E", "%G", "%A", "%#.0f", "%#.0e", "%.0e", "%.0g", "%.20f", "%.3a", "%.0a", "%020a"};
  for (unsigned f = 0; f < sizeof formats / sizeof *formats; f++) {
    printf("%s:", formats[f]);
    for (unsigned v = 0; v < sizeof values / sizeof *values; v++) {
      if (v == 15 && formats[f][1] != 'e' && formats[f][1] != 'a') continue;
      printf(" ");
      printf(formats[f], values[v]);
    }
    printf("\n");
  }
  printf("%.1f %.1f %.1f %.1f %.0f %.0f %.0f\n", 0.25, 0.75, 0.05, 0.15, 0.5, 1.5, 2.5);
  printf("%.60f\n%.50e\n", 0.1, 1e-300);
  printf("%f %g %e %F %G\n", NAN, NAN, -NAN, INFINITY, -INFINITY);
  printf("%010f %-10f| %+f\n", INFINITY, INFINITY, INFINITY);
  printf("%*.*f %.*e\n", 10, 2, 3.14159, 3, 2.71828);
  double d = 1.1e-10;
  for (int i = 0; i < 20; i++, d *= 10) printf("%.15g ", d);
  printf("\n");
  return 0;
}
