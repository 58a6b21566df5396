// MOVS, STOS, LODS, SCAS, CMPS with REP, REPE, REPNE, in all widths, forwards and backwards (DF), with count 0, with
// overlap, with the address-size prefix; the registers after each (SDM).
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

static uint8_t a[256], b[256];
static void reset(void) {
  for (int i = 0; i < 256; i++) a[i] = i * 5 + 1, b[i] = 0;
}
static uint64_t sum(const uint8_t *p) {
  uint64_t hash = 0xcbf29ce484222325;
  for (int i = 0; i < 256; i++) hash = (hash ^ p[i]) * 0x100000001b3;
  return hash;
}

#define STRING(insn, back, si, di, n, acc) \
  do { \
    uint8_t *s = (si), *d = (di); \
    uint64_t c = (n), ax = (acc), f; \
    __asm__ volatile(back "\n\tcmp $3, %2\n\t" insn "\n\tpushfq\n\tpop %4\n\tcld" : "+S"(s), "+D"(d), "+c"(c), "+a"(ax), "=r"(f)::"cc", "memory"); \
    printf("%-12s %s si%+d di%+d cx=%" PRIu64 " ax=%#" PRIx64 " flags=%#x a=%08x b=%08x\n", insn, back, (int)(s - (si)), (int)(d - (di)), c, \
           ax, (int)(f & (strstr(insn, "sca") || strstr(insn, "cmp") ? 0xcd5 : 0x400)), (unsigned)sum(a), (unsigned)sum(b)); \
  } while (0)

int main(void) {
  reset();
  STRING("rep movsb", "cld", a, b, 33, 0);
  STRING("rep movsw", "cld", a + 1, b + 40, 7, 0);
  STRING("rep movsl", "cld", a + 2, b + 64, 5, 0);
  STRING("rep movsq", "cld", a + 3, b + 100, 4, 0);
  STRING("rep movsb", "std", a + 50, b + 200, 9, 0);
  STRING("rep movsq", "std", a + 64, b + 240, 3, 0);
  STRING("movsb", "cld", a, b + 250, 0, 0);
  STRING("rep movsb", "cld", a, b, 0, 0);
  // Overlap forwards repeats the first byte: a fill, which a copy of whole words would get wrong.
  STRING("rep movsb", "cld", a, a + 1, 20, 0);
  STRING("rep movsb", "std", a + 100, a + 103, 20, 0);
  reset();
  STRING("rep stosb", "cld", a, b, 10, 0x1122334455667788);
  STRING("rep stosw", "cld", a, b + 20, 10, 0x1122334455667788);
  STRING("rep stosl", "cld", a, b + 60, 10, 0x1122334455667788);
  STRING("rep stosq", "std", a, b + 200, 10, 0x1122334455667788);
  STRING("lodsb", "cld", a + 9, b, 0, ~0ull);
  STRING("lodsw", "cld", a + 9, b, 0, ~0ull);
  STRING("lodsl", "cld", a + 9, b, 0, ~0ull);
  STRING("lodsq", "std", a + 9, b, 0, ~0ull);
  STRING("rep lodsb", "cld", a, b, 5, 0);
  STRING("repne scasb", "cld", a, a, 200, 0x33);
  STRING("repe scasb", "cld", b, b, 200, 0x88);
  STRING("repne scasw", "cld", b, b + 100, 20, 0x9999);
  STRING("repne scasl", "std", b, b + 100, 5, 0x55667788);
  STRING("scasq", "cld", b, b + 104, 5, 0x1122334455667788);
  memcpy(b, a, 256);
  b[77] ^= 1;
  STRING("repe cmpsb", "cld", a, b, 256, 0);
  STRING("repe cmpsw", "cld", a, b, 100, 0);
  STRING("repe cmpsl", "cld", a, b, 50, 0);
  STRING("repe cmpsq", "std", a + 120, b + 120, 16, 0);
  STRING("repne cmpsb", "cld", a, b + 1, 20, 0);
  STRING("repe cmpsb", "cld", a, b, 0, 0);
  STRING("cmpsl", "cld", a + 76, b + 76, 0, 0);

  // With 32-bit addresses the registers are taken and written back as 32-bit ones.
  uint8_t *low = mmap((void *)0x20000000, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
  if (low != (void *)0x20000000) return 1;
  strcpy((char *)low, "thirty-two");
  uint64_t si = (uint64_t)low | 0xabcd00000000, di = (uint64_t)(low + 100) | 0x100000000, cx = 0x70000000b;
  __asm__ volatile("addr32 rep movsb" : "+S"(si), "+D"(di), "+c"(cx)::"memory");
  printf("addr32: %s si=%#" PRIx64 " di=%#" PRIx64 " cx=%#" PRIx64 "\n", (char *)low + 100, si, di, cx);
  return 0;
}
