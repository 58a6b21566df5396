// SSE4.2's string comparisons and CRC32 as libraries use them - strlen, strcspn, strspn, strstr, strcmp by 16 bytes, and the
// Castagnoli checksum by 1, 2, 4 and 8 bytes - against plain loops over the same data (SDM Vol. 1, 14.9; Vol. 2A, CRC32).
#include <nmmintrin.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define SSE42 __attribute__((target("sse4.2")))

static char text[512] __attribute__((aligned(16)));
static uint32_t state = 2463534242u;
static uint32_t next(void) {
  state ^= state << 13, state ^= state >> 17, state ^= state << 5;
  return state;
}
/** Letters a to e and a few of all bytes, ended by a zero somewhere. */
static void fill(void) {
  int length = next() % 200;
  memset(text, 0, sizeof text);
  for (int i = 0; i < length; i++) text[i] = next() % 16 ? (char)('a' + next() % 5) : (char)(1 + next() % 255);
}

SSE42 static int length(const char *s) {
  const __m128i range = _mm_setr_epi8(1, -1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
  for (int at = 0;; at += 16) {
    __m128i block = _mm_loadu_si128((const __m128i *)(s + at));
    int i = _mm_cmpistri(range, block, _SIDD_UBYTE_OPS | _SIDD_CMP_RANGES | _SIDD_NEGATIVE_POLARITY);
    if (i < 16) return at + i;
  }
}
SSE42 static int span(const char *s, const char *set, int inside) {
  __m128i wanted = _mm_setzero_si128();
  memcpy(&wanted, set, strlen(set));
  for (int at = 0;; at += 16) {
    __m128i block = _mm_loadu_si128((const __m128i *)(s + at));
    int i, ends;
    if (inside) {
      i = _mm_cmpistri(wanted, block, _SIDD_CMP_EQUAL_ANY | _SIDD_NEGATIVE_POLARITY);
      ends = _mm_cmpistrz(wanted, block, _SIDD_CMP_EQUAL_ANY | _SIDD_NEGATIVE_POLARITY);
    } else {
      i = _mm_cmpistri(wanted, block, _SIDD_CMP_EQUAL_ANY);
      ends = _mm_cmpistrz(wanted, block, _SIDD_CMP_EQUAL_ANY);
    }
    if (i < 16) return at + i;
    if (ends) return (int)strlen(s);
  }
}
/** Where a needle of at most 8 bytes stands, or -1. */
SSE42 static int find(const char *s, int n, const char *needle, int m) {
  __m128i wanted = _mm_setzero_si128();
  memcpy(&wanted, needle, m);
  for (int at = 0; at < n;) {
    int left = n - at < 16 ? n - at : 16;
    __m128i block = _mm_loadu_si128((const __m128i *)(s + at));
    int i = _mm_cmpestri(wanted, m, block, left, _SIDD_CMP_EQUAL_ORDERED);
    if (i >= left) at += left;
    else if (i + m <= left) return at + i;
    else if (at + i + m > n) return -1;
    else at += i;
  }
  return -1;
}
/** Differing words among eight, as a mask. */
SSE42 static int differences(const char *a, const char *b) {
  __m128i x = _mm_loadu_si128((const __m128i *)a), y = _mm_loadu_si128((const __m128i *)b);
  __m128i mask = _mm_cmpestrm(x, 8, y, 8, _SIDD_UWORD_OPS | _SIDD_CMP_EQUAL_EACH | _SIDD_NEGATIVE_POLARITY);
  return _mm_cvtsi128_si32(mask);
}
SSE42 static uint32_t checksum(const char *s, int n, int step) {
  uint64_t crc = 0xffffffff;
  int i = 0;
  for (; i + step <= n; i += step) {
    uint64_t v = 0;
    memcpy(&v, s + i, step);
    crc = step == 8   ? _mm_crc32_u64(crc, v)
          : step == 4 ? _mm_crc32_u32((uint32_t)crc, (uint32_t)v)
          : step == 2 ? _mm_crc32_u16((uint32_t)crc, (uint16_t)v)
                      : _mm_crc32_u8((uint32_t)crc, (uint8_t)v);
  }
  for (; i < n; i++) crc = _mm_crc32_u8((uint32_t)crc, (uint8_t)s[i]);
  return ~(uint32_t)crc;
}
static uint32_t plain_checksum(const char *s, int n) {
  uint32_t crc = ~0u;
  for (int i = 0; i < n; i++) {
    crc ^= (uint8_t)s[i];
    for (int bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >> 1) ^ 0x82f63b78 : crc >> 1;
  }
  return ~crc;
}

int main(void) {
  if (!__builtin_cpu_supports("sse4.2")) {
    printf("no SSE4.2\n");
    return 0;
  }
  int wrong = 0, found = 0, spanned = 0, differing = 0;
  uint32_t sum = 0;
  for (int round = 0; round < 60; round++) {
    fill();
    int n = (int)strlen(text), m = 1 + next() % 4;
    char needle[9] = {0};
    for (int i = 0; i < m; i++) needle[i] = 'a' + next() % 5;
    wrong += length(text) != n;
    wrong += span(text, "xe", 0) != (int)strcspn(text, "xe");
    wrong += span(text, "abcd", 1) != (int)strspn(text, "abcd");
    spanned += span(text, "abcd", 1);
    char *at = strstr(text, needle);
    wrong += find(text, n, needle, m) != (at ? at - text : -1);
    found += at != NULL;
    for (int i = 0; i + 32 <= n; i += 16) differing += __builtin_popcount(differences(text + i, text + i + 16));
    for (int step = 1; step <= 8; step *= 2) wrong += checksum(text, n, step) != plain_checksum(text, n);
    sum = sum * 31 + checksum(text, n, 8);
  }
  printf("%d wrong, %d found, %d spanned, %d words differ, checksums %08x\n", wrong, found, spanned, differing, sum);
  return 0;
}
