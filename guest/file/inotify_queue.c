// The queue of inotify(7): reads of any size, EINVAL for too small ones, equal neighbours become one, FIONREAD, poll and epoll,
// a sleeping reader, SIGIO, EFAULT, overflow with IN_Q_OVERFLOW once, watches inherited by fork.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define SHOW(x)                                                                   \
  do {                                                                            \
    errno = 0;                                                                    \
    long r_ = (long)(x);                                                          \
    if (r_ < 0) printf("%s: %s\n", #x, strerrorname_np(errno));                   \
    else printf("%s: %ld\n", #x, r_);                                             \
  } while (0)

static int group;

static void show(const char *when) {
  static const char *names[] = {"ACCESS", "MODIFY",      "ATTRIB",    "CLOSE_WRITE", "CLOSE_NOWRITE", "OPEN", "MOVED_FROM", "MOVED_TO",
                                "CREATE", "DELETE",      "DELETE_SELF", "MOVE_SELF", "?",             "UNMOUNT", "Q_OVERFLOW", "IGNORED"};
  static _Alignas(8) char buffer[65536];
  long n = read(group, buffer, sizeof buffer);
  static unsigned first;
  printf("%s:%s\n", when, n < 0 ? " nothing" : "");
  for (long at = 0; at < n;) {
    struct inotify_event *e = (struct inotify_event *)(buffer + at);
    printf("  %d", e->wd);
    for (int i = 0; i < 16; i++)
      if (e->mask >> i & 1) printf(" %s", names[i]);
    if (e->mask & IN_ISDIR) printf(" ISDIR");
    if (e->cookie && !first) first = e->cookie;
    if (e->cookie) printf(" cookie %u", e->cookie - first);
    if (e->len) printf(" %s (%u)", e->name, e->len);
    printf("\n");
    at += sizeof *e + e->len;
  }
}

static int fd;

static void change(int times) {
  for (int i = 0; i < times; i++)
    if (pwrite(fd, "x", 1, 0) != 1) exit(2);
}

int main(void) {
  char path[] = "/tmp/sb-inotify-XXXXXX", buffer[64];
  if (!mkdtemp(path) || chdir(path)) return 1;
  fd = open("file", O_CREAT | O_RDWR, 0600);
  group = inotify_init1(IN_NONBLOCK);
  int wd = inotify_add_watch(group, ".", IN_MODIFY | IN_ATTRIB | IN_CREATE);
  int ep = epoll_create1(0), n = -1;
  struct epoll_event e = {.events = EPOLLIN | EPOLLET};
  epoll_ctl(ep, EPOLL_CTL_ADD, group, &e);

  SHOW(read(group, buffer, 64));
  change(3);
  SHOW(ioctl(group, FIONREAD, &n));
  printf("one of %d bytes\n", n);
  SHOW(epoll_wait(ep, &e, 1, 0));
  change(1);
  SHOW(epoll_wait(ep, &e, 1, 0));
  fchmod(fd, 0640);
  SHOW(epoll_wait(ep, &e, 1, 0));
  change(1);
  SHOW(ioctl(group, FIONREAD, &n));
  printf("three of %d bytes\n", n);
  struct pollfd p = {.fd = group, .events = POLLIN | POLLOUT | POLLRDNORM};
  SHOW(poll(&p, 1, 0));
  printf("events %#x\n", p.revents);
  SHOW(read(group, buffer, 31));
  SHOW(read(group, buffer, 0));
  SHOW(read(group, buffer, 63));
  SHOW(read(group, buffer, 64));
  SHOW(poll(&p, 1, 0));
  change(1);
  char *volatile nowhere = (char *)8;
  SHOW(read(group, nowhere, 64));
  show("lost");

  fcntl(group, F_SETFL, 0);
  if (fork() == 0) {
    change(1);
    _exit(0);
  }
  show("from a child");
  wait(NULL);

  fcntl(group, F_SETFL, O_NONBLOCK);
  change(1);
  inotify_rm_watch(group, wd);
  wd = inotify_add_watch(group, ".", IN_MODIFY | IN_ATTRIB);
  change(1);
  show("across removal");

  // Overflow: alternate, so that no two neighbours are equal.
  int limit = open("/proc/sys/fs/inotify/max_queued_events", O_RDONLY);
  memset(buffer, 0, sizeof buffer);
  if (read(limit, buffer, 63) < 1) return 1;
  int most = atoi(buffer);
  printf("limit %s\n", most >= 16 ? "there" : "odd");
  if (most <= 20000) {
    for (int i = 0; i < most; i += 2) {
      change(1);
      fchmod(fd, 0600);
    }
    change(2);
    fchmod(fd, 0600);
  }
  int total = 0, overflow = 0, others = 0;
  static _Alignas(8) char all[1 << 20];
  for (long got; (got = read(group, all, sizeof all)) > 0;)
    for (long at = 0; at < got; at += sizeof(struct inotify_event) + ((struct inotify_event *)(all + at))->len) {
      struct inotify_event *event = (struct inotify_event *)(all + at);
      total++;
      if (event->mask == IN_Q_OVERFLOW && event->wd == -1 && event->len == 0) overflow++;
      else if (event->wd != wd) others++;
    }
  printf("%s, overflow %d, others %d\n", total == most + 1 ? "all and one" : "another number", overflow, others);
  unlink("file");
  if (chdir("/") || rmdir(path)) return 1;
  return 0;
}
