// AF_UNIX datagrams: sendto and recvfrom with names, connecting and disconnecting, queues that are full, receivers that are
// closed, messages that are too long (unix(7)).
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
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
static socklen_t un(struct sockaddr_un *a, const char *tail) {
  memset(a, 0, sizeof *a);
  a->sun_family = AF_UNIX;
  return 3 + snprintf(a->sun_path + 1, 60, "signalbox-%d-%s", getpid(), tail);
}
static char big[300000];

int main(void) {
  struct sockaddr_un a, b, from;
  socklen_t na = un(&a, "a"), nb = un(&b, "b"), n;
  int x = socket(AF_UNIX, SOCK_DGRAM, 0), y = socket(AF_UNIX, SOCK_DGRAM, 0), z = socket(AF_UNIX, SOCK_DGRAM, 0);
  char buf[64];
  bind(x, (void *)&a, na);
  bind(y, (void *)&b, nb);
  state("fresh", x);
  show("send without a peer", send(x, "x", 1, 0));
  show("sendto", sendto(z, "one", 3, 0, (void *)&a, na));
  show("sendto", sendto(y, "two", 3, 0, (void *)&a, na));
  state("readable", x);
  n = sizeof from;
  show("recvfrom", recvfrom(x, buf, 64, 0, (void *)&from, &n));
  printf("from length %u\n", n);
  n = sizeof from;
  show("recvfrom", recvfrom(x, buf, 2, 0, (void *)&from, &n));
  printf("from b: %d\n", n == nb && !memcmp(&from, &b, n));
  show("none left", recv(x, buf, 64, MSG_DONTWAIT));
  show("empty", sendto(z, "", 0, 0, (void *)&a, na));
  state("readable", x);
  show("recv", recv(x, buf, 64, 0));
  show("connect", connect(z, (void *)&a, na));
  show("send", send(z, "three", 5, 0));
  n = sizeof from;
  show("getpeername", getpeername(z, (void *)&from, &n));
  show("sendto another", sendto(z, "four", 4, 0, (void *)&b, nb));
  show("its", recv(y, buf, 64, 0));
  show("recv", recv(x, buf, 64, 0));
  show("connect x to y", connect(x, (void *)&b, nb));
  show("z to x now", send(z, "x", 1, 0));
  show("y to x", sendto(y, "five", 4, 0, (void *)&a, na));
  show("z cannot connect to x", connect(z, (void *)&a, na));
  from.sun_family = AF_UNSPEC;
  show("x disconnects", connect(x, (void *)&from, 2));
  show("what y sent", recv(x, buf, 64, MSG_DONTWAIT));
  show("z to x", send(z, "six", 3, 0));
  show("recv", recv(x, buf, 64, MSG_DONTWAIT));
  show("disconnect with one byte", connect(x, (void *)&from, 1));

  int sent = 0;
  while (send(z, "fill", 4, MSG_DONTWAIT) == 4) sent++;
  printf("%d fit, then %s\n", sent, strerrorname_np(errno));
  state("full", z);
  state("unconnected", y);
  show("sendto a full queue", sendto(y, "x", 1, MSG_DONTWAIT, (void *)&a, na));
  recv(x, buf, 64, 0);
  state("one was read", z);
  show("send", send(z, "fill", 4, MSG_DONTWAIT));
  pid_t pid = fork();
  if (pid == 0) {
    long r = send(z, "waited", 6, 0);
    _exit(r == 6 ? 0 : 1);
  }
  int rest = 0, got;
  while ((got = recv(x, buf, 64, 0)) > 0 && got != 6) rest++;
  printf("%d before the one that waited\n", rest);
  int st;
  waitpid(pid, &st, 0);
  printf("child %d\n", st);

  int size = sizeof big, len = sizeof size, v = 20000;
  socklen_t l = len;
  getsockopt(z, SOL_SOCKET, SO_SNDBUF, &size, &l);
  show("largest", send(z, big, size - 32, 0));
  show("and one more", send(z, big, size - 31, 0));
  show("recv", recv(x, buf, 10, MSG_TRUNC) == size - 32);
  setsockopt(z, SOL_SOCKET, SO_SNDBUF, &v, sizeof v);
  getsockopt(z, SOL_SOCKET, SO_SNDBUF, &v, &l);
  printf("20000 is %d\n", v);
  show("largest", send(z, big, v - 32, 0));
  show("and one more", send(z, big, v - 31, 0));
  int out = -1;
  show("unread bytes", ioctl(x, FIONREAD, &v));
  show("outq", ioctl(z, TIOCOUTQ, &out));
  printf("%d to read, %d on the way\n", v, out > 40000 && out < 80000);
  show("out of band", send(z, "x", 1, MSG_OOB));
  close(x);
  state("closed receiver", z);
  show("send", send(z, "x", 1, 0));
  show("send again", send(z, "x", 1, 0));
  show("sendto", sendto(z, "x", 1, 0, (void *)&a, na));
  show("read shut", shutdown(y, SHUT_RD));
  show("sendto it", sendto(z, "x", 1, 0, (void *)&b, nb));
  state("shut", y);
  show("recv", recv(y, buf, 1, 0));
  show("recv, not waiting", recv(y, buf, 1, MSG_DONTWAIT));
  show("write shut", shutdown(z, SHUT_WR));
  show("sendto", sendto(z, "x", 1, 0, (void *)&b, nb));
  a.sun_family = AF_INET;
  show("family", sendto(y, "x", 1, 0, (void *)&a, na));
  show("short", sendto(y, "x", 1, 0, (void *)&b, 2));

  int p[2];
  socketpair(AF_UNIX, SOCK_DGRAM, 0, p);
  sent = 0;
  while (send(p[0], "x", 1, MSG_DONTWAIT) == 1) sent++;
  printf("a pair takes %d, then %s\n", sent, strerrorname_np(errno));
  state("full", p[0]);
  for (int i = 0; i < sent * 3 / 4 - 1; i++) recv(p[1], buf, 1, 0);
  state("nearly roomy", p[0]);
  for (int i = 0; i < 2; i++) recv(p[1], buf, 1, 0);
  state("roomy", p[0]);
  return 0;
}
