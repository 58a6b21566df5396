// AVX, FMA and F16C: fused operations of all orders and signs, all predicates of VCMPPS, half precision in every rounding,
// with MXCSR's flags; and their faults: one #XM for eight lanes, alignment, masked moves at the end of memory, vectors
// over a page that is not there (SDM volume 1, chapter 14).
// needs: v3
// flags: -mavx2 -mfma -mf16c
#define _GNU_SOURCE
#include <immintrin.h>
#include <inttypes.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

static uint64_t hash;
static void mix(const void *p, size_t size) {
  for (size_t i = 0; i < size / 4; i++) hash = (hash ^ ((const uint32_t *)p)[i]) * 0x100000001b3;
}
static void start(void) { hash = 0xcbf29ce484222325; }
static void show(const char *name) { printf("%016" PRIx64 " %s\n", hash, name); }

static const uint64_t doubles[] = {
    0, 0x8000000000000000, 0x3ff0000000000000, 0xbff0000000000001, 0x3cb0000000000000, 0x3fefffffffffffff,
    0x7fefffffffffffff, 0x0010000000000000, 0x0000000000000001, 0x800fffffffffffff, 0x7ff0000000000000,
    0xfff0000000000000, 0x7ff8000000000123, 0xfff0000000000456, 0x4340000000000001, 0x1ff0000000000003};
static const uint32_t singles[] = {0, 0x80000000, 0x3f800000, 0xbf800001, 0x34000000, 0x3f7fffff, 0x7f7fffff, 0x00800000,
                                   1, 0x807fffff, 0x7f800000, 0xff800000, 0x7fc00123, 0xff800456, 0x4b800001, 0x1f800003};
static const uint32_t modes[] = {0x1f80, 0x3f80, 0x5f80, 0x7f80, 0x9fc0};

static __m256d pd(int i) { return _mm256_castsi256_pd(_mm256_set_epi64x(doubles[i & 15], doubles[(i + 5) & 15], doubles[(i * 7) & 15], doubles[(i / 2) & 15])); }
static __m256 ps(int i) {
  uint32_t v[8];
  for (int n = 0; n < 8; n++) v[n] = singles[(i + n * (i / 3 + 1)) & 15];
  return _mm256_loadu_ps((float *)v);
}

#define FUSED(insn, type, make) \
  do { \
    start(); \
    for (int m = 0; m < 5; m++) \
      for (int i = 0; i < 16; i++) \
        for (int j = 0; j < 16; j += 5) { \
          type a = make(i), b = make(j), c = make(i + j + m); \
          uint32_t csr; \
          __asm__ volatile("vldmxcsr %2\n\t" insn "\n\tvstmxcsr %1" : "+x"(a), "=m"(csr) : "m"(modes[m]), "x"(b), "x"(c)); \
          mix(&a, sizeof a), mix(&csr, 4); \
        } \
    show(insn); \
  } while (0)
#define ORDERS(name) \
  FUSED("vf" name "132pd %4, %3, %0", __m256d, pd); \
  FUSED("vf" name "213ps %4, %3, %0", __m256, ps); \
  FUSED("vf" name "231pd %4, %3, %0", __m256d, pd)
#define SCALARS(name) \
  FUSED("vf" name "132sd %x4, %x3, %x0", __m256d, pd); \
  FUSED("vf" name "213ss %x4, %x3, %x0", __m256, ps); \
  FUSED("vf" name "231ss %x4, %x3, %x0", __m256, ps)

#define COMPARE(p) \
  do { \
    for (int i = 0; i < 16; i++) { \
      __m256 a = ps(i), b = ps(i * 5 + 1), r; \
      uint32_t csr; \
      __asm__ volatile("vldmxcsr %2\n\tvcmpps $" #p ", %4, %3, %0\n\tvstmxcsr %1" : "=x"(r), "=m"(csr) : "m"(modes[0]), "x"(a), "x"(b)); \
      mix(&r, sizeof r), mix(&csr, 4); \
    } \
  } while (0)
#define COMPARE8(p) COMPARE(p); COMPARE(p + 1); COMPARE(p + 2); COMPARE(p + 3); COMPARE(p + 4); COMPARE(p + 5); COMPARE(p + 6); COMPARE(p + 7)

#define TO_HALF(rounding) \
  do { \
    start(); \
    for (int m = 0; m < 5; m++) \
      for (uint32_t i = 0; i < 512; i += 8) { \
        uint32_t v[8], csr; \
        for (int n = 0; n < 8; n++) v[n] = (i + n) * 0x800c01u ^ (n & 1 ? 0x38000000 : 0x47000000); \
        __m256 a = _mm256_loadu_ps((float *)v); \
        __m128i r; \
        __asm__ volatile("vldmxcsr %2\n\tvcvtps2ph $" #rounding ", %3, %0\n\tvstmxcsr %1" : "=x"(r), "=m"(csr) : "m"(modes[m]), "x"(a)); \
        mix(&r, sizeof r), mix(&csr, 4); \
      } \
    show("vcvtps2ph " #rounding); \
  } while (0)

static sigjmp_buf back;
static volatile int signo, code;
static volatile uintptr_t at;
static void on_fault(int s, siginfo_t *info, void *context) {
  (void)context;
  signo = s, code = info->si_code, at = (uintptr_t)info->si_addr;
  siglongjmp(back, 1);
}

int main(void) {
  ORDERS("madd"); ORDERS("msub"); ORDERS("nmadd"); ORDERS("nmsub"); ORDERS("maddsub"); ORDERS("msubadd");
  SCALARS("madd"); SCALARS("msub"); SCALARS("nmadd"); SCALARS("nmsub");
  start();
  COMPARE8(0); COMPARE8(8); COMPARE8(16); COMPARE8(24);
  show("vcmpps");
  TO_HALF(0); TO_HALF(1); TO_HALF(2); TO_HALF(3); TO_HALF(4);
  start();
  for (uint32_t i = 0; i < 65536; i += 24) {
    uint16_t h[8];
    uint32_t csr;
    for (int n = 0; n < 8; n++) h[n] = i + n;
    __m128i a = _mm_loadu_si128((__m128i *)h);
    __m256 r;
    __asm__ volatile("vldmxcsr %2\n\tvcvtph2ps %3, %0\n\tvstmxcsr %1" : "=x"(r), "=m"(csr) : "m"(modes[4]), "x"(a));
    mix(&r, sizeof r), mix(&csr, 4);
  }
  show("vcvtph2ps");

  struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO};
  for (int s = 0; s < 3; s++) sigaction((int[]){SIGFPE, SIGSEGV, SIGBUS}[s], &action, NULL);
  char *pages = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  mprotect(pages + 4096, 4096, PROT_NONE);
  memset(pages, 7, 4096);
  char *end = pages + 4096;
  __m256 result = _mm256_set1_ps(5), ones = _mm256_set1_ps(1);
  const __m256 divisors = _mm256_set_ps(1, 1, 0, 1, 1, 1, 1, 1);
  const uint32_t unmasked = 0x1f80 & ~(4u << 7);

  signo = 0;
  if (!sigsetjmp(back, 1))
    __asm__ volatile("vldmxcsr %1\n\tvdivps %3, %2, %0" : "+x"(result) : "m"(unmasked), "x"(ones), "x"(divisors));
  printf("1/0 in lane 5: signal %d, code %d, result still %g\n", signo, code, _mm256_cvtss_f32(result));
  _mm_setcsr(0x1f80);

  signo = 0;
  if (!sigsetjmp(back, 1)) __asm__ volatile("vmovaps 16(%0), %%ymm1" : : "r"(pages) : "xmm1");
  printf("aligned to 16 only: signal %d, code %d\n", signo, code);

  signo = 0;
  if (!sigsetjmp(back, 1)) __asm__ volatile("vmovups %1, (%0)" : : "r"(end - 16), "x"(ones) : "memory");
  printf("stored over the end: signal %d, code %d, at %+td, byte before %d\n", signo, code, (char *)at - end, end[-1]);

  signo = 0;
  const __m256i low = _mm256_set_epi32(0, 0, 0, 0, 0, -1, -1, -1), high = _mm256_set_epi32(-1, 0, 0, 0, 0, 0, 0, -1);
  __m256 loaded = _mm256_setzero_ps();
  if (!sigsetjmp(back, 1)) __asm__ volatile("vmaskmovps (%1), %2, %0" : "=x"(loaded) : "r"(end - 12), "x"(low));
  printf("three lanes before the end: signal %d, third %#x\n", signo, (unsigned)_mm_extract_epi32(_mm256_castsi256_si128(_mm256_castps_si256(loaded)), 2));
  signo = 0;
  if (!sigsetjmp(back, 1)) __asm__ volatile("vmaskmovps %1, %2, (%0)" : : "r"(end - 12), "x"(ones), "x"(high) : "memory");
  printf("first and last lane: signal %d, code %d, at %+td, first %d\n", signo, code, (char *)at - end, end[-12]);
  return 0;
}
