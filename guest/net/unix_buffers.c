// What AF_UNIX messages cost: how many of each size fit into the send buffer, what SIOCOUTQ says of them, when poll(2) finds
// room again, how writers that wait go on, and the times of SO_TIMESTAMP (socket(7), sock_alloc_send_pskb).
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/sockios.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static char big[400000];
static int outq(int fd) {
  int v = -1;
  ioctl(fd, SIOCOUTQ, &v);
  return v;
}
static int writable(int fd) {
  struct pollfd p = {fd, POLLOUT, 0};
  return poll(&p, 1, 0);
}

static void fill(int type, int size, int buffer) {
  int s[2], one = -1;
  long n = 0, total = 0, r;
  socketpair(AF_UNIX, type | SOCK_NONBLOCK, 0, s);
  if (buffer) setsockopt(s[0], SOL_SOCKET, SO_SNDBUF, &buffer, sizeof buffer);
  int room = -1;
  while ((r = send(s[0], big, size, 0)) >= 0) {
    if (++n == 1) one = outq(s[0]);
    total += r;
    if (room < 0 && !writable(s[0])) room = n;
  }
  printf("type %d, %d bytes: %d for one, %ld fit (%ld bytes), no room for poll after %d: %s", type, size, one, n, total, room, strerrorname_np(errno));
  int full = outq(s[0]), reads = 0;
  while (!writable(s[0]) && recv(s[1], big, sizeof big, 0) >= 0) reads++;
  printf("; %d when full, room after %d reads, then %d\n", full, reads, outq(s[0]));
  close(s[0]);
  close(s[1]);
}

int main(void) {
  int types[] = {SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET}, sizes[] = {1, 192, 193, 704, 705, 3776, 3777, 4096, 16064, 16065, 40000, 100000};
  for (int t = 0; t < 3; t++) for (int i = 0; i < 12; i++) fill(types[t], sizes[i], 0);
  fill(SOCK_STREAM, 1000, 1);
  fill(SOCK_STREAM, 100, 5000);
  fill(SOCK_DGRAM, 1000, 3000);
  fill(SOCK_STREAM, 100000, 30000);
  fill(SOCK_STREAM, 400000, 150000);

  puts("partly read");
  int s[2];
  socketpair(AF_UNIX, SOCK_STREAM, 0, s);
  send(s[0], big, 1000, 0);
  int before = outq(s[0]);
  recv(s[1], big, 999, 0);
  printf("costs as much: %d\n", outq(s[0]) == before);
  recv(s[1], big, 1, 0);
  printf("nothing: %d\n", outq(s[0]));

  puts("a writer that waits");
  fflush(stdout);
  pid_t pid = fork();
  if (pid == 0) {
    close(s[1]);
    long r = send(s[0], big, sizeof big, 0);
    _exit(r == sizeof big ? 0 : 1);
  }
  close(s[0]);
  long total = 0, r;
  while ((r = recv(s[1], big, 5000, 0)) > 0) total += r;
  int st;
  waitpid(pid, &st, 0);
  printf("%ld bytes, status %d\n", total, st);
  close(s[1]);

  puts("a writer whose reader goes");
  socketpair(AF_UNIX, SOCK_STREAM, 0, s);
  fflush(stdout);
  pid = fork();
  if (pid == 0) {
    close(s[1]);
    long x = send(s[0], big, sizeof big, MSG_NOSIGNAL);
    int first = x > 0 && x < (long)sizeof big;
    x = send(s[0], big, 1, MSG_NOSIGNAL);
    _exit(first && x < 0 && (errno == EPIPE || errno == ECONNRESET) ? 0 : 1);
  }
  close(s[0]);
  recv(s[1], big, 1, 0);
  while (ioctl(s[1], SIOCINQ, &st), st < 100000) usleep(500);
  close(s[1]);
  waitpid(pid, &st, 0);
  printf("status %d\n", st);

  puts("times");
  int on = 1;
  socketpair(AF_UNIX, SOCK_DGRAM, 0, s);
  for (int ns = 0; ns < 2; ns++) {
    setsockopt(s[1], SOL_SOCKET, ns ? SO_TIMESTAMPNS : SO_TIMESTAMP, &on, sizeof on);
    struct timespec t0, t1;
    clock_gettime(CLOCK_REALTIME, &t0);
    send(s[0], "x", 1, 0);
    clock_gettime(CLOCK_REALTIME, &t1);
    char control[64], b;
    struct iovec iov = {&b, 1};
    struct msghdr m = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
    recvmsg(s[1], &m, 0);
    struct cmsghdr *c = CMSG_FIRSTHDR(&m);
    if (!c) { puts("none"); continue; }
    struct timespec t;
    memcpy(&t, CMSG_DATA(c), sizeof t);
    if (!ns) t.tv_nsec *= 1000;
    long long x = t.tv_sec * 1000000000LL + t.tv_nsec, lo = t0.tv_sec * 1000000000LL + t0.tv_nsec, hi = t1.tv_sec * 1000000000LL + t1.tv_nsec;
    printf("level %d type %d length %zu, between: %d\n", c->cmsg_level, c->cmsg_type, (size_t)c->cmsg_len, x >= lo - 1000 && x <= hi);
  }
  return 0;
}
