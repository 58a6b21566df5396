// A fault's signal is dequeued before all others, in the order of the queue (dequeue_synchronous_signal); what makes it a
// fault is a si_code above SI_USER, which a process may give to itself with rt_tgsigqueueinfo. Then come the rest of
// SIGSEGV, SIGBUS, SIGILL, SIGTRAP, SIGFPE and SIGSYS by number, then the others by number (next_signal).
#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static int order[16], codes[16], count;
static void handler(int sig, siginfo_t *info, void *uc) {
  (void)uc;
  codes[count] = info->si_code;
  order[count++] = sig;
}

static void forge(int sig, int code) {
  siginfo_t info;
  memset(&info, 0, sizeof info);
  info.si_code = code;
  syscall(SYS_rt_tgsigqueueinfo, getpid(), getpid(), sig, &info);
}

int main(void) {
  struct sigaction sa = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO};
  sigfillset(&sa.sa_mask);
  int sigs[] = {SIGHUP, SIGINT, SIGILL, SIGTRAP, SIGBUS, SIGFPE, SIGSEGV, SIGSYS, SIGUSR1, SIGTERM};
  for (unsigned i = 0; i < sizeof sigs / sizeof *sigs; i++) sigaction(sigs[i], &sa, NULL);
  sigset_t all, old;
  sigfillset(&all);

  for (int round = 0; round < 3; round++) {
    sigprocmask(SIG_BLOCK, &all, &old);
    raise(SIGHUP);
    raise(SIGTERM);
    if (round == 0) forge(SIGSEGV, SEGV_MAPERR);
    if (round == 1) forge(SIGSYS, 1), forge(SIGFPE, FPE_INTDIV), forge(SIGSEGV, SI_USER), forge(SIGILL, SI_QUEUE);
    // The oldest synchronous entry of the queue wins, not the one with the lowest number.
    if (round == 2) forge(SIGSEGV, SEGV_ACCERR), forge(SIGBUS, BUS_ADRERR), forge(SIGTRAP, SI_KERNEL);
    sigprocmask(SIG_SETMASK, &old, NULL);
    printf("round %d:", round);
    for (int i = 0; i < count; i++) printf(" %d(%d)", order[i], codes[i]);
    printf("\n");
    count = 0;
  }
  return 0;
}
