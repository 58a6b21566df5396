// Printf of integers, characters, strings and pointers: all flags, widths, precisions and length modifiers (printf(3)).
// variants: -O0 | -O2 | -O3 -march=x86-64 | -O3 -march=x86-64-v3
// libc: glibc | musl
#include <inttypes.h>
#include <limits.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <wchar.h>

#pragma GCC diagnostic ignored "-Wformat"
#pragma GCC diagnostic ignored "-Wformat-truncation"

int main(void) {
  static const char *const flags[] = {"", "-", "0", "+", " ", "#", "0+", "-#"};
  static const char *const sizes[] = {"", "12", ".0", "12.5"};
  static const long values[] = {0, 1, -1, 42, -12345, INT_MAX, INT_MIN};
  for (int f = 0; f < 8; f++)
    for (int s = 0; s < 4; s++)
      for (const char *c = "diuoxX"; *c; c++) {
        char format[32];
        snprintf(format, sizeof format, "[%%%s%s%c]", flags[f], sizes[s], *c);
        for (int v = 0; v < 7; v += 2) printf(format, (int)values[v]);
        printf(c[1] ? "" : " %s\n", format);
      }
  printf("%hhd %hhu %hd %hu %ld %lu %lld %llu %jd %ju %zu %zd %td\n", (char)300, (unsigned char)511, (short)70000, (unsigned short)-1, LONG_MIN,
         ULONG_MAX, LLONG_MIN, ULLONG_MAX, INTMAX_MIN, UINTMAX_MAX, SIZE_MAX, (ptrdiff_t)-5, PTRDIFF_MIN);
  printf("%" PRId8 " %" PRIu16 " %" PRIx32 " %" PRIo64 "\n", INT8_MIN, UINT16_MAX, UINT32_MAX, UINT64_MAX);
  printf("[%c][%5c][%-5c][%s][%10s][%-10s][%.3s][%10.3s][%-10.3s][%.0s]\n", 'a', 'b', 'c', "string", "right", "left", "cutoff", "cutoff", "cutoff",
         "nothing");
  printf("[%*d][%-*d][%.*d][%*.*d][%*d]\n", 6, 42, 6, 42, 4, 42, 8, 4, 42, -6, 42);
  printf("[%2$s %1$s %2$s]\n", "world", "hello");
  printf("%p %d%%\n", (void *)0xdeadbeef, 100);
  printf("[%ls][%lc][%.2ls]\n", L"wide", L'w', L"wide");
  int so_far = 0;
  printf("counted%n", &so_far);
  printf(" %d\n", so_far);
  char small[8];
  int n = snprintf(small, sizeof small, "%s", "longer than that");
  printf("%d '%s'\n", n, small);
  printf("%d\n", snprintf(NULL, 0, "%1000d|%-500s|", 5, "x"));
  char text[300];
  memset(text, 'z', 299);
  text[299] = 0;
  n = printf("%s\n", text);
  printf("%.5s %d\n", text, n);
  return 0;
}
