// XSAVE, XSAVEOPT, XSAVEC and XRSTOR (SDM Vol. 1, chapter 13) with x87, SSE and AVX: which bytes each writes for each set of
// requested components, in use or not; what XRSTOR loads, initialises and leaves alone in both formats, MXCSR included; the
// headers it refuses; which byte faults at the end of memory; XGETBV and the sizes that CPUID leaf 13 tells.
// needs: v3
#define _GNU_SOURCE
#include <cpuid.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

enum { X87 = 1, SSE = 2, AVX = 4, HEADER = 512, YMMH = 576, END = 832 };
#define COMPACTED (1ull << 63)

static uint8_t area[1024] __attribute__((aligned(64))), kept[1024] __attribute__((aligned(64)));
static const uint64_t vector[4] = {0x1111, 0x2222, 0x3333, 0x4444};
static const uint32_t mxcsr_other = 0x9fc0, mxcsr_default = 0x1f80;

static sigjmp_buf jump;
static volatile uintptr_t fault_address;
static volatile int fault_code;

static void on_segv(int signo, siginfo_t *info, void *context) {
  (void)signo, (void)context;
  fault_address = (uintptr_t)info->si_addr, fault_code = info->si_code;
  siglongjmp(jump, 1);
}

static void written(const char *name, unsigned mask) {
  uint64_t *header = (uint64_t *)(area + HEADER);
  // Whether x87 is in use is the processor's own affair once it was used.
  printf("%s %u: bv %llx comp %llx", name, mask, (long long)header[0] & 6, (long long)header[1]);
  int start = -1;
  for (int i = 0; i <= END; i++) {
    int differs = i < END && area[i] != 0xaa && !(i >= HEADER && i < YMMH);
    if (differs && start < 0) start = i;
    if (!differs && start >= 0) printf(" %d..%d", start, i), start = -1;
  }
  printf(" mxcsr %x\n", *(uint32_t *)(area + 24));
}

#define CLEAN "vzeroall\n fninit\n fld1\n"
#define FULL CLEAN "vmovdqu %1, %%ymm1\n"
#define MXCSR_ONLY CLEAN "ldmxcsr %2\n"
#define SAVE(instruction, setup)                                                                                            \
  for (unsigned mask = 0; mask < 8; mask++) {                                                                               \
    memset(area, 0xaa, sizeof area);                                                                                        \
    memset(area + HEADER, 0, 64);                                                                                           \
    __asm__ volatile(setup instruction " %0\n vzeroall\n fninit\n ldmxcsr %3"                                               \
                     : "+m"(area)                                                                                           \
                     : "m"(vector), "m"(mxcsr_other), "m"(mxcsr_default), "a"(mask), "d"(0)                                 \
                     : "memory", "xmm0", "xmm1");                                                                           \
    written(#instruction " " #setup, mask);                                                                                 \
  }

static void restore(const char *name, unsigned mask, uint64_t bv, uint64_t compaction, int reserved, uint32_t mxcsr) {
  memset(area, 0, sizeof area);
  *(uint16_t *)area = 0x27f, *(uint32_t *)(area + 24) = mxcsr;
  for (int i = 0; i < 256; i++) area[160 + i] = (uint8_t)(i | 1), area[YMMH + i] = (uint8_t)(0x80 | i);
  *(uint64_t *)(area + HEADER) = bv, *(uint64_t *)(area + HEADER + 8) = compaction;
  if (reserved) area[HEADER + reserved] = 1;
  if (sigsetjmp(jump, 1)) {
    __asm__ volatile("ldmxcsr %0" ::"m"(mxcsr_default));
    printf("xrstor %u %s: refused\n", mask, name);
    return;
  }
  __asm__ volatile("vzeroall\n fninit\n ldmxcsr %3\n vmovdqu %2, %%ymm1\n xrstor64 %1\n movl $7, %%eax\n xorl %%edx, %%edx\n xsave64 %0\n"
                   "ldmxcsr %4\n fninit\n vzeroall"
                   : "=m"(kept)
                   : "m"(area), "m"(vector), "m"(mxcsr_other), "m"(mxcsr_default), "a"(mask), "d"(0)
                   : "memory", "xmm0", "xmm1");
  printf("xrstor %u %s: fcw %x mxcsr %x xmm1 %02x ymmh1 %02x\n", mask, name, *(uint16_t *)kept, *(uint32_t *)(kept + 24), kept[176],
         kept[YMMH + 16]);
}

static uint8_t *pages;
#define FAULT(instruction, distance, mask)                                                                                  \
  do {                                                                                                                      \
    uint8_t *place = pages + 4096 - (distance);                                                                             \
    if (!sigsetjmp(jump, 1)) {                                                                                              \
      __asm__ volatile("vzeroall\n fninit\n fld1\n vmovdqu %1, %%ymm1\n " instruction " (%0)" ::"r"(place), "m"(vector), "a"(mask), "d"(0) : "memory", "xmm1"); \
      printf("%s, %d bytes, mask %d: done\n", instruction, distance, mask);                                                 \
    } else printf("%s, %d bytes, mask %d: code %d, byte %ld\n", instruction, distance, mask, fault_code,                      \
                  fault_code == SEGV_MAPERR || fault_code == SEGV_ACCERR ? (long)(fault_address - (uintptr_t)place) : -1);    \
  } while (0)

int main(void) {
  unsigned a, b, c, d;
  __cpuid(1, a, b, c, d);
  if ((c & bit_OSXSAVE) == 0 || (c & bit_AVX) == 0) return printf("needs AVX\n"), 3;
  struct sigaction action = {.sa_sigaction = on_segv, .sa_flags = SA_SIGINFO};
  sigaction(SIGSEGV, &action, NULL);

  __cpuid_count(13, 0, a, b, c, d);
  printf("components %x, size at least 832: %d\n", a & 7, b >= END && c >= END);
  __cpuid_count(13, 1, a, b, c, d);
  printf("xsaveopt, xsavec, xgetbv 1: %x\n", a & 7);
  __cpuid_count(13, 2, a, b, c, d);
  printf("AVX: %u bytes at %u, flags %u %u\n", a, b, c, d);
  uint32_t low, high;
  __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  printf("xcr0 %x %x\n", low & 7, high);
  __asm__ volatile("vzeroall\n xgetbv" : "=a"(low), "=d"(high) : "c"(1) : "xmm0", "xmm1");
  printf("in use %x %x\n", low & 6, high);
  __asm__ volatile("vmovdqu %2, %%ymm1\n xgetbv\n vzeroall" : "=a"(low), "=d"(high) : "m"(vector), "c"(1) : "xmm1");
  printf("in use %x %x\n", low & 6, high);
  if (!sigsetjmp(jump, 1)) __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(2));
  else printf("xgetbv 2: code %d\n", fault_code);

  SAVE("xsave64", CLEAN) SAVE("xsave64", FULL) SAVE("xsave", FULL) SAVE("xsave64", MXCSR_ONLY)
  SAVE("xsaveopt64", CLEAN) SAVE("xsaveopt64", FULL) SAVE("xsaveopt", MXCSR_ONLY)
  SAVE("xsavec64", CLEAN) SAVE("xsavec64", FULL) SAVE("xsavec", FULL) SAVE("xsavec64", MXCSR_ONLY)

  for (unsigned mask = 0; mask < 8; mask++) {
    restore("all", mask, 7, 0, 0, 0x3f80);
    restore("none", mask, 0, 0, 0, 0x3f80);
    restore("AVX only", mask, AVX, 0, 0, 0x3f80);
    restore("bad mxcsr", mask, 7, 0, 0, 0x13f80);
    restore("none, bad mxcsr", mask, 0, 0, 0, 0x13f80);
    restore("compacted all", mask, 7, COMPACTED | 7, 0, 0x3f80);
    restore("compacted none", mask, 0, COMPACTED | 7, 0, 0x3f80);
    restore("compacted AVX only", mask, AVX, COMPACTED | 7, 0, 0x3f80);
    restore("compacted x87 alone there", mask, X87, COMPACTED | X87, 0, 0x3f80);
    restore("compacted nothing there", mask, 0, COMPACTED, 0, 0x3f80);
    restore("compacted, bad mxcsr", mask, 7, COMPACTED | 7, 0, 0x13f80);
    restore("compacted none, bad mxcsr", mask, 0, COMPACTED | 7, 0, 0x13f80);
    restore("compacted, more in use than there", mask, AVX, COMPACTED | 3, 0, 0x3f80);
  }
  for (volatile int reserved = 16; reserved < 64; reserved += 8) {
    printf("byte %d of the header: ", reserved), restore("all", 7, 7, 0, reserved, 0x1f80);
    printf("byte %d of the header: ", reserved), restore("compacted", 7, 7, COMPACTED | 7, reserved, 0x1f80);
  }
  restore("XCOMP_BV 1", 7, 7, 1, 0, 0x1f80);
  restore("XSTATE_BV 62", 7, 1ull << 62, 0, 0, 0x1f80);
  restore("XCOMP_BV 20", 7, 0, COMPACTED | 1u << 20, 0, 0x1f80);

  pages = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  mprotect(pages + 4096, 4096, PROT_NONE);
  for (int distance = 64; distance <= 832; distance += 128) {
    FAULT("xsave64", distance, 7); FAULT("xsaveopt64", distance, 1); FAULT("xsavec64", distance, 4);
    memset(pages, 0, 4096);
    FAULT("xrstor64", distance, 7); FAULT("xrstor64", distance, 3);
  }
  mprotect(pages, 4096, PROT_READ);
  FAULT("xsave64", 1024, 0); FAULT("xrstor64", 1024, 0); FAULT("xsave64", 1000, 7); FAULT("xrstor64", 1008, 7);
  return 0;
}
