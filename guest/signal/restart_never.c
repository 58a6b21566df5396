// Signal(7): pause, sigsuspend, poll, ppoll, select, pselect6, sigtimedwait and nanosleep fail with EINTR after a
// handler even if it was installed with SA_RESTART.
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/select.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static volatile int calls;
static void handler(int sig) {
  (void)sig;
  calls++;
}

/* An interval, because a single shot might come before the call begins. */
static void arm(void) {
  struct itimerval often = {{0, 3000}, {0, 3000}};
  setitimer(ITIMER_REAL, &often, NULL);
}

static void show(const char *what, long r) {
  int e = errno;
  struct itimerval off = {0};
  setitimer(ITIMER_REAL, &off, NULL);
  printf("%s: %ld %s, called %d\n", what, r, r < 0 ? strerrorname_np(e) : "", calls > 0);
  calls = 0;
}

int main(void) {
  struct sigaction sa = {.sa_handler = handler, .sa_flags = SA_RESTART};
  sigaction(SIGALRM, &sa, NULL);
  int fd[2];
  if (pipe(fd)) return 1;
  struct pollfd p = {.fd = fd[0], .events = POLLIN};
  sigset_t none, usr1;
  sigemptyset(&none);
  sigemptyset(&usr1);
  sigaddset(&usr1, SIGUSR1);
  struct timespec five = {5, 0};
  struct timeval five_tv = {5, 0};
  fd_set in;

  arm();
  show("pause", pause());
  arm();
  show("sigsuspend", sigsuspend(&none));
  arm();
  show("poll", poll(&p, 1, -1));
  arm();
  show("poll with time", poll(&p, 1, 5000));
  arm();
  show("ppoll", ppoll(&p, 1, NULL, &none));
  arm();
  FD_ZERO(&in);
  FD_SET(fd[0], &in);
  show("select", select(fd[0] + 1, &in, NULL, NULL, NULL));
  printf("set untouched: %d\n", FD_ISSET(fd[0], &in));
  arm();
  show("select with time", select(fd[0] + 1, &in, NULL, NULL, &five_tv));
  arm();
  show("pselect", pselect(fd[0] + 1, &in, NULL, NULL, &five, &none));
  arm();
  show("sigtimedwait", sigtimedwait(&usr1, NULL, &five));
  arm();
  show("nanosleep", nanosleep(&five, NULL));
  return 0;
}
