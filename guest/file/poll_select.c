// Poll(2), ppoll, select(2), pselect on pipes and files: readiness bits, POLLHUP, POLLERR, POLLNVAL, timeouts, negative
// descriptors, mask swap of ppoll, wake-up by another process.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void show(const char *what, long r, const struct pollfd *p, int n) {
  int e = errno;
  printf("%s: %ld%s", what, r, r < 0 ? " " : "");
  if (r < 0) printf("%s", strerrorname_np(e));
  for (int i = 0; i < n; i++) printf(" %#x", p[i].revents);
  printf("\n");
}
static volatile int calls;
static void handler(int sig) { calls += sig; }

int main(void) {
  int a[2], b[2];
  if (pipe(a) || pipe2(b, O_NONBLOCK)) return 1;
  short all = POLLIN | POLLOUT | POLLPRI | POLLRDNORM | POLLWRNORM;
  struct pollfd p[4] = {{a[0], all, 77}, {a[1], all, 77}, {-5, all, 77}, {99, all, 77}};
  show("empty pipe", poll(p, 4, 0), p, 4);
  if (write(a[1], "x", 1) != 1) return 1;
  show("one byte", poll(p, 2, -1), p, 2);
  static char big[100000];
  if (write(b[1], big, sizeof big) < 0) return 1;
  struct pollfd full[2] = {{b[0], POLLIN, 0}, {b[1], POLLOUT, 0}};
  show("full pipe", poll(full, 2, 0), full, 2);
  if (read(b[0], big, 4095) != 4095) return 1;
  show("not quite a page free", poll(full + 1, 1, 0), full + 1, 1);
  if (read(b[0], big, 1) != 1) return 1;
  show("a page free", poll(full + 1, 1, 0), full + 1, 1);
  close(b[0]);
  show("no reader", poll(full + 1, 1, 0), full + 1, 1);
  close(a[1]);
  show("no writer, byte left", poll(p, 1, 0), p, 1);
  char c;
  if (read(a[0], &c, 1) != 1) return 1;
  show("no writer", poll(p, 1, -1), p, 1);
  p[0].events = 0;
  show("nothing asked for", poll(p, 1, 0), p, 1);
  struct pollfd file = {open("/dev/null", O_RDWR), all, 0};
  show("/dev/null", poll(&file, 1, 0), &file, 1);
  show("none", poll(NULL, 0, 1), NULL, 0);
  struct rlimit l;
  getrlimit(RLIMIT_NOFILE, &l);
  show("too many", poll(p, l.rlim_cur + 1, 0), NULL, 0);

  struct timespec before, after;
  if (pipe(a)) return 1;
  p[0] = (struct pollfd){a[0], POLLIN, 0};
  clock_gettime(CLOCK_MONOTONIC, &before);
  show("timeout", poll(p, 1, 20), p, 1);
  clock_gettime(CLOCK_MONOTONIC, &after);
  long ms = (after.tv_sec - before.tv_sec) * 1000 + (after.tv_nsec - before.tv_nsec) / 1000000;
  printf("took at least 20 ms: %d\n", ms >= 19);
  fflush(stdout);
  pid_t child = fork();
  if (child == 0) {
    usleep(2000);
    if (write(a[1], "y", 1) != 1) _exit(1);
    _exit(0);
  }
  show("woken by the child", poll(p, 1, 10000), p, 1);
  waitpid(child, NULL, 0);

  // ppoll lets a blocked signal in for the time of the wait, atomically.
  signal(SIGUSR1, handler);
  sigset_t block, old, open_set;
  sigemptyset(&open_set);
  sigemptyset(&block);
  sigaddset(&block, SIGUSR1);
  sigprocmask(SIG_BLOCK, &block, &old);
  raise(SIGUSR1);
  if (read(a[0], &c, 1) != 1) return 1;
  show("ppoll, blocked", ppoll(p, 1, &(struct timespec){0, 1000000}, NULL), p, 1);
  show("ppoll, let in", ppoll(p, 1, NULL, &open_set), p, 1);
  printf("calls %d\n", calls);
  if (write(a[1], "z", 1) != 1) return 1;
  raise(SIGUSR1);
  // Something ready wins: the signal is left pending under the old mask.
  show("ppoll, ready", ppoll(p, 1, NULL, &open_set), p, 1);
  printf("calls %d\n", calls);
  show("ppoll bad time", ppoll(p, 1, &(struct timespec){0, -1}, NULL), NULL, 0);
  sigprocmask(SIG_SETMASK, &old, NULL);
  printf("calls %d\n", calls);

  fd_set in, out;
  FD_ZERO(&in);
  FD_ZERO(&out);
  FD_SET(a[0], &in);
  FD_SET(a[1], &in);
  FD_SET(a[1], &out);
  int r = select(a[1] + 1, &in, &out, NULL, NULL);
  printf("select: %d, in %d %d out %d\n", r, FD_ISSET(a[0], &in), FD_ISSET(a[1], &in), FD_ISSET(a[1], &out));
  if (read(a[0], &c, 1) != 1) return 1;
  struct timeval tv = {0, 5000};
  FD_ZERO(&in);
  FD_SET(a[0], &in);
  r = select(a[0] + 1, &in, NULL, NULL, &tv);
  printf("select timeout: %d, set cleared %d, time left %ld.%06ld\n", r, !FD_ISSET(a[0], &in), (long)tv.tv_sec, (long)tv.tv_usec);
  FD_ZERO(&in);
  FD_SET(60, &in);
  r = select(61, &in, NULL, NULL, NULL);
  printf("select of closed: %d %s\n", r, strerrorname_np(errno));
  r = select(-1, NULL, NULL, NULL, NULL);
  printf("select -1: %d %s\n", r, strerrorname_np(errno));
  tv = (struct timeval){-1, 0};
  r = select(0, NULL, NULL, NULL, &tv);
  printf("select negative time: %d %s\n", r, strerrorname_np(errno));
  tv = (struct timeval){0, 1000};
  r = select(0, NULL, NULL, NULL, &tv);
  printf("select as sleep: %d\n", r);
  return 0;
}
