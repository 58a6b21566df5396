// A signal frame on processors of every x86-64 level: XMM registers, x87 registers and control words planted before the
// signal stand in its 512 bytes of FXSAVE; what the handler edits there comes back with rt_sigreturn(2), and its own
// registers do not; with UC_FP_XSTATE the sizes and magic numbers agree, and AVX is in the frame if CPUID announces it.
// levels: v1 | v2 | v3
#define _GNU_SOURCE
#include <cpuid.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#define EACH(X) X(0) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11) X(12) X(13) X(14) X(15)

struct registers {
  uint8_t xmm[16][16];
  uint16_t fcw, pad;
  uint32_t mxcsr;
  uint8_t st[8][10];
} before, after;

static uint8_t *state;
static int has_xsave, has_avx, agrees, edits;

static void hex(const char *name, const uint8_t *bytes, int count) {
  printf("  %s ", name);
  while (count-- > 0) printf("%02x", bytes[count]);
  printf("\n");
}

static void handler(int signo, siginfo_t *info, void *context) {
  ucontext_t *uc = context;
  (void)signo, (void)info;
  state = (uint8_t *)uc->uc_mcontext.fpregs;
  uint32_t *sw = (uint32_t *)(state + 464);
  uint32_t size = sw[4];
  agrees = sw[0] == 0x46505853 && sw[1] == size + 4 && (uintptr_t)state % 64 == 0 && (uc->uc_flags & 6) == 6;
  if (has_xsave) {
    uint32_t magic2;
    memcpy(&magic2, state + size, 4);
    agrees &= (uc->uc_flags & 1) && (sw[2] & 3) == 3 && magic2 == 0x46505845 && (state[512] & 3) == 3;
    agrees &= !!(sw[2] & 4) == has_avx && size >= (has_avx ? 832 : 576);
    agrees &= getauxval(51) >= 440 + size;  // AT_MINSIGSTKSZ
  } else {
    agrees &= !(uc->uc_flags & 1) && size == 512;
  }
  printf("  frame: fcw %x, mxcsr %x, ftw %x\n", *(uint16_t *)state, *(uint32_t *)(state + 24), state[4]);
  for (int n = 0; n < 16; n += 5) hex("xmm", state + 160 + n * 16, 16);
  for (int n = 0; n < 3; n++) hex("st", state + 32 + n * 16, 10);
  if (edits) {
    memset(state + 160 + 7 * 16, 0x77, 16);
    memcpy(state + 32 + 16, "\0\0\0\0\0\0\0\xc0\x01\x40", 10);
    *(uint16_t *)state = 0x37f, *(uint32_t *)(state + 24) = 0x3f80;
  }
  uint32_t mxcsr = 0x1fbf;
  __asm__ volatile("ldmxcsr %0\n fninit\n fldz\n fldz\n pcmpeqd %%xmm0, %%xmm0\n pcmpeqd %%xmm7, %%xmm7" ::"m"(mxcsr) : "xmm0", "xmm7");
}

/** Plants the registers, takes the signal, and keeps what is in them then - all without C in between. */
static void take(const char *name) {
#define LOAD(n) "movdqu 16*" #n "(%[before]), %%xmm" #n "\n"
#define KEEP(n) "movdqu %%xmm" #n ", 16*" #n "(%[after])\n"
  static const long double one_third = 1.0L / 3;
  long nr = SYS_tgkill, ignored;
  uint32_t mxcsr = 0x1f80;
  printf("%s\n", name);
  memset(&after, 0, sizeof after);
  __asm__ volatile("fninit\n fldcw 256(%[before])\n fldpi\n fld1\n fldt %[third]\n ldmxcsr 260(%[before])\n" EACH(LOAD) "syscall\n" EACH(KEEP)
                   "fnstcw 256(%[after])\n stmxcsr 260(%[after])\n fstpt 264(%[after])\n fstpt 274(%[after])\n fstpt 284(%[after])\n fninit\n"
                   : "=a"(ignored)
                   : "a"(nr), "D"(getpid()), "S"(gettid()), "d"(SIGUSR1), [before] "r"(&before), [after] "r"(&after), [third] "m"(one_third)
                   : "rcx", "r11", "memory", "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10", "xmm11",
                     "xmm12", "xmm13", "xmm14", "xmm15");
  __asm__ volatile("ldmxcsr %0" ::"m"(mxcsr));
  int same = 0;
  for (int n = 0; n < 16; n++) same += !memcmp(after.xmm[n], before.xmm[n], 16);
  printf("  sizes and magic numbers agree: %d\n  after: %d xmm as before, fcw %x, mxcsr %x\n", agrees, same, after.fcw, after.mxcsr);
  hex("xmm7", after.xmm[7], 16);
  for (int n = 0; n < 3; n++) hex("st", after.st[n], 10);
}

int main(void) {
  unsigned a, b, c, d;
  __cpuid(1, a, b, c, d);
  has_xsave = !!(c & bit_OSXSAVE), has_avx = !!(c & bit_AVX);
  struct sigaction action = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO};
  sigaction(SIGUSR1, &action, NULL);
  for (int n = 0; n < 16; n++)
    for (int i = 0; i < 16; i++) before.xmm[n][i] = (uint8_t)(n << 4 | i);
  before.fcw = 0x27f, before.mxcsr = 0x9fc0;
  take("untouched");
  edits = 1;
  take("edited");
  return 0;
}
