// Sigpending(2): thread-directed and process-directed signals that wait behind the mask both show; ignored ones are
// dropped at once; setting SIG_IGN, or SIG_DFL where that ignores, throws away what is pending (do_sigaction).
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static unsigned long pending(void) {
  unsigned long set = 0;
  syscall(SYS_rt_sigpending, &set, 8);
  return set;
}
static void handler(int sig) { printf("handler %d\n", sig); }

int main(void) {
  sigset_t all, none;
  sigfillset(&all);
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &all, NULL);
  printf("nothing: %#lx\n", pending());
  kill(getpid(), SIGUSR1);
  syscall(SYS_tgkill, getpid(), getpid(), SIGUSR2);
  kill(getpid(), 64);
  printf("three: %#lx\n", pending());

  // A blocked signal whose action ignores it is kept: the action may still change (sig_ignored looks at the mask).
  kill(getpid(), SIGCHLD);
  signal(SIGPIPE, SIG_IGN);
  kill(getpid(), SIGPIPE);
  printf("blocked ignored ones wait too: %#lx\n", pending());
  signal(SIGPIPE, SIG_IGN);
  printf("SIG_IGN again drops: %#lx\n", pending());
  signal(SIGUSR1, SIG_IGN);
  printf("SIG_IGN drops: %#lx\n", pending());
  signal(SIGCHLD, SIG_DFL);
  printf("SIG_DFL of SIGCHLD drops: %#lx\n", pending());
  signal(SIGUSR2, SIG_DFL);
  printf("SIG_DFL of SIGUSR2 keeps: %#lx\n", pending());

  // Unblocked and ignored: never pending.
  sigset_t some = all;
  sigdelset(&some, SIGUSR1);
  sigprocmask(SIG_SETMASK, &some, NULL);
  kill(getpid(), SIGUSR1);
  printf("ignored, not blocked: %#lx\n", pending());

  // A stop signal removes a pending SIGCONT, and the other way round, even when both are blocked.
  kill(getpid(), SIGTSTP);
  kill(getpid(), SIGTTIN);
  printf("stops: %#lx\n", pending());
  kill(getpid(), SIGCONT);
  printf("continue removes them: %#lx\n", pending());
  kill(getpid(), SIGTTOU);
  printf("stop removes it: %#lx\n", pending());
  kill(getpid(), SIGCONT);

  unsigned long small = 0;
  long r = syscall(SYS_rt_sigpending, &small, 4);
  printf("size 4: %ld %#lx\n", r, small);
  r = syscall(SYS_rt_sigpending, &small, 16);
  printf("size 16: %s\n", strerrorname_np(errno));
  r = syscall(SYS_rt_sigpending, (void *)1, 8);
  printf("bad pointer: %s\n", strerrorname_np(errno));

  signal(SIGUSR2, handler);
  signal(64, handler);
  fflush(stdout);
  sigprocmask(SIG_SETMASK, &none, NULL);
  printf("end: %#lx\n", pending());
  return 0;
}
