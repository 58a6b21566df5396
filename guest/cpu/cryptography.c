// AES-NI, PCLMULQDQ and the SHA extensions against their definitions: FIPS 197 with its appendices B and C.1, carry-less
// products, SHA-1 of FIPS 180-4. What cpuid does not announce is computed with integers, so that all print the same.
// levels: v1 | v3
// flags: -maes -mpclmul -msha -mssse3 -msse4.1
#include <cpuid.h>
#include <immintrin.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

static int has_aes, has_clmul, has_sha;

static void show(const char *what, const void *p, int size) {
  printf("%s ", what);
  for (int i = 0; i < size; i++) printf("%02x", ((const unsigned char *)p)[i]);
  putchar('\n');
}

// AES-128 by its definition.
static unsigned char twice(unsigned char a) { return (unsigned char)(a << 1 ^ (a & 0x80 ? 0x1b : 0)); }
static unsigned char times(unsigned char a, unsigned char b) {
  unsigned char r = 0;
  for (; b; b >>= 1, a = twice(a)) r ^= b & 1 ? a : 0;
  return r;
}
static unsigned char box[256], inverse_box[256];
static void make_boxes(void) {
  for (int x = 0; x < 256; x++) {
    unsigned char y = 0;
    for (int i = 1; i < 256 && !y; i++) y = times((unsigned char)x, (unsigned char)i) == 1 ? (unsigned char)i : 0;
    unsigned char s = y;
    for (int i = 1; i < 5; i++) s ^= (unsigned char)(y << i | y >> (8 - i));
    box[x] = s ^ 0x63, inverse_box[s ^ 0x63] = (unsigned char)x;
  }
}
static void substitute(unsigned char *s, int inverse) {
  unsigned char t[16];
  for (int i = 0; i < 16; i++) t[i] = inverse ? inverse_box[s[(i - i % 4 * 4) & 15]] : box[s[(i + i % 4 * 4) & 15]];
  memcpy(s, t, 16);
}
static void mix(unsigned char *s, int inverse) {
  static const unsigned char factors[2][4] = {{2, 3, 1, 1}, {14, 11, 13, 9}};
  unsigned char t[16] = {0};
  for (int i = 0; i < 16; i++)
    for (int k = 0; k < 4; k++) t[i] ^= times(s[(i & ~3) + ((i + k) & 3)], factors[inverse][k]);
  memcpy(s, t, 16);
}
static void add(unsigned char *s, const unsigned char *key) {
  for (int i = 0; i < 16; i++) s[i] ^= key[i];
}
static void plain_schedule(unsigned char keys[11][16], const unsigned char *key) {
  unsigned char constant = 1;
  memcpy(keys[0], key, 16);
  for (int r = 1; r < 11; r++, constant = twice(constant))
    for (int i = 0; i < 16; i++) {
      unsigned char word = i < 4 ? box[keys[r - 1][12 + (i + 1) % 4]] ^ (i == 0 ? constant : 0) : keys[r][i - 4];
      keys[r][i] = keys[r - 1][i] ^ word;
    }
}

static __m128i expand(__m128i key, __m128i assist) {
  assist = _mm_shuffle_epi32(assist, 0xff);
  for (int i = 0; i < 3; i++) key = _mm_xor_si128(key, _mm_slli_si128(key, 4));
  return _mm_xor_si128(key, assist);
}
static void fast_schedule(unsigned char keys[11][16], const unsigned char *key) {
  __m128i k = _mm_loadu_si128((const void *)key);
  _mm_storeu_si128((void *)keys[0], k);
#define STEP(r, c) k = expand(k, _mm_aeskeygenassist_si128(k, c)), _mm_storeu_si128((void *)keys[r], k)
  STEP(1, 1), STEP(2, 2), STEP(3, 4), STEP(4, 8), STEP(5, 16), STEP(6, 32), STEP(7, 64), STEP(8, 128), STEP(9, 27), STEP(10, 54);
}
static __m128i at(unsigned char keys[11][16], int r) { return _mm_loadu_si128((const void *)keys[r]); }

static void aes(const unsigned char *key, const unsigned char *text) {
  unsigned char keys[11][16], block[16];
  if (has_aes) fast_schedule(keys, key);
  else plain_schedule(keys, key);
  show("last key", keys[10], 16);
  if (has_aes) {
    __m128i s = _mm_xor_si128(_mm_loadu_si128((const void *)text), at(keys, 0));
    for (int r = 1; r < 10; r++) s = _mm_aesenc_si128(s, at(keys, r));
    _mm_storeu_si128((void *)block, _mm_aesenclast_si128(s, at(keys, 10)));
  } else {
    memcpy(block, text, 16), add(block, keys[0]);
    for (int r = 1; r < 10; r++) substitute(block, 0), mix(block, 0), add(block, keys[r]);
    substitute(block, 0), add(block, keys[10]);
  }
  show("encrypted", block, 16);
  if (has_aes) {
    __m128i s = _mm_xor_si128(_mm_loadu_si128((const void *)block), at(keys, 10));
    for (int r = 9; r > 0; r--) s = _mm_aesdec_si128(s, _mm_aesimc_si128(at(keys, r)));
    _mm_storeu_si128((void *)block, _mm_aesdeclast_si128(s, at(keys, 0)));
  } else {
    add(block, keys[10]);
    for (int r = 9; r > 0; r--) substitute(block, 1), add(block, keys[r]), mix(block, 1);
    substitute(block, 1), add(block, keys[0]);
  }
  show("decrypted", block, 16);
}

// The product of two polynomials of 64 bits, low half first.
static void multiply(uint64_t a, uint64_t b, uint64_t r[2]) {
  if (has_clmul) {
    __m128i x = _mm_set_epi64x((int64_t)~a, (int64_t)a), y = _mm_set_epi64x((int64_t)b, (int64_t)~b);
    _mm_storeu_si128((void *)r, _mm_clmulepi64_si128(x, y, 0x10));
    return;
  }
  r[0] = r[1] = 0;
  for (int i = 0; i < 64; i++)
    if (b >> i & 1) r[0] ^= a << i, r[1] ^= i ? a >> (64 - i) : 0;
}

static uint32_t rotate(uint32_t x, int n) { return x << n | x >> (32 - n); }
static uint32_t word(const unsigned char *p) { return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3]; }

static void sha1(uint32_t h[5], const unsigned char *block) {
  if (has_sha) {
    const __m128i swap = _mm_set_epi64x(0x0001020304050607, 0x08090a0b0c0d0e0f);
    __m128i state = _mm_shuffle_epi32(_mm_loadu_si128((void *)h), 0x1b), old = state, m[20];
    __m128i e = _mm_set_epi32((int)h[4], 0, 0, 0), before = state, first = e;
    for (int i = 0; i < 4; i++) m[i] = _mm_shuffle_epi8(_mm_loadu_si128((const void *)(block + 16 * i)), swap);
    for (int i = 4; i < 20; i++) {
      __m128i mixed = _mm_xor_si128(_mm_sha1msg1_epu32(m[i - 4], m[i - 3]), m[i - 2]);
      m[i] = _mm_sha1msg2_epu32(mixed, m[i - 1]);
    }
    for (int i = 0; i < 20; i++) {
      e = i == 0 ? _mm_add_epi32(e, m[0]) : _mm_sha1nexte_epu32(before, m[i]);
      before = state;
      switch (i / 5) {
        case 0: state = _mm_sha1rnds4_epu32(state, e, 0); break;
        case 1: state = _mm_sha1rnds4_epu32(state, e, 1); break;
        case 2: state = _mm_sha1rnds4_epu32(state, e, 2); break;
        default: state = _mm_sha1rnds4_epu32(state, e, 3);
      }
    }
    e = _mm_sha1nexte_epu32(before, first);
    _mm_storeu_si128((void *)h, _mm_shuffle_epi32(_mm_add_epi32(state, old), 0x1b));
    h[4] = (uint32_t)_mm_extract_epi32(e, 3);
    return;
  }
  uint32_t w[80], s[5];
  memcpy(s, h, sizeof s);
  for (int i = 0; i < 80; i++) {
    w[i] = i < 16 ? word(block + 4 * i) : rotate(w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16], 1);
    uint32_t a = s[0], b = s[1], c = s[2], d = s[3];
    uint32_t f = i < 20 ? (b & c) | (~b & d) : i >= 40 && i < 60 ? (b & c) | (b & d) | (c & d) : b ^ c ^ d;
    uint32_t k = i < 20 ? 0x5a827999 : i < 40 ? 0x6ed9eba1 : i < 60 ? 0x8f1bbcdc : 0xca62c1d6;
    uint32_t t = rotate(a, 5) + f + s[4] + k + w[i];
    s[4] = d, s[3] = c, s[2] = rotate(b, 30), s[1] = a, s[0] = t;
  }
  for (int i = 0; i < 5; i++) h[i] += s[i];
}

int main(void) {
  unsigned a, b, c, d;
  __cpuid(1, a, b, c, d);
  has_aes = c >> 25 & 1, has_clmul = c >> 1 & 1;
  int ssse3 = c >> 9 & 1, sse41 = c >> 19 & 1;
  has_sha = __get_cpuid_count(7, 0, &a, &b, &c, &d) && b >> 29 & 1 && ssse3 && sse41;
  make_boxes();
  aes((const unsigned char *)"\x2b\x7e\x15\x16\x28\xae\xd2\xa6\xab\xf7\x15\x88\x09\xcf\x4f\x3c",
      (const unsigned char *)"\x32\x43\xf6\xa8\x88\x5a\x30\x8d\x31\x31\x98\xa2\xe0\x37\x07\x34");
  aes((const unsigned char *)"\x00\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f",
      (const unsigned char *)"\x00\x11\x22\x33\x44\x55\x66\x77\x88\x99\xaa\xbb\xcc\xdd\xee\xff");
  uint64_t x = 0x0123456789abcdef, sum[2] = {0, 0}, r[2];
  for (int i = 0; i < 500; i++) {
    x ^= x << 13, x ^= x >> 7, x ^= x << 17;
    multiply(x, x * 0x9e3779b97f4a7c15, r);
    sum[0] = (sum[0] ^ r[0]) * 3, sum[1] = (sum[1] ^ r[1]) * 5;
  }
  show("products", sum, 16);
  uint32_t h[5] = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0};
  unsigned char block[64] = "abc\x80";
  block[63] = 24;
  for (int i = 0; i < 50; i++) {
    sha1(h, block);
    if (i == 0 || i == 49) printf("SHA-1 %08x%08x%08x%08x%08x\n", h[0], h[1], h[2], h[3], h[4]);
  }
  return 0;
}
