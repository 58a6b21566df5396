// /proc/net of one's own sockets: states, names, queues and inodes (proc_pid_net(5)).
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static unsigned long ino(int fd) {
  struct stat st;
  fstat(fd, &st);
  return st.st_ino;
}
static int server_port;
static void inet(const char *file, const char *what, int fd) {
  char path[64], line[512];
  snprintf(path, sizeof path, "/proc/net/%s", file);
  FILE *f = fopen(path, "r");
  if (!f || !fgets(line, sizeof line, f)) { printf("%s: no %s\n", what, file); return; }
  while (fgets(line, sizeof line, f)) {
    char local[64], remote[64];
    unsigned lp, rp, st, tx, rx, uid;
    unsigned long inode;
    if (sscanf(line, " %*d: %63[^:]:%x %63[^:]:%x %x %x:%x %*s %*s %u %*u %lu", local, &lp, remote, &rp, &st, &tx, &rx, &uid, &inode) != 9) { printf("%s: %s", what, line); continue; }
    if (inode != ino(fd)) continue;
    printf("%s: %s:%s %s:%s state %02X, queues %u %s, uid %s, %zu characters\n", what, local, lp == (unsigned)server_port ? "server" : lp ? "other" : "0",
           remote, rp == (unsigned)server_port ? "server" : rp ? "other" : "0", st, tx, rx == 0 ? "0" : rx < 100 ? "some" : "more", uid == getuid() ? "own" : "?", strchr(file, '6') ? 0 : strlen(line));
    fclose(f);
    return;
  }
  fclose(f);
  printf("%s: not there\n", what);
}
static void local(const char *what, int fd) {
  char line[512];
  FILE *f = fopen("/proc/net/unix", "r");
  if (!f || !fgets(line, sizeof line, f)) { printf("%s: no file\n", what); return; }
  if (fd < 0) printf("%s", line);
  while (fgets(line, sizeof line, f)) {
    unsigned refs, proto, flags, type, st;
    unsigned long inode;
    char name[128] = "";
    if (sscanf(line, "%*[^:]: %x %x %x %x %x %lu %127s", &refs, &proto, &flags, &type, &st, &inode, name) < 6) continue;
    if (inode == ino(fd)) {
      char *pid = strstr(name, "-pid-");
      if (pid) pid[5] = 0;
      printf("%s: refs %u, protocol %x, flags %x, type %x, state %x, name \"%s\"\n", what, refs, proto, flags, type, st, name);
    }
  }
  fclose(f);
}

int main(void) {
  struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t n = sizeof a;
  int l = socket(AF_INET, SOCK_STREAM, 0), c = socket(AF_INET, SOCK_STREAM, 0), s;
  bind(l, (void *)&a, n);
  getsockname(l, (void *)&a, &n);
  server_port = ntohs(a.sin_port);
  inet("tcp", "bound", l);
  listen(l, 5);
  inet("tcp", "listening", l);
  connect(c, (void *)&a, n);
  inet("tcp", "one to be accepted", l);
  inet("tcp", "client", c);
  s = accept(l, NULL, NULL);
  inet("tcp", "server", s);
  send(c, "unread", 6, 0);
  inet("tcp", "with data", s);
  char b[8];
  recv(s, b, 8, 0);
  shutdown(c, SHUT_WR);
  inet("tcp", "half closed server", s);
  close(s);
  inet("tcp", "closed client", c);
  int l6 = socket(AF_INET6, SOCK_STREAM, 0);
  struct sockaddr_in6 a6 = {.sin6_family = AF_INET6, .sin6_addr = in6addr_loopback};
  n = sizeof a6;
  bind(l6, (void *)&a6, n);
  getsockname(l6, (void *)&a6, &n);
  server_port = ntohs(a6.sin6_port);
  listen(l6, 1);
  inet("tcp6", "listening", l6);
  int u = socket(AF_INET, SOCK_DGRAM, 0), v = socket(AF_INET, SOCK_DGRAM, 0), w = socket(AF_INET6, SOCK_DGRAM, 0);
  n = sizeof a;
  a.sin_port = 0;
  inet("udp", "new", u);
  bind(u, (void *)&a, n);
  getsockname(u, (void *)&a, &n);
  server_port = ntohs(a.sin_port);
  inet("udp", "bound", u);
  connect(v, (void *)&a, n);
  inet("udp", "connected", v);
  send(v, "x", 1, 0);
  inet("udp", "with a datagram", u);
  a6.sin6_port = 0;
  n = sizeof a6;
  bind(w, (void *)&a6, n);
  getsockname(w, (void *)&a6, &n);
  server_port = ntohs(a6.sin6_port);
  inet("udp6", "bound", w);

  struct sockaddr_un x = {.sun_family = AF_UNIX};
  socklen_t xn = 3 + snprintf(x.sun_path + 1, 60, "signalbox-pid-%d", getpid());
  int p[2], q = socket(AF_UNIX, SOCK_SEQPACKET, 0), d = socket(AF_UNIX, SOCK_DGRAM, 0), k = socket(AF_UNIX, SOCK_SEQPACKET, 0);
  socketpair(AF_UNIX, SOCK_STREAM, 0, p);
  local("header", -1);
  local("pair", p[0]);
  local("new", q);
  local("datagrams", d);
  bind(q, (void *)&x, xn);
  local("bound", q);
  listen(q, 1);
  local("listening", q);
  connect(k, (void *)&x, xn);
  local("client", k);
  local("accepted", accept(q, NULL, NULL));
  char dir[] = "/tmp/procXXXXXX";
  if (!mkdtemp(dir) || chdir(dir)) return 1;
  strcpy(x.sun_path, "name");
  bind(d, (void *)&x, sizeof x);
  local("path", d);
  unlink("name");
  rmdir(dir);
  return 0;
}
