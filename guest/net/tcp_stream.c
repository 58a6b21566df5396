// TCP over loopback, IPv4 and IPv6: names, bytes, peeking, half and full close, resets, SO_LINGER, SIGPIPE, and what poll says
// at every step (tcp(7), ip(7), ipv6(7), shutdown(2)).
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
#include <unistd.h>

static int pipes;
static void on_pipe(int sig) { (void)sig; pipes++; }
static void show(const char *what, long r) {
  int e = errno;
  if (r < 0) printf("  %s: %s", what, strerrorname_np(e));
  else printf("  %s: %ld", what, r);
  printf(pipes ? " with SIGPIPE\n" : "\n");
  pipes = 0;
}
static void state(const char *who, int fd) {
  struct pollfd p = {fd, POLLIN | POLLOUT | POLLPRI | POLLRDHUP | POLLRDNORM | POLLWRNORM | POLLRDBAND | POLLWRBAND, 0};
  int n = -1;
  poll(&p, 1, 0);
  long r = ioctl(fd, FIONREAD, &n);
  printf("  %s: %#x, %d to read%s\n", who, p.revents, n, r < 0 ? " (refused)" : "");
}
static void data(const char *what, int fd, int flags, size_t size) {
  char b[64] = "";
  long r = recv(fd, b, size, flags);
  show(what, r);
  if (r > 0 && !(flags & MSG_TRUNC)) printf("    \"%.*s\"\n", (int)r, b);
}

static struct sockaddr_storage a;
static socklen_t n;

static int port_of(struct sockaddr_storage *s) {
  return ntohs(s->ss_family == AF_INET ? ((struct sockaddr_in *)s)->sin_port : ((struct sockaddr_in6 *)s)->sin6_port);
}
static void name(const char *what, int fd, int peer) {
  struct sockaddr_storage s;
  socklen_t l = sizeof s;
  char text[64] = "";
  long r = peer ? getpeername(fd, (void *)&s, &l) : getsockname(fd, (void *)&s, &l);
  if (r < 0) { show(what, r); return; }
  inet_ntop(s.ss_family, s.ss_family == AF_INET ? (void *)&((struct sockaddr_in *)&s)->sin_addr : (void *)&((struct sockaddr_in6 *)&s)->sin6_addr, text, 64);
  printf("  %s: family %d, length %u, %s, port %s\n", what, s.ss_family, l, text, port_of(&s) == 0 ? "0" : port_of(&s) == port_of(&a) ? "the server's" : "another");
}
static void pair(int l, int *c, int *s) {
  *c = socket(a.ss_family, SOCK_STREAM, 0);
  if (connect(*c, (void *)&a, n)) perror("connect");
  *s = accept(l, NULL, NULL);
}

static void with(int family) {
  int l = socket(family, SOCK_STREAM, 0), c, s;
  name("new", l, 0);
  name("no peer", l, 1);
  state("new", l);
  show("accept", accept(l, NULL, NULL));
  data("recv", l, MSG_DONTWAIT, 1);
  show("send", send(l, "x", 1, 0));
  memset(&a, 0, sizeof a);
  a.ss_family = family;
  if (family == AF_INET) ((struct sockaddr_in *)&a)->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  else ((struct sockaddr_in6 *)&a)->sin6_addr = in6addr_loopback;
  n = family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6);
  show("bind", bind(l, (void *)&a, n));
  getsockname(l, (void *)&a, &n);
  name("bound", l, 0);
  show("bind again", bind(l, (void *)&a, n));
  show("listen", listen(l, 5));
  state("listening", l);
  data("recv", l, MSG_DONTWAIT, 1);
  show("send", send(l, "x", 1, 0));
  show("connect a listener", connect(l, (void *)&a, n));
  c = socket(family, SOCK_STREAM, 0);
  show("connect", connect(c, (void *)&a, n));
  show("again", connect(c, (void *)&a, n));
  state("pending", l);
  name("client", c, 0);
  name("its peer", c, 1);
  show("sent early", send(c, "early ", 6, 0));
  struct sockaddr_storage from;
  socklen_t fl = sizeof from;
  s = accept(l, (void *)&from, &fl);
  struct sockaddr_storage mine;
  socklen_t ml = sizeof mine;
  getsockname(c, (void *)&mine, &ml);
  printf("  from the client: %d\n", fl == ml && !memcmp(&from, &mine, ml));
  name("server", s, 0);
  state("accepted", s);
  state("client", c);
  show("send", send(c, "hello", 5, 0));
  show("write", write(c, " world", 6));
  show("no bytes", send(c, "", 0, 0));
  data("peek", s, MSG_PEEK, 7);
  data("recv", s, MSG_WAITALL, 10);
  data("throw away", s, MSG_TRUNC, 3);
  data("recv", s, 0, 60);
  data("none", s, MSG_DONTWAIT, 60);
  show("bad pointer in", send(c, (void *)8, 4, 0));
  send(c, "kept", 4, 0);
  show("bad pointer out", recv(s, (void *)8, 4, 0));
  data("kept", s, 0, 60);
  puts(" half closed by the client");
  send(c, "last", 4, 0);
  show("shutdown", shutdown(c, SHUT_WR));
  state("client", c);
  state("server", s);
  show("send", send(c, "x", 1, 0));
  data("recv", s, 0, 60);
  data("end", s, 0, 60);
  show("back", send(s, "back", 4, 0));
  data("recv", c, 0, 60);
  show("again", shutdown(c, SHUT_WR));
  close(s);
  state("client", c);
  data("end", c, 0, 60);
  name("peer", c, 1);
  show("shutdown", shutdown(c, SHUT_RDWR));
  data("again", c, 0, 60);
  show("send", send(c, "x", 1, 0));
  close(c);

  puts(" closed, and written to");
  pair(l, &c, &s);
  close(c);
  state("server", s);
  show("first", send(s, "x", 1, 0));
  state("server", s);
  show("second", send(s, "x", 1, 0));
  data("recv", s, 0, 60);
  show("third", send(s, "x", 1, MSG_NOSIGNAL));
  close(s);

  puts(" closed with unread data");
  pair(l, &c, &s);
  send(s, "to be read", 10, 0);
  send(c, "never read", 10, 0);
  close(s);
  state("client", c);
  data("recv", c, 0, 60);
  data("recv", c, 0, 60);
  data("recv", c, 0, 60);
  show("send", send(c, "x", 1, 0));
  name("peer", c, 1);
  close(c);

  puts(" linger 0");
  pair(l, &c, &s);
  struct linger lg = {1, 0};
  show("linger", setsockopt(c, SOL_SOCKET, SO_LINGER, &lg, sizeof lg));
  close(c);
  state("server", s);
  show("send", send(s, "x", 1, 0));
  state("server", s);
  data("recv", s, 0, 60);
  close(s);

  puts(" read side shut");
  pair(l, &c, &s);
  show("shutdown", shutdown(s, SHUT_RD));
  state("server", s);
  data("recv", s, 0, 60);
  show("send", send(c, "still", 5, 0));
  state("server", s);
  data("recv", s, 0, 60);
  data("recv", s, 0, 60);
  close(s);
  close(c);

  puts(" both shut");
  pair(l, &c, &s);
  show("shutdown", shutdown(c, SHUT_RDWR));
  state("client", c);
  state("server", s);
  show("send", send(s, "x", 1, 0));
  state("server", s);
  close(c);
  close(s);

  puts(" listener closed");
  c = socket(family, SOCK_STREAM, 0);
  connect(c, (void *)&a, n);
  send(c, "x", 1, 0);
  close(l);
  state("client", c);
  data("recv", c, 0, 60);
  int r = socket(family, SOCK_STREAM, 0);
  show("connect", connect(r, (void *)&a, n));
  state("refused", r);
  show("connect", connect(r, (void *)&a, n));
  close(c);
  close(r);
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
