// Shifts and rotates by 1, by an immediate and by CL with counts past the width: results, CF, and OF where the count is 1
// (SDM: OF undefined for other counts, AF always; a masked count of 0 changes no flag); SHLD and SHRD.
#include <stdint.h>
#include <stdio.h>

static const uint64_t values[] = {0, 1, 0x80, 0xff, 0x8000, 0x80000000, 0x8000000000000000, ~0ull, 0x123456789abcdef0, 0xa5a5a5a5a5a5a5a5};
enum { VALUES = sizeof values / sizeof *values };
static uint64_t hash;
static void mix(uint64_t value) { hash = (hash ^ value) * 0x100000001b3; }

#define BY_CL(insn, bits, reg, rotate) \
  do { \
    hash = 0xcbf29ce484222325; \
    for (int v = 0; v < VALUES; v++) \
      for (int count = 0; count < 72; count++) \
        for (int carry = 0; carry < 2; carry++) { \
          uint64_t a = values[v], before, flags; \
          __asm__ volatile("bt $0, %k4\n\tpushfq\n\tpop %1\n\t" insn " %%cl, %" reg "0\n\tpushfq\n\tpop %2" \
                           : "+r"(a), "=&r"(before), "=&r"(flags) : "c"(count), "r"(carry) : "cc", "memory"); \
          int masked = count & (bits == 64 ? 63 : 31); \
          int keep = 0x8d5; \
          if (masked) keep = (rotate) ? 0x0d5 : 0x0c5; /* OF undefined, and AF after a shift */ \
          if (masked == 1) keep |= 0x800; \
          if (!(rotate) && masked >= bits && insn[1] != 'a') keep &= ~1; /* CF of SHL and SHR is undefined then */ \
          mix(a); \
          mix(flags & keep); \
        } \
    printf("%-6s %016llx\n", insn, (unsigned long long)hash); \
  } while (0)

#define WIDTHS(name, rotate) \
  BY_CL(name "b", 8, "b", rotate); \
  BY_CL(name "w", 16, "w", rotate); \
  BY_CL(name "l", 32, "k", rotate); \
  BY_CL(name "q", 64, "q", rotate)

int main(void) {
  WIDTHS("shl", 0);
  WIDTHS("shr", 0);
  WIDTHS("sar", 0);
  WIDTHS("rol", 1);
  WIDTHS("ror", 1);
  WIDTHS("rcl", 1);
  WIDTHS("rcr", 1);

  hash = 0xcbf29ce484222325;
  for (int v = 0; v < VALUES; v++)
    for (int w = 0; w < VALUES; w++)
      for (int count = 0; count < 64; count++) {
        uint64_t a = values[v], b = values[v], c = values[v], d = values[v], f1, f2;
        __asm__ volatile("shldq %%cl, %3, %0\n\tpushfq\n\tpop %2\n\tshrdq %%cl, %3, %1" : "+r"(a), "+r"(b), "=&r"(f1) : "r"(values[w]), "c"(count) : "cc", "memory");
        __asm__ volatile("shldl %%cl, %k3, %k0\n\tshrdl %%cl, %k3, %k1\n\tpushfq\n\tpop %2" : "+r"(c), "+r"(d), "=&r"(f2) : "r"(values[w]), "c"(count) : "cc", "memory");
        mix(a), mix(b), mix(c), mix(d);
        if (count) mix(f1 & 0xc5);
        if (count & 31) mix(f2 & 0xc5);
      }
  printf("double %016llx\n", (unsigned long long)hash);

  uint64_t x = 0x123456789abcdef0, y = x;
  __asm__("shl $4, %0\n\tror $8, %1" : "+r"(x), "+r"(y));
  printf("immediate %#lx %#lx\n", (unsigned long)x, (unsigned long)y);
  return 0;
}
