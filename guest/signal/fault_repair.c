// A handler repairs the cause and the same instruction runs again: mprotect after SEGV_ACCERR, mmap after SEGV_MAPERR,
// and lazy growth of a table page by page, as garbage collectors and sandboxes do.
#define _GNU_SOURCE
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>

enum { PAGES = 16 };
static char *area;
static volatile int faults, writes, touched[PAGES];

static void handler(int sig, siginfo_t *info, void *context) {
  (void)sig;
  ucontext_t *uc = context;
  char *page = (char *)((uintptr_t)info->si_addr & ~4095ul);
  int n = (page - area) / 4096;
  if (n < 0 || n >= PAGES) signal(SIGSEGV, SIG_DFL);
  else touched[n]++;
  faults++;
  writes += !!(uc->uc_mcontext.gregs[REG_ERR] & 2);
  if (info->si_code == SEGV_ACCERR) mprotect(page, 4096, PROT_READ | PROT_WRITE);
  else mmap(page, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
}

int main(void) {
  struct sigaction sa = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO};
  sigaction(SIGSEGV, &sa, NULL);
  area = mmap(NULL, PAGES * 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  munmap(area + 8 * 4096, 8 * 4096);
  long sum = 0;
  for (int i = 0; i < PAGES; i++) {
    volatile char *p = area + i * 4096;
    if (i % 2) p[5] = i;
    sum += p[5];
  }
  printf("faults %d, by writes %d, sum %ld\n", faults, writes, sum);
  // One access that touches two pages faults twice.
  mprotect(area, 2 * 4096, PROT_NONE);
  faults = 0;
  *(volatile uint64_t *)(area + 4092) = 0x1122334455667788;
  printf("straddling: faults %d, low %#x high %#x\n", faults, *(uint32_t *)(area + 4092), *(uint32_t *)(area + 4096));
  // A string instruction goes on where it was: no byte is moved twice or lost.
  char *from = area + 12 * 4096, *to = area;
  for (int i = 0; i < 12288; i++) from[i] = i % 251;
  mprotect(area, 4 * 4096, PROT_NONE);
  faults = 0;
  void *di = to, *si = from;
  unsigned long n = 12288;
  __asm__ volatile("rep movsb" : "+D"(di), "+S"(si), "+c"(n)::"memory");
  printf("rep movsb: faults %d, left %ld, moved %ld, same %d\n", faults, n, (long)((char *)di - to), !memcmp(to, from, 12288));
  return 0;
}
