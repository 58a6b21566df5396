// Urgent data of TCP: MSG_OOB, SIOCATMARK, SO_OOBINLINE, SIGURG, POLLPRI, select's exceptions (tcp(7), tcp_recv_urg,
// tcp_check_urg).
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <unistd.h>

static volatile int urgent;
static void on_urg(int sig) { (void)sig; urgent++; }
static int c, s;

static void show(const char *what, long r) {
  int e = errno;
  if (r < 0) printf("%s: %s\n", what, strerrorname_np(e));
  else printf("%s: %ld\n", what, r);
}
static void state(void) {
  struct pollfd p = {s, POLLIN | POLLPRI, 0};
  int mark = -1, n = -1;
  fd_set e;
  struct timeval t = {0, 0};
  poll(&p, 1, 0);
  FD_ZERO(&e);
  FD_SET(s, &e);
  int x = select(s + 1, NULL, NULL, &e, &t);
  ioctl(s, SIOCATMARK, &mark);
  ioctl(s, FIONREAD, &n);
  printf("  poll %#x, exceptions %d, mark %d, %d to read, SIGURG %d\n", p.revents, x, mark, n, urgent);
  urgent = 0;
}
static void take(const char *what, int flags, size_t len) {
  char b[16] = "";
  long r = recv(s, b, len, flags | MSG_DONTWAIT);
  show(what, r);
  if (r > 0) printf("  \"%.*s\"\n", (int)r, b);
  state();
}

int main(void) {
  struct sigaction sa = {.sa_handler = on_urg};
  sigaction(SIGURG, &sa, NULL);
  struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t n = sizeof a;
  int l = socket(AF_INET, SOCK_STREAM, 0);
  bind(l, (void *)&a, n);
  getsockname(l, (void *)&a, &n);
  listen(l, 5);
  for (int in = 0; in < 2; in++) {
    printf("inline %d\n", in);
    c = socket(AF_INET, SOCK_STREAM, 0);
    connect(c, (void *)&a, n);
    s = accept(l, NULL, NULL);
    fcntl(s, F_SETOWN, getpid());
    setsockopt(s, SOL_SOCKET, SO_OOBINLINE, &in, sizeof in);
    state();
    take("none", MSG_OOB, 1);
    show("send", send(c, "abc", 3, MSG_OOB));
    state();
    take("peek", MSG_PEEK, 8);
    take("recv", 0, 8);
    take("peek urgent", MSG_OOB | MSG_PEEK, 8);
    take("urgent", MSG_OOB, 8);
    take("urgent again", MSG_OOB, 8);
    take("recv", 0, 8);
    send(c, "12", 2, 0);
    show("urgent in the middle", send(c, "!", 1, MSG_OOB));
    send(c, "34", 2, 0);
    state();
    take("recv", 0, 8);
    take("recv", 0, 8);
    take("recv", 0, 8);
    take("too late", MSG_OOB, 1);
    show("two urgent", send(c, "x", 1, MSG_OOB));
    show("bytes", send(c, "y", 1, MSG_OOB));
    state();
    take("recv", 0, 8);
    take("urgent", MSG_OOB, 8);
    take("recv", 0, 8);
    send(c, "z", 1, MSG_OOB);
    close(c);
    take("urgent at the end", MSG_OOB, 8);
    take("end", 0, 8);
    close(s);
  }
  return 0;
}
