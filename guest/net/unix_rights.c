// Descriptors in messages (SCM_RIGHTS): files that go from process to process, what happens without room for them, with
// MSG_PEEK, MSG_CMSG_CLOEXEC and bad ones, and sockets that only messages in themselves lead to (unix(7), cmsg(3)).
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static void show(const char *what, long r) {
  int e = errno;
  if (r < 0) printf("%s: %s\n", what, strerrorname_np(e));
  else printf("%s: %ld\n", what, r);
  fflush(stdout);
}

static long send_fds(int s, const char *text, size_t len, const int *fds, int count, int flags) {
  char control[CMSG_SPACE(300 * sizeof(int))] = "";
  struct iovec iov = {(void *)text, len};
  struct msghdr m = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = control, .msg_controllen = CMSG_SPACE(count * sizeof(int))};
  struct cmsghdr *c = CMSG_FIRSTHDR(&m);
  c->cmsg_level = SOL_SOCKET;
  c->cmsg_type = SCM_RIGHTS;
  c->cmsg_len = CMSG_LEN(count * sizeof(int));
  memcpy(CMSG_DATA(c), fds, count * sizeof(int));
  return sendmsg(s, &m, flags);
}

/* Returns how many descriptors came; they are in fds. */
static int recv_fds(const char *what, int s, size_t len, int *fds, size_t room, int flags) {
  char control[CMSG_SPACE(300 * sizeof(int))], text[64];
  struct iovec iov = {text, len};
  struct msghdr m = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = room ? control : NULL, .msg_controllen = room};
  long r = recvmsg(s, &m, flags);
  show(what, r);
  if (r < 0) return 0;
  int n = 0;
  for (struct cmsghdr *c = CMSG_FIRSTHDR(&m); c; c = CMSG_NXTHDR(&m, c)) {
    int k = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    printf("  level %d type %d length %zu\n", c->cmsg_level, c->cmsg_type, (size_t)c->cmsg_len);
    memcpy(fds + n, CMSG_DATA(c), k * sizeof(int));
    n += k;
  }
  printf("  %d descriptors, flags %#x, control %zu\n", n, m.msg_flags, (size_t)m.msg_controllen);
  return n;
}

static int open_count(void) {
  int n = 0;
  for (int i = 0; i < 512; i++) n += fcntl(i, F_GETFD) >= 0;
  return n;
}

static void with(int type) {
  int s[2], p[2], fds[300], n;
  char b[64] = "";
  socketpair(AF_UNIX, type, 0, s);
  pipe(p);
  show("send", send_fds(s[0], "end", 3, &p[0], 1, 0));
  close(p[0]);
  n = recv_fds("peek", s[1], 64, fds, CMSG_SPACE(40), MSG_PEEK);
  for (int i = 0; i < n; i++) close(fds[i]);
  n = recv_fds("recv", s[1], 64, fds, CMSG_SPACE(40), MSG_CMSG_CLOEXEC);
  write(p[1], "through", 7);
  show("read", read(fds[0], b, 64));
  printf("%s, cloexec %d\n", b, fcntl(fds[0], F_GETFD));
  close(fds[0]);
  errno = 0;
  show("two", send_fds(s[0], "two", 3, (int[]){p[1], 1}, 2, 0));
  n = recv_fds("room for one", s[1], 64, fds, CMSG_LEN(4), 0);
  for (int i = 0; i < n; i++) close(fds[i]);
  send_fds(s[0], "none", 4, (int[]){p[1], 1}, 2, 0);
  int before = open_count();
  recv_fds("no room", s[1], 64, fds, 0, 0);
  send_fds(s[0], "none", 4, (int[]){p[1], 1}, 2, 0);
  show("plain recv", recv(s[1], b, 64, 0));
  printf("none came: %d\n", open_count() == before);
  show("bad one", send_fds(s[0], "x", 1, (int[]){1, 999}, 2, 0));
  for (int i = 0; i < 300; i++) fds[i] = 1;
  show("253", send_fds(s[0], "x", 1, fds, 253, 0));
  show("254", send_fds(s[0], "x", 1, fds, 254, 0));
  n = recv_fds("all", s[1], 64, fds, CMSG_SPACE(300 * 4), 0);
  for (int i = 0; i < n; i++) close(fds[i]);
  send(s[0], "ab", 2, 0);
  send_fds(s[0], "cd", 2, (int[]){1}, 1, 0);
  send_fds(s[0], "ef", 2, (int[]){1}, 1, 0);
  send(s[0], "gh", 2, 0);
  for (int i = 0; i < 4; i++) {
    n = recv_fds("bounds", s[1], 64, fds, CMSG_SPACE(4), MSG_DONTWAIT);
    for (int k = 0; k < n; k++) close(fds[k]);
  }
  send_fds(s[0], "partly", 6, (int[]){1}, 1, 0);
  for (int i = 0; i < 2; i++) {
    n = recv_fds("in parts", s[1], 3, fds, CMSG_SPACE(4), MSG_DONTWAIT);
    for (int k = 0; k < n; k++) close(fds[k]);
  }
  int low = dup(0);
  close(low);
  struct rlimit old, few = {.rlim_cur = low + 1};
  getrlimit(RLIMIT_NOFILE, &old);
  few.rlim_max = old.rlim_max;
  send_fds(s[0], "x", 1, (int[]){0, 1, 2}, 3, 0);
  setrlimit(RLIMIT_NOFILE, &few);
  n = recv_fds("descriptor limit", s[1], 64, fds, CMSG_SPACE(12), 0);
  setrlimit(RLIMIT_NOFILE, &old);
  for (int i = 0; i < n; i++) close(fds[i]);

  struct iovec iov = {b, 1};
  union { struct cmsghdr c; char b[64]; } u = {.c = {.cmsg_len = 8, .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS}};
  struct msghdr m = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = &u, .msg_controllen = 24};
  show("header too short", sendmsg(s[0], &m, 0));
  u.c.cmsg_len = 100;
  show("too long", sendmsg(s[0], &m, 0));
  u.c.cmsg_len = 20;
  u.c.cmsg_type = 77;
  show("unknown type", sendmsg(s[0], &m, 0));
  u.c.cmsg_level = 99;
  show("unknown level", sendmsg(s[0], &m, 0));
  m.msg_controllen = 10;
  show("less than a header", sendmsg(s[0], &m, 0));
  m.msg_controllen = 24;
  m.msg_control = (void *)8;
  show("bad pointer", sendmsg(s[0], &m, 0));
  m.msg_controllen = 1 << 20;
  show("too much", sendmsg(s[0], &m, 0));
  close(s[0]);
  close(s[1]);
  close(p[1]);
}

int main(void) {
  puts("stream");
  with(SOCK_STREAM);
  puts("datagram");
  with(SOCK_DGRAM);

  puts("circles");
  int s[2], t[2], p[2], fds[4];
  struct pollfd w;
  socketpair(AF_UNIX, SOCK_STREAM, 0, s);
  pipe(p);
  send_fds(s[0], "x", 1, (int[]){s[1], p[1]}, 2, 0);
  close(s[0]);
  close(s[1]);
  close(p[1]);
  socketpair(AF_UNIX, SOCK_DGRAM, 0, t); /* any release of a socket looks for what nobody can reach */
  close(t[0]);
  close(t[1]);
  w = (struct pollfd){p[0], POLLIN, 0};
  printf("in itself: %d, %#x\n", poll(&w, 1, 5000), w.revents);
  close(p[0]);
  pipe(p);
  socketpair(AF_UNIX, SOCK_DGRAM, 0, s);
  socketpair(AF_UNIX, SOCK_DGRAM, 0, t);
  send_fds(s[0], "x", 1, (int[]){t[1], p[1]}, 2, 0);
  send_fds(t[0], "x", 1, (int[]){s[1]}, 1, 0);
  close(p[1]);
  close(t[1]);
  w = (struct pollfd){p[0], POLLIN, 0};
  close(t[0]);
  printf("one end is held: %d\n", poll(&w, 1, 0));
  close(s[0]);
  printf("still: %d\n", poll(&w, 1, 0));
  close(s[1]);
  socketpair(AF_UNIX, SOCK_DGRAM, 0, t);
  close(t[0]);
  close(t[1]);
  printf("in each other: %d, %#x\n", poll(&w, 1, 5000), w.revents);
  close(p[0]);

  socketpair(AF_UNIX, SOCK_SEQPACKET, 0, s);
  pid_t pid = fork();
  if (pid == 0) {
    close(s[0]);
    int q[2];
    pipe(q);
    send_fds(s[1], "pipe", 4, q, 1, 0);
    write(q[1], "from a child", 12);
    _exit(0);
  }
  close(s[1]);
  recv_fds("from a child", s[0], 64, fds, CMSG_SPACE(4), 0);
  waitpid(pid, NULL, 0);
  char b[32] = "";
  show("read", read(fds[0], b, 32));
  show("its end", read(fds[0], b + 12, 20));
  puts(b);
  return 0;
}
