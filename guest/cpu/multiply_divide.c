// MUL, IMUL in its three forms, DIV, IDIV in all widths, 128-bit products and dividends (SDM): results, and CF = OF of
// the multiplications; the compiler's own 128-bit arithmetic on top.
// variants: -O0 | -O2 | -O3 -march=x86-64
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>

static const uint64_t v[] = {0, 1, 2, 3, 7, 0x7f, 0x80, 0xff, 0x7fff, 0x8000, 0xffff, 0x7fffffff, 0x80000000, 0xffffffff,
                             0x7fffffffffffffff, 0x8000000000000000, 0xffffffffffffffff, 0x123456789abcdef0, 0xfedcba9876543210};
enum { N = sizeof v / sizeof *v };
static uint64_t hash = 0xcbf29ce484222325;
static void mix(uint64_t value) { hash = (hash ^ value) * 0x100000001b3; }

#define MUL(insn, reg) \
  do { \
    for (int i = 0; i < N; i++) \
      for (int j = 0; j < N; j++) { \
        uint64_t a = v[i], d = 0x5555555555555555, f; \
        __asm__ volatile(insn " %" reg "3\n\tpushfq\n\tpop %2" : "+a"(a), "+d"(d), "=&r"(f) : "r"(v[j]) : "cc", "memory"); \
        mix(a), mix(d), mix(f & 0x801); \
      } \
    printf("%-6s %016" PRIx64 "\n", insn, hash); \
  } while (0)
#define IMUL2(insn, reg) \
  do { \
    for (int i = 0; i < N; i++) \
      for (int j = 0; j < N; j++) { \
        uint64_t a = v[i], b = 0, f, g; \
        __asm__ volatile(insn " %" reg "4, %" reg "0\n\tpushfq\n\tpop %2\n\t" insn " $-77, %" reg "4, %" reg "1\n\tpushfq\n\tpop %3" \
                         : "+&r"(a), "+&r"(b), "=&r"(f), "=&r"(g) : "r"(v[j]) : "cc", "memory"); \
        mix(a), mix(b), mix(f & 0x801), mix(g & 0x801); \
      } \
    printf("%-6s two and three operands %016" PRIx64 "\n", insn, hash); \
  } while (0)

typedef unsigned __int128 u128;
typedef __int128 i128;

static void print128(const char *what, u128 x) { printf("%s %016" PRIx64 "%016" PRIx64 "\n", what, (uint64_t)(x >> 64), (uint64_t)x); }

int main(void) {
  MUL("mulb", "b");
  MUL("mulw", "w");
  MUL("mull", "k");
  MUL("mulq", "q");
  MUL("imulb", "b");
  MUL("imulw", "w");
  MUL("imull", "k");
  MUL("imulq", "q");
  IMUL2("imulw", "w");
  IMUL2("imull", "k");
  IMUL2("imulq", "q");

  // Divisions that cannot overflow: the high half is smaller than the divisor.
  for (int i = 0; i < N; i++)
    for (int j = 0; j < N; j++)
      for (int k = 0; k < N; k++) {
        uint64_t hi = v[i], lo = v[j], by = v[k];
        if (hi >= by) continue;
        uint64_t a = lo, d = hi;
        __asm__ volatile("divq %2" : "+a"(a), "+d"(d) : "r"(by) : "cc");
        mix(a), mix(d);
        if ((u128)a * by + d != ((u128)hi << 64 | lo)) printf("wrong quotient\n");
      }
  printf("div 128 %016" PRIx64 "\n", hash);
  for (int i = 0; i < N; i++)
    for (int j = 0; j < N; j++) {
      int64_t x = v[i], by = v[j];
      if (by == 0 || (x == INT64_MIN && by == -1)) continue;
      mix(x / by), mix(x % by);
      if ((int32_t)by && !((int32_t)x == INT32_MIN && (int32_t)by == -1)) mix((int32_t)x / (int32_t)by), mix((int32_t)x % (int32_t)by);
      if ((int16_t)by) mix((int16_t)x / (int16_t)by), mix((uint8_t)x % (uint16_t)by);
      mix((uint64_t)x / (uint64_t)by), mix((uint64_t)x % (uint64_t)by);
      if ((uint8_t)by) {
        uint16_t ax = (uint8_t)x;
        __asm__ volatile("divb %1" : "+a"(ax) : "q"((uint8_t)by) : "cc");
        mix(ax);
        int16_t sx = (int8_t)x;
        if (!((int8_t)x == -128 && (int8_t)by == -1)) {
          __asm__ volatile("idivb %1" : "+a"(sx) : "q"((uint8_t)by) : "cc");
          mix((uint16_t)sx);
        }
      }
    }
  printf("quotients %016" PRIx64 "\n", hash);

  i128 a = (i128)0x0123456789abcdef << 64 | 0xfedcba9876543210, b = -12345678901234567ll;
  print128("product", a * b);
  print128("quotient", a / b);
  print128("remainder", a % b);
  print128("unsigned quotient", (u128)a / 0x1000000000000001);
  print128("shifted", a >> 37);
  int64_t wide;
  int mul = __builtin_mul_overflow((int64_t)1 << 62, 2, &wide), add = __builtin_add_overflow(INT64_MAX, 1, &wide);
  printf("overflow checks: %d %d\n", mul, add);
  return 0;
}
