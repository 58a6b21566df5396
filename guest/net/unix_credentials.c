// Who is at the other end: SO_PEERCRED of pairs and connections, SCM_CREDENTIALS with SO_PASSCRED, true and claimed, and
// messages of different senders, which one read does not join (unix(7)).
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static pid_t self, child;
static const char *who(int pid) { return pid == self ? "parent" : pid == child ? "child" : pid == 0 ? "nobody" : "?"; }

static void show(const char *what, long r) {
  int e = errno;
  if (r < 0) printf("%s: %s\n", what, strerrorname_np(e));
  else printf("%s: %ld\n", what, r);
  fflush(stdout);
}
static void peer(const char *what, int fd) {
  struct ucred u = {-2, -2, -2};
  socklen_t n = sizeof u;
  show(what, getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &u, &n));
  printf("  %s, uid %s, gid %s, length %u\n", who(u.pid), u.uid == geteuid() ? "own" : u.uid == -1u ? "-1" : "?",
         u.gid == getegid() ? "own" : u.gid == -1u ? "-1" : "?", n);
}
static void take(const char *what, int fd, size_t len, size_t room) {
  char control[128], text[64];
  struct iovec iov = {text, len};
  struct msghdr m = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = control, .msg_controllen = room};
  long r = recvmsg(fd, &m, MSG_DONTWAIT);
  show(what, r);
  if (r < 0) return;
  printf("  flags %#x, control %zu\n", m.msg_flags, (size_t)m.msg_controllen);
  for (struct cmsghdr *c = CMSG_FIRSTHDR(&m); c; c = CMSG_NXTHDR(&m, c)) {
    struct ucred u = {0, 0, 0};
    memcpy(&u, CMSG_DATA(c), sizeof u);
    printf("  level %d type %d length %zu", c->cmsg_level, c->cmsg_type, (size_t)c->cmsg_len);
    if (c->cmsg_len == CMSG_LEN(sizeof u)) printf(": %s, uid %s", who(u.pid), u.uid == getuid() ? "own" : u.uid == 65534 ? "overflow" : "?");
    putchar('\n');
  }
}
static long claim(int fd, int pid, int uid, int gid, size_t len) {
  union { struct cmsghdr c; char b[CMSG_SPACE(sizeof(struct ucred))]; } u;
  memset(&u, 0, sizeof u);
  struct ucred cred = {pid, uid, gid};
  struct iovec iov = {"claim", 5};
  struct msghdr m = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = &u, .msg_controllen = sizeof u};
  u.c.cmsg_level = SOL_SOCKET;
  u.c.cmsg_type = SCM_CREDENTIALS;
  u.c.cmsg_len = CMSG_LEN(len);
  memcpy(CMSG_DATA(&u.c), &cred, sizeof cred);
  return sendmsg(fd, &m, 0);
}

int main(void) {
  int s[2], on = 1, off = 0, v;
  socklen_t l = sizeof v;
  self = getpid();
  int types[] = {SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET};
  for (int t = 0; t < 3; t++) {
    printf("type %d\n", types[t]);
    socketpair(AF_UNIX, types[t], 0, s);
    peer("pair", s[0]);
    send(s[0], "before", 6, 0);
    show("passcred", setsockopt(s[1], SOL_SOCKET, SO_PASSCRED, &on, sizeof on));
    getsockopt(s[1], SOL_SOCKET, SO_PASSCRED, &v, &l);
    printf("is %d\n", v);
    send(s[0], "after", 5, 0);
    take("first", s[1], 64, 128);
    take("second", s[1], 64, 128);
    send(s[0], "no room", 7, 0);
    take("no room", s[1], 64, 0);
    send(s[0], "little room", 11, 0);
    take("little room", s[1], 64, 20);
    fflush(stdout);
    send(s[0], "parent", 6, 0);
    if ((child = fork()) == 0) {
      send(s[0], "child", 5, 0);
      _exit(0);
    }
    waitpid(child, NULL, 0);
    take("of two", s[1], 64, 128);
    take("of two", s[1], 64, 128);
    show("claim the truth", claim(s[0], getpid(), getuid(), getgid(), sizeof(struct ucred)));
    take("recv", s[1], 64, 128);
    show("claim half", claim(s[0], getpid(), getuid(), getgid(), 4));
    setsockopt(s[1], SOL_SOCKET, SO_PASSCRED, &off, sizeof off);
    show("not asked for", claim(s[0], getpid(), getuid(), getgid(), sizeof(struct ucred)));
    take("recv", s[1], 64, 128);
    if ((child = fork()) == 0) {
      if (getuid() == 0) (void)!setuid(4321);
      show("claim a foreign uid", claim(s[0], getpid(), getuid() + 1, getgid(), sizeof(struct ucred)));
      show("claim a foreign pid", claim(s[0], 1, getuid(), getgid(), sizeof(struct ucred)));
      _exit(0);
    }
    waitpid(child, NULL, 0);
    close(s[0]);
    close(s[1]);
  }
  struct sockaddr_un a = {.sun_family = AF_UNIX};
  socklen_t n = 3 + snprintf(a.sun_path + 1, 60, "signalbox-cred-%d", self);
  int srv = socket(AF_UNIX, SOCK_STREAM, 0);
  peer("unbound", srv);
  bind(srv, (void *)&a, n);
  listen(srv, 3);
  peer("listening", srv);
  int p[2];
  pipe(p);
  fflush(stdout);
  if ((child = fork()) == 0) {
    child = getpid();
    int c = socket(AF_UNIX, SOCK_STREAM, 0);
    connect(c, (void *)&a, n);
    peer("child's view", c);
    fflush(stdout);
    write(p[1], "x", 1);
    char b;
    recv(c, &b, 1, 0);
    _exit(0);
  }
  char b;
  read(p[0], &b, 1);
  setsockopt(srv, SOL_SOCKET, SO_PASSCRED, &on, sizeof on);
  int c = accept(srv, NULL, NULL);
  peer("parent's view", c);
  close(c);
  waitpid(child, NULL, 0);
  int d = socket(AF_UNIX, SOCK_STREAM, 0);
  connect(d, (void *)&a, n);
  send(d, "early", 5, 0);
  c = accept(srv, NULL, NULL);
  getsockopt(c, SOL_SOCKET, SO_PASSCRED, &v, &l);
  printf("inherited: %d\n", v);
  take("sent before accept", c, 64, 128);
  gid_t groups[4];
  l = 4;
  show("groups", getsockopt(srv, SOL_SOCKET, SO_PEERGROUPS, groups, &l) < 0 ? -1 : 0);
  return 0;
}
