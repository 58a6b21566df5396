// The C locale and the environment: setlocale, localeconv, getenv, setenv, putenv, unsetenv, clearenv, multibyte functions,
// errno texts, getopt.
// args: -a -b value --long=7 operand -c
// env: ONE=1 TWO=2
#define _GNU_SOURCE
#include <errno.h>
#include <getopt.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <wchar.h>

extern char **environ;

int main(int argc, char **argv) {
  printf("locale %s", setlocale(LC_ALL, NULL));
  printf(", from the environment %s\n", setlocale(LC_ALL, ""));
  struct lconv *l = localeconv();
  printf("decimal '%s' thousands '%s' currency '%s'\n", l->decimal_point, l->thousands_sep, l->currency_symbol);
  printf("ONE=%s TWO=%s\n", getenv("ONE"), getenv("TWO"));
  setenv("ONE", "changed", 0);
  printf("not overwritten %s", getenv("ONE"));
  setenv("ONE", "changed", 1);
  printf(", overwritten %s\n", getenv("ONE"));
  static char put[] = "THREE=3";
  putenv(put);
  put[6] = '9';
  printf("putenv keeps the string: %s\n", getenv("THREE"));
  unsetenv("TWO");
  printf("unset %s, bad name %d\n", getenv("TWO") ? "there" : "gone", setenv("A=B", "x", 1));
  clearenv();
  printf("cleared %d\n", environ == NULL || *environ == NULL);

  wchar_t wide[16];
  mbstate_t st;
  memset(&st, 0, sizeof st);
  const char *s = "plain";
  printf("mbsrtowcs %zu, mblen %d, MB_CUR_MAX %zu\n", mbsrtowcs(wide, &s, 16, &st), mblen("x", 1), MB_CUR_MAX);
  printf("wcslen %zu %ls\n", wcslen(wide), wide);
  for (int e = 1; e <= 133; e += 12) printf("%d %s; ", e, strerror(e));
  printf("\n");
  static const struct option longs[] = {{"long", required_argument, NULL, 'L'}, {NULL, 0, NULL, 0}};
  int c;
  while ((c = getopt_long(argc, argv, "ab:c", longs, NULL)) >= 0) printf("option %c %s\n", c, optarg ? optarg : "-");
  for (int i = optind; i < argc; i++) printf("operand %s\n", argv[i]);
  char *path = realpath("/dev/../dev/./null", NULL);
  printf("realpath %s\n", path);
  printf("sysconf: page %ld, clock ticks %ld, arguments at least 128 KiB %d\n", sysconf(_SC_PAGESIZE), sysconf(_SC_CLK_TCK), sysconf(_SC_ARG_MAX) >= 131072);
  return 0;
}
