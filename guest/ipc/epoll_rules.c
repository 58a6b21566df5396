// Epoll(7), rules: each error of epoll_ctl(2), one descriptor twice through copies, EPOLLEXCLUSIVE's limits, EPOLLONESHOT until
// armed again, nested sets and loops, order of ready entries, maxevents, epoll_pwait2's timeout.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/select.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define SHOW(x)                                                                   \
  do {                                                                            \
    errno = 0;                                                                    \
    long r_ = (long)(x);                                                          \
    if (r_ < 0) printf("%s: %s\n", #x, strerrorname_np(errno));                   \
    else printf("%s: %ld\n", #x, r_);                                             \
  } while (0)

static int ep;

static int control(int op, int fd, unsigned events, int data) {
  struct epoll_event e = {.events = events, .data.u32 = data};
  return epoll_ctl(ep, op, fd, &e);
}

static void show(const char *when, int set) {
  struct epoll_event e[4];
  int n = epoll_wait(set, e, 4, 0);
  printf("%s: %d", when, n);
  for (int i = 0; i < n; i++) printf(" %u:%#x", e[i].data.u32, e[i].events);
  printf("\n");
}

int main(void) {
  int p[2], q[2];
  if (pipe(p) || pipe(q)) return 1;
  ep = epoll_create1(0);
  SHOW(epoll_create(0));
  SHOW(epoll_create1(1));
  SHOW(control(EPOLL_CTL_ADD, p[0], EPOLLIN, 1));
  SHOW(control(EPOLL_CTL_ADD, p[0], EPOLLIN, 1));
  SHOW(control(EPOLL_CTL_MOD, q[0], EPOLLIN, 1));
  SHOW(control(EPOLL_CTL_DEL, q[0], 0, 0));
  SHOW(control(EPOLL_CTL_ADD, 999, EPOLLIN, 1));
  SHOW(control(EPOLL_CTL_ADD, ep, EPOLLIN, 1));
  SHOW(control(9, q[0], EPOLLIN, 1));
  SHOW(control(EPOLL_CTL_ADD, open("/tmp", O_RDONLY), EPOLLIN, 1));
  SHOW(control(EPOLL_CTL_ADD, open("/tmp", O_TMPFILE | O_RDWR, 0600), EPOLLIN, 1));
  SHOW(epoll_ctl(ep, EPOLL_CTL_ADD, q[0], NULL));
  SHOW(epoll_ctl(p[0], EPOLL_CTL_ADD, q[0], &(struct epoll_event){0}));
  SHOW(epoll_ctl(999, EPOLL_CTL_ADD, q[0], &(struct epoll_event){0}));
  struct epoll_event e[4];
  SHOW(epoll_wait(ep, e, 0, 0));
  SHOW(syscall(SYS_epoll_wait, ep, e, -1, 0));
  SHOW(epoll_wait(p[0], e, 1, 0));

  int copy = dup(p[0]);
  SHOW(control(EPOLL_CTL_ADD, copy, EPOLLIN | EPOLLET, 2));
  if (write(p[1], "x", 1) != 1) return 1;
  show("both", ep);
  show("level only", ep);
  close(p[0]);
  show("closed, but a copy is open", ep);
  close(copy);
  show("all closed", ep);

  SHOW(control(EPOLL_CTL_ADD, q[0], EPOLLIN | EPOLLONESHOT, 3));
  if (write(q[1], "xx", 2) != 2) return 1;
  show("once", ep);
  if (write(q[1], "x", 1) != 1) return 1;
  show("not again", ep);
  SHOW(control(EPOLL_CTL_MOD, q[0], EPOLLIN | EPOLLONESHOT, 4));
  show("armed", ep);
  SHOW(control(EPOLL_CTL_MOD, q[0], 0, 5));
  close(q[1]);
  show("hang-up is always told", ep);
  SHOW(control(EPOLL_CTL_DEL, q[0], 0, 0));

  int a = eventfd(1, 0), b = eventfd(1, 0), c = eventfd(1, 0);
  SHOW(control(EPOLL_CTL_ADD, a, EPOLLIN | EPOLLEXCLUSIVE, 6));
  SHOW(control(EPOLL_CTL_MOD, a, EPOLLIN, 6));
  SHOW(control(EPOLL_CTL_ADD, b, EPOLLIN | EPOLLEXCLUSIVE | EPOLLONESHOT, 6));
  SHOW(control(EPOLL_CTL_ADD, b, EPOLLIN, 7));
  SHOW(control(EPOLL_CTL_MOD, b, EPOLLIN | EPOLLEXCLUSIVE, 7));
  SHOW(control(EPOLL_CTL_ADD, c, EPOLLIN, 8));
  show("in order", ep);
  SHOW(epoll_wait(ep, e, 2, 0));
  printf("%u %u\n", e[0].data.u32, e[1].data.u32);
  SHOW(epoll_wait(ep, e, 2, 0));
  printf("in turn %u %u\n", e[0].data.u32, e[1].data.u32);

  int outer = epoll_create1(EPOLL_CLOEXEC), inner = ep;
  ep = outer;
  SHOW(control(EPOLL_CTL_ADD, inner, EPOLLIN | EPOLLEXCLUSIVE, 9));
  SHOW(control(EPOLL_CTL_ADD, inner, EPOLLIN, 9));
  show("nested", outer);
  ep = inner;
  SHOW(control(EPOLL_CTL_ADD, outer, EPOLLIN, 10));
  eventfd_t v;
  eventfd_read(a, &v), eventfd_read(b, &v), eventfd_read(c, &v);
  show("nested, drained", outer);
  eventfd_write(b, 5);
  show("nested again", outer);
  ep = outer;
  for (int depth = 0; depth < 8; depth++) {
    int next = epoll_create1(0), below = ep;
    ep = next;
    int r = control(EPOLL_CTL_ADD, below, EPOLLIN, 20 + depth);
    if (r) {
      printf("depth %d: %s\n", depth, strerrorname_np(errno));
      break;
    }
  }
  struct timespec little = {0, 1000000}, wrong = {0, -1};
  int quiet = epoll_create1(0);
  SHOW(epoll_pwait2(quiet, e, 1, &little, NULL));
  SHOW(epoll_pwait2(quiet, e, 1, &wrong, NULL));
  SHOW(epoll_wait(quiet, e, 1, 1));
  return 0;
}
