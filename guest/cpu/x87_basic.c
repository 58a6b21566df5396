// The x87 without transcendental functions: results in extended precision under every rounding and precision control, status word,
// conditions, register stack with its faults, packed decimals, environment and state images, and exceptions that are not masked,
// which arrive with the next waiting instruction (Intel SDM Vol. 1, chapter 8; Vol. 2A, F*).
#define _GNU_SOURCE
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <ucontext.h>
#include <unistd.h>

static void print(const char *name, long double value, unsigned status) {
  uint64_t mantissa;
  uint16_t exponent;
  memcpy(&mantissa, &value, 8);
  memcpy(&exponent, (char *)&value + 8, 2);
  printf("%s %04x:%016llx sw=%04x\n", name, exponent, (unsigned long long)mantissa, status);
}

static uint16_t status(void) {
  uint16_t sw;
  __asm__ volatile("fnstsw %0" : "=a"(sw));
  return sw;
}

/* ST(0) = a, ST(1) = b, then the instructions; the result is ST(0) under the given control word, and the status word. */
#define RUN(name, text, a, b)                                                                                      \
  do {                                                                                                             \
    long double x = (a), y = (b), r;                                                                               \
    uint16_t sw;                                                                                                   \
    __asm__ volatile("fninit\n\tfldt %3\n\tfldt %2\n\tfldcw %4\n\t" text "\n\tfnstsw %1\n\tfstpt %0\n\tfninit"     \
                     : "=m"(r), "=a"(sw)                                                                           \
                     : "m"(x), "m"(y), "m"(cw)                                                                     \
                     : "memory", "cc");                                                                          \
    print(name, r, sw);                                                                                            \
  } while (0)

static void arithmetic(uint16_t cw) {
  printf("control %04x\n", cw);
  const long double third = 1.0L / 3, big = 1e4932L, tiny = 3.3621031431120935063e-4932L;
  RUN("fadd", "fadd %%st(1), %%st", third, 1e-10L);
  RUN("fsub", "fsub %%st(1), %%st", third, 0.3L);
  RUN("fsubr", "fsubr %%st(1), %%st", third, 0.3L);
  RUN("fmul", "fmul %%st(1), %%st", third, third);
  RUN("fdiv", "fdiv %%st(1), %%st", 2.0L, 3.0L);
  RUN("fdivr", "fdivr %%st(1), %%st", 2.0L, 3.0L);
  RUN("faddp", "faddp", third, 1e-10L);
  RUN("fsqrt", "fsqrt", 2.0L, 0);
  RUN("fsqrt -1", "fsqrt", -1.0L, 0);
  RUN("overflow", "fmul %%st(1), %%st", big, big);
  RUN("underflow", "fdiv %%st(1), %%st", tiny, 3.0L);
  RUN("div by 0", "fdiv %%st(1), %%st", -1.0L, 0.0L);
  RUN("0/0", "fdiv %%st(1), %%st", 0.0L, 0.0L);
  RUN("denormal", "fmul %%st(1), %%st", 1.8225997659412373013e-4951L, 2.0L);
  RUN("frndint 2.5", "frndint", 2.5L, 0);
  RUN("frndint -0.7", "frndint", -0.7L, 0);
  RUN("fscale", "fscale", third, 100.7L);
  RUN("fscale far", "fscale", third, -1e10L);
  RUN("fxtract", "fxtract", -12345.678L, 0);
  RUN("fxtract exp", "fxtract; fstp %%st(0)", -12345.678L, 0);
  RUN("fprem", "fprem", 1e10L, 3.7L);
  RUN("fprem far", "fprem", 1e100L, 3.7L);
  RUN("fprem1", "fprem1", 1e10L, 3.7L);
  RUN("fld1", "fld1", 0, 0);
  RUN("fldl2t", "fldl2t", 0, 0);
  RUN("fldl2e", "fldl2e", 0, 0);
  RUN("fldpi", "fldpi", 0, 0);
  RUN("fldlg2", "fldlg2", 0, 0);
  RUN("fldln2", "fldln2", 0, 0);
  RUN("fchs fabs", "fchs; fabs; fchs", third, 0);
  RUN("fstp m32", "sub $16, %%rsp; fstps (%%rsp); flds (%%rsp); add $16, %%rsp", third, 0);
  RUN("fstp m64", "sub $16, %%rsp; fstpl (%%rsp); fldl (%%rsp); add $16, %%rsp", third, 0);
  RUN("fistp m16", "sub $16, %%rsp; fistps (%%rsp); filds (%%rsp); add $16, %%rsp", -1234.5L, 0);
  RUN("fistp m32", "sub $16, %%rsp; fistpl (%%rsp); fildl (%%rsp); add $16, %%rsp", 123456789.5L, 0);
  RUN("fistp m64", "sub $16, %%rsp; fistpll (%%rsp); fildll (%%rsp); add $16, %%rsp", 1e19L, 0);
  RUN("fbstp", "sub $16, %%rsp; fbstp (%%rsp); fbld (%%rsp); add $16, %%rsp", -123456789012345.5L, 0);
}

static void comparisons(void) {
  static const long double values[] = {-1.0L, 0.0L, 2.0L, __builtin_infl(), __builtin_nanl("")};
  for (int i = 0; i < 5; i++) {
    for (int j = 0; j < 5; j++) {
      uint16_t com, ucom, tst, xam;
      uint64_t comi, moved;
      long double a = values[i], b = values[j];
      __asm__ volatile("fninit; fldt %6; fldt %5; fcom; fnstsw %0; fnclex; fucom; fnstsw %1; fnclex; ftst; fnstsw %2; fnclex; fxam\n\t"
                       "fnstsw %3; fcomi %%st(1), %%st; pushfq; pop %4; fninit"
                       : "=m"(com), "=m"(ucom), "=m"(tst), "=m"(xam), "=r"(comi)
                       : "m"(a), "m"(b)
                       : "cc", "memory");
      __asm__ volatile("fninit; fldt %2; fldt %1; fucomi %%st(1), %%st; fcmovb %%st(1), %%st; fistpll %0; fninit" : "=m"(moved) : "m"(a), "m"(b) : "cc");
      printf("%d %d: fcom %04x fucom %04x ftst %04x fxam %04x flags %02llx fcmovb %lld\n", i, j, com, ucom, tst, xam,
             (unsigned long long)comi & 0x8d5, (long long)moved);
    }
  }
}

static void stack(void) {
  uint8_t environment[28], state[108];
  uint16_t sw;
  __asm__ volatile("fninit\n\tfld1; fldz; fldpi\n\tfxch %%st(2)\n\tffree %%st(1)\n\tfincstp\n\tfdecstp\n\tfnstenv %0" : "=m"(environment));
  uint16_t words[14];
  memcpy(words, environment, 28);
  printf("environment %04x %04x %04x\n", words[0], words[2], words[4]);
  __asm__ volatile("fldenv %2\n\tfld1; fld1; fld1; fld1; fld1; fld1\n\tfnstsw %1\n\tfnsave %0" : "=m"(state), "=a"(sw) : "m"(environment));
  memcpy(words, state, 28);
  printf("overflow sw=%04x saved %04x %04x %04x\n", sw, words[0], words[2], words[4]);
  for (int i = 0; i < 8; i++) {
    long double value;
    memcpy(&value, state + 28 + 10 * i, 10);
    print("  st", value, i);
  }
  __asm__ volatile("frstor %1\n\tfnclex\n\tfstp %%st(0)\n\tfnstsw %0\n\tfninit" : "=a"(sw) : "m"(state));
  printf("restored sw=%04x\n", sw);
  long double nothing;
  __asm__ volatile("fninit\n\tfaddp\n\tfnstsw %1\n\tfstpt %0\n\tfninit" : "=m"(nothing), "=a"(sw));
  print("underflow", nothing, sw);
}

static sigjmp_buf back;
static siginfo_t got;
static greg_t trapno, rip;
static uint16_t frameStatus, frameOpcode;
static int pointersRight;

static void handler(int sig, siginfo_t *info, void *context) {
  (void)sig;
  ucontext_t *uc = context;
  got = *info;
  trapno = uc->uc_mcontext.gregs[REG_TRAPNO];
  rip = uc->uc_mcontext.gregs[REG_RIP];
  frameStatus = uc->uc_mcontext.fpregs->swd;
  frameOpcode = uc->uc_mcontext.fpregs->fop;
  // The x87 instruction that failed came before the one where it shows.
  pointersRight = uc->uc_mcontext.fpregs->rip < (uint64_t)rip && uc->uc_mcontext.fpregs->rip + 32 > (uint64_t)rip;
  __asm__ volatile("fnclex");
  siglongjmp(back, 1);
}

#define TRAP(name, unmasked, text, a, b)                                                                              \
  do {                                                                                                                \
    if (!sigsetjmp(back, 1)) {                                                                                        \
      uint16_t cw = 0x37f & ~(unmasked);                                                                              \
      volatile double x = (a), y = (b);                                                                               \
      __asm__ volatile("fninit\n\tfldl %1\n\tfldl %0\n\tfldcw %2\n\t" text "\n\tnop\n\tfwait" : : "m"(x), "m"(y), "m"(cw) : "memory"); \
      printf("%s: no signal, sw=%04x\n", name, status());                                                             \
    } else {                                                                                                          \
      printf("%s: code=%d trapno=%lld addr=%d sw=%04x fop=%03x pointers=%d\n", name, got.si_code, (long long)trapno,  \
             (greg_t)(uintptr_t)got.si_addr == rip, frameStatus, frameOpcode, pointersRight);                         \
    }                                                                                                                 \
    __asm__ volatile("fninit");                                                                                       \
  } while (0)

static void unmasked(void) {
  struct sigaction action = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO};
  sigaction(SIGFPE, &action, NULL);
  TRAP("masked", 0, "fdiv %%st(1), %%st", 1.0, 0.0);
  TRAP("division by zero", 4, "fdiv %%st(1), %%st", 1.0, 0.0);
  TRAP("invalid", 1, "fdiv %%st(1), %%st", 0.0, 0.0);
  TRAP("inexact", 32, "fdiv %%st(1), %%st", 1.0, 3.0);
  TRAP("overflow", 8, "fmul %%st, %%st; fmul %%st, %%st; fmul %%st, %%st; fmul %%st, %%st; fmul %%st, %%st; fmul %%st, %%st", 1e300, 3.0);
  TRAP("underflow", 16, "fmul %%st, %%st; fmul %%st, %%st; fmul %%st, %%st; fmul %%st, %%st; fmul %%st, %%st; fmul %%st, %%st", 1e-300, 3.0);
  TRAP("stack", 1, "fstp %%st(0); fstp %%st(0); fstp %%st(0)", 1.0, 3.0);
  TRAP("seen by a load", 4, "fdiv %%st(1), %%st; fld1", 1.0, 0.0);
  TRAP("not seen by fnstsw", 4, "fdiv %%st(1), %%st; fnstsw %%ax; fnclex", 1.0, 0.0);
}

static uint16_t insideControl, insideStatus, frameControl, frameTags;
static long double frameTop;

static void changing(int sig, siginfo_t *info, void *context) {
  (void)sig;
  (void)info;
  struct _libc_fpstate *fp = ((ucontext_t *)context)->uc_mcontext.fpregs;
  __asm__ volatile("fnstcw %0\n\tfnstsw %1\n\tfninit\n\tfldpi\n\tfldpi" : "=m"(insideControl), "=m"(insideStatus));
  frameControl = fp->cwd;
  frameTags = fp->ftw;
  memcpy(&frameTop, &fp->_st[0], 10);
  // ST(1) comes back as the frame then has it, and an exception that is not masked with the busy bit it had not.
  fp->_st[1].significand[3] = 0xc000;
  fp->swd |= 4;
  fp->cwd &= ~4;
}

/* A handler finds the x87 empty, and what it leaves there is gone afterwards; the frame is what comes back. */
static void acrossSignal(void) {
  struct sigaction action = {.sa_sigaction = changing, .sa_flags = SA_SIGINFO};
  sigaction(SIGUSR1, &action, NULL);
  uint16_t cw = 0xe7f, cwAfter, swAfter;
  long double first, second;
  long pid = getpid(), result = 62;
  __asm__ volatile(
      "fninit\n\tfldcw %[cw]\n\tfld1\n\tfldl2e\n\tsyscall\n\tfnstcw %[after]\n\tfnstsw %[sw]\n\tfnclex\n\tfstpt %[first]\n\tfstpt %[second]\n\tfninit"
      : "+a"(result), [after] "=m"(cwAfter), [sw] "=m"(swAfter), [first] "=m"(first), [second] "=m"(second)
      : "D"(pid), "S"((long)SIGUSR1), [cw] "m"(cw)
      : "rcx", "r11", "memory");
  printf("in the handler cw=%04x sw=%04x, frame cw=%04x ftw=%02x\n", insideControl, insideStatus, frameControl, frameTags);
  print("frame", frameTop, 0);
  print("first", first, swAfter);
  print("second", second, cwAfter);
}

int main(void) {
  arithmetic(0x37f);
  arithmetic(0x07f);
  arithmetic(0xf7f);
  arithmetic(0xa7f);
  arithmetic(0x67f);
  comparisons();
  stack();
  unmasked();
  acrossSignal();
  return 0;
}
