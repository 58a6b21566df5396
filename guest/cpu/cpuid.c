// CPUID facts that hold on any x86-64 processor which has what the ABI requires: vendor of twelve printable letters, the
// baseline features (psABI "x86-64" level), leaf limits, upper halves cleared, and rdtsc that never goes back.
#include <ctype.h>
#include <cpuid.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

int main(void) {
  uint32_t a, b, c, d;
  __cpuid(0, a, b, c, d);
  char vendor[13] = "";
  memcpy(vendor, &b, 4), memcpy(vendor + 4, &d, 4), memcpy(vendor + 8, &c, 4);
  int printable = 1;
  for (int i = 0; i < 12; i++) printable &= !!isprint((unsigned char)vendor[i]);
  printf("highest leaf at least 1: %d, vendor printable: %d\n", a >= 1, printable);
  __cpuid(1, a, b, c, d);
  printf("baseline: fpu %d tsc %d msr %d cx8 %d cmov %d mmx %d fxsr %d sse %d sse2 %d\n", !!(d & 1), !!(d & 1 << 4), !!(d & 1 << 5),
         !!(d & 1 << 8), !!(d & 1 << 15), !!(d & 1 << 23), !!(d & 1 << 24), !!(d & 1 << 25), !!(d & 1 << 26));
  __cpuid(0x80000000, a, b, c, d);
  printf("extended leaves: %d\n", a >= 0x80000001);
  __cpuid(0x80000001, a, b, c, d);
  printf("long mode %d, syscall %d, nx %d\n", !!(d & 1 << 29), !!(d & 1 << 11), !!(d & 1 << 20));
  uint64_t ra = ~0ull << 32, rb = ~0ull, rc = ~0ull << 32, rd = ~0ull;
  __asm__ volatile("cpuid" : "+a"(ra), "=b"(rb), "+c"(rc), "=d"(rd));
  printf("upper halves cleared: %d\n", !(ra >> 32) && !(rb >> 32) && !(rc >> 32) && !(rd >> 32));
  uint64_t last = 0;
  int back = 0;
  for (int i = 0; i < 1000; i++) {
    uint32_t lo, hi;
    __asm__ volatile("rdtsc" : "=a"(lo), "=d"(hi));
    uint64_t now = (uint64_t)hi << 32 | lo;
    back += now < last;
    last = now;
  }
  printf("rdtsc goes back: %d\n", back);
  return 0;
}
