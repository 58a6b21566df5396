// Connecting and binding TCP: without waiting, to nobody, to a full listener, conflicts of ports with and without
// SO_REUSEADDR and SO_REUSEPORT, AF_UNSPEC, wrong addresses (connect(2), bind(2), ip(7)).
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static void show(const char *what, long r) {
  int e = errno;
  if (r < 0) printf("%s: %s\n", what, strerrorname_np(e));
  else printf("%s: %ld\n", what, r);
  fflush(stdout);
}
static void state(const char *who, int fd, int wait) {
  struct pollfd p = {fd, POLLIN | POLLOUT | POLLRDHUP, 0};
  int r = poll(&p, 1, wait);
  printf("%s: %d, %#x\n", who, r, p.revents);
}
static void error(int fd) {
  int e = -1;
  socklen_t l = sizeof e;
  getsockopt(fd, SOL_SOCKET, SO_ERROR, &e, &l);
  printf("SO_ERROR: %s\n", e ? strerrorname_np(e) : "0");
}
static struct sockaddr_in in(const char *addr, int port) {
  struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(port)};
  inet_pton(AF_INET, addr, &a.sin_addr);
  return a;
}
static int tcp(int flags) { return socket(AF_INET, SOCK_STREAM | flags, 0); }
static int on(int fd, int option) { int v = 1; return setsockopt(fd, SOL_SOCKET, option, &v, sizeof v); }
static int port(int fd) {
  struct sockaddr_in a;
  socklen_t l = sizeof a;
  getsockname(fd, (void *)&a, &l);
  return ntohs(a.sin_port);
}

int main(void) {
  int l = tcp(0);
  struct sockaddr_in a = in("127.0.0.1", 0), b;
  bind(l, (void *)&a, sizeof a);
  a = in("127.0.0.1", port(l));
  puts("bound but not listening");
  int c = tcp(SOCK_NONBLOCK);
  show("connect", connect(c, (void *)&a, sizeof a));
  state("refused", c, 1000);
  error(c);
  state("after", c, 0);
  show("again", connect(c, (void *)&a, sizeof a));
  show("again", connect(c, (void *)&a, sizeof a));
  state("refused", c, 1000);
  show("with its error", connect(c, (void *)&a, sizeof a));
  error(c);
  puts("listening");
  listen(l, 0);
  c = tcp(SOCK_NONBLOCK);
  state("new", c, 0);
  show("connect", connect(c, (void *)&a, sizeof a));
  state("connected", c, 1000);
  error(c);
  show("again", connect(c, (void *)&a, sizeof a));
  show("again", connect(c, (void *)&a, sizeof a));
  int d = tcp(SOCK_NONBLOCK);
  show("one more than the backlog", connect(d, (void *)&a, sizeof a));
  state("not connected", d, 0);
  show("again", connect(d, (void *)&a, sizeof a));
  show("send", send(d, "x", 1, MSG_NOSIGNAL));
  show("recv", recv(d, &b, 1, 0));
  show("shutdown", shutdown(d, SHUT_WR));
  state("shut", d, 0);
  close(d);
  int s = accept(l, NULL, NULL);
  printf("accepted %d, flags %d\n", s >= 0, fcntl(s, F_GETFL) & O_NONBLOCK);
  fcntl(l, F_SETFL, O_NONBLOCK);
  show("accept", accept(l, NULL, NULL));
  puts("AF_UNSPEC");
  struct sockaddr none = {.sa_family = AF_UNSPEC};
  fcntl(c, F_SETFL, 0);
  show("disconnect", connect(c, &none, sizeof none));
  state("disconnected", c, 0);
  state("the other end", s, 0);
  show("recv", recv(s, &b, 1, 0));
  printf("port is kept: %d\n", port(c) != 0);
  show("connect anew", connect(c, (void *)&a, sizeof a));
  close(accept(l, NULL, NULL));
  show("listen on connected", listen(c, 1));
  close(c);
  close(s);
  puts("shutdown of a listener");
  show("read", shutdown(l, SHUT_RD));
  state("shut", l, 0);
  show("accept", accept(l, NULL, NULL));
  c = tcp(0);
  show("connect", connect(c, (void *)&a, sizeof a));
  show("listen again", listen(l, 3));
  show("connect", connect(c, (void *)&a, sizeof a));

  puts("conflicts");
  int x = tcp(0), y = tcp(0), z = tcp(0), v = tcp(0), w = tcp(0);
  show("taken", bind(x, (void *)&a, sizeof a));
  b = in("0.0.0.0", port(l));
  show("any, taken", bind(x, (void *)&b, sizeof b));
  b = in("127.0.0.2", port(l));
  show("another address", bind(x, (void *)&b, sizeof b));
  b = in("127.0.0.3", 0);
  on(y, SO_REUSEADDR);
  on(z, SO_REUSEADDR);
  show("y", bind(y, (void *)&b, sizeof b));
  b = in("127.0.0.3", port(y));
  show("z beside it", bind(z, (void *)&b, sizeof b));
  show("v without the option", bind(v, (void *)&b, sizeof b));
  show("y listens", listen(y, 1));
  show("z listens", listen(z, 1));
  on(v, SO_REUSEADDR);
  show("v beside a listener", bind(v, (void *)&b, sizeof b));
  on(v, SO_REUSEPORT);
  on(w, SO_REUSEPORT);
  b = in("127.0.0.4", 0);
  show("v", bind(v, (void *)&b, sizeof b));
  b = in("127.0.0.4", port(v));
  show("w beside it", bind(w, (void *)&b, sizeof b));
  show("v listens", listen(v, 1));
  show("w listens", listen(w, 1));
  close(y);
  close(z);
  puts("a port at rest");
  y = tcp(0);
  b = in("127.0.0.5", 0);
  bind(y, (void *)&b, sizeof b);
  b = in("127.0.0.5", port(y));
  listen(y, 1);
  close(c);
  c = tcp(0);
  connect(c, (void *)&b, sizeof b);
  s = accept(y, NULL, NULL);
  close(s);
  char one;
  show("end", recv(c, &one, 1, 0));
  close(c);
  close(y);
  y = tcp(0);
  show("without the option", bind(y, (void *)&b, sizeof b));
  on(y, SO_REUSEADDR);
  show("with it", bind(y, (void *)&b, sizeof b));

  puts("wrong");
  z = tcp(0);
  b = in("127.0.0.1", 0);
  show("short", bind(z, (void *)&b, 8));
  b.sin_family = AF_UNIX;
  show("family", bind(z, (void *)&b, sizeof b));
  b.sin_family = AF_UNSPEC;
  show("no family", bind(z, (void *)&b, sizeof b));
  b = in("0.0.0.0", 0);
  b.sin_family = AF_UNSPEC;
  show("no family, any address", bind(z, (void *)&b, sizeof b));
  z = tcp(0);
  b = in("192.0.2.1", 0);
  show("not ours", bind(z, (void *)&b, sizeof b));
  show("connect short", connect(z, (void *)&a, 8));
  show("connect very short", connect(z, (void *)&a, 1));
  b = a;
  b.sin_family = AF_INET6;
  show("connect family", connect(z, (void *)&b, sizeof b));
  show("listen unbound", listen(z, 1));
  printf("has a port: %d\n", port(z) >= 1024);
  z = tcp(0);
  b = in("0.0.0.0", port(l));
  show("connect to any", connect(z, (void *)&b, sizeof b));
  socklen_t len = sizeof b;
  getpeername(z, (void *)&b, &len);
  printf("is %s\n", inet_ntoa(b.sin_addr));
  show("datagrams of TCP", socket(AF_INET, SOCK_DGRAM, IPPROTO_TCP));
  show("stream of UDP", socket(AF_INET, SOCK_STREAM, IPPROTO_UDP));
  show("packets", socket(AF_INET, SOCK_SEQPACKET, 0));
  show("protocol -1", socket(AF_INET, SOCK_STREAM, -1));
  show("protocol 999", socket(AF_INET, SOCK_STREAM, 999));
  int p[2];
  show("pair", socketpair(AF_INET, SOCK_STREAM, 0, p));
  if (fork() == 0) {
    if (getuid() == 0) (void)!setuid(1234);
    b = in("127.0.0.1", 80);
    show("privileged port", bind(tcp(0), (void *)&b, sizeof b));
    show("raw", socket(AF_INET, SOCK_RAW, IPPROTO_ICMP));
    _exit(0);
  }
  wait(NULL);
  puts("meeting oneself");
  z = tcp(0);
  b = in("127.0.0.1", 0);
  bind(z, (void *)&b, sizeof b);
  b = in("127.0.0.1", port(z));
  show("connect", connect(z, (void *)&b, sizeof b));
  show("send", send(z, "echo", 4, 0));
  char text[8] = "";
  show("recv", recv(z, text, 8, 0));
  puts(text);
  return 0;
}
