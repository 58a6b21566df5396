// UDP over loopback: names, connected and not, truncation, empty datagrams, "port unreachable", full queues, disconnecting,
// what is refused (udp(7), ip(7)).
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

static int pipes;
static void on_pipe(int sig) { (void)sig; pipes++; }
static void show(const char *what, long r) {
  int e = errno;
  if (r < 0) printf("%s: %s", what, strerrorname_np(e));
  else printf("%s: %ld", what, r);
  printf(pipes ? " with SIGPIPE\n" : "\n");
  pipes = 0;
}
static void state(const char *who, int fd) {
  struct pollfd p = {fd, POLLIN | POLLOUT | POLLRDHUP | POLLWRBAND, 0};
  int n = -1;
  poll(&p, 1, 0);
  ioctl(fd, FIONREAD, &n);
  printf("%s: %#x, %d to read\n", who, p.revents, n);
}
static char big[70000];
static union { struct sockaddr sa; struct sockaddr_in in; struct sockaddr_in6 in6; } a, b, from;
static socklen_t n, fl;

static int port(int fd) {
  socklen_t l = sizeof from;
  memset(&from, 0, sizeof from);
  getsockname(fd, &from.sa, &l);
  return ntohs(from.in.sin_port); /* of IPv6 at the same place */
}

static void with(int family) {
  int x = socket(family, SOCK_DGRAM, 0), y = socket(family, SOCK_DGRAM, 0), z = socket(family, SOCK_DGRAM, 0);
  char buf[64];
  memset(&a, 0, sizeof a);
  a.sa.sa_family = family;
  n = family == AF_INET ? sizeof a.in : sizeof a.in6;
  if (family == AF_INET) a.in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  else a.in6.sin6_addr = in6addr_loopback;
  b = a;
  state("new", x);
  show("send", send(x, "x", 1, 0));
  show("bind after that", bind(x, &a.sa, n));
  close(x);
  x = socket(family, SOCK_DGRAM, 0);
  show("bind", bind(x, &a.sa, n));
  show("bind again", bind(x, &a.sa, n));
  a.in.sin_port = htons(port(x));
  show("sendto", sendto(y, "one", 3, 0, &a.sa, n));
  printf("y has a port: %d\n", port(y) > 0);
  state("x", x);
  fl = sizeof from;
  show("recvfrom", recvfrom(x, buf, 64, 0, &from.sa, &fl));
  int from_port = ntohs(from.in.sin_port);
  printf("length %u, family %d, from y: %d\n", fl, from.sa.sa_family, from_port == port(y));
  b.in.sin_port = htons(port(y));
  show("reply", sendto(x, "two two", 7, 0, &b.sa, n));
  show("cut", recv(y, buf, 3, 0));
  show("none", recv(y, buf, 3, MSG_DONTWAIT));
  sendto(x, "long long", 9, 0, &b.sa, n);
  show("peek", recv(y, buf, 3, MSG_PEEK));
  show("true length", recv(y, buf, 3, MSG_TRUNC));
  show("empty", sendto(x, "", 0, 0, &b.sa, n));
  state("y", y);
  show("recv", recv(y, buf, 3, 0));
  show("connect", connect(y, &a.sa, n));
  fl = sizeof from;
  show("getpeername", getpeername(y, &from.sa, &fl));
  show("send", send(y, "three", 5, 0));
  show("write", write(y, "four", 4));
  show("recv", recv(x, buf, 64, 0));
  show("recv", recv(x, buf, 64, 0));
  z = socket(family, SOCK_DGRAM, 0);
  show("a stranger", sendto(z, "stranger", 8, 0, &b.sa, n));
  show("is not heard", recv(y, buf, 64, MSG_DONTWAIT));
  show("a friend", sendto(x, "friend", 6, 0, &b.sa, n));
  show("is", recv(y, buf, 64, MSG_DONTWAIT));
  show("taken", bind(z, &a.sa, n));
  int p = port(z);
  struct sockaddr none = {.sa_family = AF_UNSPEC};
  show("disconnect", connect(y, &none, sizeof none));
  fl = sizeof from;
  show("getpeername", getpeername(y, &from.sa, &fl));
  show("send", send(y, "x", 1, 0));
  show("not connected", shutdown(z, SHUT_RD));
  printf("z keeps its port: %d\n", p == port(z));

  close(x);
  puts("nobody there");
  y = socket(family, SOCK_DGRAM, 0);
  show("sendto", sendto(y, "x", 1, 0, &a.sa, n));
  show("sendto", sendto(y, "x", 1, 0, &a.sa, n));
  connect(y, &a.sa, n);
  show("send", send(y, "x", 1, 0));
  state("y", y);
  show("send", send(y, "x", 1, 0));
  show("send", send(y, "x", 1, 0));
  int e = 0;
  socklen_t l = sizeof e;
  getsockopt(y, SOL_SOCKET, SO_ERROR, &e, &l);
  printf("SO_ERROR %s\n", e ? strerrorname_np(e) : "0");
  show("send", send(y, "x", 1, 0));
  show("recv", recv(y, buf, 1, MSG_DONTWAIT));
  show("recv", recv(y, buf, 1, MSG_DONTWAIT));

  puts("limits");
  x = socket(family, SOCK_DGRAM, 0);
  a.in.sin_port = 0;
  bind(x, &a.sa, n);
  a.in.sin_port = htons(port(x));
  connect(y, &a.sa, n);
  int v = 400000;
  setsockopt(x, SOL_SOCKET, SO_RCVBUF, &v, sizeof v);
  setsockopt(y, SOL_SOCKET, SO_SNDBUF, &v, sizeof v);
  int most = family == AF_INET ? 65507 : 65527;
  show("longest", send(y, big, most, 0));
  show("too long", send(y, big, most + 1, 0));
  show("far too long", send(y, big, 70000, 0));
  show("recv", recv(x, big, sizeof big, 0));
  show("out of band", send(y, "x", 1, MSG_OOB));
  a.in.sin_port = 0;
  show("port 0", sendto(y, "x", 1, 0, &a.sa, n));
  show("short", sendto(y, "x", 1, 0, &a.sa, 8));
  a.sa.sa_family = AF_UNIX;
  show("family", sendto(y, "x", 1, 0, &a.sa, n));
  a.sa.sa_family = family;
  show("listen", listen(y, 1));
  show("accept", accept(y, NULL, NULL));
  struct timeval t = {0, 10000};
  setsockopt(x, SOL_SOCKET, SO_RCVTIMEO, &t, sizeof t);
  show("recv with a limit", recv(x, buf, 1, 0));
  int sent = 0, got = 0;
  v = 10000;
  setsockopt(x, SOL_SOCKET, SO_RCVBUF, &v, sizeof v);
  for (int i = 0; i < 100; i++) sent += send(y, big, 1000, 0) == 1000;
  while (recv(x, big, 1000, MSG_DONTWAIT) > 0) got++;
  printf("sent %d, some were lost: %d\n", sent, got > 2 && got < 50);
  puts("shut down");
  show("write side", shutdown(y, SHUT_WR));
  state("y", y);
  show("send", send(y, "x", 1, 0));
  show("read side", shutdown(y, SHUT_RD));
  state("y", y);
  show("recv", recv(y, buf, 1, 0));
  close(x);
  close(y);
  close(z);

  puts("one port for two");
  int on = 1;
  a.in.sin_port = 0;
  x = socket(family, SOCK_DGRAM, 0);
  y = socket(family, SOCK_DGRAM, 0);
  setsockopt(x, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  setsockopt(y, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  bind(x, &a.sa, n);
  a.in.sin_port = htons(port(x));
  show("second", bind(y, &a.sa, n));
  z = socket(family, SOCK_DGRAM, 0);
  sendto(z, "who", 3, 0, &a.sa, n);
  show("first hears", recv(x, buf, 64, MSG_DONTWAIT));
  show("second hears", recv(y, buf, 64, MSG_DONTWAIT));
  close(x);
  close(y);
  close(z);
}

int main(void) {
  struct sigaction sa = {.sa_handler = on_pipe};
  sigaction(SIGPIPE, &sa, NULL);
  puts("IPv4");
  with(AF_INET);
  puts("IPv6");
  with(AF_INET6);
  return 0;
}
