// Sigprocmask(2): SIG_BLOCK, SIG_UNBLOCK and SIG_SETMASK, old mask, KILL and STOP never blocked, errors. A pending
// signal is delivered before the call that unblocks it returns (POSIX, sigprocmask).
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static volatile int calls;
static void handler(int sig) { calls += sig; }

static long mask(int how, const unsigned long *set, unsigned long *old, size_t size) {
  return syscall(SYS_rt_sigprocmask, how, set, old, size) < 0 ? errno : 0;
}

int main(void) {
  unsigned long set, old;
  signal(SIGUSR1, handler);
  set = 1ul << (SIGUSR1 - 1) | 1ul << 63;
  printf("block: %ld\n", mask(SIG_BLOCK, &set, &old, 8));
  printf("old %#lx\n", old);
  set = 1ul << 20;
  mask(SIG_BLOCK, &set, &old, 8);
  printf("old %#lx\n", old);
  set = 1ul << 63;
  mask(SIG_UNBLOCK, &set, &old, 8);
  printf("old %#lx\n", old);
  mask(99, NULL, &old, 8);
  printf("how is not looked at without a set: %#lx\n", old);
  set = ~0ul;
  mask(SIG_SETMASK, &set, NULL, 8);
  mask(SIG_SETMASK, NULL, &old, 8);
  printf("all but KILL and STOP: %#lx\n", old);
  kill(getpid(), SIGUSR1);
  printf("blocked: calls %d\n", calls);
  set = 1ul << (SIGUSR1 - 1);
  mask(SIG_UNBLOCK, &set, &old, 8);
  printf("unblocked: calls %d\n", calls);
  set = 0;
  mask(SIG_SETMASK, &set, NULL, 8);
  printf("bad how: %s\n", strerrorname_np(mask(3, &set, NULL, 8)));
  printf("bad size: %s\n", strerrorname_np(mask(SIG_BLOCK, &set, NULL, 16)));
  printf("bad set: %s\n", strerrorname_np(mask(SIG_BLOCK, (void *)1, NULL, 8)));
  set = 1ul << 9;
  printf("bad old: %s\n", strerrorname_np(mask(SIG_BLOCK, &set, (void *)1, 8)));
  mask(SIG_BLOCK, NULL, &old, 8);
  printf("mask changed before old failed: %#lx\n", old);
  return 0;
}
