// ADD, ADC, SUB, SBB, CMP, NEG, INC, DEC, AND, OR, XOR, TEST in all four widths over edge values: result and the six
// arithmetic flags (SDM volume 2; AF is undefined after the logical ones and left out there).
// variants: -O0 | -O2
#include <stdint.h>
#include <stdio.h>

static const uint64_t edges[] = {0, 1, 2, 0x7f, 0x80, 0x81, 0xff, 0x100, 0x7fff, 0x8000, 0xffff, 0x10000, 0x7fffffff, 0x80000000,
                                 0xffffffff, 0x100000000, 0x7fffffffffffffff, 0x8000000000000000, 0xffffffffffffffff,
                                 0x0f0f0f0f0f0f0f0f, 0x123456789abcdef0};
enum { EDGES = sizeof edges / sizeof *edges };

static uint64_t hash = 0xcbf29ce484222325;
static void mix(uint64_t value) { hash = (hash ^ value) * 0x100000001b3; }

#define RUN(insn, type, suffix, flag_mask) \
  do { \
    hash = 0xcbf29ce484222325; \
    for (int i = 0; i < EDGES; i++) \
      for (int j = 0; j < EDGES; j++) \
        for (int carry = 0; carry < 2; carry++) { \
          uint64_t a = edges[i], b = edges[j], flags; \
          __asm__ volatile("bt $0, %k3\n\t" insn suffix "\n\tpushfq\n\tpop %1" \
                           : "+q"(a), "=&r"(flags) : "q"(b), "r"(carry) : "cc", "memory"); \
          mix(a); \
          mix(flags & (flag_mask)); \
        } \
    printf("%-10s %-2zu %016llx\n", insn, sizeof(type) * 8, (unsigned long long)hash); \
  } while (0)

#define ALL 0x8d5
#define NO_AF 0x8c5
#define WIDTHS(insn, mask) \
  RUN(insn "b ", uint8_t, "%b2, %b0", mask); \
  RUN(insn "w ", uint16_t, "%w2, %w0", mask); \
  RUN(insn "l ", uint32_t, "%k2, %k0", mask); \
  RUN(insn "q ", uint64_t, "%q2, %q0", mask)
#define WIDTHS1(insn, mask) \
  RUN(insn "b ", uint8_t, "%b0", mask); \
  RUN(insn "w ", uint16_t, "%w0", mask); \
  RUN(insn "l ", uint32_t, "%k0", mask); \
  RUN(insn "q ", uint64_t, "%q0", mask)

int main(void) {
  WIDTHS("add", ALL);
  WIDTHS("adc", ALL);
  WIDTHS("sub", ALL);
  WIDTHS("sbb", ALL);
  WIDTHS("cmp", ALL);
  WIDTHS("and", NO_AF);
  WIDTHS("or", NO_AF);
  WIDTHS("xor", NO_AF);
  WIDTHS("test", NO_AF);
  WIDTHS1("neg", ALL);
  WIDTHS1("inc", ALL);
  WIDTHS1("dec", ALL);
  WIDTHS1("not", 1);  // Changes no flag; only the carry was planted.
  return 0;
}
