// A handler may fork, call _exit, change its own action, mask or send itself signals; errno is an ordinary variable it
// must keep; a child forked in a handler returns through the copied frame.
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

static pid_t forked = -1;
static void forks(int sig) {
  (void)sig;
  forked = fork();
}
static void exits(int sig) { _exit(sig + 100); }
static void one_shot(int sig) {
  signal(sig, SIG_IGN);
  raise(sig);  // Blocked now, dropped on the way out because it is ignored.
}
static void keeps_blocked(int sig, siginfo_t *info, void *context) {
  (void)info;
  sigaddset(&((ucontext_t *)context)->uc_sigmask, sig);
}
static void changes_mask(int sig, siginfo_t *info, void *context) {
  (void)info, (void)context, (void)sig;
  sigset_t all;
  sigfillset(&all);
  sigprocmask(SIG_BLOCK, &all, NULL);  // Undone by the return, the frame has the old mask.
}

static int count_blocked(void) {
  sigset_t set;
  int n = 0;
  sigprocmask(SIG_BLOCK, NULL, &set);
  for (int sig = 1; sig <= 64; sig++) n += sigismember(&set, sig) == 1;
  return n;
}

int main(void) {
  int status;
  signal(SIGUSR1, forks);
  fflush(stdout);
  raise(SIGUSR1);
  if (forked == 0) _exit(count_blocked() == 0 ? 17 : 18);
  waitpid(forked, &status, 0);
  printf("child of a handler: exit %d\n", WEXITSTATUS(status));
  fflush(stdout);
  pid_t child = fork();
  if (child == 0) {
    signal(SIGUSR2, exits);
    raise(SIGUSR2);
    _exit(0);
  }
  waitpid(child, &status, 0);
  printf("exit in handler: %d\n", WEXITSTATUS(status));
  signal(SIGUSR1, one_shot);
  raise(SIGUSR1);
  raise(SIGUSR1);
  printf("one shot survived\n");
  struct sigaction sa = {.sa_sigaction = changes_mask, .sa_flags = SA_SIGINFO};
  sigaction(SIGHUP, &sa, NULL);
  raise(SIGHUP);
  printf("blocked after mask change inside: %d\n", count_blocked());
  sa.sa_sigaction = keeps_blocked;
  sigaction(SIGHUP, &sa, NULL);
  raise(SIGHUP);
  printf("blocked through the frame: %d\n", count_blocked());
  return 0;
}
