// The frame's extended state with AVX (SDM Vol. 1, chapter 13; arch/x86/kernel/fpu/signal.c): YMM and x87 values planted before
// a signal stand in the frame, the high halves behind the XSAVE header; what the handler does to its own registers is
// undone, what it edits in the frame takes effect, component by component as XSTATE_BV and sw_reserved say, in the compacted
// format too; frames which XRSTOR refuses are SIGSEGV.
// needs: v3
#define _GNU_SOURCE
#include <cpuid.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#define EACH(X) X(0) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11) X(12) X(13) X(14) X(15)

struct registers {
  uint8_t ymm[16][32];
  uint16_t fcw, pad;
  uint32_t mxcsr;
  uint8_t st[8][10];
} before, after;

/** Offsets in the extended state. */
enum { MXCSR = 24, ST = 32, XMM = 160, MAGIC1 = 464, EXTENDED_SIZE = 468, XFEATURES = 472, XSTATE_SIZE = 480, BV = 512, COMP = 520, YMMH = 576 };

static uint8_t *state;
static uint64_t *at64(int offset) { return (uint64_t *)(state + offset); }
static uint32_t *at32(int offset) { return (uint32_t *)(state + offset); }

static void (*edit)(void);
static int showing, cleared;
static volatile int handled;
static sigjmp_buf refused;

static void hex(const char *name, const uint8_t *bytes, int count) {
  printf("  %s ", name);
  while (count-- > 0) printf("%02x", bytes[count]);
  printf("\n");
}

static void clobber(void) {
#define ONES(n) "vcmpps $15, %%ymm" #n ", %%ymm" #n ", %%ymm" #n "\n"
  uint32_t mxcsr = 0x1f80;
  __asm__ volatile(EACH(ONES) "fninit\n fldz\n fldz\n ldmxcsr %0" ::"m"(mxcsr) : "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10", "xmm11", "xmm12", "xmm13", "xmm14", "xmm15");
  __asm__ volatile("fninit");
}

static void handler(int signo, siginfo_t *info, void *context) {
  ucontext_t *uc = context;
  (void)signo, (void)info;
  handled++;
  state = (uint8_t *)uc->uc_mcontext.fpregs;
  if (showing) {
    uint32_t size = *at32(XSTATE_SIZE);
    printf("  magic1 %d, magic2 %d, extended size is size and 4: %d, size at least 832: %d\n", *at32(MAGIC1) == 0x46505853,
           *at32(size) == 0x46505845, *at32(EXTENDED_SIZE) == size + 4, size >= 832);
    printf("  xfeatures %llx, XSTATE_BV %llx, XCOMP_BV %llx, uc_flags %lx, aligned %d\n", (long long)*at64(XFEATURES) & 7,
           (long long)*at64(BV) & 7, (long long)*at64(COMP), uc->uc_flags & 7, (uintptr_t)state % 64 == 0);
    for (int n = 0; n < 16; n += 5) hex("xmm", state + XMM + n * 16, 16), hex("ymmh", state + YMMH + n * 16, 16);
    hex("st0", state + ST, 10), hex("st1", state + ST + 16, 10);
    printf("  fcw %x, mxcsr %x\n", *(uint16_t *)state, *at32(MXCSR));
  }
  if (edit) edit();
  if (edit == NULL && !showing) uc->uc_mcontext.fpregs = NULL;
  clobber();
}

static void on_segv(int signo) {
  (void)signo;
  siglongjmp(refused, 1);
}

/** Plants the registers, takes the signal, and keeps what is in them then - all without C in between. */
static void take(void) {
#define LOAD(n) "vmovdqu 32*" #n "(%[before]), %%ymm" #n "\n"
#define KEEP(n) "vmovdqu %%ymm" #n ", 32*" #n "(%[after])\n"
  static const long double one_third = 1.0L / 3;
  long nr = SYS_tgkill, ignored;
  memset(&after, 0, sizeof after);
  __asm__ volatile("fninit\n fldcw 512(%[before])\n fld1\n fldt %[third]\n ldmxcsr 516(%[before])\n" EACH(LOAD)
                   "testl %[clear], %[clear]\n jz 1f\n vzeroall\n 1:\n syscall\n" EACH(KEEP)
                   "fnstcw 512(%[after])\n stmxcsr 516(%[after])\n fstpt 520(%[after])\n fstpt 530(%[after])\n fninit\n"
                   : "=a"(ignored)
                   : "a"(nr), "D"(getpid()), "S"(gettid()), "d"(SIGUSR1), [before] "r"(&before), [after] "r"(&after), [third] "m"(one_third), [clear] "r"(cleared)
                   : "rcx", "r11", "memory", "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10", "xmm11",
                     "xmm12", "xmm13", "xmm14", "xmm15");
  uint32_t mxcsr = 0x1f80;
  __asm__ volatile("ldmxcsr %0\n vzeroupper" ::"m"(mxcsr));
}

static void run(const char *name, void (*change)(void)) {
  edit = change;
  handled = 0;
  printf("%s\n", name);
  if (sigsetjmp(refused, 1)) {
    uint32_t mxcsr;
    uint16_t fcw;
    uint8_t ymm3[32];
    __asm__ volatile("stmxcsr %0\n fnstcw %1\n vmovdqu %%ymm3, %2" : "=m"(mxcsr), "=m"(fcw), "=m"(ymm3));
    printf("  refused; mxcsr %x, fcw %x\n", mxcsr, fcw);
    return;
  }
  take();
  int low = 0, high = 0, zero_low = 0, zero_high = 0;
  for (int n = 0; n < 16; n++) {
    static const uint8_t zero[16];
    low += !memcmp(after.ymm[n], before.ymm[n], 16), high += !memcmp(after.ymm[n] + 16, before.ymm[n] + 16, 16);
    zero_low += !memcmp(after.ymm[n], zero, 16), zero_high += !memcmp(after.ymm[n] + 16, zero, 16);
  }
  printf("  as before: %d xmm, %d high; zero: %d xmm, %d high; mxcsr %x, fcw %x\n", low, high, zero_low, zero_high, after.mxcsr, after.fcw);
  hex("ymm3", after.ymm[3], 32), hex("st0", after.st[0], 10), hex("st1", after.st[1], 10);
}

static void edit_values(void) {
  memset(state + XMM + 3 * 16, 0x33, 16), memset(state + YMMH + 3 * 16, 0x77, 16);
  memcpy(state + ST + 16, "\0\0\0\0\0\0\0\xc0\x01\x40", 10);
  *at32(MXCSR) = 0x3f80;
}
static void no_avx(void) { edit_values(), *at64(BV) &= ~4ull; }
static void no_sse(void) { edit_values(), *at64(BV) &= ~2ull; }
static void no_x87(void) { edit_values(), *at64(BV) &= ~1ull; }
static void nothing_in_use(void) { edit_values(), *at64(BV) = 0; }
static void no_magic1(void) { edit_values(), *at32(MAGIC1) = 0; }
static void no_magic2(void) { edit_values(), *at32(*at32(XSTATE_SIZE)) = 0; }
static void features_x87_sse(void) { edit_values(), *at64(XFEATURES) = 3; }
static void features_avx(void) { edit_values(), *at64(XFEATURES) = 4; }
static void features_x87(void) { edit_values(), *at64(XFEATURES) = 1; }
static void features_all(void) { edit_values(), *at64(XFEATURES) = ~0ull; }
static void size_small(void) { edit_values(), *at32(XSTATE_SIZE) = 100; }
static void size_huge(void) { edit_values(), *at32(XSTATE_SIZE) = 1u << 30; }
static void size_less(void) { edit_values(), *at32(XSTATE_SIZE) = 640, *at32(640) = 0x46505845; }
static void extended_small(void) { edit_values(), *at32(EXTENDED_SIZE) = 0; }
static void bv_unknown(void) { *at64(BV) |= 1ull << 62; }
static void comp_low(void) { *at64(COMP) = 1; }
static void header_reserved(void) { *at64(COMP + 8) = 1; }
static void header_behind(void) { edit_values(), *at64(COMP + 16) = 1; }
static void mxcsr_reserved(void) { *at32(MXCSR) |= 1u << 20; }
static void mxcsr_reserved_not_asked(void) { edit_values(), *at32(MXCSR) |= 1u << 20, *at64(XFEATURES) = 1; }
static void compacted(void) { edit_values(), *at64(BV) &= 7, *at64(COMP) = 1ull << 63 | 7; }
static void compacted_no_sse(void) { edit_values(), *at64(BV) = 4, *at64(COMP) = 1ull << 63 | 6; }
static void compacted_beyond(void) { *at64(BV) = 7, *at64(COMP) = 1ull << 63 | 3; }
static void legacy_bad_header(void) { edit_values(), *at32(MAGIC1) = 0, *at64(BV) = ~0ull; }
static void legacy_mxcsr_reserved(void) { *at32(MAGIC1) = 0, *at32(MXCSR) |= 1u << 20; }
static void set_avx(void) { memset(state + YMMH + 3 * 16, 0x77, 16), *at64(BV) |= 4; }
static void set_avx_data(void) { memset(state + YMMH + 3 * 16, 0x77, 16); }

int main(void) {
  unsigned a, b, c, d;
  __cpuid(1, a, b, c, d);
  if ((c & bit_OSXSAVE) == 0 || (c & bit_AVX) == 0) return printf("needs AVX\n"), 3;
  struct sigaction action = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO};
  sigaction(SIGUSR1, &action, NULL);
  signal(SIGSEGV, on_segv);
  for (int n = 0; n < 16; n++)
    for (int i = 0; i < 32; i++) before.ymm[n][i] = (uint8_t)(n << 4 | (i & 15)) ^ (i < 16 ? 0 : 0xff);
  before.fcw = 0x27f, before.mxcsr = 0x9fc0;

  showing = 1;
  run("untouched", NULL);
  run("values edited", edit_values);
  showing = 0;
  run("no frame state", NULL);
  run("XSTATE_BV without AVX", no_avx);
  run("XSTATE_BV without SSE", no_sse);
  run("XSTATE_BV without x87", no_x87);
  run("XSTATE_BV zero", nothing_in_use);
  run("magic1 cleared", no_magic1);
  run("magic2 cleared", no_magic2);
  run("xfeatures x87 and SSE", features_x87_sse);
  run("xfeatures AVX", features_avx);
  run("xfeatures x87", features_x87);
  run("xfeatures all ones", features_all);
  run("xstate_size small", size_small);
  run("xstate_size huge", size_huge);
  run("xstate_size less, magic2 there", size_less);
  run("extended_size small", extended_small);
  run("XSTATE_BV unknown", bv_unknown);
  run("XCOMP_BV without bit 63", comp_low);
  run("header reserved", header_reserved);
  run("header behind", header_behind);
  run("mxcsr reserved", mxcsr_reserved);
  run("mxcsr reserved, not asked for", mxcsr_reserved_not_asked);
  run("compacted", compacted);
  run("compacted without SSE", compacted_no_sse);
  run("compacted, more in use than there", compacted_beyond);
  run("legacy with a bad header", legacy_bad_header);
  run("legacy, mxcsr reserved", legacy_mxcsr_reserved);
  memset(before.ymm, 0, sizeof before.ymm);
  showing = cleared = 1;
  run("high halves in their initial state", set_avx_data);
  showing = 0;
  run("high halves set from there", set_avx);
  return 0;
}
