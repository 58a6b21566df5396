/* queue N: N real-time signals with values, all pending at once under a raised RLIMIT_SIGPENDING, are taken in their order. */
#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

int main(int argc, char **argv) {
  int count = argc > 1 ? atoi(argv[1]) : 1000, queued = 0, taken = 0, ordered = 1;
  struct rlimit limit = {count + 1000, count + 1000};
  if (setrlimit(RLIMIT_SIGPENDING, &limit) < 0) perror("RLIMIT_SIGPENDING");
  sigset_t set;
  siginfo_t info;
  sigemptyset(&set), sigaddset(&set, SIGRTMIN);
  sigprocmask(SIG_BLOCK, &set, NULL);
  while (queued < count && sigqueue(getpid(), SIGRTMIN, (union sigval){.sival_int = queued}) == 0) queued++;
  while (sigtimedwait(&set, &info, &(struct timespec){0}) > 0) ordered &= info.si_value.sival_int == taken++;
  printf("queued %d, taken %d, in order %d\n", queued, taken, ordered);
  return 0;
}
