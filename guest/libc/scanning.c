// Strtol, strtoul, strtod, atoi, sscanf, getline: bases, overflow with ERANGE, end pointers, correctly rounded decimals, hex
// floats, scan sets, widths and suppression.
// stdin: 10 0x1f word\n\n  3.25e2,tail\nthe last line without newline
// variants: -O0 | -O2
#include <errno.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int main(void) {
  static const char *const ints[] = {"0", "  -42xyz", "+7", "0x1F", "0777", "", "abc", "9223372036854775807", "9223372036854775808", "-9223372036854775809",
                                     "0x", "zz", "1 2"};
  for (unsigned i = 0; i < sizeof ints / sizeof *ints; i++) {
    char *end;
    printf("'%s':", ints[i]);
    for (int base = 0; base <= 36; base += base == 0 ? 8 : base == 8 ? 2 : base == 10 ? 6 : 20) {
      errno = 0;
      long v = strtol(ints[i], &end, base);
      printf(" %ld(%d%s)", v, (int)(end - ints[i]), errno == ERANGE ? " range" : "");
    }
    errno = 0;
    printf(" %lu%s\n", strtoul(ints[i], NULL, 0), errno == ERANGE ? " range" : "");
  }
  static const char *const reals[] = {"0", "-0.0", "1", "3.14159265358979323846", "1e308", "1e309", "-1e400", "4.9e-324", "2e-324", "1e-400", "0x1.8p3",
                                      "0x1.fffffffffffff8p0", "inf", "-Infinity", "nan", "  .5e", "1e+", "9007199254740993", "0.1", "123456789012345678901234567890",
                                      "2.2250738585072011e-308", "1.7976931348623158e308", "17.5kg", ".", "5e-1"};
  for (unsigned i = 0; i < sizeof reals / sizeof *reals; i++) {
    char *end;
    errno = 0;
    double d = strtod(reals[i], &end);
    uint64_t bits;
    memcpy(&bits, &d, 8);
    if (d != d) bits = 0x7ff8000000000000;
    printf("'%s': %016" PRIx64 " (%d%s)", reals[i], bits, (int)(end - reals[i]), errno == ERANGE ? " range" : "");
    float f = strtof(reals[i], NULL);
    uint32_t fbits;
    memcpy(&fbits, &f, 4);
    if (f != f) fbits = 0x7fc00000;
    printf(" %08x\n", fbits);
  }
  int a, b, n;
  char word[32], set[32];
  double d;
  printf("%d", sscanf("12 abc 0x1f", "%d %31s %i", &a, word, &b));
  printf(" %d %s %d\n", a, word, b);
  printf("%d", sscanf("key=some value;", "%31[^=]=%31[^;]", word, set));
  printf(" %s|%s\n", word, set);
  printf("%d", sscanf("123456", "%3d%n%d", &a, &n, &b));
  printf(" %d %d %d\n", a, n, b);
  printf("%d", sscanf("5 apples", "%*d %s", word));
  printf(" %s\n", word);
  short h;
  signed char hh;
  long long ll;
  printf("%d", sscanf("70000 300 -9999999999 ff 17", "%hd %hhd %lld %x %o", &h, &hh, &ll, (unsigned *)&a, (unsigned *)&b));
  printf(" %d %d %lld %d %d\n", h, hh, ll, a, b);
  printf("%d", sscanf("2.5e3", "%lf", &d));
  printf(" %g; no match %d; end %d\n", d, sscanf("x", "%d", &a), sscanf("", "%d", &a));

  printf("%d", scanf("%d %i %s", &a, &b, word));
  printf(" %d %d %s\n", a, b, word);
  printf("%d", scanf("%lf,%4s", &d, word));
  printf(" %g %s\n", d, word);
  char *line = NULL;
  size_t size = 0;
  long got;
  while ((got = getline(&line, &size, stdin)) >= 0) printf("%ld '%s'\n", got, line);
  printf("eof %d\n", !!feof(stdin));
  return 0;
}
