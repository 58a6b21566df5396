// The program of README's example: two signals come while they are blocked; says which handlers ran, in which order.
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

static void handler(int signo) {
  char text[32];
  int length = snprintf(text, sizeof text, "handled %d\n", signo);
  if (write(1, text, (size_t)length) != length) _exit(1);
}

int main(void) {
  struct sigaction action = {.sa_handler = handler};
  sigset_t all, none;
  sigfillset(&all);
  sigemptyset(&none);
  action.sa_mask = all;
  sigaction(SIGUSR1, &action, NULL);
  sigaction(SIGUSR2, &action, NULL);
  sigprocmask(SIG_BLOCK, &all, NULL);
  kill(getpid(), SIGUSR2);
  kill(getpid(), SIGUSR1);
  sigprocmask(SIG_SETMASK, &none, NULL);
  return 0;
}
