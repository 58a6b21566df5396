// RLIMIT_SIGPENDING (getrlimit(2)): sigqueue beyond it fails with EAGAIN; kill still works, a real-time signal then
// arrives without its siginfo (si_code SI_USER, pid 0: __send_signal_locked without a sigqueue, collect_signal).
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

static int count, last_code, last_pid_known;
static void handler(int sig, siginfo_t *info, void *uc) {
  (void)sig, (void)uc;
  count++;
  last_code = info->si_code;
  last_pid_known = info->si_pid == getpid();
}

static void show(const char *what, long r, const sigset_t *old) {
  int e = errno;
  sigprocmask(SIG_SETMASK, old, NULL);
  printf("%s: %s; delivered %d", what, r ? strerrorname_np(e) : "ok", count);
  if (count) printf(" code=%d pid=%s", last_code, last_pid_known ? "self" : "0");
  printf("\n");
  count = 0;
}

int main(void) {
  struct sigaction sa = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO};
  sigset_t set, old;
  sigemptyset(&set);
  sigaddset(&set, 40);
  sigaddset(&set, SIGUSR1);
  sigaction(40, &sa, NULL);
  sigaction(SIGUSR1, &sa, NULL);

  // The limit counts the user's signals in all processes, so only 0 gives the same answer on a busy host.
  struct rlimit before, zero;
  getrlimit(RLIMIT_SIGPENDING, &before);
  zero = before;
  zero.rlim_cur = 0;
  setrlimit(RLIMIT_SIGPENDING, &zero);
  union sigval v = {.sival_int = 1};

  sigprocmask(SIG_BLOCK, &set, &old);
  show("sigqueue 40", sigqueue(getpid(), 40, v), &old);
  sigprocmask(SIG_BLOCK, &set, &old);
  show("kill 40", kill(getpid(), 40), &old);
  sigprocmask(SIG_BLOCK, &set, &old);
  kill(getpid(), 40);
  show("kill 40 twice", kill(getpid(), 40), &old);
  // Standard signals get a queue entry over the limit when the sender is the kernel or kill(2).
  sigprocmask(SIG_BLOCK, &set, &old);
  show("kill USR1", kill(getpid(), SIGUSR1), &old);
  sigprocmask(SIG_BLOCK, &set, &old);
  show("sigqueue USR1", sigqueue(getpid(), SIGUSR1, v), &old);
  sigprocmask(SIG_BLOCK, &set, &old);
  show("tgkill USR1", syscall(SYS_tgkill, getpid(), getpid(), SIGUSR1), &old);
  sigprocmask(SIG_BLOCK, &set, &old);
  show("tgkill 40", syscall(SYS_tgkill, getpid(), getpid(), 40), &old);
  setrlimit(RLIMIT_SIGPENDING, &before);
  sigprocmask(SIG_BLOCK, &set, &old);
  show("limit back, sigqueue 40", sigqueue(getpid(), 40, v), &old);

  sigprocmask(SIG_BLOCK, &set, &old);
  for (int i = 0; i < 1000; i++) sigqueue(getpid(), 40, v);
  show("a thousand", 0, &old);
  return 0;
}
