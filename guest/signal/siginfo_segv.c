// SIGSEGV by cause: SEGV_MAPERR and SEGV_ACCERR with si_addr = the address, SI_KERNEL and si_addr 0 for a
// non-canonical address and a privileged instruction; with err, trapno and cr2 of each (arch/x86/mm/fault.c).
#define _GNU_SOURCE
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>

static sigjmp_buf back;
static siginfo_t got;
static greg_t err, trapno, cr2, rip;

static void handler(int sig, siginfo_t *info, void *context) {
  (void)sig;
  ucontext_t *uc = context;
  got = *info;
  err = uc->uc_mcontext.gregs[REG_ERR];
  trapno = uc->uc_mcontext.gregs[REG_TRAPNO];
  cr2 = uc->uc_mcontext.gregs[REG_CR2];
  rip = uc->uc_mcontext.gregs[REG_RIP];
  siglongjmp(back, 1);
}

static void show(const char *what, const void *expect) {
  const char *code = got.si_code == SEGV_MAPERR ? "SEGV_MAPERR" : got.si_code == SEGV_ACCERR ? "SEGV_ACCERR"
                     : got.si_code == SI_KERNEL ? "SI_KERNEL" : "?";
  printf("%-22s signo=%d code=%s addr=%s trapno=%lld err=%#llx cr2=%s\n", what, got.si_signo, code,
         got.si_addr == expect ? "as expected" : "WRONG", trapno, err,
         trapno != 14 ? "-" : cr2 == (greg_t)(uintptr_t)expect ? "same" : "WRONG");
}

#define TRY(what, expect, action) \
  do { \
    if (!sigsetjmp(back, 1)) { \
      action; \
      printf("%s: no signal\n", what); \
    } else \
      show(what, (void *)(expect)); \
  } while (0)

int main(void) {
  struct sigaction sa = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO};
  sigaction(SIGSEGV, &sa, NULL);
  char *page = mmap(NULL, 4 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  page[0] = 1;
  page[4096] = 1;
  mprotect(page, 4096, PROT_READ);
  mprotect(page + 4096, 4096, PROT_NONE);
  munmap(page + 3 * 4096, 4096);
  volatile char *p = page;
  char c;

  TRY("read NULL", 0, c = *(volatile char *)0);
  TRY("write at 16", 16, *(volatile char *)16 = 1);
  TRY("write read-only", p + 5, p[5] = 1);
  TRY("read PROT_NONE", p + 4099, c = p[4099]);
  TRY("write PROT_NONE", p + 4099, p[4099] = 1);
  TRY("read unmapped", p + 12289, c = p[12289]);
  // The faulting address of an access over a page boundary is the first byte that cannot be had.
  TRY("8 bytes over the end", p + 12288, (void)*(volatile uint64_t *)(p + 12284));
  TRY("execute no-exec page", p, ((void (*)(void))p)());
  if (rip != (greg_t)(uintptr_t)p) printf("rip is not at the page\n");
  TRY("execute unmapped", 0x10000, ((void (*)(void))0x10000)());
  TRY("read kernel half", 0xffffffff80000000, c = *(volatile char *)0xffffffff80000000);
  TRY("read non-canonical", 0, c = *(volatile char *)0x800000000000);
  TRY("write non-canonical", 0, *(volatile char *)0x1234567812345678 = 1);
  TRY("hlt", 0, __asm__ volatile("hlt"));
  TRY("in", 0, __asm__ volatile("in $0x80, %%al" ::: "rax"));
  TRY("mov from cr0", 0, __asm__ volatile("mov %%cr0, %%rax" ::: "rax"));
  TRY("int 5", 0, __asm__ volatile("int $5"));
  TRY("int 0x21", 0, __asm__ volatile("int $0x21"));
  TRY("load bad selector", 0, __asm__ volatile("mov %0, %%ds" ::"r"(0x1234)));
  TRY("misaligned movaps", 0, __asm__ volatile("movaps %%xmm0, 1(%0)" ::"r"(page + 8192) : "memory"));
  (void)c;
  return 0;
}
