// A frame that rt_sigreturn cannot use means SIGSEGV (badframe): each attempt in a child, which either dies or has a
// handler that reports si_code and si_addr.
#define _GNU_SOURCE
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

enum { GOOD, FP_MISALIGNED, FP_UNMAPPED, FP_KERNEL, MXCSR_RESERVED, RIP_NONCANONICAL, RIP_UNMAPPED, RIP_KERNEL, CS_GARBAGE,
       SS_GARBAGE, XSTATE_BV_UNKNOWN, XCOMP_BV, MAGIC2_GONE, SIZE_TOO_BIG, FEATURES_NONE };
static const char *const names[] = {"good", "fpstate misaligned", "fpstate unmapped", "fpstate in kernel", "mxcsr reserved bit",
                                    "rip non-canonical", "rip unmapped", "rip in kernel", "cs garbage", "ss garbage",
                                    "xstate_bv unknown bit", "xcomp_bv set", "magic2 gone", "xstate size too big",
                                    "no features"};
static int mode;

static void breaks(int sig, siginfo_t *info, void *context) {
  (void)sig, (void)info;
  ucontext_t *uc = context;
  greg_t *g = uc->uc_mcontext.gregs;
  char *fp = (char *)uc->uc_mcontext.fpregs;
  uint32_t extended;
  memcpy(&extended, fp + 468, 4);
  switch (mode) {
    case FP_MISALIGNED: uc->uc_mcontext.fpregs = (void *)(fp + 8); break;
    case FP_UNMAPPED: uc->uc_mcontext.fpregs = (void *)0x10000; break;
    case FP_KERNEL: uc->uc_mcontext.fpregs = (void *)0xffff888000000000; break;
    case MXCSR_RESERVED: fp[24 + 3] = 1; break;
    case RIP_NONCANONICAL: g[REG_RIP] = 0x800000000000; break;
    case RIP_UNMAPPED: g[REG_RIP] = 0x10000; break;
    case RIP_KERNEL: g[REG_RIP] = -4096; break;
    case CS_GARBAGE: g[REG_CSGSFS] = (g[REG_CSGSFS] & ~0xffffll) | 0x1230; break;
    case SS_GARBAGE: g[REG_CSGSFS] = (g[REG_CSGSFS] & 0xffffffffffffll) | 0x1230ll << 48; break;
    case XSTATE_BV_UNKNOWN: fp[512 + 7] = 0x40; break;
    case XCOMP_BV: fp[520] = 1; break;
    case MAGIC2_GONE: memset(fp + extended - 4, 0, 4); break;
    case SIZE_TOO_BIG: memset(fp + 480, 0x7f, 4); break;
    case FEATURES_NONE: memset(fp + 472, 0, 8); break;
  }
}

static void reports(int sig, siginfo_t *info, void *context) {
  greg_t *g = ((ucontext_t *)context)->uc_mcontext.gregs;
  printf("signal %d code %#x addr %#lx trapno %lld err %#llx", sig, info->si_code, (unsigned long)info->si_addr, g[REG_TRAPNO],
         g[REG_ERR]);
  if (mode == RIP_NONCANONICAL || mode == RIP_UNMAPPED || mode == RIP_KERNEL) printf(" rip %#llx", g[REG_RIP]);
  if (mode == CS_GARBAGE) printf(" cs %#llx", g[REG_CSGSFS] & 0xffff);
  printf("\n");
  fflush(stdout);
  _exit(3);
}

int main(void) {
  struct sigaction sa = {.sa_sigaction = breaks, .sa_flags = SA_SIGINFO};
  sigaction(SIGUSR1, &sa, NULL);
  sa.sa_sigaction = reports;
  sa.sa_flags = SA_SIGINFO | SA_ONSTACK;
  static char alt[65536];
  stack_t s = {.ss_sp = alt, .ss_size = sizeof alt};
  sigaltstack(&s, NULL);
  for (mode = GOOD; mode <= FEATURES_NONE; mode++)
    for (int with_handler = 1; with_handler >= 0; with_handler--) {
      printf("%s: ", names[mode]);
      fflush(stdout);
      pid_t child = fork();
      if (child == 0) {
        if (with_handler) sigaction(SIGSEGV, &sa, NULL);
        raise(SIGUSR1);
        printf("lives on\n");
        fflush(stdout);
        _exit(0);
      }
      int status;
      waitpid(child, &status, 0);
      if (WIFSIGNALED(status)) printf("killed by %d\n", WTERMSIG(status));
    }
  return 0;
}
