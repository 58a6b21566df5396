// Urgent bytes of AF_UNIX streams: MSG_OOB, the mark, SO_OOBINLINE, SIGURG and POLLPRI (unix(7), net/unix/af_unix.c
// manage_oob).
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>
#include <linux/sockios.h>

static volatile int urgent;
static void on_urg(int sig) { (void)sig; urgent++; }
static int s[2];

static void show(const char *what, long r) {
  int e = errno;
  if (r < 0) printf("%s: %s\n", what, strerrorname_np(e));
  else printf("%s: %ld\n", what, r);
}
static void state(void) {
  struct pollfd p = {s[1], POLLIN | POLLPRI, 0};
  int mark = -1, n = -1;
  poll(&p, 1, 0);
  ioctl(s[1], SIOCATMARK, &mark);
  ioctl(s[1], FIONREAD, &n);
  printf("  poll %#x, mark %d, %d to read, SIGURG %d\n", p.revents, mark, n, urgent);
  urgent = 0;
}
static void take(const char *what, int flags, size_t len) {
  char b[16] = "";
  long r = recv(s[1], b, len, flags | MSG_DONTWAIT);
  show(what, r);
  if (r > 0) printf("  \"%.*s\"\n", (int)r, b);
  state();
}

static void run(void) {
  state();
  show("send", send(s[0], "abc", 3, MSG_OOB));
  state();
  take("peek", MSG_PEEK, 8);
  take("recv", 0, 8);
  take("peek urgent", MSG_OOB | MSG_PEEK, 8);
  take("urgent", MSG_OOB, 8);
  take("urgent again", MSG_OOB, 8);
  take("recv", 0, 8);
  show("one", send(s[0], "x", 1, MSG_OOB));
  show("after", send(s[0], "yz", 2, 0));
  state();
  take("recv", 0, 8);
  take("urgent", MSG_OOB, 8);
  show("send", send(s[0], "12", 2, MSG_OOB));
  show("send", send(s[0], "34", 2, MSG_OOB));
  state();
  take("recv", 0, 8);
  take("recv", 0, 8);
  take("recv", 0, 8);
  take("urgent", MSG_OOB, 8);
  show("nothing", send(s[0], "", 0, MSG_OOB));
  take("recv", 0, 8);
}

int main(void) {
  struct sigaction sa = {.sa_handler = on_urg};
  sigaction(SIGURG, &sa, NULL);
  for (int in = 0; in < 2; in++) {
    printf("inline %d\n", in);
    socketpair(AF_UNIX, SOCK_STREAM, 0, s);
    fcntl(s[1], F_SETOWN, getpid());
    setsockopt(s[1], SOL_SOCKET, SO_OOBINLINE, &in, sizeof in);
    run();
    close(s[0]);
    close(s[1]);
  }
  socketpair(AF_UNIX, SOCK_SEQPACKET, 0, s);
  show("packets have none", send(s[0], "x", 1, MSG_OOB));
  return 0;
}
