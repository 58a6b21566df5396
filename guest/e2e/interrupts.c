// Says when it is ready, then counts the signals it gets. SIGTERM ends it; with "stubborn" it computes and never ends.
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static volatile sig_atomic_t done;

static void handler(int signo) {
  char text[32];
  int length = snprintf(text, sizeof text, "signal %d\n", signo);
  if (write(1, text, (size_t)length) != length) _exit(1);
  if (signo == SIGTERM) done = 1;
}

int main(int argc, char **argv) {
  struct sigaction action = {.sa_handler = handler};
  sigset_t all, old;
  for (int signo = 1; signo < 32; signo++) sigaction(signo, &action, NULL);
  sigfillset(&all);
  sigprocmask(SIG_BLOCK, &all, &old);
  if (write(1, "ready\n", 6) != 6) return 1;
  if (argc > 1 && strcmp(argv[1], "stubborn") == 0) {
    sigprocmask(SIG_SETMASK, &old, NULL);
    for (;;) {}
  }
  while (!done) sigsuspend(&old);
  return 7;
}
