// Sockets in sets of events: level and edge, which wake-ups count as an edge for reading and for writing, EPOLLRDHUP,
// EPOLLEXCLUSIVE, and SIGIO by O_ASYNC, FIOASYNC and F_SETSIG (epoll(7), fcntl(2), unix(7), tcp(7)).
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

static volatile int ios, rts, code, band, fd_of;
static void on_io(int sig) { (void)sig; ios++; }
static void on_rt(int sig, siginfo_t *i, void *u) {
  (void)sig; (void)u;
  rts++;
  code = i->si_code;
  band = i->si_band;
  fd_of = i->si_fd;
}
static int ep;
static void events(const char *what) {
  struct epoll_event e[4];
  int n = epoll_wait(ep, e, 4, 0);
  printf("  %s:", what);
  for (int i = 0; i < n; i++) printf(" %u %#x", e[i].data.u32, e[i].events);
  puts(n ? "" : " none");
}
static void add(int fd, unsigned flags, unsigned id) {
  struct epoll_event e = {.events = flags, .data.u32 = id};
  if (epoll_ctl(ep, EPOLL_CTL_ADD, fd, &e)) perror("epoll_ctl");
}
static void pair(int family, int type, int s[2]) {
  if (family == AF_UNIX) { socketpair(AF_UNIX, type, 0, s); return; }
  struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t n = sizeof a;
  int l = socket(AF_INET, SOCK_STREAM, 0);
  bind(l, (void *)&a, n);
  getsockname(l, (void *)&a, &n);
  listen(l, 1);
  s[0] = socket(AF_INET, SOCK_STREAM, 0);
  connect(s[0], (void *)&a, n);
  s[1] = accept(l, NULL, NULL);
  close(l);
}

static void with(int family, int type) {
  static char big[65536];
  char b[16];
  int s[2];
  puts(" level");
  pair(family, type, s);
  ep = epoll_create1(0);
  add(s[0], EPOLLIN | EPOLLOUT | EPOLLRDHUP, 1);
  events("new");
  send(s[1], "ab", 2, 0);
  events("sent");
  events("still");
  recv(s[0], b, 1, 0);
  events("one was read");
  recv(s[0], b, 1, MSG_DONTWAIT);
  events("all was read");
  if (family == AF_UNIX) while (send(s[0], "x", 1, MSG_DONTWAIT) > 0) {}
  else while (send(s[0], big, sizeof big, MSG_DONTWAIT) > 0) {}
  events("full");
  shutdown(s[1], SHUT_WR);
  events("end");
  close(s[0]);
  close(s[1]);
  close(ep);

  puts(" edge");
  pair(family, type, s);
  ep = epoll_create1(0);
  add(s[0], EPOLLIN | EPOLLET | EPOLLRDHUP, 1);
  add(s[1], EPOLLOUT | EPOLLET, 2);
  events("new");
  events("again");
  send(s[1], "a", 1, 0);
  events("sent");
  events("again");
  send(s[1], "b", 1, 0);
  events("sent more");
  recv(s[0], b, 1, 0);
  events("read by others is no edge");
  recv(s[0], b, 1, 0);
  events("read");
  send(s[0], "c", 1, 0);
  events("what the other may read is no edge for its writing");
  shutdown(s[1], SHUT_WR);
  events("shut down");
  events("again");
  close(s[1]);
  events("closed");
  close(s[0]);
  close(ep);

  puts(" signals");
  pair(family, type, s);
  ios = rts = 0;
  fcntl(s[0], F_SETOWN, getpid());
  send(s[1], "a", 1, 0);
  printf("  not asked for: %d\n", ios);
  int on = 1;
  printf("  %d\n", ioctl(s[0], FIOASYNC, &on));
  printf("  flag %d\n", !!(fcntl(s[0], F_GETFL) & O_ASYNC));
  send(s[1], "a", 1, 0);
  printf("  data: %d\n", ios);
  recv(s[0], b, 16, 0);
  fcntl(s[0], F_SETSIG, SIGRTMIN + 1);
  send(s[1], "a", 1, 0);
  printf("  by F_SETSIG: %d, code %d, band %#x, fd %d\n", rts, code, band, fd_of == s[0]);
  rts = 0;
  shutdown(s[1], SHUT_WR);
  printf("  end: %d, code %d, band %#x\n", rts, code, band);
  rts = 0;
  on = 0;
  ioctl(s[0], FIOASYNC, &on);
  close(s[1]);
  printf("  no more: %d\n", rts);
  close(s[0]);
}

int main(void) {
  struct sigaction sa = {.sa_handler = on_io}, rt = {.sa_sigaction = on_rt, .sa_flags = SA_SIGINFO};
  sigaction(SIGIO, &sa, NULL);
  sigaction(SIGRTMIN + 1, &rt, NULL);
  puts("unix stream");
  with(AF_UNIX, SOCK_STREAM);
  puts("unix datagram");
  with(AF_UNIX, SOCK_DGRAM);
  puts("unix packets");
  with(AF_UNIX, SOCK_SEQPACKET);
  puts("tcp");
  with(AF_INET, SOCK_STREAM);

  puts("listeners");
  for (int t = 0; t < 2; t++) {
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof a;
    int l = socket(AF_INET, SOCK_STREAM, 0);
    bind(l, (void *)&a, n);
    getsockname(l, (void *)&a, &n);
    listen(l, 5);
    ep = epoll_create1(0);
    add(l, EPOLLIN | (t ? EPOLLET : 0), 7);
    events("new");
    int c = socket(AF_INET, SOCK_STREAM, 0), d = socket(AF_INET, SOCK_STREAM, 0);
    connect(c, (void *)&a, n);
    events("one");
    events("again");
    connect(d, (void *)&a, n);
    events("two");
    close(accept(l, NULL, NULL));
    events("one left");
    close(accept(l, NULL, NULL));
    events("none");
    close(l);
    close(c);
    close(d);
    close(ep);
  }
  puts("a connection under way");
  struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t n = sizeof a;
  int l = socket(AF_INET, SOCK_STREAM, 0);
  bind(l, (void *)&a, n);
  getsockname(l, (void *)&a, &n);
  ep = epoll_create1(0);
  int c = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  add(c, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, 1);
  events("new");
  connect(c, (void *)&a, n);
  events("refused");
  events("again");
  listen(l, 1);
  connect(c, (void *)&a, n);
  connect(c, (void *)&a, n);
  events("connected");
  events("again");
  return 0;
}
