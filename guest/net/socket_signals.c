// Calls on sockets that signals interrupt: which start again with SA_RESTART, which never (those with a time limit), and what
// is left of transfers that were under way (signal(7), sock_intr_errno).
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static volatile int alarms, help_fd = -1, help_at, accepting;
static struct sockaddr_storage where;
static socklen_t where_len;
/* At the third alarm it does what the interrupted call waits for. */
static void on_alarm(int sig) {
  (void)sig;
  int e = errno;
  if (++alarms == help_at) {
    char b[65536];
    if (accepting) {
      int c = socket(where.ss_family, SOCK_STREAM | SOCK_NONBLOCK, 0);
      connect(c, (void *)&where, where_len);
    } else if (help_fd >= 0) {
      if (help_at == 3) send(help_fd, "help", 4, MSG_DONTWAIT);
      else while (recv(help_fd, b, sizeof b, MSG_DONTWAIT) > 0) {}
    }
  }
  errno = e;
}
static void start(int flags) {
  struct sigaction sa = {.sa_handler = on_alarm, .sa_flags = flags};
  sigaction(SIGALRM, &sa, NULL);
  alarms = 0;
  struct itimerval t = {{0, 1500}, {0, 1500}};
  setitimer(ITIMER_REAL, &t, NULL);
}
static void stop(const char *what, long r) {
  int e = errno;
  struct itimerval t = {{0, 0}, {0, 0}};
  setitimer(ITIMER_REAL, &t, NULL);
  printf("  %s: %s, alarms %s\n", what, r < 0 ? strerrorname_np(e) : "done", alarms == 0 ? "none" : alarms < 3 ? "one" : "several");
}

static void receive(const char *name, int fd, int other, int flags, struct timeval limit) {
  char b[16];
  struct iovec iov = {b, 16};
  struct msghdr m = {.msg_iov = &iov, .msg_iovlen = 1};
  struct mmsghdr mm = {.msg_hdr = m};
  printf("%s, %s, %s\n", name, flags ? "SA_RESTART" : "no SA_RESTART", limit.tv_sec ? "with a limit" : "no limit");
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  help_fd = other;
  help_at = 3;
  start(flags);
  stop("recv", recv(fd, b, 16, 0));
  start(flags);
  stop("read", read(fd, b, 16));
  start(flags);
  stop("recvmsg", recvmsg(fd, &m, 0));
  start(flags);
  stop("recvmmsg", recvmmsg(fd, &mm, 1, 0, NULL));
}

static void fill(int fd) {
  static char b[65536];
  while (send(fd, b, sizeof b, MSG_DONTWAIT) > 0) {}
  while (send(fd, b, 1, MSG_DONTWAIT) > 0) {}
}

int main(void) {
  struct timeval none = {0, 0}, long_time = {100, 0};
  struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t n = sizeof a;
  int s[2], types[] = {SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET};
  const char *names[] = {"unix stream", "unix datagram", "unix packets"};
  char b[16];
  for (int t = 0; t < 3; t++) {
    socketpair(AF_UNIX, types[t], 0, s);
    receive(names[t], s[0], s[1], 0, none);
    receive(names[t], s[0], s[1], SA_RESTART, none);
    receive(names[t], s[0], s[1], SA_RESTART, long_time);
    fill(s[0]);
    setsockopt(s[0], SOL_SOCKET, SO_SNDTIMEO, &none, sizeof none);
    help_fd = s[1];
    help_at = 2;
    start(0);
    stop("send to a full one", send(s[0], "x", 1, 0));
    start(SA_RESTART);
    stop("send to a full one, restarted", send(s[0], "x", 1, 0));
    fill(s[0]);
    setsockopt(s[0], SOL_SOCKET, SO_SNDTIMEO, &long_time, sizeof long_time);
    start(SA_RESTART);
    stop("send to a full one, with a limit", send(s[0], "x", 1, 0));
    close(s[0]);
    close(s[1]);
  }
  socketpair(AF_UNIX, SOCK_STREAM, 0, s);
  puts("transfers under way");
  help_fd = s[1];
  help_at = 3;
  start(SA_RESTART);
  long r = recv(s[0], b, 5, MSG_WAITALL);
  stop("recv of some", r);
  printf("  %ld\n", r);
  while (recv(s[0], b, 16, MSG_DONTWAIT) > 0) {}
  static char big[1 << 20];
  help_fd = -1;
  start(SA_RESTART);
  r = send(s[0], big, sizeof big, 0);
  stop("send of some", r);
  printf("  part %d\n", r > 0 && r < (long)sizeof big);
  close(s[0]);
  close(s[1]);

  int l = socket(AF_INET, SOCK_STREAM, 0), c = socket(AF_INET, SOCK_STREAM, 0), d;
  bind(l, (void *)&a, n);
  getsockname(l, (void *)&a, &n);
  listen(l, 1);
  connect(c, (void *)&a, n);
  d = accept(l, NULL, NULL);
  receive("tcp", c, d, 0, none);
  receive("tcp", c, d, SA_RESTART, none);
  receive("tcp", c, d, SA_RESTART, long_time);
  int u = socket(AF_INET, SOCK_DGRAM, 0), v = socket(AF_INET, SOCK_DGRAM, 0);
  struct sockaddr_in ua = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  bind(u, (void *)&ua, n);
  getsockname(u, (void *)&ua, &n);
  connect(v, (void *)&ua, n);
  receive("udp", u, v, 0, none);
  receive("udp", u, v, SA_RESTART, none);
  receive("udp", u, v, SA_RESTART, long_time);

  int un = socket(AF_UNIX, SOCK_STREAM, 0);
  struct sockaddr_un x = {.sun_family = AF_UNIX};
  socklen_t xn = 3 + snprintf(x.sun_path + 1, 60, "signalbox-signals-%d", getpid());
  bind(un, (void *)&x, xn);
  listen(un, 0);
  int listeners[] = {l, un};
  for (int i = 0; i < 2; i++) {
    printf("accept of %s\n", i ? "unix" : "tcp");
    memcpy(&where, i ? (void *)&x : (void *)&a, where_len = i ? xn : n);
    accepting = 1;
    help_at = 3;
    start(0);
    stop("accept", accept(listeners[i], NULL, NULL));
    start(SA_RESTART);
    stop("accept, restarted", accept(listeners[i], NULL, NULL));
    setsockopt(listeners[i], SOL_SOCKET, SO_RCVTIMEO, &long_time, sizeof long_time);
    start(SA_RESTART);
    stop("accept, with a limit", accept(listeners[i], NULL, NULL));
    accepting = 0;
  }
  puts("connect to a full listener");
  int q[4];
  for (int i = 0; i < 4; i++) {
    q[i] = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
    connect(q[i], (void *)&x, xn);
  }
  int k = socket(AF_UNIX, SOCK_STREAM, 0);
  start(0);
  stop("connect", connect(k, (void *)&x, xn));
  setsockopt(k, SOL_SOCKET, SO_SNDTIMEO, &long_time, sizeof long_time);
  start(SA_RESTART);
  stop("connect with a limit", connect(k, (void *)&x, xn));
  return 0;
}
