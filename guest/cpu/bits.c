// BT, BTS, BTR, BTC on registers and on memory far outside the operand, BSF, BSR, BSWAP, SETcc, CMOVcc, and the shifts of
// sign by CBW, CWDE, CDQE, CWD, CDQ, CQO (SDM).
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>

static uint64_t words[32];

int main(void) {
  uint64_t x = 0x8000000100000001;
  for (int bit = 0; bit < 130; bit += 31) {
    uint64_t r = x;
    uint8_t c0, c1, c2, c3;
    __asm__("btq %5, %0\n\tsetc %1\n\tbtsq %5, %0\n\tsetc %2\n\tbtrq %5, %0\n\tsetc %3\n\tbtcq %5, %0\n\tsetc %4"
            : "+r"(r), "=&q"(c0), "=&q"(c1), "=&q"(c2), "=&q"(c3)
            : "r"((uint64_t)bit)
            : "cc");
    printf("register bit %d: %d %d %d %d %#" PRIx64 "\n", bit, c0, c1, c2, c3, r);
  }
  // With a register as the index memory is a bit string, in both directions.
  for (int64_t bit = -700; bit <= 700; bit += 233) {
    uint8_t c;
    __asm__("btsq %2, %1\n\tsetc %0" : "=q"(c), "+m"(words[16]) : "r"(bit) : "cc", "memory");
    printf("memory bit %" PRId64 ": %d;", bit, c);
    for (int i = 0; i < 32; i++)
      if (words[i]) printf(" [%d]=%#" PRIx64, i, words[i]), words[i] = 0;
    printf("\n");
  }
  for (int32_t bit = -40; bit <= 40; bit += 13) {
    __asm__("btcl %1, %0" : "+m"(words[16]) : "r"(bit) : "cc", "memory");
    __asm__("btsw %w1, %0" : "+m"(words[20]) : "r"(bit) : "cc", "memory");
  }
  __asm__("btsl $39, %0" : "+m"(words[18])::"cc");
  printf("32 and 16 bit:");
  for (int i = 0; i < 32; i++)
    if (words[i]) printf(" [%d]=%#" PRIx64, i, words[i]);
  printf("\n");

  for (int i = 0; i < 64; i += 9) {
    uint64_t v = 5ull << i, f, r, s16 = 0;
    __asm__("bsfq %2, %0\n\tbsrq %2, %1" : "=&r"(f), "=&r"(r) : "r"(v) : "cc");
    if ((uint16_t)v) __asm__("bsrw %w1, %w0" : "+r"(s16) : "r"(v) : "cc");
    printf("scan 5<<%d: %" PRIu64 " %" PRIu64 " %" PRIu64 "\n", i, f, r, s16);
  }
  uint8_t zf;
  uint64_t zero = 0, keep = 99;
  __asm__("bsfq %2, %1\n\tsetz %0" : "=q"(zf), "+r"(keep) : "r"(zero) : "cc");
  printf("scan of 0: ZF %d\n", zf);
  uint64_t s = 0x0123456789abcdef;
  uint32_t s32 = 0x01234567;
  __asm__("bswapq %0\n\tbswapl %1" : "+r"(s), "+r"(s32));
  printf("bswap %#" PRIx64 " %#x\n", s, s32);

  for (int i = 0; i < 4; i++) {
    int64_t a[] = {-1, 1, INT64_MIN, 5}, b[] = {1, -1, 1, 5};
    uint8_t cc[16];
    __asm__("cmpq %2, %1\n\t"
            "seto (%0)\n\tsetno 1(%0)\n\tsetb 2(%0)\n\tsetae 3(%0)\n\tsete 4(%0)\n\tsetne 5(%0)\n\tsetbe 6(%0)\n\tseta 7(%0)\n\t"
            "sets 8(%0)\n\tsetns 9(%0)\n\tsetp 10(%0)\n\tsetnp 11(%0)\n\tsetl 12(%0)\n\tsetge 13(%0)\n\tsetle 14(%0)\n\tsetg 15(%0)"
            :
            : "r"(cc), "r"(a[i]), "r"(b[i])
            : "cc", "memory");
    printf("setcc %d:", i);
    for (int j = 0; j < 16; j++) printf(" %d", cc[j]);
    uint64_t m = ~0ull, taken = ~0ull;
    // A 32-bit CMOV clears the upper half even when it does not move.
    __asm__("cmpq %3, %2\n\tcmovll %k4, %k0\n\tcmovgel %k4, %k1" : "+r"(m), "+r"(taken) : "r"(a[i]), "r"(b[i]), "r"(7ull) : "cc");
    printf(" cmov %#" PRIx64 " %#" PRIx64 "\n", m, taken);
  }
  uint64_t values[] = {0x7f, 0x80, 0x8000, 0x80000000, 0x8000000000000000};
  for (int i = 0; i < 5; i++) {
    uint64_t cbw = values[i], cwde = cbw, cdqe = cbw, cwd = ~0ull, cdq = ~0ull, cqo;
    __asm__("cbw" : "+a"(cbw));
    __asm__("cwde" : "+a"(cwde));
    __asm__("cdqe" : "+a"(cdqe));
    __asm__("cwd" : "+d"(cwd) : "a"(values[i]));
    __asm__("cdq" : "+d"(cdq) : "a"(values[i]));
    __asm__("cqo" : "=d"(cqo) : "a"(values[i]));
    printf("extend %#" PRIx64 ": %#" PRIx64 " %#" PRIx64 " %#" PRIx64 " %#" PRIx64 " %#" PRIx64 " %#" PRIx64 "\n", values[i], cbw, cwde, cdqe, cwd,
           cdq, cqo);
  }
  return 0;
}
