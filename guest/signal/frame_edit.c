// Rt_sigreturn takes everything from the frame: a handler may change rip, rax and other registers, xmm registers, mxcsr
// and the signal mask of the interrupted program (restore_sigcontext).
#define _GNU_SOURCE
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

static int mode;
extern char landing[];

static void handler(int sig, siginfo_t *info, void *context) {
  (void)sig, (void)info;
  ucontext_t *uc = context;
  greg_t *g = uc->uc_mcontext.gregs;
  if (mode == 0) {
    g[REG_RAX] = 0x1234;
    g[REG_RBX] = 0x5678;
    g[REG_R8] = -1;
    g[REG_RIP] = (greg_t)(uintptr_t)landing;
  } else if (mode == 1) {
    struct _libc_fpstate *fp = uc->uc_mcontext.fpregs;
    fp->_xmm[3].element[0] = 0xaaaaaaaa;
    fp->_xmm[15].element[3] = 0xbbbbbbbb;
    fp->mxcsr = 0x1f80 | 0x2000;
  } else if (mode == 2) {
    unsigned long mask = 1ul << (SIGHUP - 1) | 1ul << (SIGKILL - 1) | 1ul << 63;
    memcpy(&uc->uc_sigmask, &mask, 8);
  } else if (mode == 3) {
    // Without a pointer to an fpstate the registers are initialised.
    uc->uc_mcontext.fpregs = NULL;
  } else if (mode == 4) {
    // Without the magic number only the legacy part counts.
    uint32_t *sw = (uint32_t *)((char *)uc->uc_mcontext.fpregs + 464);
    sw[0] = 0;
    uc->uc_mcontext.fpregs->_xmm[3].element[1] = 77;
  } else if (mode == 5) {
    // The bits of xstate_bv decide: without SSE's the xmm registers become zero, mxcsr is still read.
    uint64_t *bv = (uint64_t *)((char *)uc->uc_mcontext.fpregs + 512);
    *bv &= ~2ull;
  }
}

static void with_xmm(const char *what) {
  uint32_t x3[4] = {1, 2, 3, 4}, x15[4] = {5, 6, 7, 8}, csr = 0x1f80 | 0x4000, out;
  __asm__ volatile(
      "ldmxcsr %[csr]\n\tmovups %[x3], %%xmm3\n\tmovups %[x15], %%xmm15\n\tsyscall\n\t"
      "movups %%xmm3, %[x3]\n\tmovups %%xmm15, %[x15]\n\tstmxcsr %[out]"
      : [x3] "+m"(x3), [x15] "+m"(x15), [out] "=m"(out)
      : [csr] "m"(csr), "a"(62), "D"(getpid()), "S"(SIGUSR1)
      : "rcx", "r11", "memory", "xmm3", "xmm15");
  csr = 0x1f80;
  __asm__ volatile("ldmxcsr %0" ::"m"(csr));
  printf("%s: xmm3 %#x %#x %#x %#x xmm15 %#x %#x %#x %#x mxcsr %#x\n", what, x3[0], x3[1], x3[2], x3[3], x15[0], x15[1], x15[2],
         x15[3], out);
}

int main(void) {
  struct sigaction sa = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO};
  sigaction(SIGUSR1, &sa, NULL);

  long rax = 62, rbx = 0;
  register long r8 __asm__("r8") = 0;
  __asm__ volatile("syscall\n\tmov $-77, %%rax\nlanding:"
                   : "+a"(rax), "+b"(rbx), "+r"(r8)
                   : "D"(getpid()), "S"(SIGUSR1)
                   : "rcx", "r11", "memory");
  printf("rax %#lx rbx %#lx r8 %ld\n", rax, rbx, r8);

  mode = 1;
  with_xmm("fpstate edited");
  mode = 2;
  raise(SIGUSR1);
  unsigned long mask;
  syscall(SYS_rt_sigprocmask, SIG_BLOCK, NULL, &mask, 8);
  printf("mask %#lx\n", mask);
  mode = 3;
  with_xmm("no fpstate");
  mode = 4;
  with_xmm("legacy only");
  mode = 5;
  with_xmm("SSE not in xstate_bv");
  return 0;
}
