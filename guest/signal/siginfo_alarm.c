// A signal from a timer comes from the kernel: si_code is SI_KERNEL and si_pid and si_uid are 0 (it_real_fn sends
// SEND_SIG_PRIV). For alarm(2), setitimer(2) ITIMER_REAL, ITIMER_VIRTUAL and ITIMER_PROF.
#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <sys/time.h>
#include <unistd.h>

static volatile siginfo_t got;
static volatile sig_atomic_t calls;

static void handler(int sig, siginfo_t *info, void *uc) {
  (void)sig, (void)uc;
  *(siginfo_t *)&got = *info;
  calls++;
}

static void show(const char *how) {
  printf("%s: calls=%d signo=%d code=%#x pid=%d uid=%d\n", how, calls, got.si_signo, got.si_code, got.si_pid, got.si_uid);
  calls = 0;
}

int main(void) {
  struct sigaction sa = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO};
  sigaction(SIGALRM, &sa, NULL);
  sigaction(SIGVTALRM, &sa, NULL);
  sigaction(SIGPROF, &sa, NULL);
  struct itimerval soon = {.it_value = {0, 3000}};
  sigset_t block, old;
  sigemptyset(&block);
  sigaddset(&block, SIGALRM);
  sigprocmask(SIG_BLOCK, &block, &old);
  setitimer(ITIMER_REAL, &soon, NULL);
  sigsuspend(&old);
  show("ITIMER_REAL");
  sigprocmask(SIG_SETMASK, &old, NULL);
  setitimer(ITIMER_VIRTUAL, &soon, NULL);
  while (!calls) ;
  show("ITIMER_VIRTUAL");
  setitimer(ITIMER_PROF, &soon, NULL);
  while (!calls) ;
  show("ITIMER_PROF");
  return 0;
}
