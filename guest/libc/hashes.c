// Bit-twiddling without the library: CRC-32, Adler-32, FNV-1a, MD5, SHA-256 and base64 of known texts, checked against their
// published values.
// variants: -O0 | -O2 | -O3 -march=x86-64 | -O3 -march=x86-64-v3
// libc: glibc | musl
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

static uint32_t rotl(uint32_t x, int n) { return x << n | x >> (32 - n); }
static uint32_t rotr(uint32_t x, int n) { return x >> n | x << (32 - n); }

static uint32_t crc32(const uint8_t *p, size_t n) {
  uint32_t crc = ~0u;
  while (n--) {
    crc ^= *p++;
    for (int i = 0; i < 8; i++) crc = crc >> 1 ^ (0xedb88320 & -(crc & 1));
  }
  return ~crc;
}
static uint32_t adler32(const uint8_t *p, size_t n) {
  uint32_t a = 1, b = 0;
  while (n--) a = (a + *p++) % 65521, b = (b + a) % 65521;
  return b << 16 | a;
}
static uint64_t fnv(const uint8_t *p, size_t n) {
  uint64_t h = 0xcbf29ce484222325;
  while (n--) h = (h ^ *p++) * 0x100000001b3;
  return h;
}

/* Fills `block` with padded message block number `at`; returns 0 behind the last one. The length goes last, little or big endian. */
static int padded(const uint8_t *p, size_t n, size_t at, int big, uint8_t block[64]) {
  size_t start = at * 64;
  if (start >= n + 9 + (64 - (n + 9) % 64) % 64) return 0;
  for (size_t i = 0; i < 64; i++) block[i] = start + i < n ? p[start + i] : start + i == n ? 0x80 : 0;
  if (start + 64 >= n + 9)
    for (int i = 0; i < 8; i++) block[56 + i] = (uint64_t)n * 8 >> (big ? 56 - 8 * i : 8 * i);
  return 1;
}

static void md5(const uint8_t *p, size_t n, char *out) {
  static const uint8_t shift[4][4] = {{7, 12, 17, 22}, {5, 9, 14, 20}, {4, 11, 16, 23}, {6, 10, 15, 21}};
  static uint32_t k[64];
  if (!k[0]) {
    // floor(2^32 * |sin(i + 1)|) by Taylor series, in plain double arithmetic.
    for (int i = 0; i < 64; i++) {
      double x = i + 1, pi = 3.14159265358979323846, term, sum;
      while (x > pi) x -= 2 * pi;
      term = sum = x;
      for (int j = 1; j < 20; j++) term *= -x * x / ((2 * j) * (2 * j + 1)), sum += term;
      k[i] = (uint32_t)((sum < 0 ? -sum : sum) * 4294967296.0);
    }
  }
  uint32_t h[4] = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476};
  uint8_t block[64];
  for (size_t at = 0; padded(p, n, at, 0, block); at++) {
    uint32_t a = h[0], b = h[1], c = h[2], d = h[3], w[16];
    memcpy(w, block, 64);
    for (int i = 0; i < 64; i++) {
      uint32_t f = i < 16 ? (b & c) | (~b & d) : i < 32 ? (d & b) | (~d & c) : i < 48 ? b ^ c ^ d : c ^ (b | ~d);
      int g = i < 16 ? i : i < 32 ? (5 * i + 1) % 16 : i < 48 ? (3 * i + 5) % 16 : 7 * i % 16;
      uint32_t t = d;
      d = c, c = b, b += rotl(a + f + k[i] + w[g], shift[i / 16][i % 4]), a = t;
    }
    h[0] += a, h[1] += b, h[2] += c, h[3] += d;
  }
  for (int i = 0; i < 16; i++) sprintf(out + 2 * i, "%02x", (h[i / 4] >> (i % 4 * 8)) & 0xff);
}

static void sha256(const uint8_t *p, size_t n, char *out) {
  static uint32_t k[64], start[8];
  if (!k[0]) {
    // The first 32 bits of the fractions of cube and square roots of primes, by integer bisection.
    int found = 0;
    for (unsigned prime = 2; found < 64; prime++) {
      int is_prime = 1;
      for (unsigned d = 2; d * d <= prime; d++) is_prime &= prime % d != 0;
      if (!is_prime) continue;
      unsigned __int128 target = (unsigned __int128)prime << 96;
      uint64_t lo = 0, hi = 1ull << 36;
      while (hi - lo > 1) {
        uint64_t mid = (lo + hi) / 2;
        if ((unsigned __int128)mid * mid * mid <= target) lo = mid;
        else hi = mid;
      }
      k[found] = lo;
      if (found < 8) {
        lo = 0, hi = 1ull << 40;
        while (hi - lo > 1) {
          uint64_t mid = (lo + hi) / 2;
          if ((unsigned __int128)mid * mid <= (unsigned __int128)prime << 64) lo = mid;
          else hi = mid;
        }
        start[found] = lo;
      }
      found++;
    }
  }
  uint32_t h[8];
  memcpy(h, start, sizeof h);
  uint8_t block[64];
  for (size_t at = 0; padded(p, n, at, 1, block); at++) {
    uint32_t w[64], v[8];
    for (int i = 0; i < 16; i++) w[i] = (uint32_t)block[4 * i] << 24 | block[4 * i + 1] << 16 | block[4 * i + 2] << 8 | block[4 * i + 3];
    for (int i = 16; i < 64; i++)
      w[i] = w[i - 16] + w[i - 7] + (rotr(w[i - 15], 7) ^ rotr(w[i - 15], 18) ^ w[i - 15] >> 3) + (rotr(w[i - 2], 17) ^ rotr(w[i - 2], 19) ^ w[i - 2] >> 10);
    memcpy(v, h, sizeof v);
    for (int i = 0; i < 64; i++) {
      uint32_t t1 = v[7] + (rotr(v[4], 6) ^ rotr(v[4], 11) ^ rotr(v[4], 25)) + ((v[4] & v[5]) ^ (~v[4] & v[6])) + k[i] + w[i];
      uint32_t t2 = (rotr(v[0], 2) ^ rotr(v[0], 13) ^ rotr(v[0], 22)) + ((v[0] & v[1]) ^ (v[0] & v[2]) ^ (v[1] & v[2]));
      memmove(v + 1, v, 28);
      v[4] += t1, v[0] = t1 + t2;
    }
    for (int i = 0; i < 8; i++) h[i] += v[i];
  }
  for (int i = 0; i < 8; i++) sprintf(out + 8 * i, "%08x", h[i]);
}

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static void encode(const uint8_t *p, size_t n, char *out) {
  for (size_t i = 0; i < n; i += 3) {
    uint32_t v = p[i] << 16 | (i + 1 < n ? p[i + 1] << 8 : 0) | (i + 2 < n ? p[i + 2] : 0);
    for (int j = 0; j < 4; j++) *out++ = i + j > n ? '=' : digits[v >> (18 - 6 * j) & 63];
  }
  *out = 0;
}
static size_t decode(const char *s, uint8_t *out) {
  size_t n = 0;
  uint32_t v = 0;
  int bits = 0;
  for (; *s && *s != '='; s++) {
    v = v << 6 | (uint32_t)(strchr(digits, *s) - digits), bits += 6;
    if (bits >= 8) out[n++] = v >> (bits -= 8);
  }
  return n;
}

int main(void) {
  static uint8_t big[700];
  for (int i = 0; i < 700; i++) big[i] = i * i >> 3;
  static const char *const texts[] = {"", "a", "abc", "The quick brown fox jumps over the lazy dog",
                                      "12345678901234567890123456789012345678901234567890123456789012345678901234567890"};
  char m[33], s[65], b[1200];
  static uint8_t back[800];
  for (int i = 0; i < 6; i++) {
    const uint8_t *p = i < 5 ? (const uint8_t *)texts[i] : big;
    size_t n = i < 5 ? strlen(texts[i]) : sizeof big;
    md5(p, n, m), sha256(p, n, s), encode(p, n, b);
    size_t length = decode(b, back);
    printf("%08x %08x %016" PRIx64 "\n%s\n%s\n%.60s %d\n", crc32(p, n), adler32(p, n), fnv(p, n), m, s, b, length == n && !memcmp(back, p, n));
  }
  char known[65], known5[33];
  sha256((const uint8_t *)"abc", 3, known), md5((const uint8_t *)"abc", 3, known5);
  printf("published: %d %d %d\n", !strcmp(known, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
         !strcmp(known5, "900150983cd24fb0d6963f7d28e17f72"), crc32((const uint8_t *)"123456789", 9) == 0xcbf43926);
  return 0;
}
