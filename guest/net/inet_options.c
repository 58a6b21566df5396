// Options of sockets: what they are at first, what setsockopt(2) makes of them, which are refused (socket(7), tcp(7), ip(7),
// ipv6(7), unix(7)).
#define _GNU_SOURCE
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static void show(const char *what, long r) {
  int e = errno;
  if (r < 0) printf("  %s: %s\n", what, strerrorname_np(e));
  else printf("  %s: %ld\n", what, r);
  fflush(stdout);
}
static void get(const char *what, int fd, int level, int option) {
  int v[8] = {-7};
  socklen_t l = sizeof v;
  if (getsockopt(fd, level, option, v, &l) < 0) { printf("  %s: %s\n", what, strerrorname_np(errno)); return; }
  printf("  %s: %d", what, v[0]);
  if (l != 4) printf(", length %u", l);
  putchar('\n');
}
static void set(const char *what, int fd, int level, int option, int value) {
  long r = setsockopt(fd, level, option, &value, sizeof value);
  printf("  %s = %d: %s; ", what, value, r < 0 ? strerrorname_np(errno) : "set");
  get("is", fd, level, option);
}
#define O(level, name) {#name, level, name}
static const struct { const char *name; int level, option; } ALL[] = {
  O(SOL_SOCKET, SO_DEBUG), O(SOL_SOCKET, SO_REUSEADDR), O(SOL_SOCKET, SO_TYPE), O(SOL_SOCKET, SO_ERROR), O(SOL_SOCKET, SO_DONTROUTE),
  O(SOL_SOCKET, SO_BROADCAST), O(SOL_SOCKET, SO_KEEPALIVE), O(SOL_SOCKET, SO_OOBINLINE), O(SOL_SOCKET, SO_PRIORITY),
  O(SOL_SOCKET, SO_LINGER), O(SOL_SOCKET, SO_REUSEPORT), O(SOL_SOCKET, SO_PASSCRED), O(SOL_SOCKET, SO_RCVLOWAT),
  O(SOL_SOCKET, SO_SNDLOWAT), O(SOL_SOCKET, SO_RCVTIMEO), O(SOL_SOCKET, SO_SNDTIMEO), O(SOL_SOCKET, SO_ACCEPTCONN),
  O(SOL_SOCKET, SO_PROTOCOL), O(SOL_SOCKET, SO_DOMAIN), O(SOL_SOCKET, SO_TIMESTAMP), O(SOL_SOCKET, SO_MARK),
  O(SOL_SOCKET, SO_PEEK_OFF), O(SOL_SOCKET, 999), O(IPPROTO_TCP, TCP_NODELAY), O(IPPROTO_TCP, TCP_CORK),
  O(IPPROTO_TCP, TCP_KEEPIDLE), O(IPPROTO_TCP, TCP_KEEPINTVL), O(IPPROTO_TCP, TCP_KEEPCNT), O(IPPROTO_TCP, TCP_SYNCNT),
  O(IPPROTO_TCP, TCP_LINGER2), O(IPPROTO_TCP, TCP_DEFER_ACCEPT), O(IPPROTO_TCP, TCP_USER_TIMEOUT), O(IPPROTO_TCP, TCP_MAXSEG),
  O(IPPROTO_TCP, 999), O(IPPROTO_IP, IP_TOS), O(IPPROTO_IP, IP_TTL), O(IPPROTO_IP, IP_PKTINFO), O(IPPROTO_IP, IP_RECVERR),
  O(IPPROTO_IP, IP_RECVTTL), O(IPPROTO_IP, IP_MULTICAST_TTL), O(IPPROTO_IP, IP_MULTICAST_LOOP), O(IPPROTO_IP, 999),
  O(IPPROTO_IPV6, IPV6_V6ONLY), O(IPPROTO_IPV6, IPV6_UNICAST_HOPS), O(IPPROTO_IPV6, IPV6_RECVPKTINFO), O(IPPROTO_IPV6, IPV6_TCLASS),
  O(9999, 1),
};

int main(void) {
  const struct { const char *name; int family, type; } kinds[] = {
    {"unix stream", AF_UNIX, SOCK_STREAM}, {"unix datagram", AF_UNIX, SOCK_DGRAM}, {"tcp", AF_INET, SOCK_STREAM},
    {"udp", AF_INET, SOCK_DGRAM}, {"tcp6", AF_INET6, SOCK_STREAM}, {"udp6", AF_INET6, SOCK_DGRAM},
  };
  for (unsigned k = 0; k < sizeof kinds / sizeof *kinds; k++) {
    puts(kinds[k].name);
    int fd = socket(kinds[k].family, kinds[k].type, 0);
    for (unsigned i = 0; i < sizeof ALL / sizeof *ALL; i++) get(ALL[i].name, fd, ALL[i].level, ALL[i].option);
    set("SO_REUSEADDR", fd, SOL_SOCKET, SO_REUSEADDR, 5);
    set("SO_REUSEPORT", fd, SOL_SOCKET, SO_REUSEPORT, 1);
    set("SO_KEEPALIVE", fd, SOL_SOCKET, SO_KEEPALIVE, 1);
    set("SO_TYPE", fd, SOL_SOCKET, SO_TYPE, 1);
    set("SO_ERROR", fd, SOL_SOCKET, SO_ERROR, 1);
    set("SO_ACCEPTCONN", fd, SOL_SOCKET, SO_ACCEPTCONN, 1);
    set("SO_SNDLOWAT", fd, SOL_SOCKET, SO_SNDLOWAT, 1);
    set("SO_RCVLOWAT", fd, SOL_SOCKET, SO_RCVLOWAT, 0);
    set("SO_RCVLOWAT", fd, SOL_SOCKET, SO_RCVLOWAT, 100);
    set("SO_SNDBUF", fd, SOL_SOCKET, SO_SNDBUF, 0);
    set("SO_SNDBUF", fd, SOL_SOCKET, SO_SNDBUF, 50000);
    set("SO_RCVBUF", fd, SOL_SOCKET, SO_RCVBUF, 0);
    set("SO_RCVBUF", fd, SOL_SOCKET, SO_RCVBUF, 50000);
    set("SO_PRIORITY", fd, SOL_SOCKET, SO_PRIORITY, 6);
    set("SO_PASSCRED", fd, SOL_SOCKET, SO_PASSCRED, 1);
    set("999", fd, SOL_SOCKET, 999, 1);
    if (kinds[k].family != AF_UNIX) {
      set("IP_TTL", fd, IPPROTO_IP, IP_TTL, 0);
      set("IP_TTL", fd, IPPROTO_IP, IP_TTL, 9);
      set("IP_TTL", fd, IPPROTO_IP, IP_TTL, 256);
      set("IP_TTL", fd, IPPROTO_IP, IP_TTL, -1);
      set("TCP_NODELAY", fd, IPPROTO_TCP, TCP_NODELAY, 7);
      set("TCP_KEEPIDLE", fd, IPPROTO_TCP, TCP_KEEPIDLE, 0);
      set("TCP_KEEPIDLE", fd, IPPROTO_TCP, TCP_KEEPIDLE, 10);
      set("TCP_KEEPCNT", fd, IPPROTO_TCP, TCP_KEEPCNT, 128);
      set("IPV6_V6ONLY", fd, IPPROTO_IPV6, IPV6_V6ONLY, 1);
      set("IPV6_UNICAST_HOPS", fd, IPPROTO_IPV6, IPV6_UNICAST_HOPS, 300);
    }
    struct linger l = {5, 9};
    show("linger", setsockopt(fd, SOL_SOCKET, SO_LINGER, &l, sizeof l));
    l = (struct linger){0, 77};
    socklen_t n = sizeof l;
    getsockopt(fd, SOL_SOCKET, SO_LINGER, &l, &n);
    printf("  %d %d %u\n", l.l_onoff, l.l_linger, n);
    show("short", setsockopt(fd, SOL_SOCKET, SO_LINGER, &l, 4));
    int v = 1;
    show("three bytes", setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &v, 3));
    show("negative", setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &v, -1));
    show("bad pointer", setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, (void *)8, 4));
    n = 2;
    v = 0x7f7f7f7f;
    show("room for two bytes", getsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &v, &n));
    printf("  %#x %u\n", v, n);
    n = -1;
    show("negative room", getsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &v, &n));
    show("no room", getsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &v, NULL));
    n = 4;
    show("bad pointer", getsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, (void *)8, &n));
    close(fd);
  }
  if (fork() == 0) {
    if (getuid() == 0) (void)!setuid(1234);
    puts("without privileges");
    int fd = socket(AF_INET, SOCK_DGRAM, 0), v = 1;
    show("SO_DEBUG", setsockopt(fd, SOL_SOCKET, SO_DEBUG, &v, 4));
    show("SO_MARK", setsockopt(fd, SOL_SOCKET, SO_MARK, &v, 4));
    show("SO_SNDBUFFORCE", setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &v, 4));
    v = 7;
    show("SO_PRIORITY", setsockopt(fd, SOL_SOCKET, SO_PRIORITY, &v, 4));
    fflush(stdout);
    _exit(0);
  }
  wait(NULL);
  return 0;
}
