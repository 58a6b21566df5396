// Multicast and broadcast on lo: joining and leaving groups by address, interface and source, who gets what, IP_MULTICAST_IF, TTL, LOOP and ALL; ip(7), ipv6(7).
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <net/if.h>
#include <linux/errqueue.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
static void show(const char *what, long r) {
  if (r == -1 && errno) printf("%s: %s\n", what, strerrorname_np(errno));
  else printf("%s: %ld\n", what, r);
}
#define SHOW(call) (errno = 0, show(#call, call))
static struct sockaddr_in A(const char*ip, int p) {
  struct sockaddr_in a={AF_INET, htons(p)};
  inet_pton(AF_INET, ip, &a.sin_addr);
  return a;
}

static struct ip_mreq M(const char*g, const char*i) {
  struct ip_mreq m;
  inet_pton(AF_INET, g, &m.imr_multiaddr);
  inet_pton(AF_INET, i, &m.imr_interface);
  return m;
}

static int udp(const char*ip, int*port) {
  int s=socket(AF_INET, SOCK_DGRAM, 0);
  struct sockaddr_in a=A(ip, *port);
  int one=1;
  setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &one, 4);
  SHOW(bind(s, (void*)&a, sizeof a));
  socklen_t l=sizeof a;
  getsockname(s, (void*)&a, &l);
  *port=ntohs(a.sin_port);
  return s;
}

static void geti(int s, int lev, int o) {
  char b[64];
  memset(b, 0x55, 64);
  socklen_t l=64;
  errno=0;
  int r=getsockopt(s, lev, o, b, &l);
  printf("get %d/%d: %d %s len %d: %02x%02x%02x%02x\n", lev, o, r, r?strerrorname_np(errno):"", r?0:l, b[0]&255,
      b[1]&255, b[2]&255, b[3]&255);
}

int main() {
  setvbuf(stdout, 0, _IOLBF, 0);
  int p=0;
  int a=udp("0.0.0.0", &p), b=udp("0.0.0.0", &p), c=socket(AF_INET, SOCK_DGRAM, 0);
  struct ip_mreq m=M("239.1.2.3", "127.0.0.1");
  char buf[100];
  SHOW(setsockopt(a, IPPROTO_IP, IP_ADD_MEMBERSHIP, &m, sizeof m));
  SHOW(setsockopt(a, IPPROTO_IP, IP_ADD_MEMBERSHIP, &m, sizeof m));
  SHOW(setsockopt(b, IPPROTO_IP, IP_ADD_MEMBERSHIP, &m, sizeof m));
  SHOW(setsockopt(b, IPPROTO_IP, IP_ADD_MEMBERSHIP, &m, 7));
  struct ip_mreqn mn={m.imr_multiaddr, {0}, 1};
  SHOW(setsockopt(c, IPPROTO_IP, IP_ADD_MEMBERSHIP, &mn, sizeof mn));
  SHOW(setsockopt(c, IPPROTO_IP, IP_DROP_MEMBERSHIP, &mn, sizeof mn));
  SHOW(setsockopt(c, IPPROTO_IP, IP_DROP_MEMBERSHIP, &mn, sizeof mn));
  mn.imr_ifindex=99;
  SHOW(setsockopt(c, IPPROTO_IP, IP_ADD_MEMBERSHIP, &mn, sizeof mn));
  struct ip_mreq bad=M("10.1.2.3", "127.0.0.1");
  SHOW(setsockopt(c, IPPROTO_IP, IP_ADD_MEMBERSHIP, &bad, sizeof bad));
  bad=M("239.1.2.3", "9.9.9.9");
  SHOW(setsockopt(c, IPPROTO_IP, IP_ADD_MEMBERSHIP, &bad, sizeof bad));
  struct in_addr lo={htonl(INADDR_LOOPBACK)}, no={htonl(0x09090909)};
  geti(c, 0, IP_MULTICAST_IF);
  geti(c, 0, IP_MULTICAST_TTL);
  geti(c, 0, IP_MULTICAST_LOOP);
  geti(c, 0, IP_MULTICAST_ALL);
  SHOW(setsockopt(c, IPPROTO_IP, IP_MULTICAST_IF, &no, 4));
  SHOW(setsockopt(c, IPPROTO_IP, IP_MULTICAST_IF, &lo, 4));
  geti(c, 0, IP_MULTICAST_IF);
  SHOW(setsockopt(c, IPPROTO_IP, IP_MULTICAST_IF, &lo, 3));
  struct sockaddr_in d=A("239.1.2.3", p);
  SHOW(sendto(c, "hello", 5, 0, (void*)&d, sizeof d));
  SHOW(recv(a, buf, 100, MSG_DONTWAIT));
  SHOW(recv(b, buf, 100, MSG_DONTWAIT));
  struct sockaddr_in f;
  socklen_t l=sizeof f;
  sendto(c, "hello", 5, 0, (void*)&d, sizeof d);
  SHOW(recvfrom(a, buf, 100, MSG_DONTWAIT, (void*)&f, &l));
  printf("from %s\n", inet_ntoa(f.sin_addr));
  recv(b, buf, 100, MSG_DONTWAIT);
  int z=0, one=1;
  unsigned char t=0;
  SHOW(setsockopt(c, IPPROTO_IP, IP_MULTICAST_LOOP, &z, 4));
  SHOW(sendto(c, "hello", 5, 0, (void*)&d, sizeof d));
  SHOW(recv(a, buf, 100, MSG_DONTWAIT));
  SHOW(setsockopt(c, IPPROTO_IP, IP_MULTICAST_LOOP, &one, 1));
  geti(c, 0, IP_MULTICAST_LOOP);
  SHOW(setsockopt(c, IPPROTO_IP, IP_MULTICAST_TTL, &t, 1));
  SHOW(sendto(c, "hello", 5, 0, (void*)&d, sizeof d));
  SHOW(recv(a, buf, 100, MSG_DONTWAIT));
  SHOW(recv(b, buf, 100, MSG_DONTWAIT));
  int p2=p;
  int g=udp("239.1.2.3", &p2);
  SHOW(sendto(c, "more", 4, 0, (void*)&d, sizeof d));
  SHOW(recv(a, buf, 100, MSG_DONTWAIT));
  SHOW(recv(b, buf, 100, MSG_DONTWAIT));
  SHOW(recv(g, buf, 100, MSG_DONTWAIT));
  int q=udp("0.0.0.0", &p2);
  SHOW(sendto(c, "more", 4, 0, (void*)&d, sizeof d));
  SHOW(recv(a, buf, 100, MSG_DONTWAIT));
  SHOW(recv(b, buf, 100, MSG_DONTWAIT));
  SHOW(recv(g, buf, 100, MSG_DONTWAIT));
  SHOW(recv(q, buf, 100, MSG_DONTWAIT));
  geti(q, 0, IP_MULTICAST_ALL);
  SHOW(setsockopt(q, 0, IP_MULTICAST_ALL, &z, 4));
  SHOW(sendto(c, "more", 4, 0, (void*)&d, sizeof d));
  SHOW(recv(q, buf, 100, MSG_DONTWAIT));
  while(recv(a, buf, 100, MSG_DONTWAIT)>0);
  while(recv(b, buf, 100, MSG_DONTWAIT)>0);
  while(recv(g, buf, 100, MSG_DONTWAIT)>0);
  SHOW(setsockopt(b, IPPROTO_IP, IP_DROP_MEMBERSHIP, &m, sizeof m));
  SHOW(setsockopt(b, IPPROTO_IP, IP_DROP_MEMBERSHIP, &m, sizeof m));
  SHOW(sendto(c, "more", 4, 0, (void*)&d, sizeof d));
  SHOW(recv(a, buf, 100, MSG_DONTWAIT));
  SHOW(recv(b, buf, 100, MSG_DONTWAIT));
  close(a);
  SHOW(sendto(c, "more", 4, 0, (void*)&d, sizeof d));
  SHOW(recv(b, buf, 100, MSG_DONTWAIT));
  SHOW(connect(c, (void*)&d, sizeof d));
  SHOW(send(c, "x", 1, 0));
  SHOW(send(c, "x", 1, 0));
  // source-specific
  struct ip_mreq_source ms;
  ms.imr_multiaddr=m.imr_multiaddr;
  ms.imr_interface=lo;
  ms.imr_sourceaddr=lo;
  SHOW(setsockopt(b, 0, IP_ADD_SOURCE_MEMBERSHIP, &ms, sizeof ms));
  SHOW(setsockopt(b, 0, IP_ADD_SOURCE_MEMBERSHIP, &ms, sizeof ms));
  SHOW(send(c, "x", 1, 0));
  SHOW(recv(b, buf, 100, MSG_DONTWAIT));
  SHOW(setsockopt(b, 0, IP_BLOCK_SOURCE, &ms, sizeof ms));
  SHOW(setsockopt(b, 0, IP_DROP_SOURCE_MEMBERSHIP, &ms, sizeof ms));
  SHOW(setsockopt(b, 0, IP_DROP_SOURCE_MEMBERSHIP, &ms, sizeof ms));
  SHOW(setsockopt(b, IPPROTO_IP, IP_ADD_MEMBERSHIP, &m, sizeof m));
  SHOW(setsockopt(b, 0, IP_BLOCK_SOURCE, &ms, sizeof ms));
  SHOW(send(c, "x", 1, 0));
  SHOW(recv(b, buf, 100, MSG_DONTWAIT));
  SHOW(setsockopt(b, 0, IP_BLOCK_SOURCE, &ms, sizeof ms));
  SHOW(setsockopt(b, 0, IP_UNBLOCK_SOURCE, &ms, sizeof ms));
  SHOW(send(c, "x", 1, 0));
  SHOW(recv(b, buf, 100, MSG_DONTWAIT));
  struct group_req gr={1};
  memcpy(&gr.gr_group, &d, sizeof d);
  SHOW(setsockopt(b, 0, MCAST_JOIN_GROUP, &gr, sizeof gr));
  SHOW(setsockopt(b, 0, MCAST_LEAVE_GROUP, &gr, sizeof gr));
  SHOW(setsockopt(b, 0, MCAST_LEAVE_GROUP, &gr, sizeof gr));
  SHOW(setsockopt(b, 0, MCAST_JOIN_GROUP, &gr, sizeof gr));
  int s=socket(AF_INET, SOCK_STREAM, 0);
  SHOW(setsockopt(s, IPPROTO_IP, IP_ADD_MEMBERSHIP, &m, sizeof m));
  SHOW(setsockopt(s, IPPROTO_IP, IP_MULTICAST_TTL, &one, 4));
  SHOW(setsockopt(s, 0, IP_MULTICAST_IF, &lo, 4));
  // limit
  {
    int k=socket(AF_INET, SOCK_DGRAM, 0);
    int n=0;
    for(;n<100;n++) {
      char ip[20];
      sprintf(ip, "239.9.9.%d", n);
      m=M(ip, "127.0.0.1");
      if(setsockopt(k, 0, IP_ADD_MEMBERSHIP, &m, sizeof m)) break;
    }
    printf("%d %s\n", n, strerrorname_np(errno));
    close(k);
  }
  // v6
  int s6=socket(AF_INET6, SOCK_DGRAM, 0);
  struct ipv6_mreq m6={.ipv6mr_interface=1};
  inet_pton(AF_INET6, "ff01::1234", &m6.ipv6mr_multiaddr);
  SHOW(setsockopt(s6, IPPROTO_IPV6, IPV6_JOIN_GROUP, &m6, sizeof m6));
  SHOW(setsockopt(s6, IPPROTO_IPV6, IPV6_JOIN_GROUP, &m6, sizeof m6));
  struct sockaddr_in6 b6={AF_INET6};
  SHOW(bind(s6, (void*)&b6, sizeof b6));
  l=sizeof b6;
  getsockname(s6, (void*)&b6, &l);
  b6.sin6_addr=m6.ipv6mr_multiaddr;
  int t6=socket(AF_INET6, SOCK_DGRAM, 0);
  SHOW(setsockopt(t6, IPPROTO_IPV6, IPV6_MULTICAST_IF, &one, 4));
  geti(t6, 41, IPV6_MULTICAST_IF);
  SHOW(setsockopt(t6, IPPROTO_IPV6, IPV6_MULTICAST_IF, (int[]){99}, 4));
  SHOW(setsockopt(s6, IPPROTO_IPV6, IPV6_LEAVE_GROUP, &m6, sizeof m6));
  SHOW(setsockopt(s6, IPPROTO_IPV6, IPV6_LEAVE_GROUP, &m6, sizeof m6));
  m6.ipv6mr_interface=77;
  SHOW(setsockopt(s6, IPPROTO_IPV6, IPV6_JOIN_GROUP, &m6, sizeof m6));
  inet_pton(AF_INET6, "::1", &m6.ipv6mr_multiaddr);
  SHOW(setsockopt(s6, IPPROTO_IPV6, IPV6_JOIN_GROUP, &m6, sizeof m6));
  // broadcast
  struct sockaddr_in bc=A("255.255.255.255", p);
  int u=socket(AF_INET, SOCK_DGRAM, 0);
  SHOW(sendto(u, "x", 1, 0, (void*)&bc, sizeof bc));
  bc=A("127.255.255.255", p);
  SHOW(sendto(u, "x", 1, 0, (void*)&bc, sizeof bc));
  setsockopt(u, SOL_SOCKET, SO_BROADCAST, &one, 4);
  SHOW(sendto(u, "x", 1, 0, (void*)&bc, sizeof bc));
  SHOW(recv(b, buf, 100, MSG_DONTWAIT));
  SHOW(recv(q, buf, 100, MSG_DONTWAIT));
}
