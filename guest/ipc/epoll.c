// Sets of events (epoll(7)): level, edge, one-shot, exclusive, nested sets, closing, order, timeouts, masks, errors.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static const char *result(long r) {
  static char text[32];
  if (r == -1) return strerrorname_np(errno);
  sprintf(text, "%ld", r);
  return text;
}
static int ep;
static int ctl(int op, int fd, uint32_t events, uint64_t data) {
  struct epoll_event e = {.events = events, .data.u64 = data};
  return epoll_ctl(ep, op, fd, &e);
}
static void show(const char *what, int max, int timeout) {
  struct epoll_event e[8];
  int n = epoll_wait(ep, e, max, timeout);
  printf("%s: %s", what, result(n));
  for (int i = 0; i < n; i++) printf(" %lu:%x", (long)e[i].data.u64, e[i].events);
  printf("\n");
}
static void put(int fd, int n) {
  char bytes[64] = "";
  if (write(fd, bytes, n) != n) perror("write");
}
static void get(int fd, int n) {
  char bytes[64];
  if (read(fd, bytes, n) != n) perror("read");
}
static void handler(int sig) { (void)sig; }

int main(void) {
  setvbuf(stdout, 0, _IONBF, 0);
  int a[2], b[2], c[2];
  if (pipe(a) || pipe(b) || pipe(c)) return 1;
  ep = epoll_create1(EPOLL_CLOEXEC);
  printf("cloexec %d, ", fcntl(ep, F_GETFD));
  printf("old call %d\n", close(epoll_create(1)));
  show("empty", 8, 0);
  // Level-triggered: as long as it is so, and in turn.
  ctl(EPOLL_CTL_ADD, a[0], EPOLLIN, 1);
  ctl(EPOLL_CTL_ADD, b[0], EPOLLIN, 2);
  ctl(EPOLL_CTL_ADD, c[1], EPOLLOUT, 3);
  show("writable", 8, 0);
  put(b[1], 1);
  put(a[1], 2);
  show("three", 8, 0);
  show("one of three", 1, 0);
  show("next", 1, 0);
  show("next", 1, 0);
  show("next", 1, 0);
  get(b[0], 1);
  show("two", 8, 0);
  ctl(EPOLL_CTL_DEL, c[1], 0, 0);
  show("one", 8, 0);
  get(a[0], 2);
  show("none", 8, 0);
  // Edge-triggered: once for every write, not for what is still there.
  ctl(EPOLL_CTL_MOD, a[0], EPOLLIN | EPOLLET, 11);
  put(a[1], 2);
  show("edge", 8, 0);
  show("no edge", 8, 0);
  put(a[1], 1);
  show("another edge", 8, 0);
  get(a[0], 1);
  show("reading is none", 8, 0);
  ctl(EPOLL_CTL_MOD, a[0], EPOLLIN | EPOLLET, 12);
  show("modified looks again", 8, 0);
  get(a[0], 2);
  // One-shot: silent until it is set again, even then at once if it is ready.
  ctl(EPOLL_CTL_MOD, a[0], EPOLLIN | EPOLLONESHOT, 13);
  put(a[1], 1);
  show("shot", 8, 0);
  put(a[1], 1);
  show("spent", 8, 0);
  ctl(EPOLL_CTL_MOD, a[0], EPOLLIN | EPOLLONESHOT, 14);
  show("armed again", 8, 0);
  get(a[0], 2);
  // Hang-up and error come without being asked for.
  ctl(EPOLL_CTL_MOD, b[0], 0, 21);
  close(b[1]);
  show("hang-up", 8, 0);
  close(b[0]);
  show("closed", 8, 0);
  // A duplicate keeps the entry alive after the descriptor was closed.
  ctl(EPOLL_CTL_ADD, c[0], EPOLLIN, 31);
  int d = dup(c[0]);
  close(c[0]);
  put(c[1], 1);
  show("alive by a duplicate", 8, 0);
  printf("the old number: %s", result(ctl(EPOLL_CTL_DEL, c[0], 0, 0)));
  printf(", the new: %s\n", result(ctl(EPOLL_CTL_DEL, d, 0, 0)));
  close(d);
  show("gone with the last", 8, 0);
  // The same file under two descriptors is two entries.
  int e1 = eventfd(0, EFD_NONBLOCK), e2 = dup(e1);
  ctl(EPOLL_CTL_ADD, e1, EPOLLIN, 41);
  ctl(EPOLL_CTL_ADD, e2, EPOLLIN, 42);
  uint64_t one = 1;
  if (write(e1, &one, 8) != 8) return 1;
  show("twice", 8, 0);
  if (read(e1, &one, 8) != 8) return 1;
  show("neither", 8, 0);
  // Sets in sets.
  int outer = epoll_create1(0), inner = ep;
  ep = outer;
  printf("nest %s\n", result(ctl(EPOLL_CTL_ADD, inner, EPOLLIN, 51)));
  show("nested, nothing", 8, 0);
  if (write(e1, &one, 8) != 8) return 1;
  show("nested", 8, 0);
  ep = inner;
  show("inner", 8, 0);
  printf("circle %s", result(ctl(EPOLL_CTL_ADD, outer, EPOLLIN, 52)));
  printf(", itself %s\n", result(ctl(EPOLL_CTL_ADD, inner, EPOLLIN, 53)));
  int chain[6];
  for (int i = 0; i < 6; i++) {
    chain[i] = epoll_create1(0);
    if (i == 0) continue;
    ep = chain[i];
    printf("depth %d: %s\n", i, result(ctl(EPOLL_CTL_ADD, chain[i - 1], EPOLLIN, 0)));
  }
  ep = inner;
  // Waiting.
  if (read(e1, &one, 8) != 8) return 1;
  if (fork() == 0) {
    struct timespec t = {0, 2000000};
    nanosleep(&t, 0);
    if (write(e1, &one, 8) != 8) _exit(1);
    _exit(0);
  }
  show("woken", 8, -1);
  wait(0);
  if (read(e1, &one, 8) != 8) return 1;
  struct timespec before, after;
  clock_gettime(CLOCK_MONOTONIC, &before);
  show("timeout", 8, 5);
  clock_gettime(CLOCK_MONOTONIC, &after);
  printf("waited %d\n", (after.tv_sec - before.tv_sec) * 1000000000 + after.tv_nsec - before.tv_nsec >= 5000000);
  struct sigaction sa = {.sa_handler = handler, .sa_flags = SA_RESTART};
  sigaction(SIGALRM, &sa, 0);
  ualarm(2000, 2000);
  show("interrupted", 8, -1);
  sigset_t block, none;
  sigemptyset(&none);
  sigemptyset(&block);
  sigaddset(&block, SIGALRM);
  sigprocmask(SIG_BLOCK, &block, 0);
  struct epoll_event e[2];
  printf("pwait %s\n", result(epoll_pwait(ep, e, 2, -1, &none)));
  ualarm(0, 0);
  struct timespec short_time = {0, 1000};
  printf("pwait2 %s\n", result(epoll_pwait2(ep, e, 2, &short_time, &block)));
  // Errors.
  int file = open("/proc/self/exe", O_RDONLY);
  printf("regular file %s", result(ctl(EPOLL_CTL_ADD, file, EPOLLIN, 0)));
  printf(", twice %s", result(ctl(EPOLL_CTL_ADD, e1, EPOLLIN, 0)));
  printf(", not there %s", result(ctl(EPOLL_CTL_MOD, a[1], EPOLLIN, 0)));
  printf(", nor to delete %s", result(ctl(EPOLL_CTL_DEL, a[1], EPOLLIN, 0)));
  printf(", bad operation %s", result(ctl(9, a[1], EPOLLIN, 0)));
  printf(", bad descriptor %s", result(ctl(EPOLL_CTL_ADD, 99, EPOLLIN, 0)));
  printf(", bad pointer %s\n", result(epoll_ctl(ep, EPOLL_CTL_ADD, a[1], (void *)8)));
  printf("exclusive: %s", result(ctl(EPOLL_CTL_ADD, a[1], EPOLLOUT | EPOLLEXCLUSIVE, 0)));
  printf(", modified %s", result(ctl(EPOLL_CTL_MOD, a[1], EPOLLOUT, 0)));
  printf(", with one-shot %s\n", result(ctl(EPOLL_CTL_ADD, c[1], EPOLLOUT | EPOLLEXCLUSIVE | EPOLLONESHOT, 0)));
  printf("no room %s", result(epoll_wait(ep, e, 0, 0)));
  printf(", not a set %s", result(epoll_wait(a[0], e, 1, 0)));
  printf(", no file %s", result(epoll_wait(99, e, 1, 0)));
  printf(", bad flags %s", result(epoll_create1(1)));
  printf(", bad size %s\n", result(epoll_create(0)));
  return 0;
}
