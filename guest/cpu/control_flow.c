// Jumps, calls and stack instructions: all Jcc, JRCXZ and JECXZ, LOOP, LOOPE, LOOPNE, indirect jumps and calls through
// register and memory, RET with a count, PUSH and POP of all sizes, ENTER, LEAVE, LEA forms, LAHF and SAHF (SDM).
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>

#define JCC(cc) \
  do { \
    int taken = 0; \
    __asm__ volatile("push %1\n\tpopfq\n\tj" cc " 1f\n\tjmp 2f\n1: mov $1, %0\n2:" : "+r"(taken) : "r"(flags) : "cc", "memory"); \
    bits = bits << 1 | taken; \
  } while (0)

static uint64_t targets[3];

int main(void) {
  for (int i = 0; i < 32; i++) {
    uint64_t flags = 0x202 | (i & 1 ? 1 : 0) | (i & 2 ? 0x40 : 0) | (i & 4 ? 0x80 : 0) | (i & 8 ? 0x800 : 0) | (i & 16 ? 4 : 0);
    unsigned bits = 0;
    JCC("o"); JCC("no"); JCC("b"); JCC("ae"); JCC("e"); JCC("ne"); JCC("be"); JCC("a");
    JCC("s"); JCC("ns"); JCC("p"); JCC("np"); JCC("l"); JCC("ge"); JCC("le"); JCC("g");
    printf("%04x%c", bits, i % 8 == 7 ? '\n' : ' ');
  }
  uint64_t n = 10, sum = 0;
  __asm__("1: add %0, %1\n\tloop 1b" : "+c"(n), "+r"(sum)::"cc");
  printf("loop: %" PRIu64 " %" PRIu64 "\n", n, sum);
  n = 10;
  uint64_t steps = 0;
  __asm__("1: inc %1\n\tcmp $4, %1\n\tloopne 1b" : "+c"(n), "+r"(steps)::"cc");
  printf("loopne: cx %" PRIu64 " steps %" PRIu64 "\n", n, steps);
  n = 10, steps = 0;
  __asm__("1: inc %1\n\tcmp $100, %1\n\tsetb %%al\n\tcmp $1, %%al\n\tloope 1b" : "+c"(n), "+r"(steps)::"cc", "rax");
  printf("loope: cx %" PRIu64 " steps %" PRIu64 "\n", n, steps);
  int r = 0, e = 0, e2 = 0;
  __asm__("xor %%ecx, %%ecx\n\tjrcxz 1f\n\tmov $9, %0\n1:\n\t"
          "movabs $0x100000000, %%rcx\n\tjecxz 2f\n\tmov $8, %1\n2:\n\tjrcxz 3f\n\tmov $7, %2\n3:" : "+r"(r), "+r"(e), "+r"(e2)::"rcx");
  printf("jrcxz: %d %d %d\n", r, e, e2);

  uint64_t out = 0;
  __asm__ volatile(
      "lea 5f(%%rip), %%rax\n\tmov %%rax, 8(%1)\n\tlea 6f(%%rip), %%rax\n\tmov %%rax, 16(%1)\n\t"
      "lea -256(%%rsp), %%rsp\n\t"
      "lea 4f(%%rip), %%rax\n\tcall *%%rax\n\tcall *8(%1)\n\tmov $2, %%ecx\n\tcall *(%1,%%rcx,8)\n\t"
      "lea 7f(%%rip), %%rax\n\tjmp *%%rax\n"
      "4: add $1, %0\n\tret\n"
      "5: add $10, %0\n\tret\n"
      "6: push $0\n\tpush $0\n\tpush 16(%%rsp)\n\tadd $100, %0\n\tret $24\n"
      "7: lea 256(%%rsp), %%rsp"
      : "+&r"(out)
      : "r"(targets)
      : "rax", "rcx", "memory", "cc");
  printf("calls: %" PRIu64 "\n", out);

  uint64_t a, b, c, d, before, after;
  __asm__ volatile(
      "lea -256(%%rsp), %%rsp\n\tmov %%rsp, %4\n\t"
      "push $-5\n\tpop %0\n\tpushw $0x1234\n\tpushw $-1\n\tpushw $3\n\tpushw $4\n\tpop %1\n\t"
      "push %%rsp\n\tpop %2\n\tsub %%rsp, %2\n\tpush $77\n\tpush $88\n\tpop 8(%%rsp)\n\tpop %3\n\tadd $0, %%rsp\n\tmov %%rsp, %5\n\t"
      "lea 256(%%rsp), %%rsp"
      : "=&r"(a), "=&r"(b), "=&r"(c), "=&r"(d), "=&r"(before), "=&r"(after)::"memory", "cc");
  printf("push: %" PRId64 " %#" PRIx64 " %" PRId64 " %" PRId64 " balance %" PRId64 "\n", a, b, c, d, before - after);
  uint64_t frame, level;
  __asm__ volatile(
      "lea -256(%%rsp), %%rsp\n\tmov %%rsp, %%rcx\n\tpush %%rbp\n\tmov %%rcx, %%rbp\n\tenter $32, $0\n\tmov %%rcx, %0\n\tsub %%rbp, %0\n\t"
      "mov %%rcx, %1\n\tsub %%rsp, %1\n\tleave\n\tpop %%rbp\n\tlea 256(%%rsp), %%rsp"
      : "=&r"(frame), "=&r"(level)::"rcx", "memory", "cc");
  printf("enter: rbp -%" PRIu64 " rsp -%" PRIu64 "\n", frame, level);
  uint64_t lea64, lea32, lea16 = ~0ull;
  uint64_t base = 0xfffffffffffffff0, index = 0x11;
  __asm__("leaq 5(%3,%4,8), %0\n\tleal 5(%3,%4,8), %k1\n\tleaw 5(%3,%4,8), %w2"
          : "=&r"(lea64), "=&r"(lea32), "+&r"(lea16) : "r"(base), "r"(index));
  printf("lea: %#" PRIx64 " %#" PRIx64 " %#" PRIx64 "\n", lea64, lea32, lea16);
  uint16_t ah;
  __asm__("mov $0xd5, %%ah\n\tsahf\n\tmov $0, %%ah\n\tlahf" : "=a"(ah)::"cc");
  printf("sahf and lahf: %#x\n", ah >> 8);
  uint8_t cf[4];
  __asm__("stc\n\tsetc (%0)\n\tcmc\n\tsetc 1(%0)\n\tcmc\n\tsetc 2(%0)\n\tclc\n\tsetc 3(%0)" ::"r"(cf) :"cc", "memory");
  printf("carry: %d %d %d %d\n", cf[0], cf[1], cf[2], cf[3]);
  uint64_t table[4] = {0};
  uint8_t xl[256];
  for (int i = 0; i < 256; i++) xl[i] = 255 - i;
  uint64_t al = 0x1105;
  __asm__("xlatb" : "+a"(al) : "b"(xl) : "memory");
  printf("xlat: %#" PRIx64 "\n", al);
  __asm__("movnti %1, %0\n\tsfence\n\tmfence\n\tlfence\n\tpause" : "=m"(table[0]) : "r"(0x55ull));
  printf("movnti: %#" PRIx64 "\n", table[0]);
  return 0;
}
