// SSE and SSE2 floating point: arithmetic, compares with all eight predicates, min and max with NaN and signed zero,
// square roots, conversions with out-of-range values, rounding modes, MXCSR flags, DAZ and FTZ (SDM volume 1, chapter 11).
#include <emmintrin.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

static const double doubles[] = {0.0, -0.0, 1.0, -1.5, 3.141592653589793, 1e308, -1e308, 5e-324, 2.2250738585072014e-308, 1e-310,
                                 2147483647.5, -2147483648.5, 9.3e18, 1e300, 0.1, 4503599627370497.5};
enum { D = sizeof doubles / sizeof *doubles, ALL = D + 4 };

static double value(int i) {
  static const uint64_t special[] = {0x7ff0000000000000, 0xfff0000000000000, 0x7ff8000000000123, 0x7ff0000000000456};  // inf -inf QNaN SNaN
  double d;
  if (i < D) return doubles[i];
  memcpy(&d, &special[i - D], 8);
  return d;
}
static float valuef(int i) {
  static const uint32_t special[] = {0x7f800000, 0xff800000, 0x7fc00123, 0x7f800456};
  static const float small[] = {0.0f, -0.0f, 1.0f, -1.5f, 3.1415927f, 3e38f, -3e38f, 1e-45f, 1.17549435e-38f, 1e-40f,
                                2147483500.0f, -2147483648.0f, 9.3e18f, 1e30f, 0.1f, 8388608.5f};
  float f;
  if (i < D) return small[i];
  memcpy(&f, &special[i - D], 4);
  return f;
}

static uint64_t hash;
static void mix(uint64_t v) { hash = (hash ^ v) * 0x100000001b3; }
static void mix128(const void *p) {
  uint64_t h[2];
  memcpy(h, p, 16);
  mix(h[0]), mix(h[1]);
}

static uint32_t modes[] = {0x1f80, 0x3f80, 0x5f80, 0x7f80, 0x1f80 | 0x40, 0x1f80 | 0x8000, 0x1f80 | 0x8040};

/* Runs one instruction on every pair of operands in every mode; the flags it leaves in MXCSR count too. */
#define PD(insn) \
  do { \
    hash = 0xcbf29ce484222325; \
    for (int m = 0; m < 7; m++) \
      for (int i = 0; i < ALL; i++) \
        for (int j = 0; j < ALL; j += m ? 7 : 2) { \
          __m128d a = _mm_set_pd(value(i), value(j)), b = _mm_set_pd(value(ALL - 1 - j), value(i)); \
          uint32_t csr; \
          __asm__ volatile("ldmxcsr %2\n\t" insn " %3, %0\n\tstmxcsr %1" : "+x"(a), "=m"(csr) : "m"(modes[m]), "x"(b)); \
          mix128(&a), mix(csr); \
        } \
    printf("%016" PRIx64 " %s\n", hash, insn); \
  } while (0)
#define PS(insn) \
  do { \
    hash = 0xcbf29ce484222325; \
    for (int m = 0; m < 7; m++) \
      for (int i = 0; i < ALL; i++) \
        for (int j = 0; j < ALL; j += m ? 7 : 2) { \
          __m128 a = _mm_set_ps(valuef(i), valuef(j), valuef((i + j) % ALL), valuef(ALL - 1 - i)); \
          __m128 b = _mm_set_ps(valuef(j), valuef(i), valuef((i + 3 * j) % ALL), valuef(j)); \
          uint32_t csr; \
          __asm__ volatile("ldmxcsr %2\n\t" insn " %3, %0\n\tstmxcsr %1" : "+x"(a), "=m"(csr) : "m"(modes[m]), "x"(b)); \
          mix128(&a), mix(csr); \
        } \
    printf("%016" PRIx64 " %s\n", hash, insn); \
  } while (0)
#define TO_INT(insn, reg, load) \
  do { \
    hash = 0xcbf29ce484222325; \
    for (int m = 0; m < 7; m++) \
      for (int i = 0; i < ALL; i++) { \
        __m128d a = load; \
        uint64_t r = ~0ull; \
        uint32_t csr; \
        __asm__ volatile("ldmxcsr %2\n\t" insn " %3, %" reg "0\n\tstmxcsr %1" : "+r"(r), "=m"(csr) : "m"(modes[m]), "x"(a)); \
        mix(r), mix(csr); \
      } \
    printf("%016" PRIx64 " %s\n", hash, insn); \
  } while (0)

int main(void) {
  PD("addpd"); PD("subpd"); PD("mulpd"); PD("divpd"); PD("sqrtpd"); PD("minpd"); PD("maxpd");
  PD("addsd"); PD("subsd"); PD("mulsd"); PD("divsd"); PD("sqrtsd"); PD("minsd"); PD("maxsd");
  PS("addps"); PS("subps"); PS("mulps"); PS("divps"); PS("sqrtps"); PS("minps"); PS("maxps");
  PS("addss"); PS("subss"); PS("mulss"); PS("divss"); PS("sqrtss"); PS("minss"); PS("maxss");
  PD("cmpeqpd"); PD("cmpltpd"); PD("cmplepd"); PD("cmpunordpd"); PD("cmpneqpd"); PD("cmpnltpd"); PD("cmpnlepd"); PD("cmpordpd");
  PS("cmpltps"); PS("cmpneqps"); PS("cmpunordss"); PD("cmpnlesd");
  PD("andpd"); PD("andnpd"); PD("orpd"); PD("xorpd"); PD("unpcklpd"); PD("unpckhpd"); PS("unpcklps"); PS("unpckhps");
  PS("movhlps"); PS("movlhps"); PS("movss"); PD("movsd"); PD("shufpd $1,"); PS("shufps $0x93,");
  PD("cvtsd2ss"); PS("cvtss2sd"); PD("cvtpd2ps"); PS("cvtps2pd"); PD("cvtpd2dq"); PD("cvttpd2dq"); PS("cvtps2dq"); PS("cvttps2dq");
  PD("cvtdq2pd"); PS("cvtdq2ps");
  TO_INT("cvtsd2si", "k", _mm_set_sd(value(i))); TO_INT("cvtsd2si", "q", _mm_set_sd(value(i)));
  TO_INT("cvttsd2si", "k", _mm_set_sd(value(i))); TO_INT("cvttsd2si", "q", _mm_set_sd(value(i)));
  TO_INT("cvtss2si", "k", _mm_castps_pd(_mm_set_ss(valuef(i)))); TO_INT("cvttss2si", "q", _mm_castps_pd(_mm_set_ss(valuef(i))));
  TO_INT("movmskpd", "k", _mm_set_pd(value(i), -value(i))); TO_INT("movmskps", "k", _mm_set_pd(value(i), -value(i)));

  hash = 0xcbf29ce484222325;
  static const int64_t ints[] = {0, 1, -1, INT32_MAX, INT32_MIN, INT64_MAX, INT64_MIN, 9007199254740993, 16777217, -33554435};
  for (int m = 0; m < 4; m++)
    for (int i = 0; i < 10; i++) {
      __m128d a = _mm_setzero_pd(), b = a;
      __m128 c = _mm_setzero_ps(), d = c;
      uint32_t csr;
      __asm__ volatile("ldmxcsr %5\n\tcvtsi2sdl %k6, %0\n\tcvtsi2sdq %6, %1\n\tcvtsi2ssl %k6, %2\n\tcvtsi2ssq %6, %3\n\tstmxcsr %4"
                       : "+x"(a), "+x"(b), "+x"(c), "+x"(d), "=m"(csr) : "m"(modes[m]), "r"(ints[i]));
      mix128(&a), mix128(&b), mix128(&c), mix128(&d), mix(csr);
    }
  printf("%016" PRIx64 " cvtsi2sd, cvtsi2ss\n", hash);
  hash = 0xcbf29ce484222325;
  for (int i = 0; i < ALL; i++)
    for (int j = 0; j < ALL; j++) {
      uint64_t f;
      uint32_t csr;
      __asm__ volatile("ldmxcsr %2\n\tucomisd %4, %3\n\tpushfq\n\tpop %0\n\tstmxcsr %1" : "=r"(f), "=m"(csr) : "m"(modes[0]), "x"(value(i)), "x"(value(j)) : "cc");
      mix(f & 0x8d5), mix(csr);
      __asm__ volatile("ldmxcsr %2\n\tcomiss %4, %3\n\tpushfq\n\tpop %0\n\tstmxcsr %1" : "=r"(f), "=m"(csr) : "m"(modes[0]), "x"(valuef(i)), "x"(valuef(j)) : "cc");
      mix(f & 0x8d5), mix(csr);
    }
  printf("%016" PRIx64 " ucomisd, comiss\n", hash);
  return 0;
}
