// SIGFPE by cause: integer division by zero and overflow of the quotient are both FPE_INTDIV (#DE), unmasked SSE
// exceptions (#XM) give their own codes; si_addr is the instruction (exc_divide_error, math_error).
#define _GNU_SOURCE
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <ucontext.h>

static sigjmp_buf back;
static siginfo_t got;
static greg_t trapno, err, rip;

static void handler(int sig, siginfo_t *info, void *context) {
  (void)sig;
  ucontext_t *uc = context;
  got = *info;
  trapno = uc->uc_mcontext.gregs[REG_TRAPNO];
  err = uc->uc_mcontext.gregs[REG_ERR];
  rip = uc->uc_mcontext.gregs[REG_RIP];
  siglongjmp(back, 1);
}

static void show(const char *what) {
  static const char *const names[] = {"0", "INTDIV", "INTOVF", "FLTDIV", "FLTOVF", "FLTUND", "FLTRES", "FLTINV", "FLTSUB"};
  printf("%-22s signo=%d code=FPE_%s addr=%s trapno=%lld err=%lld\n", what, got.si_signo,
         got.si_code >= 0 && got.si_code <= 8 ? names[got.si_code] : "?", (greg_t)(uintptr_t)got.si_addr == rip ? "rip" : "WRONG",
         trapno, err);
}

#define TRY(what, action) \
  do { \
    if (!sigsetjmp(back, 1)) { \
      action; \
      printf("%s: no signal\n", what); \
    } else \
      show(what); \
  } while (0)

static void divide32(uint32_t hi, uint32_t lo, uint32_t by) {
  __asm__ volatile("divl %2" : "+d"(hi), "+a"(lo) : "r"(by) : "cc");
}
static void idivide32(int32_t hi, int32_t lo, int32_t by) {
  __asm__ volatile("idivl %2" : "+d"(hi), "+a"(lo) : "r"(by) : "cc");
}
static void idivide64(int64_t hi, int64_t lo, int64_t by) {
  __asm__ volatile("idivq %2" : "+d"(hi), "+a"(lo) : "r"(by) : "cc");
}
static void divide8(uint16_t ax, uint8_t by) { __asm__ volatile("divb %1" : "+a"(ax) : "q"(by) : "cc"); }

/* Runs a two-operand scalar instruction with the exceptions of `unmasked` (MXCSR flag positions) enabled. */
#define SSE(unmasked, insn, x, y) \
  do { \
    uint32_t csr = 0x1f80 & ~((unmasked) << 7); \
    double a = (x), b = (y); \
    __asm__ volatile("ldmxcsr %1\n\t" insn " %2, %0" : "+x"(a) : "m"(csr), "x"(b)); \
  } while (0)

int main(void) {
  struct sigaction sa = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO};
  sigaction(SIGFPE, &sa, NULL);
  TRY("div by zero", divide32(0, 1, 0));
  TRY("div quotient too big", divide32(5, 0, 5));
  TRY("idiv by zero", idivide32(0, 1, 0));
  TRY("INT_MIN / -1", idivide32(-1, INT32_MIN, -1));
  TRY("LLONG_MIN / -1", idivide64(-1, INT64_MIN, -1));
  TRY("div 8 bit overflow", divide8(0x1000, 0x10));
  TRY("divsd by zero", SSE(4, "divsd", 1.0, 0.0));
  TRY("divsd 0/0", SSE(1, "divsd", 0.0, 0.0));
  TRY("sqrtsd -1", SSE(1, "sqrtsd", 0.0, -1.0));
  TRY("mulsd overflow", SSE(8, "mulsd", 1e300, 1e300));
  TRY("mulsd underflow", SSE(16, "mulsd", 1e-300, 1e-300));
  TRY("divsd inexact", SSE(32, "divsd", 1.0, 3.0));
  TRY("addsd denormal", SSE(2, "addsd", 1.0, 5e-324));
  TRY("comisd QNaN", SSE(1, "comisd", 0.0, __builtin_nan("")));
  TRY("ucomisd SNaN", SSE(1, "ucomisd", 0.0, __builtin_nans("")));
  uint32_t clean = 0x1f80;
  __asm__ volatile("ldmxcsr %0" ::"m"(clean));
  return 0;
}
