/*
 * Runs single floating-point instructions on the host CPU for float.test.ts. Reads records from stdin, writes one
 * answer each. The instructions come from instructions.inc, which the test writes: SSE(number, "assembly") has operands
 * in xmm0, xmm1, xmm2 and rcx, results in xmm0 and rax; X87(number, "assembly") has operands in st(1) and st(0), the
 * result in st(0), its control word and status word in the place of MXCSR. The x87 runs with its exceptions masked.
 */
#define _GNU_SOURCE
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <ucontext.h>

struct question {
  uint32_t instruction;
  uint32_t mxcsr;
  uint64_t a[2], b[2], c[2];
};

struct answer {
  uint64_t xmm0[2];
  uint64_t rax;
  uint32_t mxcsr;
  uint32_t faulted;
};

static volatile uint64_t resume;
static volatile uint32_t faulted;

static void on_fpe(int signal, siginfo_t *info, void *context) {
  (void)signal;
  (void)info;
  faulted = 1;
  ((ucontext_t *)context)->uc_mcontext.gregs[REG_RIP] = (greg_t)resume;
}

#define SSE(number, text)                                                                                        \
  case number:                                                                                                 \
    __asm__ volatile("lea 1f(%%rip), %%rax\n\tmov %%rax, %[resume]\n\t"                                        \
                     "movups %[a], %%xmm0\n\tmovups %[b], %%xmm1\n\tmovups %[c], %%xmm2\n\t"                   \
                     "mov %[b], %%rcx\n\txor %%eax, %%eax\n\tldmxcsr %[mxcsr]\n\t" text "\n"                   \
                     "1:\tstmxcsr %[out]\n\tldmxcsr %[reset]\n\tmovups %%xmm0, %[x]\n\tmov %%rax, %[r]\n\t"    \
                     : [resume] "=m"(resume), [out] "=m"(answer.mxcsr), [x] "=m"(answer.xmm0), [r] "=m"(answer.rax) \
                     : [a] "m"(question.a), [b] "m"(question.b), [c] "m"(question.c), [mxcsr] "m"(question.mxcsr), \
                       [reset] "m"(reset)                                                                      \
                     : "rax", "rcx", "xmm0", "xmm1", "xmm2", "cc", "memory");                                  \
    break;

#define X87(number, text)                                                                                      \
  case number:                                                                                                 \
    memset(&answer, 0, sizeof answer);                                                                         \
    __asm__ volatile("fninit\n\tfldt %[a]\n\tfldt %[b]\n\tfldcw %[mxcsr]\n\tfnclex\n\t" text                  \
                     "\n\tfnstsw %[out]\n\tfldcw %[all]\n\tfstpt %[x]\n\tfninit"                               \
                     : [out] "=m"(answer.mxcsr), [x] "=m"(answer.xmm0)                                         \
                     : [a] "m"(question.a), [b] "m"(question.b), [mxcsr] "m"(question.mxcsr), [all] "m"(all)   \
                     : "st", "st(1)", "memory");                                                               \
    break;

int main(void) {
  static struct question question;
  static struct answer answer;
  static uint32_t reset = 0x1f80;
  static uint16_t all = 0x37f;
  struct sigaction action;
  memset(&action, 0, sizeof action);
  action.sa_sigaction = on_fpe;
  action.sa_flags = SA_SIGINFO;
  sigaction(SIGFPE, &action, 0);
  while (fread(&question, sizeof question, 1, stdin) == 1) {
    faulted = 0;
    switch (question.instruction) {
#include "instructions.inc"
      default:
        fprintf(stderr, "no instruction %u\n", question.instruction);
        return 1;
    }
    answer.faulted = faulted;
    fwrite(&answer, sizeof answer, 1, stdout);
  }
  return 0;
}
