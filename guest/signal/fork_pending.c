// What fork(2) gives a child of its parent's signals: the mask, the actions and the alternate stack, but neither pending signals, of the
// thread or the process, nor timers; and what pends for the parent stays there.
#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void show(const char *who) {
  sigset_t set;
  stack_t stack;
  struct itimerval timer;
  struct sigaction action;
  printf("%s: pending", who);
  sigpending(&set);
  for (int i = 1; i <= 64; i++)
    if (sigismember(&set, i) == 1) printf(" %d", i);
  sigprocmask(SIG_BLOCK, NULL, &set);
  printf("; blocked");
  for (int i = 1; i <= 64; i++)
    if (sigismember(&set, i) == 1) printf(" %d", i);
  sigaltstack(NULL, &stack);
  getitimer(ITIMER_REAL, &timer);
  sigaction(SIGHUP, NULL, &action);
  printf("; stack of %zu, flags %d; timer %d; alarm left %d; SIGHUP ignored %d\n", stack.ss_size, stack.ss_flags, timer.it_value.tv_sec > 0,
         alarm(0) > 0, action.sa_handler == SIG_IGN);
  fflush(stdout);
}

int main(void) {
  static char memory[16384];
  stack_t stack = {.ss_sp = memory, .ss_size = sizeof memory};
  sigset_t set;
  siginfo_t info;
  sigaltstack(&stack, NULL);
  signal(SIGHUP, SIG_IGN);
  sigemptyset(&set), sigaddset(&set, SIGUSR1), sigaddset(&set, SIGUSR2), sigaddset(&set, SIGRTMIN);
  sigprocmask(SIG_BLOCK, &set, NULL);
  raise(SIGUSR1);
  kill(getpid(), SIGUSR2);
  for (int i = 0; i < 3; i++) sigqueue(getpid(), SIGRTMIN, (union sigval){i});
  alarm(1000);
  if (fork() == 0) {
    show("child");
    kill(getppid(), SIGUSR1);
    printf("nothing to take: %d\n", sigtimedwait(&set, &info, &(struct timespec){0}));
    return 0;
  }
  wait(NULL);
  /* A process without a copy of the memory has no alternate stack either, but for vfork(2). */
  if (vfork() == 0) {
    sigaltstack(NULL, &stack);
    _exit(stack.ss_flags);
  }
  int status;
  wait(&status);
  printf("in vfork's child: flags %d\n", WEXITSTATUS(status));
  show("parent");
  int signo;
  while ((signo = sigtimedwait(&set, &info, &(struct timespec){0})) > 0) printf("took %d, code %d, value %d\n", signo, info.si_code, signo >= SIGRTMIN ? info.si_value.sival_int : 0);
  return 0;
}
