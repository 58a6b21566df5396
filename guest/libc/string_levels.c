// String and memory functions as the C library chooses them for the processor (glibc's ifunc: SSE2, SSSE3, SSE4.2, AVX2,
// ERMS), against plain loops: all alignments, lengths from nothing to beyond every threshold of theirs, ends of pages.
// levels: v1 | v2 | v3
// libc: glibc | musl
// slow
#define _GNU_SOURCE
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/mman.h>
#include <wchar.h>

enum { PAGE = 4096, ROOM = 8 * PAGE };
static volatile int opaque;
static int bad, done;
#define EXPECT(what, condition) \
  do { \
    done++; \
    if (!(condition) && bad++ < 20) printf("%s: length %d, place %d\n", what, length, place); \
  } while (0)

static int sign(int x) { return (x > 0) - (x < 0); }
static uint32_t state = 1;
static unsigned next(void) { return (state = state * 1103515245 + 12345) >> 16; }

// Pages with nothing behind them.
static char *room(void) {
  char *p = mmap(NULL, ROOM + PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  mprotect(p + ROOM, PAGE, PROT_NONE);
  return p;
}

static int plain_compare(const unsigned char *a, const unsigned char *b, size_t n, int strings) {
  for (volatile size_t i = 0; i < n; i++) {
    if (a[i] != b[i]) return a[i] < b[i] ? -1 : 1;
    if (strings && a[i] == 0) return 0;
  }
  return 0;
}

static int same(const char *p, int c, int n) {
  for (volatile int i = 0; i < n; i++)
    if (p[i] != (char)c) return 0;
  return 1;
}

static char *a, *b, *c;

// Strings of `length` at `p` and `q`, equal but for byte `at`, which is larger in `q`.
static void compare(char *p, char *q, int length, int place, int at) {
  for (int i = 0; i < length; i++) p[i] = q[i] = (char)(1 + (i * 7 + place) % 250);
  p[length] = q[length] = 0;
  EXPECT("strlen", (int)strlen(p) == length);
  EXPECT("strnlen", (int)strnlen(p, length + 5) == length && (int)strnlen(p, length / 2) == length / 2);
  EXPECT("strcmp", strcmp(p, q) == 0 && strncmp(p, q, length + 9) == 0 && memcmp(p, q, length + 1) == 0);
  EXPECT("strchr", strchr(p, 0) == p + length && strrchr(p, 0) == p + length && strchr(p, 255) == NULL);
  EXPECT("strchrnul", strchrnul(p, 255) == p + length && memchr(p, 255, length + 1) == NULL);
  if (length == 0) return;
  unsigned char was = (unsigned char)q[at];
  q[at] = (char)255;
  EXPECT("strcmp <", strcmp(p, q) < 0 && strcmp(q, p) > 0);
  EXPECT("strncmp <", strncmp(p, q, at) == 0 && strncmp(p, q, at + 1) < 0 && strncmp(q, p, length + 1) > 0);
  EXPECT("memcmp <", memcmp(p, q, at) == 0 && memcmp(p, q, at + 1) < 0 && memcmp(q, p, length) > 0);
  EXPECT("memchr", memchr(q, 255, length) == q + at && memrchr(q, 255, length) == q + at);
  EXPECT("memchr before", memchr(q, 255, at) == NULL && memrchr(q, 255, at) == NULL);
  EXPECT("strchr", strchr(q, 255) == q + at && strrchr(q, 255) == q + at && strchrnul(q, 255) == q + at);
  EXPECT("strcspn", (int)strcspn(q, "\xff") == at && (int)strcspn(q, "\xfe\xff\xfd") == at);
  EXPECT("strpbrk", strpbrk(q, "\xfc\xff") == q + at && strpbrk(p, "\xfc\xff") == NULL);
  EXPECT("compare alike", sign(memcmp(p, q, length)) == plain_compare((void *)p, (void *)q, length, 0));
  q[at] = (char)was;
  q[at] = 0;
  EXPECT("shorter", (int)strlen(q) == at && strcmp(p, q) > 0 && strcmp(q, p) < 0);
}

static void move(char *p, char *q, int length, int place) {
  for (int i = 0; i < length; i++) p[i] = (char)next();
  memset(q - 16, 0x55, 16 + length + 16);
  EXPECT("memcpy", memcpy(q, p, length) == q && plain_compare((void *)p, (void *)q, length, 0) == 0);
  EXPECT("memcpy around", same(q - 16, 0x55, 16) && same(q + length, 0x55, 16));
  EXPECT("mempcpy", (char *)mempcpy(q, p, length) == q + length);
  for (int distance = -40; distance <= 40; distance += 8 + opaque) {
    memcpy(c + 64, p, length);
    memmove(c + 64 + distance, c + 64, length);
    EXPECT("memmove", plain_compare((void *)(c + 64 + distance), (void *)p, length, 0) == 0);
  }
  memset(q, place, length);
  EXPECT("memset", same(q, place, length) && same(q - 16, 0x55, 16) && same(q + length, 0x55, 16));
  for (int i = 0; i < length; i++) p[i] = (char)(p[i] ? p[i] : 1);
  p[length] = 0;
  EXPECT("strcpy", strcpy(q, p) == q && plain_compare((void *)p, (void *)q, length + 1, 1) == 0);
  EXPECT("stpcpy", stpcpy(q, p) == q + length && strcmp(p, q) == 0);
  memset(q, 'x', length + 16);
  EXPECT("strncpy", strncpy(q, p, length / 2) == q && plain_compare((void *)p, (void *)q, length / 2, 0) == 0 && q[length / 2] == 'x');
  EXPECT("stpncpy", stpncpy(q, p, length + 9) == q + length && same(q + length, 0, 9) && q[length + 9] == 'x');
  q[length / 3] = 0;
  EXPECT("strcat", strcat(q, "end") == q && (int)strlen(q) == length / 3 + 3 && strcmp(q + length / 3, "end") == 0);
  q[length / 3] = 0;
  EXPECT("strncat", strncat(q, "end of it", 3) == q && strcmp(q + length / 3, "end") == 0);
}

static const int lengths[] = {0, 1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 32, 33, 47, 63, 64, 65, 95, 127, 128, 129, 160, 191, 255,
                              256, 257, 300, 383, 511, 512, 513, 777, 1023, 1024, 1025, 2047, 2048, 2049, 3000, 4095, 4097, 8200};

int main(void) {
  a = room(), b = room(), c = room();
  for (unsigned n = 0; n < sizeof lengths / sizeof *lengths; n++) {
    int length = lengths[n], step = length < 70 ? 5 : length < 600 ? 13 : 37;
    // From the start of a page, and up to the end of one.
    for (int place = 0; place < 64; place += step) {
      compare(a + place, b + place * 3 % 64, length, place, length == 0 ? 0 : (place * 11 + length) % length);
      compare(a + ROOM - length - 1 - place, b + ROOM - length - 1, length, place, length == 0 ? 0 : length - 1);
      compare(a + ROOM - length - 1, b + ROOM - length - 1 - place, length, place, 0);
      if (length < 5000) {
        move(a + place, b + 16 + place * 5 % 64, length, place);
        move(a + ROOM - length - 1 - place, b + ROOM - length - 32, length, place);
      }
    }
  }
  // Searches for several bytes, other character classes, and wide characters.
  for (int length = 1; length < 400; length += length < 40 ? 1 : 29) {
    int place = length % 32;
    char *p = a + ROOM - length - 1;
    for (int i = 0; i < length; i++) p[i] = "abcABC"[i % 6];
    p[length] = 0;
    for (int back = 0; back < length && back < 20; back += 3) {
      char *found = p + length - 1 - back;
      char was = *found;
      *found = 'z';
      char needle[8] = {'z'};
      int rest = back < 5 ? back : 5;
      memcpy(needle + 1, found + 1, rest);
      EXPECT("strstr", strstr(p, needle) == found && strcasestr(p, needle) == found);
      EXPECT("memmem", memmem(p, length, needle, rest + 1) == found);
      EXPECT("strspn", (int)strspn(p, "abcABC") == found - p && (int)strspn(p, "CBAcba") == found - p);
      *found = was;
    }
    EXPECT("strstr of none", strstr(p, "abcAbc") == NULL && strstr(p, "") == p);
    EXPECT("memchr of 0", (char *)memchr(p, 0, length + 1) == p + length);
    char *q = b + ROOM - length - 1;
    for (int i = 0; i <= length; i++) q[i] = (char)(p[i] >= 'a' ? p[i] - 32 : p[i] >= 'A' ? p[i] + 32 : p[i]);
    EXPECT("strcasecmp", strcasecmp(p, q) == 0 && strncasecmp(p, q, length + 3) == 0);
    q[length - 1] = '~';
    EXPECT("strcasecmp <", strcasecmp(p, q) < 0 && strncasecmp(q, p, length) > 0 && strncasecmp(p, q, length - 1) == 0);

    wchar_t *w = (wchar_t *)(a + ROOM) - length - 1, *v = (wchar_t *)(b + ROOM) - length - 1;
    for (int i = 0; i < length; i++) w[i] = v[i] = 0x1000 + i;
    w[length] = v[length] = 0;
    EXPECT("wcslen", (int)wcslen(w) == length && (int)wcsnlen(w, length / 2) == length / 2);
    EXPECT("wcschr", wcschr(w, 0x1000 + length - 1) == w + length - 1 && wcsrchr(w, 0x1000) == w && wcschr(w, 0x10) == NULL);
    EXPECT("wmemchr", wmemchr(w, 0x1000 + place % length, length) == w + place % length);
    EXPECT("wcscmp", wcscmp(w, v) == 0 && wcsncmp(w, v, length) == 0 && wmemcmp(w, v, length) == 0);
    v[length - 1] = 0x7fffff;
    EXPECT("wcscmp <", wcscmp(w, v) < 0 && wcsncmp(v, w, length) > 0 && wmemcmp(w, v, length) < 0);
    EXPECT("wmemset", wmemset(v, 0x20, length) == v && (int)wcslen(v) == length && wcschr(v, 0x21) == NULL);
    EXPECT("wcscpy", wcscpy(v, w) == v && wmemcmp(v, w, length + 1) == 0);
  }
  printf("%d checks, %d failed\n", done, bad);
  return 0;
}
