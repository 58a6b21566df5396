// Encodings of an extension run where cpuid announces it, and elsewhere raise #UD: SIGILL with ILL_ILLOPN at their address
// (SDM Vol. 2, "#UD If CPUID feature flag is 0"). TZCNT and LZCNT are then BSF and BSR. Encodings of nothing raise it always.
// levels: v1 | v2 | v3
#include <cpuid.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>

static unsigned leaf1c, leaf7b, leaf7c, ext1c, ext1d, xsave;
static void ask(void) {
  unsigned a, b, c, d;
  __cpuid(1, a, b, leaf1c, d);
  if (__get_cpuid_count(7, 0, &a, &b, &c, &d)) leaf7b = b, leaf7c = c;
  if (__get_cpuid_count(13, 1, &a, &b, &c, &d)) xsave = a;
  __cpuid(0x80000001, a, b, ext1c, ext1d);
}
static int bit(unsigned word, int n) { return word >> n & 1; }
static int avx(void) { return bit(leaf1c, 28) && bit(leaf1c, 27); }
static int fsgsbase(void) { return bit(leaf7b, 0) && (getauxval(AT_HWCAP2) & 2); }

static unsigned char *page;
static sigjmp_buf out;
static siginfo_t info;
static void handler(int number, siginfo_t *i, void *context) {
  (void)number, (void)context;
  info = *i;
  siglongjmp(out, 1);
}

static _Alignas(64) unsigned char area[8192];
static unsigned result;

// Whether the code after `before` bytes of preparation runs: 1; 0 for SIGILL as it should be, -1 for anything else.
static int runs(const char *code, int size, int before) {
  memcpy(page, code, size);
  page[size] = 0xc3;
  memset(area, 0, sizeof area);
  if (sigsetjmp(out, 1) == 0) {
    result = ((unsigned (*)(void *))page)(area);
    __asm__ volatile("fninit");
    return 1;
  }
  __asm__ volatile("fninit");
  return info.si_signo == SIGILL && info.si_code == ILL_ILLOPN && info.si_addr == page + before ? 0 : -1;
}

static int total, wrong;
static void check(const char *name, int announced, const char *code, int size, int before) {
  int got = runs(code, size, before);
  total++;
  if (got == announced) return;
  wrong++;
  printf("%s: announced %d, ran %d\n", name, announced, got);
}
#define TRY(name, announced, code) check(name, announced, code, sizeof code - 1, 0)
#define AFTER(name, announced, before, code) check(name, announced, before code, sizeof before code - 1, sizeof before - 1)

int main(void) {
  ask();
  page = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  struct sigaction action = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO};
  sigaction(SIGILL, &action, NULL), sigaction(SIGSEGV, &action, NULL), sigaction(SIGFPE, &action, NULL);

  int sse3 = bit(leaf1c, 0), ssse3 = bit(leaf1c, 9), sse41 = bit(leaf1c, 19), sse42 = bit(leaf1c, 20);
  TRY("ADDSUBPD", sse3, "\x66\x0f\xd0\xc1");
  TRY("HADDPS", sse3, "\xf2\x0f\x7c\xc1");
  TRY("MOVDDUP", sse3, "\xf2\x0f\x12\xc1");
  TRY("LDDQU", sse3, "\xf2\x0f\xf0\x07");
  AFTER("FISTTP", sse3, "\xd9\xee", "\xdb\x0f");
  TRY("PSHUFB", ssse3, "\x66\x0f\x38\x00\xc1");
  TRY("PABSB of MMX", ssse3, "\x0f\x38\x1c\xc1");
  TRY("PALIGNR", ssse3, "\x66\x0f\x3a\x0f\xc1\x04");
  TRY("PBLENDVB", sse41, "\x66\x0f\x38\x10\xc1");
  TRY("PTEST", sse41, "\x66\x0f\x38\x17\xc1");
  TRY("ROUNDSD", sse41, "\x66\x0f\x3a\x0b\xc1\x04");
  TRY("PEXTRD", sse41, "\x66\x0f\x3a\x16\xc0\x01");
  TRY("PCMPGTQ", sse42, "\x66\x0f\x38\x37\xc1");
  TRY("PCMPISTRI", sse42, "\x66\x0f\x3a\x63\xc1\x0c");
  TRY("CRC32", sse42, "\xf2\x0f\x38\xf1\xc1");
  TRY("POPCNT", bit(leaf1c, 23), "\xf3\x0f\xb8\xc1");
  TRY("CMPXCHG16B", bit(leaf1c, 13), "\x48\x0f\xc7\x0f");
  TRY("LAHF", bit(ext1c, 0), "\x9f");
  TRY("SAHF", bit(ext1c, 0), "\x9e");
  TRY("MOVBE", bit(leaf1c, 22), "\x0f\x38\xf0\x07");

  int bmi1 = bit(leaf7b, 3), bmi2 = bit(leaf7b, 8), avx2 = avx() && bit(leaf7b, 5);
  TRY("ANDN", bmi1, "\xc4\xe2\x70\xf2\xc1");
  TRY("BLSR", bmi1, "\xc4\xe2\x78\xf3\xc9");
  TRY("BEXTR", bmi1, "\xc4\xe2\x70\xf7\xc1");
  TRY("PDEP", bmi2, "\xc4\xe2\x73\xf5\xc1");
  TRY("MULX", bmi2, "\xc4\xe2\x73\xf6\xc1");
  TRY("SHLX", bmi2, "\xc4\xe2\x71\xf7\xc1");
  TRY("RORX", bmi2, "\xc4\xe3\x7b\xf0\xc1\x05");
  TRY("ADCX", bit(leaf7b, 19), "\x66\x0f\x38\xf6\xc1");
  TRY("ADOX", bit(leaf7b, 19), "\xf3\x0f\x38\xf6\xc1");
  TRY("VADDPS of XMM", avx(), "\xc5\xf8\x58\xc1");
  TRY("VADDPS of YMM", avx(), "\xc5\xfc\x58\xc1");
  TRY("VZEROUPPER", avx(), "\xc5\xf8\x77");
  TRY("VPADDD of XMM", avx(), "\xc5\xf9\xfe\xc1");
  TRY("VPADDD of YMM", avx2, "\xc5\xfd\xfe\xc1");
  TRY("VPBROADCASTD", avx2, "\xc4\xe2\x79\x58\xc1");
  TRY("VPERMQ", avx2, "\xc4\xe3\xfd\x00\xc1\x1b");
  TRY("VCVTPH2PS", avx() && bit(leaf1c, 29), "\xc4\xe2\x79\x13\xc1");
  TRY("VFMADD213SS", avx() && bit(leaf1c, 12), "\xc4\xe2\x71\xa9\xc1");
  TRY("AESENC", bit(leaf1c, 25), "\x66\x0f\x38\xdc\xc1");
  TRY("VAESENC", avx() && bit(leaf1c, 25), "\xc4\xe2\x79\xdc\xc1");
  TRY("VAESENC of YMM", avx() && bit(leaf7c, 9), "\xc4\xe2\x7d\xdc\xc1");
  TRY("PCLMULQDQ", bit(leaf1c, 1), "\x66\x0f\x3a\x44\xc1\x11");
  TRY("VPCLMULQDQ", avx() && bit(leaf1c, 1), "\xc4\xe3\x79\x44\xc1\x11");
  TRY("VPCLMULQDQ of YMM", avx() && bit(leaf7c, 10), "\xc4\xe3\x7d\x44\xc1\x11");
  TRY("SHA1MSG1", bit(leaf7b, 29), "\x0f\x38\xc9\xc1");
  TRY("SHA256RNDS2", bit(leaf7b, 29), "\x0f\x38\xcb\xc1");
  TRY("GF2P8MULB", bit(leaf7c, 8), "\x66\x0f\x38\xcf\xc1");
  TRY("VADDPS of ZMM", avx() && bit(leaf7b, 16), "\x62\xf1\x7c\x48\x58\xc1");
  TRY("EXTRQ", bit(ext1c, 6), "\x66\x0f\x79\xc1");
  TRY("RDRAND", bit(leaf1c, 30), "\x0f\xc7\xf0");
  TRY("RDSEED", bit(leaf7b, 18), "\x0f\xc7\xf8");
  TRY("RDTSCP", bit(ext1d, 27), "\x0f\x01\xf9");
  TRY("RDPID", bit(leaf7c, 22), "\xf3\x0f\xc7\xf8");
  TRY("RDFSBASE", fsgsbase(), "\xf3\x48\x0f\xae\xc0");
  AFTER("XGETBV", bit(leaf1c, 27), "\x31\xc9", "\x0f\x01\xd0");
  AFTER("XSAVE", bit(leaf1c, 27), "\x31\xc0\x31\xd2", "\x0f\xae\x27");
  AFTER("XSAVEOPT", bit(xsave, 0), "\x31\xc0\x31\xd2", "\x0f\xae\x37");
  AFTER("XSAVEC", bit(xsave, 1), "\x31\xc0\x31\xd2", "\x0f\xc7\x27");
  TRY("CLFLUSHOPT", bit(leaf7b, 23), "\x66\x0f\xae\x3f");
  TRY("CLWB", bit(leaf7b, 24), "\x66\x0f\xae\x37");

  // mov eax, 77; xor ecx, ecx; tzcnt eax, ecx - or mov ecx, 1; lzcnt eax, ecx
  TRY("TZCNT or BSF", 1, "\xb8\x4d\x00\x00\x00\x31\xc9\xf3\x0f\xbc\xc1");
  printf("TZCNT %s\n", result == (bmi1 ? 32 : 77) ? "as announced" : "wrong");
  TRY("LZCNT or BSR", 1, "\xb9\x01\x00\x00\x00\xf3\x0f\xbd\xc1");
  printf("LZCNT %s\n", result == (bit(ext1c, 5) ? 31 : 0) ? "as announced" : "wrong");

  TRY("UD2", 0, "\x0f\x0b");
  TRY("UD0", 0, "\x0f\xff\xc1");
  TRY("UD1", 0, "\x0f\xb9\xc1");
  TRY("PFADD of 3DNow!", bit(ext1d, 31), "\x0f\x0f\xc1\x9e");
  TRY("PUSH ES", 0, "\x06");
  TRY("SALC", 0, "\xd6");
  TRY("map 0 of VEX", 0, "\xc4\xe0\x78\x58\xc1");
  TRY("VEX behind LOCK", 0, "\xf0\xc5\xf8\x58\xc1");
  TRY("VEX behind 66", 0, "\x66\xc5\xf8\x58\xc1");
  TRY("VEX behind REX", 0, "\x40\xc5\xf8\x58\xc1");
  TRY("VEX with vvvv for nothing", 0, "\xc5\xf0\x51\xc1");
  TRY("ANDN with VEX.L", 0, "\xc4\xe2\x74\xf2\xc1");
  TRY("LOCK of a register", 0, "\xf0\x01\xc0");
  TRY("CMPXCHG8B of a register", 0, "\x0f\xc7\xc9");
  printf("%d encodings, %d wrong\n", total, wrong);
  return 0;
}
