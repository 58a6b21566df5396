// Asking the kernel which flags of sigaction(2) it knows ("Dynamically probing for flag bit support"): SA_UNSUPPORTED is never kept, nor are
// unknown bits; SA_EXPOSE_TAGBITS is, and on x86 changes nothing.
#define _GNU_SOURCE
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

struct kernel_action { void *handler; unsigned long flags; void *restorer; uint64_t mask; };
void restore(void);
__asm__("restore: mov $15, %eax\n\tsyscall");

static void handler(int signo, siginfo_t *info, void *context) {
  (void)context;
  printf("handler of %d, address %p\n", signo, info->si_addr);
  _exit(0);
}

int main(void) {
  setvbuf(stdout, NULL, _IOLBF, 0);
  for (int bit = -1; bit < 64; bit++) {
    struct kernel_action action = {handler, 0x04000000, restore, 0}, read;
    if (bit >= 0) action.flags |= 1ul << bit;
    long result = syscall(SYS_rt_sigaction, SIGUSR1, &action, NULL, 8);
    syscall(SYS_rt_sigaction, SIGUSR1, NULL, &read, 8);
    printf("flags %#lx: %ld, kept %#lx\n", action.flags, result, read.flags);
  }
  struct kernel_action all = {handler, -1ul, restore, -1ul}, read;
  syscall(SYS_rt_sigaction, SIGUSR1, &all, NULL, 8);
  syscall(SYS_rt_sigaction, SIGUSR1, NULL, &read, 8);
  printf("all: kept %#lx, mask %#lx\n", read.flags, read.mask);
  struct kernel_action tags = {handler, 0x04000000 | 4 | 0x400 | 0x800, restore, 0};
  syscall(SYS_rt_sigaction, SIGSEGV, &tags, NULL, 8);
  *(volatile char *)0xdead0 = 1;
  return 1;
}
