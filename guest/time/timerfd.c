// Timers as files (timerfd_create(2)): counts, intervals, poll, O_NONBLOCK, absolute times, a blocking read, errors.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

enum { MS = 1000000 };
static const char *result(long r) {
  static char text[32];
  if (r == -1) return strerrorname_np(errno);
  sprintf(text, "%ld", r);
  return text;
}
static int set(int fd, int flags, long ns, long interval) {
  struct itimerspec s = {{interval / 1000000000, interval % 1000000000}, {ns / 1000000000, ns % 1000000000}};
  return timerfd_settime(fd, flags, &s, 0);
}
static void spend(long ns) {
  struct timespec a, b;
  clock_gettime(CLOCK_MONOTONIC, &a);
  do clock_gettime(CLOCK_MONOTONIC, &b);
  while ((b.tv_sec - a.tv_sec) * 1000000000 + b.tv_nsec - a.tv_nsec < ns);
}
static void handler(int sig) { (void)sig; }

int main(void) {
  int fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
  printf("flags %x cloexec %d\n", fcntl(fd, F_GETFL), fcntl(fd, F_GETFD));
  char path[64], link[64] = "";
  sprintf(path, "/proc/self/fd/%d", fd);
  printf("%d %s\n", readlink(path, link, 63) > 0, link);
  uint64_t n = 77;
  printf("not armed: %s\n", result(read(fd, &n, 8)));
  struct pollfd p = {fd, POLLIN | POLLOUT, 0};
  printf("poll %d %x\n", poll(&p, 1, 0), p.revents);
  printf("set %s\n", result(set(fd, 0, MS, 0)));
  printf("poll %d", poll(&p, 1, -1));
  printf(" %x\n", p.revents);
  printf("short %s\n", result(read(fd, &n, 7)));
  printf("read %s", result(read(fd, &n, 8)));
  printf(" %lu", n);
  printf(", again %s\n", result(read(fd, &n, 8)));
  // Many expirations are one count.
  set(fd, 0, MS, MS);
  spend(10 * MS);
  struct itimerspec s;
  printf("gettime %s", result(timerfd_gettime(fd, &s)));
  printf(" interval %ld, left within it %d\n", s.it_interval.tv_nsec, s.it_value.tv_nsec >= 0 && s.it_value.tv_nsec <= MS);
  printf("read %s", result(read(fd, &n, 8)));
  printf(", many %d\n", n >= 9 && n < 20000);
  while (poll(&p, 1, -1) != 1);
  printf("goes on %s", result(read(fd, &n, 8)));
  printf(" %d\n", n >= 1);
  // Setting it forgets what was counted.
  spend(3 * MS);
  set(fd, 0, 5000000000L, 0);
  printf("forgotten %s\n", result(read(fd, &n, 8)));
  struct itimerspec zero = {0}, old;
  printf("disarm %s", result(timerfd_settime(fd, 0, &zero, &old)));
  printf(" old %d\n", old.it_value.tv_sec == 4);
  // A time that has passed, once and in intervals.
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  s = (struct itimerspec){{0, 0}, now};
  timerfd_settime(fd, TFD_TIMER_ABSTIME, &s, 0);
  printf("passed: poll %d", poll(&p, 1, -1));
  printf(" read %s", result(read(fd, &n, 8)));
  printf(" %lu\n", n);
  // A blocking read; a signal interrupts it, and with SA_RESTART it goes on.
  fcntl(fd, F_SETFL, 0);
  set(fd, 0, 2 * MS, 0);
  printf("blocking %s", result(read(fd, &n, 8)));
  printf(" %lu\n", n);
  signal(SIGALRM, handler);
  ualarm(1000, 1000);
  set(fd, 0, 20 * MS, 0);
  printf("restarted %s", result(read(fd, &n, 8)));
  printf(" %lu\n", n);
  struct sigaction sa = {.sa_handler = handler};
  sigaction(SIGALRM, &sa, 0);
  set(fd, 0, 5000000000L, 0);
  printf("interrupted %s\n", result(read(fd, &n, 8)));
  ualarm(0, 0);
  printf("write %s", result(write(fd, &n, 8)));
  printf(", seek %s\n", result(lseek(fd, 0, SEEK_SET)));
  // Errors.
  printf("bad clock %s", result(timerfd_create(CLOCK_PROCESS_CPUTIME_ID, 0)));
  printf(", bad flags %s", result(timerfd_create(CLOCK_MONOTONIC, 1)));
  printf(", bad time %s", result(set(fd, 0, -1, 0)));
  printf(", bad set flags %s", result(set(fd, 16, 1, 0)));
  printf(", no timer %s", result(set(0, 0, 1, 0)));
  printf(", no file %s", result(set(99, 0, 1, 0)));
  printf(", bad pointer %s\n", result(timerfd_gettime(fd, (void *)8)));
  return 0;
}
