// CPUID on a processor of x86-64-v3 (SDM Vol. 2A, CPUID; psABI 3.1.1): every feature of levels 2 and 3 and the others that
// programs look for, OSXSAVE and XCR0 behind them, limits of leaves and subleaves, and that AT_HWCAP2 and the compiler's own test
// tell the same.
// needs: v3
#include <cpuid.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/auxv.h>

static void show(const char *name, uint32_t word, const char *const names[32]) {
  printf("%s:", name);
  for (int bit = 0; bit < 32; bit++)
    if (names[bit]) printf(" %s %d", names[bit], word >> bit & 1);
  printf("\n");
}

int main(void) {
  static const char *const edx1[32] = {[0] = "fpu", [4] = "tsc", [5] = "msr", [8] = "cx8", [15] = "cmov", [19] = "clfsh", [23] = "mmx", [24] = "fxsr", [25] = "sse", [26] = "sse2"};
  static const char *const ecx1[32] = {[0] = "sse3", [1] = "pclmulqdq", [9] = "ssse3", [12] = "fma", [13] = "cx16", [19] = "sse4.1", [20] = "sse4.2", [22] = "movbe",
                                       [23] = "popcnt", [25] = "aes", [26] = "xsave", [27] = "osxsave", [28] = "avx", [29] = "f16c", [30] = "rdrand"};
  static const char *const ebx7[32] = {[0] = "fsgsbase", [3] = "bmi1", [5] = "avx2", [8] = "bmi2", [18] = "rdseed", [19] = "adx", [23] = "clflushopt", [24] = "clwb", [29] = "sha"};
  static const char *const ecx7[32] = {[22] = "rdpid"};
  static const char *const eaxd[32] = {[0] = "xsaveopt", [1] = "xsavec", [2] = "xgetbv1"};
  static const char *const edx81[32] = {[11] = "syscall", [20] = "nx", [27] = "rdtscp", [29] = "lm"};
  static const char *const ecx81[32] = {[0] = "lahf", [5] = "lzcnt", [8] = "prefetchw"};
  uint32_t a, b, c, d;
  __cpuid(0, a, b, c, d);
  printf("leaf 13 is there: %d\n", a >= 13);
  __cpuid(1, a, b, c, d);
  show("1.edx", d, edx1), show("1.ecx", c, ecx1);
  printf("CLFLUSH line %u\n", (b >> 8 & 0xff) * 8);
  printf("AT_HWCAP2 has FSGSBASE: %d\n", !!(getauxval(AT_HWCAP2) & 2));
  __cpuid_count(7, 0, a, b, c, d);
  show("7.ebx", b, ebx7), show("7.ecx", c, ecx7);
  __cpuid_count(13, 1, a, b, c, d);
  show("13.1.eax", a, eaxd);
  __cpuid_count(13, 40, a, b, c, d);
  printf("13.40: %u %u %u %u\n", a, b, c, d);
  __cpuid(0x80000000, a, b, c, d);
  printf("extended leaf 8 is there: %d\n", a >= 0x80000008);
  __cpuid(0x80000001, a, b, c, d);
  show("80000001.edx", d, edx81), show("80000001.ecx", c, ecx81);
  __cpuid(0x80000008, a, b, c, d);
  printf("linear address bits %u\n", a >> 8 & 0xff);
  uint32_t low, high;
  __asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  printf("xcr0 has x87, SSE, AVX: %d\n", (low & 7) == 7);
  __builtin_cpu_init();
  printf("levels: %d %d %d\n", !!__builtin_cpu_supports("x86-64"), !!__builtin_cpu_supports("x86-64-v2"), !!__builtin_cpu_supports("x86-64-v3"));
  return 0;
}
