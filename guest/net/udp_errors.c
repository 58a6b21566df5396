// Errors of datagrams by IP_RECVERR and MSG_ERRQUEUE, control messages of both directions, datagrams in parts by UDP_CORK and MSG_MORE; ip(7), udp(7).
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <linux/errqueue.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <time.h>
static void show(const char *what, long r) {
  if (r == -1 && errno) printf("%s: %s\n", what, strerrorname_np(errno));
  else printf("%s: %ld\n", what, r);
}
#define SHOW(call) (errno = 0, show(#call, call))
static int P;
static void nap(void) {
  struct timespec t={0, 4000000};
  nanosleep(&t, 0);
}

static void pollit(const char*w, int fd) {
  struct pollfd p={fd, POLLIN|POLLOUT|POLLPRI};
  int r=poll(&p, 1, 0);
  printf("%s poll %d %x\n", w, r, p.revents);
}

static void rec(int s, int flags, int room, int croom) {
  char b[2000], c[200];
  struct sockaddr_in6 n;
  memset(&n, 0, sizeof n);
  struct iovec v={b, room};
  struct msghdr m={&n, sizeof n, &v, 1, c, croom, 0};
  errno=0;
  long r=recvmsg(s, &m, flags|MSG_DONTWAIT);
  printf("recvmsg %x: %ld %s", flags, r, r<0?strerrorname_np(errno):"");
  if(r>=0) {
    printf(" flags %x namelen %d fam %d portok %d", m.msg_flags, m.msg_namelen, n.sin6_family, n.sin6_port==htons(P));
    for(struct cmsghdr*h=CMSG_FIRSTHDR(&m);h;h=CMSG_NXTHDR(&m, h)) {
      printf(" [%d %d %zu:", h->cmsg_level, h->cmsg_type, h->cmsg_len-16);
      if((h->cmsg_level==0&&h->cmsg_type==11)||(h->cmsg_level==41&&h->cmsg_type==25)) {
        struct sock_extended_err*e=(void*)CMSG_DATA(h);
        struct sockaddr_in*o=(void*)SO_EE_OFFENDER(e);
        printf(" errno %d origin %d type %d code %d info %u data %u off %d", e->ee_errno, e->ee_origin, e->ee_type,
            e->ee_code, e->ee_info, e->ee_data, o->sin_family);
        if(o->sin_family==AF_INET) printf(" %s", inet_ntoa(o->sin_addr));
      } else for(size_t i=0;i<h->cmsg_len-16;i++) if(!(h->cmsg_type==20&&(i==2||i==3))) printf("%02x", CMSG_DATA(h)[i]);
      printf("]");
    }
  }
  printf("\n");
}

static void serr(int s) {
  int e;
  socklen_t l=4;
  getsockopt(s, SOL_SOCKET, SO_ERROR, &e, &l);
  printf("SO_ERROR %d\n", e);
}

int main() {
  setvbuf(stdout, 0, _IOLBF, 0);
  int one=1, z=0;
  char b[70000];
  memset(b, 'x', sizeof b);
  int s=socket(AF_INET, SOCK_DGRAM, 0), r=socket(AF_INET, SOCK_DGRAM, 0);
  struct sockaddr_in a={AF_INET, 0, {htonl(INADDR_LOOPBACK)}};
  bind(r, (void*)&a, sizeof a);
  socklen_t l=sizeof a;
  getsockname(r, (void*)&a, &l);
  P=ntohs(a.sin_port);
  close(r);
  rec(s, MSG_ERRQUEUE, 100, 200);
  SHOW(setsockopt(s, 0, IP_RECVERR, &one, 4));
  SHOW(sendto(s, "hello", 5, 0, (void*)&a, sizeof a));
  nap();
  pollit("s", s);
  rec(s, MSG_ERRQUEUE, 100, 200);
  pollit("s", s);
  rec(s, MSG_ERRQUEUE, 100, 200);
  sendto(s, "hello", 5, 0, (void*)&a, sizeof a);
  nap();
  SHOW(sendto(s, "hello", 5, 0, (void*)&a, sizeof a));
  nap();
  SHOW(sendto(s, "again", 5, 0, (void*)&a, sizeof a));
  nap();
  pollit("s", s);
  rec(s, 0, 100, 200);
  pollit("s", s);
  rec(s, MSG_ERRQUEUE, 3, 200);
  pollit("s", s);
  serr(s);
  serr(s);
  pollit("s", s);
  rec(s, MSG_ERRQUEUE, 100, 40);
  rec(s, MSG_ERRQUEUE, 100, 0);
  rec(s, MSG_ERRQUEUE, 100, 200);
  sendto(s, b, 1000, 0, (void*)&a, sizeof a);
  nap();
  rec(s, MSG_ERRQUEUE, 2000, 200);
  SHOW(sendto(s, b, 65508, 0, (void*)&a, sizeof a));
  pollit("s", s);
  rec(s, MSG_ERRQUEUE, 2000, 200);
  SHOW(sendto(s, b, 65536, 0, (void*)&a, sizeof a));
  rec(s, MSG_ERRQUEUE, 2000, 200);
  SHOW(connect(s, (void*)&a, sizeof a));
  SHOW(send(s, "x", 1, 0));
  nap();
  pollit("s", s);
  SHOW(send(s, "x", 1, 0));
  rec(s, MSG_ERRQUEUE, 2000, 200);
  SHOW(send(s, b, 65508, 0));
  rec(s, MSG_ERRQUEUE, 2000, 200);
  send(s, "x", 1, 0);
  nap();
  SHOW(setsockopt(s, 0, IP_RECVERR, &z, 4));
  rec(s, MSG_ERRQUEUE, 2000, 200);
  pollit("s", s);
  serr(s);
  close(s);
  // v6
  s=socket(AF_INET6, SOCK_DGRAM, 0);
  struct sockaddr_in6 a6={AF_INET6, htons(P)};
  a6.sin6_addr=in6addr_loopback;
  SHOW(setsockopt(s, 41, IPV6_RECVERR, &one, 4));
  SHOW(sendto(s, "hello", 5, 0, (void*)&a6, sizeof a6));
  nap();
  rec(s, MSG_ERRQUEUE, 100, 200);
  SHOW(sendto(s, b, 1500, 0, (void*)&a6, sizeof a6));
  nap();
  rec(s, MSG_ERRQUEUE, 2000, 200);
  SHOW(sendto(s, b, 65528, 0, (void*)&a6, sizeof a6));
  rec(s, MSG_ERRQUEUE, 2000, 200);
  close(s);
  // ancillary
  r=socket(AF_INET, SOCK_DGRAM, 0);
  a.sin_port=0;
  bind(r, (void*)&a, sizeof a);
  getsockname(r, (void*)&a, &l);
  P=0;
  setsockopt(r, 0, IP_RECVTTL, &one, 4);
  setsockopt(r, 0, IP_RECVTOS, &one, 4);
  setsockopt(r, 0, IP_PKTINFO, &one, 4);
  setsockopt(r, 0, 20, &one, 4);
  s=socket(AF_INET, SOCK_DGRAM, 0);
  connect(s, (void*)&a, sizeof a);
  send(s, "1", 1, 0);
  rec(r, 0, 10, 200);
  int v=33;
  setsockopt(s, 0, IP_TTL, &v, 4);
  v=0x48;
  setsockopt(s, 0, IP_TOS, &v, 4);
  send(s, "1", 1, 0);
  rec(r, 0, 10, 200);
  v=0x103;
  SHOW(setsockopt(s, 0, IP_TOS, &v, 4));
  {
    int g;
    socklen_t q=4;
    getsockopt(s, 0, IP_TOS, &g, &q);
    printf("tos %x\n", g);
  }
  send(s, "1", 1, 0);
  rec(r, 0, 10, 200);
  {
    char c[64];
    struct iovec iv={"2", 1};
    struct msghdr m={0, 0, &iv, 1, c, 0, 0};
    struct cmsghdr*h=(void*)c;
    h->cmsg_level=0;
    h->cmsg_type=IP_TTL;
    h->cmsg_len=20;
    *(int*)CMSG_DATA(h)=7;
    m.msg_controllen=24;
    SHOW(sendmsg(s, &m, 0));
    rec(r, 0, 10, 200);
    *(int*)CMSG_DATA(h)=0;
    SHOW(sendmsg(s, &m, 0));
    *(int*)CMSG_DATA(h)=256;
    SHOW(sendmsg(s, &m, 0));
    h->cmsg_type=IP_TOS;
    *(int*)CMSG_DATA(h)=0x10;
    SHOW(sendmsg(s, &m, 0));
    rec(r, 0, 10, 200);
    h->cmsg_len=17;
    SHOW(sendmsg(s, &m, 0));
    rec(r, 0, 10, 200);
    h->cmsg_len=18;
    SHOW(sendmsg(s, &m, 0));
    h->cmsg_len=20;
    h->cmsg_type=99;
    SHOW(sendmsg(s, &m, 0));
    h->cmsg_level=SOL_SOCKET;
    h->cmsg_type=SCM_RIGHTS;
    SHOW(sendmsg(s, &m, 0));
    rec(r, 0, 10, 200);
    h->cmsg_type=55;
    SHOW(sendmsg(s, &m, 0));
    h->cmsg_level=77;
    SHOW(sendmsg(s, &m, 0));
    rec(r, 0, 10, 200);
    h->cmsg_len=10;
    SHOW(sendmsg(s, &m, 0));
  }
  // cork
  SHOW(setsockopt(s, 17, UDP_CORK, &one, 4));
  SHOW(send(s, "abc", 3, 0));
  SHOW(send(s, "def", 3, 0));
  rec(r, 0, 10, 0);
  SHOW(setsockopt(s, 17, UDP_CORK, &z, 4));
  rec(r, 0, 10, 0);
  SHOW(send(s, "abc", 3, MSG_MORE));
  rec(r, 0, 10, 0);
  SHOW(send(s, "", 0, 0));
  rec(r, 0, 10, 0);
  SHOW(send(s, "abc", 3, MSG_MORE));
  SHOW(sendto(s, "ghi", 3, 0, (void*)&a6, sizeof a6));
  SHOW(send(s, "ghi", 3, 0));
  rec(r, 0, 10, 0);
  SHOW(send(s, b, 60000, MSG_MORE));
  SHOW(send(s, b, 60000, 0));
  rec(r, 0, 10, 0);
  SHOW(send(s, "k", 1, 0));
  rec(r, 0, 10, 0);
  SHOW(send(s, "k", 1, MSG_MORE));
  SHOW(shutdown(s, SHUT_WR));
  rec(r, 0, 10, 0);
  close(s);
  s=socket(AF_INET, SOCK_DGRAM, 0);
  connect(s, (void*)&a, sizeof a);
  send(s, "k", 1, MSG_MORE);
  close(s);
  nap();
  rec(r, 0, 10, 0);
}
