// Two processes send each other queued real-time signals 200 times, each with a counter, and wait with sigsuspend: no
// signal is lost and none comes twice.
#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static volatile int got, value, from;
static void handler(int sig, siginfo_t *info, void *uc) {
  (void)sig, (void)uc;
  got++;
  value = info->si_int;
  from = info->si_pid;
}

int main(void) {
  struct sigaction sa = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO};
  sigaction(40, &sa, NULL);
  sigset_t block, none;
  sigemptyset(&none);
  sigemptyset(&block);
  sigaddset(&block, 40);
  sigprocmask(SIG_BLOCK, &block, NULL);
  pid_t parent = getpid(), child = fork();
  pid_t other = child ? child : parent;
  int sum = 0;
  if (child) sigqueue(other, 40, (union sigval){.sival_int = 0});
  for (int i = 0; i < 100; i++) {
    while (!got) sigsuspend(&none);
    if (got != 1 || from != other) _exit(2);
    got = 0;
    sum += value;
    if (i < 99 || !child) sigqueue(other, 40, (union sigval){.sival_int = value + 1});
  }
  if (!child) _exit(sum == 9900 ? 0 : 3);
  int status;
  waitpid(child, &status, 0);
  printf("sum %d, child %d\n", sum, WEXITSTATUS(status));
  return 0;
}
