// Connecting AF_UNIX streams and packets: backlog, waiting and not waiting, accept4, options that connections inherit,
// listeners that go away with connections in their queue (unix(7), accept(2), listen(2)).
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static void show(const char *what, long r) {
  int e = errno;
  if (r < 0) printf("%s: %s\n", what, strerrorname_np(e));
  else printf("%s: %ld\n", what, r);
  fflush(stdout);
}
static void state(const char *who, int fd) {
  struct pollfd p = {fd, POLLIN | POLLOUT | POLLRDHUP, 0};
  int r = poll(&p, 1, 0);
  printf("%s: %d, %#x\n", who, r, p.revents);
}
static struct sockaddr_un a = {.sun_family = AF_UNIX};
static socklen_t n;

static void with(int type) {
  int c[6], s = socket(AF_UNIX, type, 0);
  show("accept before listen", accept(s, NULL, NULL) >= 0 ? 0 : -1);
  state("fresh", s);
  bind(s, (void *)&a, n);
  listen(s, 1);
  state("listening", s);
  for (int i = 0; i < 4; i++) {
    c[i] = socket(AF_UNIX, type | SOCK_NONBLOCK, 0);
    show("connect", connect(c[i], (void *)&a, n));
  }
  state("pending", s);
  state("connected", c[0]);
  state("not connected", c[2]);
  show("early bytes", send(c[0], "early", 5, 0));
  struct timeval tv = {0, 20000};
  int slow = socket(AF_UNIX, type, 0);
  setsockopt(slow, SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof tv);
  show("connect with a limit", connect(slow, (void *)&a, n));
  pid_t pid = fork();
  if (pid == 0) {
    int w = socket(AF_UNIX, type, 0);
    long r = connect(w, (void *)&a, n);
    if (r == 0) r = send(w, "waited", 6, 0);
    char b[8];
    recv(w, b, 8, 0);
    _exit(r == 6 ? 0 : 1);
  }
  struct sockaddr_un from;
  socklen_t m = sizeof from;
  int x = accept4(s, (void *)&from, &m, SOCK_NONBLOCK | SOCK_CLOEXEC);
  printf("from: length %u, flags %d, cloexec %d\n", m, !!(fcntl(x, F_GETFL) & O_NONBLOCK), fcntl(x, F_GETFD));
  char b[32] = "";
  show("recv", recv(x, b, 32, 0));
  int y = accept(s, NULL, NULL);
  printf("flags %d, cloexec %d\n", !!(fcntl(y, F_GETFL) & O_NONBLOCK), fcntl(y, F_GETFD));
  int z = accept(s, NULL, NULL);
  show("recv", recv(z, b, 6, 0));
  close(z);
  int st;
  waitpid(pid, &st, 0);
  printf("child %d\n", st);
  fcntl(s, F_SETFL, O_NONBLOCK);
  show("accept, none there", accept(s, NULL, NULL) >= 0 ? 0 : -1);
  fcntl(s, F_SETFL, 0);
  setsockopt(s, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof tv);
  show("accept with a limit", accept(s, NULL, NULL) >= 0 ? 0 : -1);
  show("bad flags", accept4(s, NULL, NULL, 1) >= 0 ? 0 : -1);
  int q = socket(AF_UNIX, type, 0);
  show("connect", connect(q, (void *)&a, n));
  show("bad pointer", accept(s, (void *)8, (void *)8) >= 0 ? 0 : -1);
  show("which took it", accept(s, NULL, NULL) >= 0 ? 0 : -1);
  show("recv from a listener", recv(s, b, 1, MSG_DONTWAIT));
  show("send to a listener", send(s, b, 1, MSG_DONTWAIT | MSG_NOSIGNAL));
  int r = socket(AF_UNIX, type, 0);
  connect(r, (void *)&a, n);
  send(r, "x", 1, 0);
  close(s);
  state("orphan", r);
  show("recv", recv(r, b, 1, 0));
  show("recv", recv(r, b, 1, 0));
  show("send", send(r, b, 1, MSG_NOSIGNAL));
  s = socket(AF_UNIX, type, 0);
  bind(s, (void *)&a, n);
  listen(s, 0);
  c[4] = socket(AF_UNIX, type | SOCK_NONBLOCK, 0);
  c[5] = socket(AF_UNIX, type | SOCK_NONBLOCK, 0);
  show("backlog 0", connect(c[4], (void *)&a, n));
  show("second", connect(c[5], (void *)&a, n));
  show("more", listen(s, 5));
  show("second", connect(c[5], (void *)&a, n));
  show("shutdown", shutdown(s, SHUT_RD));
  state("shut", s);
  show("connect to a shut one", connect(q, (void *)&a, n));
  show("accept on it", accept(s, NULL, NULL) >= 0 ? 0 : -1);
  show("accept on it", accept(s, NULL, NULL) >= 0 ? 0 : -1);
  show("accept on it", accept(s, NULL, NULL) >= 0 ? 0 : -1);
  close(s);
  for (int i = 3; i < 1000; i++) close(i);
}

int main(void) {
  n = 3 + snprintf(a.sun_path + 1, 60, "signalbox-connect-%d", getpid());
  puts("stream");
  with(SOCK_STREAM);
  puts("seqpacket");
  with(SOCK_SEQPACKET);
  return 0;
}
