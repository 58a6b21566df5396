// One space of ports for IPv4 and IPv6: sockets of both families, mapped addresses, IPV6_V6ONLY, conflicts between them,
// which address a connection comes from, and the same for UDP with IP_PKTINFO (ipv6(7), ip(7)).
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static void show(const char *what, long r) {
  int e = errno;
  if (r < 0) printf("%s: %s\n", what, strerrorname_np(e));
  else printf("%s: %ld\n", what, r);
}
static socklen_t at(struct sockaddr_storage *s, const char *text, int port) {
  memset(s, 0, sizeof *s);
  if (strchr(text, ':')) {
    struct sockaddr_in6 *a = (void *)s;
    a->sin6_family = AF_INET6;
    a->sin6_port = htons(port);
    inet_pton(AF_INET6, text, &a->sin6_addr);
    return sizeof *a;
  }
  struct sockaddr_in *a = (void *)s;
  a->sin_family = AF_INET;
  a->sin_port = htons(port);
  inet_pton(AF_INET, text, &a->sin_addr);
  return sizeof *a;
}
static void print(const char *what, struct sockaddr_storage *s) {
  char b[64];
  inet_ntop(s->ss_family, s->ss_family == AF_INET ? (void *)&((struct sockaddr_in *)s)->sin_addr : (void *)&((struct sockaddr_in6 *)s)->sin6_addr, b, 64);
  printf("%s: family %d, %s\n", what, s->ss_family, b);
}
static int port(int fd) {
  struct sockaddr_in6 a;
  socklen_t l = sizeof a;
  getsockname(fd, (void *)&a, &l);
  return ntohs(a.sin6_port);
}
static void names(int fd) {
  struct sockaddr_storage s;
  socklen_t l = sizeof s;
  getsockname(fd, (void *)&s, &l);
  print("  here", &s);
  l = sizeof s;
  if (getpeername(fd, (void *)&s, &l) == 0) print("  there", &s);
}

static void streams(int v6only) {
  struct sockaddr_storage s;
  printf("listening at ::, only IPv6: %d\n", v6only);
  int l = socket(AF_INET6, SOCK_STREAM, 0), x;
  setsockopt(l, IPPROTO_IPV6, IPV6_V6ONLY, &v6only, sizeof v6only);
  socklen_t n = at(&s, "::", 0);
  bind(l, (void *)&s, n);
  show("too late", setsockopt(l, IPPROTO_IPV6, IPV6_V6ONLY, &v6only, sizeof v6only));
  listen(l, 9);
  int p = port(l);
  const struct { const char *address; int family; } tries[] = {
    {"127.0.0.1", AF_INET}, {"127.1.2.3", AF_INET}, {"::1", AF_INET6}, {"::ffff:127.0.0.1", AF_INET6}, {"::", AF_INET6}, {"0.0.0.0", AF_INET},
  };
  for (int i = 0; i < 6; i++) {
    int c = socket(tries[i].family, SOCK_STREAM, 0);
    n = at(&s, tries[i].address, p);
    show(tries[i].address, connect(c, (void *)&s, n));
    struct sockaddr_storage f;
    socklen_t fl = sizeof f;
    if (getpeername(c, (void *)&f, &fl) == 0) {
      x = accept(l, (void *)&f, &fl);
      print("  from", &f);
      names(x);
      names(c);
      close(x);
    }
    close(c);
  }
  int y = socket(AF_INET, SOCK_STREAM, 0);
  n = at(&s, "0.0.0.0", p);
  show("IPv4 beside it", bind(y, (void *)&s, n));
  close(y);
  y = socket(AF_INET, SOCK_STREAM, 0);
  n = at(&s, "127.0.0.1", p);
  show("IPv4 loopback beside it", bind(y, (void *)&s, n));
  close(y);
  close(l);
}

int main(void) {
  struct sockaddr_storage s;
  socklen_t n;
  streams(0);
  streams(1);
  puts("IPv4 first");
  int l = socket(AF_INET, SOCK_STREAM, 0), c;
  n = at(&s, "127.0.0.1", 0);
  bind(l, (void *)&s, n);
  listen(l, 5);
  int p = port(l), one = 1;
  c = socket(AF_INET6, SOCK_STREAM, 0);
  n = at(&s, "::", p);
  show(":: beside it", bind(c, (void *)&s, n));
  setsockopt(c, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof one);
  show(":: for IPv6 alone", bind(c, (void *)&s, n));
  close(c);
  c = socket(AF_INET6, SOCK_STREAM, 0);
  n = at(&s, "::ffff:127.0.0.1", p);
  show("connect by a mapped address", connect(c, (void *)&s, n));
  names(c);
  close(c);
  c = socket(AF_INET6, SOCK_STREAM, 0);
  setsockopt(c, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof one);
  show("which IPv6 alone cannot", connect(c, (void *)&s, n));
  show("nor bind to", bind(c, (void *)&s, n));
  n = at(&s, "::1", p);
  show("nobody at ::1", connect(c, (void *)&s, n));
  show("short address", connect(c, (void *)&s, 20));
  n = at(&s, "127.0.0.1", p);
  show("IPv4 address for IPv6", connect(c, (void *)&s, n));
  show("bind it", bind(c, (void *)&s, n));
  n = at(&s, "2001:db8::1", 0);
  show("not ours", bind(c, (void *)&s, n));
  n = at(&s, "fe80::1", 0);
  show("link without interface", bind(c, (void *)&s, n));
  close(c);
  close(l);

  puts("datagrams");
  int u = socket(AF_INET6, SOCK_DGRAM, 0), v = socket(AF_INET, SOCK_DGRAM, 0), w = socket(AF_INET6, SOCK_DGRAM, 0);
  setsockopt(u, IPPROTO_IPV6, IPV6_RECVPKTINFO, &one, sizeof one);
  n = at(&s, "::", 0);
  bind(u, (void *)&s, n);
  p = port(u);
  n = at(&s, "127.0.0.9", p);
  show("from IPv4", sendto(v, "four", 4, 0, (void *)&s, n));
  n = at(&s, "::1", p);
  show("from IPv6", sendto(w, "six", 3, 0, (void *)&s, n));
  n = at(&s, "127.0.0.1", p);
  show("IPv4 address from IPv6", sendto(w, "both", 4, 0, (void *)&s, n));
  for (int i = 0; i < 3; i++) {
    char b[16], control[128];
    struct iovec iov = {b, sizeof b};
    struct sockaddr_storage from;
    struct msghdr m = {.msg_name = &from, .msg_namelen = sizeof from, .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
    long r = recvmsg(u, &m, MSG_DONTWAIT);
    show("recvmsg", r);
    if (r < 0) continue;
    printf("%.*s\n", (int)r, b);
    print("  from", &from);
    for (struct cmsghdr *h = CMSG_FIRSTHDR(&m); h; h = CMSG_NXTHDR(&m, h)) {
      struct in6_pktinfo *info = (void *)CMSG_DATA(h);
      char text[64];
      inet_ntop(AF_INET6, &info->ipi6_addr, text, 64);
      printf("  level %d type %d: to %s at interface %u\n", h->cmsg_level, h->cmsg_type, text, info->ipi6_ifindex);
    }
  }
  int q = socket(AF_INET, SOCK_DGRAM, 0);
  setsockopt(q, IPPROTO_IP, IP_PKTINFO, &one, sizeof one);
  n = at(&s, "0.0.0.0", 0);
  bind(q, (void *)&s, n);
  n = at(&s, "127.0.0.7", port(q));
  sendto(v, "x", 1, 0, (void *)&s, n);
  char b[16], control[128];
  struct iovec iov = {b, sizeof b};
  struct msghdr m = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
  show("recvmsg", recvmsg(q, &m, MSG_DONTWAIT));
  for (struct cmsghdr *h = CMSG_FIRSTHDR(&m); h; h = CMSG_NXTHDR(&m, h)) {
    struct in_pktinfo *info = (void *)CMSG_DATA(h);
    printf("  level %d type %d: to %s", h->cmsg_level, h->cmsg_type, inet_ntoa(info->ipi_addr));
    printf(", as %s at interface %d\n", inet_ntoa(info->ipi_spec_dst), info->ipi_ifindex);
  }
  return 0;
}
