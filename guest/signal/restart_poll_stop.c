// Poll with a timeout that is stopped and continued keeps its original deadline and gives 0 at the end, not EINTR
// (ERESTART_RESTARTBLOCK, do_restart_poll); so does select.
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/select.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static long long now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1000000000ll + t.tv_nsec;
}

int main(void) {
  int fd[2];
  if (pipe(fd)) return 1;
  for (int which = 0; which < 2; which++) {
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
      long long start = now();
      struct pollfd p = {.fd = fd[0], .events = POLLIN};
      struct timeval tv = {0, 30000};
      long r = which ? select(0, NULL, NULL, NULL, &tv) : poll(&p, 1, 30);
      long long took = now() - start;
      printf("%s: %ld %s, time %s\n", which ? "select" : "poll", r, r < 0 ? strerrorname_np(errno) : "",
             took >= 29000000 && took < 2000000000 ? "right" : "wrong");
      fflush(stdout);
      _exit(0);
    }
    int status;
    usleep(5000);
    kill(child, SIGSTOP);
    waitpid(child, &status, WUNTRACED);
    kill(child, SIGCONT);
    waitpid(child, &status, 0);
  }
  return 0;
}
