// POSIX message queues in poll and epoll: POLLIN and POLLOUT by how full the queue is, edges for arrivals, fork and dup share
// the open queue and its O_NONBLOCK, seeking in its text (ipc/mqueue.c: mqueue_poll_file, mqueue_read_file).
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <mqueue.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

static mqd_t q;
static int ep;
static char buffer[8];

static void state(const char *when) {
  struct pollfd p = {.fd = q, .events = POLLIN | POLLOUT | POLLRDNORM | POLLWRNORM | POLLPRI};
  int r = poll(&p, 1, 0);
  struct epoll_event e = {0};
  int n = epoll_wait(ep, &e, 1, 0);
  printf("%s: poll %d %#x, edge %d %#x\n", when, r, p.revents, n, n ? e.events : 0);
}

int main(void) {
  char name[64];
  sprintf(name, "/sb-mq-poll-%d", getpid());
  struct mq_attr attr = {.mq_maxmsg = 2, .mq_msgsize = 8};
  q = mq_open(name, O_RDWR | O_CREAT | O_NONBLOCK, 0600, &attr);
  mq_unlink(name);
  ep = epoll_create1(0);
  struct epoll_event e = {.events = EPOLLIN | EPOLLOUT | EPOLLET};
  epoll_ctl(ep, EPOLL_CTL_ADD, q, &e);

  state("empty");
  state("still empty");
  mq_send(q, "a", 1, 0);
  state("one");
  mq_send(q, "b", 1, 0);
  state("full");
  mq_send(q, "c", 1, 0);
  state("refused");
  mq_receive(q, buffer, 8, NULL);
  state("one less");
  mq_receive(q, buffer, 8, NULL);
  state("empty again");

  if (fork() == 0) {
    mq_send(q, "child", 5, 3);
    struct mq_attr block = {0};
    mq_setattr(q, &block, NULL);
    _exit(0);
  }
  wait(NULL);
  mq_getattr(q, &attr);
  printf("from the child: %ld message, flags %#lx\n", attr.mq_curmsgs, attr.mq_flags);
  struct pollfd p = {.fd = q, .events = POLLIN};
  printf("poll %d\n", poll(&p, 1, -1));

  char text[128] = "";
  long n = read(q, text, sizeof text);
  printf("text of %ld bytes: %.18s\n", n, text);
  printf("at the end: %zd\n", read(q, text, sizeof text));
  printf("seek: %ld\n", (long)lseek(q, 6, SEEK_SET));
  n = read(q, text, 4);
  printf("again: %ld '%.1s'\n", n, text);
  int available;
  printf("FIONREAD: %s\n", ioctl(q, FIONREAD, &available) ? strerrorname_np(errno) : "ok");
  void *m = mmap(NULL, 4096, PROT_READ, MAP_SHARED, q, 0);
  printf("mmap: %s\n", m == MAP_FAILED ? strerrorname_np(errno) : "ok");
  printf("ftruncate: %s\n", ftruncate(q, 0) ? strerrorname_np(errno) : "ok");
  char path[64], target[64] = "";
  sprintf(path, "/proc/self/fd/%d", q);
  n = readlink(path, target, sizeof target - 1);
  printf("link: %s\n", strncmp(target, name, strlen(name)) ? target : target + strlen(name));
  return 0;
}
