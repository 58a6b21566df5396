// A write that blocks on a full pipe and is interrupted by a handler returns what it has moved so far, even with
// SA_RESTART; with nothing moved it is EINTR or restarted (pipe_write).
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

static volatile int calls, drain = -1;
static char buf[200000];
static void handler(int sig) {
  (void)sig;
  calls++;
  if (drain >= 0 && calls == 1 && read(drain, buf, 4096) != 4096) _exit(9);
}

/* An interval, because a single shot might come before the write begins. */
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
  for (int flags = 0; flags <= SA_RESTART; flags += SA_RESTART) {
    struct sigaction sa = {.sa_handler = handler, .sa_flags = flags};
    sigaction(SIGALRM, &sa, NULL);
    int fd[2];
    if (pipe(fd)) return 1;
    printf("flags %#x, capacity %d\n", flags, fcntl(fd[1], F_GETPIPE_SZ));
    drain = -1;
    arm();
    show("write 200000", write(fd[1], buf, 200000));
    // The handler makes room, so that a restarted write succeeds.
    if (flags) drain = fd[0];
    arm();
    show(flags ? "write, handler reads" : "write to full pipe", write(fd[1], buf, 100));
    close(fd[0]);
    close(fd[1]);
  }
  return 0;
}
