// String functions at all alignments and lengths near page ends, where vector code could run over: memcpy, memmove, memset,
// memcmp, memchr, strlen, strchr, strcmp, strstr, strtok, strspn and friends.
// variants: -O0 | -O2 | -O3 -march=x86-64 | -O3 -march=x86-64-v3
// libc: glibc | musl
#define _GNU_SOURCE
#include <ctype.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/mman.h>

static int sign(int x) { return (x > 0) - (x < 0); }

int main(void) {
  // Two pages with nothing behind them: any read past the end is a fault.
  char *a = mmap(NULL, 12288, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  char *b = mmap(NULL, 12288, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  mprotect(a + 8192, 4096, PROT_NONE), mprotect(b + 8192, 4096, PROT_NONE);
  unsigned sum = 0;
  int bad = 0;
  for (int length = 0; length < 70; length += length < 20 ? 1 : 7)
    for (int back = 0; back < 8; back += 3) {
      char *p = a + 8192 - length - 1 - back, *q = b + 8192 - length - 1;
      for (int i = 0; i < length; i++) p[i] = 'a' + (i * 7 + length) % 26;
      p[length] = 0;
      memset(q, 'x', length + 1);
      bad += strlen(p) != (size_t)length;
      bad += strnlen(p, length) != (size_t)length;
      bad += memcpy(q, p, length + 1) != q || memcmp(p, q, length + 1) != 0 || strcmp(p, q) != 0;
      bad += strchr(p, 0) != p + length || strchr(p, 'Z') != NULL || memchr(p, 'Z', length) != NULL;
      bad += strrchr(p, 0) != p + length;
      if (length) {
        q[length - 1] ^= 1;
        sum = sum * 31 + sign(memcmp(p, q, length)) + 1;
        sum = sum * 31 + sign(strcmp(p, q)) + 1;
        sum = sum * 31 + sign(strncmp(p, q, length - 1)) + 1;
        q[length - 1] = (char)0xff;
        sum = sum * 31 + sign(strcmp(p, q)) + 1;
        bad += memchr(q, 0xff, length) != q + length - 1;
      }
      stpcpy(q, p);
      bad += strcmp(p, q) != 0;
      strncpy(q, "ab", length);
      sum = sum * 31 + (length > 2 ? q[length - 1] : 7);
    }
  printf("bad %d sum %u\n", bad, sum);
  char buf[200], expect[200];
  for (int distance = -20; distance <= 20; distance++)
    for (int length = 0; length < 80; length += 7) {
      for (int i = 0; i < 200; i++) buf[i] = expect[i] = i;
      for (int i = 0; i < length; i++) expect[60 + distance + i] = 60 + i;
      memmove(buf + 60 + distance, buf + 60, length);
      bad += memcmp(buf, expect, 200) != 0;
    }
  printf("memmove bad %d\n", bad);
  printf("%zu %zu %s %s\n", strspn("aabbcc", "ab"), strcspn("hello", "lo"), strpbrk("key=value", "=:"), strstr("the needle in it", "needle"));
  printf("%s %d %d\n", strcasestr("Hay NEEDLE", "needle"), sign(strcasecmp("ABC", "abd")), strncasecmp("ABCx", "abcy", 3));
  char line[] = ":a::b,c:", *save, *word;
  for (word = strtok_r(line, ":,", &save); word; word = strtok_r(NULL, ":,", &save)) printf("<%s>", word);
  char fields[] = "x,,y", *rest = fields;
  while ((word = strsep(&rest, ","))) printf("[%s]", word);
  printf("\n");
  strcpy(buf, "one");
  strcat(buf, " two"), strncat(buf, " threefour", 6);
  printf("%s %s %s\n", buf, (char *)memmem(buf, 13, "two", 3), strndup(buf, 5));
  char haystack[400];
  memset(haystack, 'a', 399);
  haystack[399] = 0;
  strcpy(haystack + 300, "aaab");
  printf("strstr at %ld, missing %d\n", (long)(strstr(haystack, "aaaaaab") - haystack), strstr(haystack, "aaabb") == NULL);
  unsigned classes = 0;
  for (int c = 0; c < 256; c++)
    classes = classes * 3 + !!isalpha(c) + 2 * !!isdigit(c) + 4 * !!isspace(c) + 8 * !!ispunct(c) + 16 * !!isxdigit(c) + 32 * !!iscntrl(c) + toupper(c) + tolower(c);
  printf("classes %u\n", classes);
  printf("%s|%s\n", strerror(0) ? "errors have texts" : "", strsignal(9) ? "signals too" : "");
  return 0;
}
