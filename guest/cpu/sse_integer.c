// SSE2 on integers: packed arithmetic with and without saturation, compares, shifts, shuffles, packs, unpacks, masks,
// averages, sums of differences, and moves between register files, over generated operands (SDM).
#include <emmintrin.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

static uint64_t state = 88172645463325252ull;
static uint64_t next(void) {
  state ^= state << 13, state ^= state >> 7, state ^= state << 17;
  return state;
}
static __m128i operand(int i) {
  static const uint64_t edges[] = {0, ~0ull, 0x8000800080008000, 0x7f7f7f7f80808080, 0x7fffffff80000000, 0x7fff8000ff00fe01};
  if (i < 6) return _mm_set_epi64x(edges[i], edges[5 - i]);
  return _mm_set_epi64x(next(), next());
}

static __m128i value_a, value_b;
#define FOLD(expr) \
  do { \
    uint64_t hash = 0xcbf29ce484222325; \
    for (int i = 0; i < 12; i++) \
      for (int j = 0; j < 12; j++) { \
        state = 88172645463325252ull + i * 131 + j; \
        value_a = operand(i), value_b = operand(j); \
        volatile __m128i va = value_a, vb = value_b; \
        __m128i a = va, b = vb; \
        (void)a, (void)b; \
        __m128i r = (expr); \
        uint64_t half[2]; \
        memcpy(half, &r, 16); \
        hash = (hash ^ half[0]) * 0x100000001b3, hash = (hash ^ half[1]) * 0x100000001b3; \
      } \
    printf("%016" PRIx64 " %s\n", hash, #expr); \
  } while (0)

int main(void) {
  FOLD(_mm_add_epi8(a, b)); FOLD(_mm_add_epi16(a, b)); FOLD(_mm_add_epi32(a, b)); FOLD(_mm_add_epi64(a, b));
  FOLD(_mm_sub_epi8(a, b)); FOLD(_mm_sub_epi16(a, b)); FOLD(_mm_sub_epi32(a, b)); FOLD(_mm_sub_epi64(a, b));
  FOLD(_mm_adds_epi8(a, b)); FOLD(_mm_adds_epi16(a, b)); FOLD(_mm_adds_epu8(a, b)); FOLD(_mm_adds_epu16(a, b));
  FOLD(_mm_subs_epi8(a, b)); FOLD(_mm_subs_epi16(a, b)); FOLD(_mm_subs_epu8(a, b)); FOLD(_mm_subs_epu16(a, b));
  FOLD(_mm_mullo_epi16(a, b)); FOLD(_mm_mulhi_epi16(a, b)); FOLD(_mm_mulhi_epu16(a, b)); FOLD(_mm_mul_epu32(a, b));
  FOLD(_mm_madd_epi16(a, b)); FOLD(_mm_sad_epu8(a, b)); FOLD(_mm_avg_epu8(a, b)); FOLD(_mm_avg_epu16(a, b));
  FOLD(_mm_min_epi16(a, b)); FOLD(_mm_max_epi16(a, b)); FOLD(_mm_min_epu8(a, b)); FOLD(_mm_max_epu8(a, b));
  FOLD(_mm_and_si128(a, b)); FOLD(_mm_or_si128(a, b)); FOLD(_mm_xor_si128(a, b)); FOLD(_mm_andnot_si128(a, b));
  FOLD(_mm_cmpeq_epi8(a, b)); FOLD(_mm_cmpeq_epi16(a, b)); FOLD(_mm_cmpeq_epi32(a, b));
  FOLD(_mm_cmpgt_epi8(a, b)); FOLD(_mm_cmpgt_epi16(a, b)); FOLD(_mm_cmpgt_epi32(a, b));
  FOLD(_mm_packs_epi16(a, b)); FOLD(_mm_packs_epi32(a, b)); FOLD(_mm_packus_epi16(a, b));
  FOLD(_mm_unpacklo_epi8(a, b)); FOLD(_mm_unpackhi_epi8(a, b)); FOLD(_mm_unpacklo_epi16(a, b)); FOLD(_mm_unpackhi_epi16(a, b));
  FOLD(_mm_unpacklo_epi32(a, b)); FOLD(_mm_unpackhi_epi32(a, b)); FOLD(_mm_unpacklo_epi64(a, b)); FOLD(_mm_unpackhi_epi64(a, b));
  FOLD(_mm_shuffle_epi32(a, 0x1b)); FOLD(_mm_shufflelo_epi16(a, 0x72)); FOLD(_mm_shufflehi_epi16(a, 0x8d));
  FOLD(_mm_slli_epi16(a, 3)); FOLD(_mm_slli_epi32(a, 17)); FOLD(_mm_slli_epi64(a, 40)); FOLD(_mm_slli_epi16(a, 16));
  FOLD(_mm_srli_epi16(a, 5)); FOLD(_mm_srli_epi32(a, 31)); FOLD(_mm_srli_epi64(a, 64)); FOLD(_mm_srai_epi16(a, 20)); FOLD(_mm_srai_epi32(a, 9));
  FOLD(_mm_sll_epi16(a, _mm_cvtsi32_si128(7))); FOLD(_mm_srl_epi64(a, b)); FOLD(_mm_sra_epi32(a, _mm_cvtsi64_si128(1ll << 33)));
  FOLD(_mm_slli_si128(a, 5)); FOLD(_mm_srli_si128(a, 11)); FOLD(_mm_slli_si128(a, 16));
  FOLD(_mm_insert_epi16(a, 0x1234, 5)); FOLD(_mm_cvtsi32_si128(_mm_extract_epi16(a, 6))); FOLD(_mm_cvtsi32_si128(_mm_movemask_epi8(a)));
  FOLD(_mm_move_epi64(a)); FOLD(_mm_cvtsi64_si128(_mm_cvtsi128_si64(a))); FOLD(_mm_cvtsi32_si128(_mm_cvtsi128_si32(b)));
  static char buffer[48] __attribute__((aligned(16)));
  _mm_storeu_si128((__m128i *)(buffer + 3), operand(7));
  _mm_maskmoveu_si128(operand(8), operand(3), buffer + 20);
  _mm_stream_si128((__m128i *)(buffer + 32), operand(9));
  _mm_storel_epi64((__m128i *)buffer, operand(3));
  for (int i = 0; i < 48; i++) printf("%02x", (unsigned char)buffer[i]);
  printf("\n");
  return 0;
}
