// CMPXCHG, CMPXCHG8B, CMPXCHG16B, XADD, XCHG, and lock-prefixed read-modify-writes: results, ZF and the other flags
// (SDM); CMPXCHG16B on a misaligned operand is #GP, seen as SIGSEGV.
// flags: -mcx16
#include <inttypes.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>

static sigjmp_buf back;
static void handler(int sig) { siglongjmp(back, sig); }

int main(void) {
  uint64_t mem = 5, acc, f;
  for (int i = 0; i < 3; i++) {
    acc = 5 + i / 2;
    __asm__ volatile("lock cmpxchgq %3, %1\n\tpushfq\n\tpop %2" : "+a"(acc), "+m"(mem), "=&r"(f) : "r"(7ull) : "cc", "memory");
    printf("cmpxchg: mem %" PRIu64 " acc %" PRIu64 " flags %#x\n", mem, acc, (int)(f & 0x8d5));
  }
  mem = 0xffffffffffffff10;
  acc = 0x10;
  __asm__ volatile("cmpxchgb %b2, %1" : "+a"(acc), "+m"(mem) : "q"(0x7full) : "cc");
  printf("byte: %#" PRIx64 " %#" PRIx64 "\n", mem, acc);
  // A failing 32-bit compare loads eax and clears the upper half of rax; a successful one leaves it alone.
  acc = 0xaaaaaaaa00000001;
  uint64_t reg = 0xbbbbbbbb00000002;
  __asm__ volatile("cmpxchgl %k2, %k1" : "+a"(acc), "+r"(reg) : "r"(3ull) : "cc");
  printf("32 bit fails: rax %#" PRIx64 "\n", acc);
  acc = 0xaaaaaaaa00000002;
  reg = 2;
  __asm__ volatile("cmpxchgl %k2, %k1" : "+a"(acc), "+r"(reg) : "r"(3ull) : "cc");
  printf("32 bit succeeds: rax %#" PRIx64 " reg %#" PRIx64 "\n", acc, reg);

  uint64_t eight = 0x1122334455667788;
  for (int i = 0; i < 2; i++) {
    uint64_t a = 0x55667788, d = 0x11223344;
    uint8_t z;
    __asm__ volatile("lock cmpxchg8b %0\n\tsetz %3" : "+m"(eight), "+a"(a), "+d"(d), "=q"(z) : "b"(1), "c"(2) : "cc");
    printf("8b: %d %#" PRIx64 " edx:eax %#" PRIx64 ":%#" PRIx64 "\n", z, eight, d, a);
  }
  __attribute__((aligned(16))) uint64_t sixteen[3] = {10, 20, 30};
  for (int i = 0; i < 2; i++) {
    uint64_t a = 10, d = 20;
    uint8_t z;
    __asm__ volatile("lock cmpxchg16b %0\n\tsetz %3" : "+m"(*(uint64_t(*)[2])sixteen), "+a"(a), "+d"(d), "=q"(z) : "b"(1ull), "c"(2ull) : "cc");
    printf("16b: %d %" PRIu64 " %" PRIu64 " rdx:rax %" PRIu64 ":%" PRIu64 "\n", z, sixteen[0], sixteen[1], d, a);
  }
  signal(SIGSEGV, handler);
  if (sigsetjmp(back, 1) == 0) {
    uint64_t a = 0, d = 0;
    __asm__ volatile("cmpxchg16b 8(%2)" : "+a"(a), "+d"(d) : "r"(sixteen), "b"(0), "c"(0) : "cc", "memory");
    printf("no fault\n");
  } else {
    printf("misaligned 16b: SIGSEGV\n");
  }

  uint64_t m = 0xfffffffffffffff0, add = 0x20;
  __asm__ volatile("lock xaddq %1, %0\n\tpushfq\n\tpop %2" : "+m"(m), "+r"(add), "=&r"(f)::"cc", "memory");
  printf("xadd: %#" PRIx64 " old %#" PRIx64 " flags %#x\n", m, add, (int)(f & 0x8d5));
  uint64_t same = 21;
  __asm__ volatile("xaddq %0, %0" : "+r"(same)::"cc");
  printf("xadd with itself: %" PRIu64 "\n", same);
  uint64_t p = 1, q = 2;
  __asm__ volatile("xchgq %0, %1" : "+r"(p), "+m"(q));
  __asm__ volatile("xchgl %%eax, %%ebx\n\t.byte 0x90" : "+a"(p), "+b"(q));
  printf("xchg: %" PRIu64 " %" PRIu64 "\n", p, q);
  uint8_t bytes[2] = {0x12, 0x34};
  uint16_t hl = 0xabcd;
  __asm__ volatile("xchgb %%ah, %1" : "+a"(hl), "+m"(bytes[1]));
  printf("xchg ah: %#x %#x\n", hl, bytes[1]);

  uint32_t w = 100;
  uint8_t c;
  __asm__ volatile("lock addl $28, %0\n\tlock subl $8, %0\n\tlock orl $3, %0\n\tlock andl $0xfe, %0\n\tlock xorl $0xff, %0\n\t"
                   "lock incl %0\n\tlock negl %0\n\tlock notl %0\n\tlock btsl $31, %0\n\tsetc %1\n\tlock decl %0" : "+m"(w), "=q"(c)::"cc");
  printf("locked: %#x %d\n", w, c);
  printf("builtins: %d %d %d\n", __atomic_fetch_add(&w, 5, __ATOMIC_SEQ_CST) == w - 5, __atomic_exchange_n(&w, 9, __ATOMIC_SEQ_CST) != 9,
         __sync_bool_compare_and_swap(&w, 9, 11));
  return 0;
}
