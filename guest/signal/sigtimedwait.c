// Sigtimedwait(2) and sigwaitinfo(2): take a pending signal with its siginfo and run no handler, lowest number first,
// thread-directed before process-directed; EAGAIN at the timeout, EINTR by a handler of another signal, errors.
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static volatile int calls;
static void handler(int sig) { calls += sig; }

static void take(const char *what, const sigset_t *set, const struct timespec *timeout) {
  siginfo_t info;
  memset(&info, 0, sizeof info);
  int sig = sigtimedwait(set, &info, timeout);
  if (sig < 0) {
    printf("%s: %s\n", what, strerrorname_np(errno));
  } else {
    printf("%s: %d signo=%d code=%d value=%d\n", what, sig, info.si_signo, info.si_code, info.si_code == SI_QUEUE ? info.si_int : 0);
  }
}

int main(void) {
  sigset_t set, old;
  sigemptyset(&set);
  sigaddset(&set, SIGUSR1);
  sigaddset(&set, SIGHUP);
  sigaddset(&set, 40);
  sigaddset(&set, 41);
  sigprocmask(SIG_BLOCK, &set, &old);
  signal(SIGUSR1, handler);
  signal(SIGALRM, handler);
  struct timespec none = {0, 0}, brief = {0, 2000000}, bad = {0, 1000000000}, negative = {-1, 0};

  take("nothing, no time", &set, &none);
  take("nothing, 2 ms", &set, &brief);
  sigqueue(getpid(), 41, (union sigval){.sival_int = 1});
  sigqueue(getpid(), 40, (union sigval){.sival_int = 2});
  sigqueue(getpid(), 40, (union sigval){.sival_int = 3});
  kill(getpid(), SIGUSR1);
  kill(getpid(), SIGHUP);
  syscall(SYS_tgkill, getpid(), getpid(), 41);
  for (int i = 0; i < 7; i++) take("pending", &set, &none);
  printf("handler calls: %d\n", calls);

  // Already pending wins over a bad pointer for the info only after the signal is gone.
  kill(getpid(), SIGUSR1);
  long r = syscall(SYS_rt_sigtimedwait, &set, (void *)1, &none, 8);
  printf("bad info: %ld %s\n", r, strerrorname_np(errno));
  take("it is gone", &set, &none);
  take("bad nanoseconds", &set, &bad);
  take("negative time", &set, &negative);
  r = syscall(SYS_rt_sigtimedwait, &set, NULL, &none, 4);
  printf("bad size: %s\n", strerrorname_np(errno));
  r = syscall(SYS_rt_sigtimedwait, (void *)1, NULL, &none, 8);
  printf("bad set: %s\n", strerrorname_np(errno));
  kill(getpid(), SIGHUP);
  printf("without info: %ld\n", syscall(SYS_rt_sigtimedwait, &set, NULL, NULL, 8));

  // A signal that is not in the set and has a handler ends the wait; one that is ignored does not.
  // Intervals, because a single shot might come before the wait begins.
  struct itimerval often = {{0, 2000}, {0, 2000}}, off = {{0, 0}, {0, 0}};
  setitimer(ITIMER_REAL, &often, NULL);
  take("alarm", &set, NULL);
  setitimer(ITIMER_REAL, &off, NULL);
  printf("handler called: %d\n", calls > 0);

  // A blocked signal from another process wakes the waiter; SIGKILL in the set is silently removed.
  fflush(stdout);
  pid_t child = fork();
  if (child == 0) {
    sigqueue(getppid(), 40, (union sigval){.sival_int = 77});
    _exit(0);
  }
  sigaddset(&set, SIGKILL);
  take("from child", &set, NULL);
  waitpid(child, NULL, 0);

  // An unblocked signal in the set is taken by the wait rather than by its handler.
  sigset_t alarm_only;
  sigemptyset(&alarm_only);
  sigaddset(&alarm_only, SIGALRM);
  setitimer(ITIMER_REAL, &often, NULL);
  take("unblocked in set", &alarm_only, NULL);
  setitimer(ITIMER_REAL, &off, NULL);
  return 0;
}
