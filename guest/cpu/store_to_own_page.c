// Code that stores to its own page goes on behind the store, wherever that is: after one to seventy instructions, before a page
// that is not there, before bytes that are no instruction. SDM volume 3, 8.1.3 and 12.6: on the same linear address a processor
// sees its own changes to code at the next jump at the latest.
#define _GNU_SOURCE
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>

static unsigned char *page;
static sigjmp_buf out;

static void handler(int signo, siginfo_t *info, void *context) {
  const ucontext_t *uc = context;
  printf("signal %d, rip %+ld, address %+ld\n", signo, (long)(uc->uc_mcontext.gregs[REG_RIP] - (long)page),
         (long)((uintptr_t)info->si_addr - (uintptr_t)page));
  siglongjmp(out, 1);
}

static void run(unsigned at, uint64_t value) {
  if (sigsetjmp(out, 1) == 0) {
    uint64_t result = ((uint64_t(*)(void *, uint64_t))(page + at))(page + 8, value);
    printf("returned %lu, stored %lu\n", result, *(uint64_t *)(page + 8));
  }
}

int main(void) {
  page = mmap(0, 8192, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  munmap(page + 4096, 4096);
  struct sigaction action = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO};
  sigaction(SIGSEGV, &action, 0);
  sigaction(SIGILL, &action, 0);
  static const unsigned char store[] = {0x48, 0x89, 0x37};                  /* mov %rsi, (%rdi) */
  static const unsigned char leave[] = {0x48, 0x8d, 0x46, 0x01, 0xc3};      /* lea 1(%rsi), %rax; ret */
  static const unsigned char bad[] = {0x06};
  for (unsigned before = 0; before < 70; before++) {
    memset(page + 64, 0x90, before);
    memcpy(page + 64 + before, store, sizeof store);
    memcpy(page + 64 + before + sizeof store, leave, sizeof leave);
    run(64, before);
  }
  memcpy(page + 64, store, sizeof store);
  memcpy(page + 64 + sizeof store, bad, sizeof bad);
  run(64, 1000);
  memcpy(page + 4096 - sizeof store, store, sizeof store);
  run(4096 - sizeof store, 1001);
  return 0;
}
