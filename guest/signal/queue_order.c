// Signal(7): queued real-time signals arrive lowest number first and, within one number, in the order of sending, each
// with its value; standard signals sent several times while blocked arrive once, with the first sender's siginfo.
#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

static struct { int sig, code, value; } got[64];
static int count;

static void handler(int sig, siginfo_t *info, void *uc) {
  (void)uc;
  got[count].sig = sig;
  got[count].code = info->si_code;
  got[count++].value = info->si_int;
}

static void send(int sig, int value) { sigqueue(getpid(), sig, (union sigval){.sival_int = value}); }

static void flush(const char *what, const sigset_t *old) {
  sigprocmask(SIG_SETMASK, old, NULL);
  printf("%s:", what);
  for (int i = 0; i < count; i++) printf(" %d(%s %d)", got[i].sig, got[i].code == SI_QUEUE ? "queue" : "user", got[i].code == SI_QUEUE ? got[i].value : 0);
  printf("\n");
  count = 0;
}

int main(void) {
  sigset_t all, old;
  sigfillset(&all);
  // With everything blocked in the handler each one runs to its end before the next.
  struct sigaction sa = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO, .sa_mask = all};
  for (int sig = 34; sig <= 64; sig++) sigaction(sig, &sa, NULL);
  sigaction(SIGUSR1, &sa, NULL);
  sigaction(SIGUSR2, &sa, NULL);
  sigaction(SIGHUP, &sa, NULL);

  sigprocmask(SIG_BLOCK, &all, &old);
  send(50, 1), send(36, 2), send(64, 3), send(36, 4), send(50, 5), send(36, 6);
  flush("real-time", &old);

  sigprocmask(SIG_BLOCK, &all, NULL);
  send(SIGUSR2, 1), send(SIGUSR1, 2), send(SIGUSR2, 3), send(SIGUSR1, 4);
  kill(getpid(), SIGUSR1);
  flush("standard", &old);

  sigprocmask(SIG_BLOCK, &all, NULL);
  kill(getpid(), SIGUSR1);
  send(SIGUSR1, 9);
  kill(getpid(), 40);
  kill(getpid(), 40);
  send(40, 7);
  flush("first siginfo wins; kill of real-time queues", &old);

  // One sent to the thread and one to the process are two, even for a standard signal.
  sigprocmask(SIG_BLOCK, &all, NULL);
  send(SIGUSR1, 1);
  raise(SIGUSR1);
  raise(SIGUSR1);
  flush("thread and process", &old);

  sigprocmask(SIG_BLOCK, &all, NULL);
  send(34, 1), send(SIGHUP, 2), send(64, 3), send(SIGUSR2, 4), send(35, 5);
  flush("mixed", &old);
  return 0;
}
