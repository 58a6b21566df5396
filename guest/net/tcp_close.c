// How TCP connections end, and what a program can set: half close, both at once, resets, SO_LINGER, TCP_CORK and MSG_MORE, urgent bytes, refused connections, SO_REUSEADDR and SO_REUSEPORT; tcp(7).
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <linux/sockios.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
static void show(const char *what, long r) {
  if (r == -1 && errno) printf("%s: %s\n", what, strerrorname_np(errno));
  else printf("%s: %ld\n", what, r);
}
#define SHOW(call) (errno = 0, show(#call, call))
static int port;
static struct sockaddr_in addr(int p) {
  struct sockaddr_in a={AF_INET, htons(p), {htonl(INADDR_LOOPBACK)}};
  return a;
}

static int lst(int backlog) {
  int s=socket(AF_INET, SOCK_STREAM, 0);
  struct sockaddr_in a=addr(0);
  bind(s, (void*)&a, sizeof a);
  listen(s, backlog);
  socklen_t l=sizeof a;
  getsockname(s, (void*)&a, &l);
  port=ntohs(a.sin_port);
  return s;
}

static int conn(void) {
  int s=socket(AF_INET, SOCK_STREAM, 0);
  struct sockaddr_in a=addr(port);
  if(connect(s, (void*)&a, sizeof a)) printf("connect %s\n", strerrorname_np(errno));
  return s;
}

static void pollit(const char*w, int fd) {
  struct pollfd p={fd, POLLIN|POLLOUT|POLLPRI|POLLRDHUP|POLLRDNORM|POLLWRNORM|POLLRDBAND|POLLWRBAND};
  int r=poll(&p, 1, 0);
  printf("%s poll %d %x\n", w, r, p.revents);
}

/** The state in TCP_INFO, as soon as the other end has answered what was sent. */
static int st(int fd) {
  for (int tries = 0;; tries++) {
    struct tcp_info i;
    socklen_t l = sizeof i;
    if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &i, &l)) return -1;
    int waits = i.tcpi_state == TCP_FIN_WAIT1 || i.tcpi_state == TCP_CLOSING || i.tcpi_state == TCP_LAST_ACK;
    if (!waits || tries == 200) return i.tcpi_state;
    struct timespec t = {0, 1000000};
    nanosleep(&t, 0);
  }
}

static void err(const char*w, int fd) {
  int e;
  socklen_t l=sizeof e;
  getsockopt(fd, SOL_SOCKET, SO_ERROR, &e, &l);
  printf("%s SO_ERROR %s\n", w, e?strerrorname_np(e):"0");
}

static void nap(int ms) {
  struct timespec t={0, ms * 2000000};
  nanosleep(&t, 0);
}

static void go(int fd, int level, const char*n, int opt) {
  char b[300];
  memset(b, 0x55, 300);
  socklen_t l=sizeof b;
  errno=0;
  int r=getsockopt(fd, level, opt, b, &l);
  printf("get %s: %d %s len %d val %d\n", n, r, r?strerrorname_np(errno):"", r?0:l, r?0:*(int*)b);
}

static void so(int fd, int level, const char*n, int opt, int v) {
  errno=0;
  int r=setsockopt(fd, level, opt, &v, sizeof v);
  printf("set %s=%d: %d %s\n", n, v, r, r?strerrorname_np(errno):"");
}

static volatile int urg;
static void onurg(int s) {
  urg++;
}

int main() {
  setvbuf(stdout, 0, _IOLBF, 0);
  signal(SIGPIPE, SIG_IGN);
  char b[100];
  int L=lst(5), c, a;
  printf("states: listen %d\n", st(L));
  // half close
  c=conn();
  a=accept(L, 0, 0);
  printf("est %d %d\n", st(c), st(a));
  SHOW(shutdown(c, SHUT_WR));
  nap(2);
  printf("%d %d\n", st(c), st(a));
  pollit("c", c);
  pollit("a", a);
  SHOW(send(c, "x", 1, 0));
  SHOW(read(a, b, 10));
  SHOW(write(a, "hello", 5));
  SHOW(read(c, b, 10));
  SHOW(shutdown(c, SHUT_WR));
  SHOW(shutdown(a, SHUT_WR));
  nap(2);
  printf("%d %d\n", st(c), st(a));
  pollit("c", c);
  pollit("a", a);
  SHOW(read(c, b, 10));
  SHOW(write(a, "q", 1));
  SHOW(shutdown(a, SHUT_RD));
  SHOW(shutdown(c, SHUT_RD));
  SHOW(shutdown(c, 7));
  close(a);
  close(c);
  // simultaneous close
  c=conn();
  a=accept(L, 0, 0);
  shutdown(c, SHUT_WR);
  shutdown(a, SHUT_WR);
  nap(2);
  printf("sim %d %d\n", st(c), st(a));
  pollit("c", c);
  pollit("a", a);
  err("c", c);
  close(c);
  close(a);
  // close with unread data -> RST
  c=conn();
  a=accept(L, 0, 0);
  write(c, "unread", 6);
  nap(2);
  close(a);
  nap(2);
  printf("rst %d\n", st(c));
  pollit("c", c);
  SHOW(read(c, b, 10));
  SHOW(read(c, b, 10));
  SHOW(write(c, "x", 1));
  err("c", c);
  pollit("c", c);
  close(c);
  c=conn();
  a=accept(L, 0, 0);
  write(c, "unread", 6);
  nap(2);
  close(a);
  nap(2);
  err("c", c);
  SHOW(read(c, b, 10));
  SHOW(write(c, "x", 1));
  SHOW(getpeername(c, (void*)b, (socklen_t[]){100}));
  close(c);
  // write after peer closed : first ok, then RST
  c=conn();
  a=accept(L, 0, 0);
  close(a);
  nap(2);
  printf("%d\n", st(c));
  pollit("c", c);
  SHOW(write(c, "x", 1));
  nap(2);
  printf("%d\n", st(c));
  pollit("c", c);
  SHOW(write(c, "x", 1));
  SHOW(read(c, b, 10));
  close(c);
  // data then RST: data lost?
  c=conn();
  a=accept(L, 0, 0);
  write(a, "data", 4);
  write(c, "unread", 6);
  nap(2);
  close(a);
  nap(2);
  pollit("c", c);
  SHOW(ioctl(c, FIONREAD, b));
  printf("%d\n", *(int*)b);
  SHOW(read(c, b, 10));
  SHOW(read(c, b, 10));
  close(c);
  // linger 0
  struct linger lg={1, 0};
  c=conn();
  a=accept(L, 0, 0);
  write(a, "data", 4);
  SHOW(setsockopt(a, SOL_SOCKET, SO_LINGER, &lg, sizeof lg));
  close(a);
  nap(2);
  pollit("c", c);
  SHOW(read(c, b, 10));
  SHOW(read(c, b, 10));
  close(c);
  lg.l_linger=2;
  c=conn();
  a=accept(L, 0, 0);
  SHOW(setsockopt(a, SOL_SOCKET, SO_LINGER, &lg, sizeof lg));
  write(a, "data", 4);
  close(a);
  SHOW(read(c, b, 10));
  SHOW(read(c, b, 10));
  close(c);
  socklen_t ll=sizeof lg;
  lg.l_onoff=5;
  lg.l_linger=7;
  c=conn();
  a=accept(L, 0, 0);
  setsockopt(a, SOL_SOCKET, SO_LINGER, &lg, sizeof lg);
  getsockopt(a, SOL_SOCKET, SO_LINGER, &lg, &ll);
  printf("linger %d %d\n", lg.l_onoff, lg.l_linger);
  SHOW(setsockopt(a, SOL_SOCKET, SO_LINGER, &lg, 4));
  // options
  int opts[]={1, 3, 4, 5, 6, 7, 8, 9, 12, 14, 15, 16, 17, 18, 22, 25, 27, 34, 36, 37};
  for(int i=0;i<20;i++){ char n[20]; sprintf(n, "tcp %d", opts[i]); go(a, IPPROTO_TCP, n, opts[i]);} so(a, 6,
      "NODELAY", TCP_NODELAY, 1);
  go(a, 6, "NODELAY", TCP_NODELAY);
  so(a, 6, "NODELAY", TCP_NODELAY, 7);
  go(a, 6, "NODELAY", TCP_NODELAY);
  so(a, 6, "CORK", TCP_CORK, 1);
  go(a, 6, "CORK", TCP_CORK);
  write(a, "corked", 6);
  nap(1);
  SHOW(recv(c, b, 10, MSG_DONTWAIT));
  so(a, 6, "CORK", TCP_CORK, 0);
  nap(1);
  SHOW(recv(c, b, 10, MSG_DONTWAIT));
  so(a, 6, "CORK", TCP_CORK, 1);
  write(a, "corked", 6);
  so(a, 6, "NODELAY", TCP_NODELAY, 1);
  nap(1);
  SHOW(recv(c, b, 10, MSG_DONTWAIT));
  so(a, 6, "CORK", TCP_CORK, 0);
  SHOW(send(a, "more", 4, MSG_MORE));
  nap(1);
  SHOW(recv(c, b, 10, MSG_DONTWAIT));
  SHOW(send(a, "done", 4, 0));
  nap(1);
  SHOW(recv(c, b, 10, MSG_DONTWAIT));
  so(a, 6, "KEEPIDLE", TCP_KEEPIDLE, 0);
  so(a, 6, "KEEPIDLE", TCP_KEEPIDLE, 32768);
  so(a, 6, "KEEPIDLE", TCP_KEEPIDLE, 100);
  go(a, 6, "KEEPIDLE", TCP_KEEPIDLE);
  so(a, 6, "KEEPINTVL", TCP_KEEPINTVL, 0);
  so(a, 6, "KEEPINTVL", TCP_KEEPINTVL, 5);
  so(a, 6, "KEEPCNT", TCP_KEEPCNT, 128);
  so(a, 6, "KEEPCNT", TCP_KEEPCNT, 3);
  so(a, 6, "SYNCNT", TCP_SYNCNT, 0);
  so(a, 6, "SYNCNT", TCP_SYNCNT, 127);
  so(a, 6, "SYNCNT", TCP_SYNCNT, 128);
  so(a, 6, "MAXSEG", TCP_MAXSEG, 87);
  so(a, 6, "MAXSEG", TCP_MAXSEG, 1000);
  go(a, 6, "MAXSEG", TCP_MAXSEG);
  so(a, 6, "LINGER2", TCP_LINGER2, -1);
  go(a, 6, "LINGER2", TCP_LINGER2);
  so(a, 6, "LINGER2", TCP_LINGER2, 5);
  go(a, 6, "LINGER2", TCP_LINGER2);
  so(a, 6, "LINGER2", TCP_LINGER2, 200);
  go(a, 6, "LINGER2", TCP_LINGER2);
  so(a, 6, "DEFER", TCP_DEFER_ACCEPT, 5);
  go(a, 6, "DEFER", TCP_DEFER_ACCEPT);
  so(a, 6, "QUICKACK", TCP_QUICKACK, 0);
  go(a, 6, "QUICKACK", TCP_QUICKACK);
  so(a, 6, "UTIMEO", TCP_USER_TIMEOUT, -1);
  so(a, 6, "UTIMEO", TCP_USER_TIMEOUT, 1000);
  go(a, 6, "UTIMEO", TCP_USER_TIMEOUT);
  so(a, 6, "NOTSENT", TCP_NOTSENT_LOWAT, 1000);
  go(a, 6, "NOTSENT", TCP_NOTSENT_LOWAT);
  so(a, 6, "THIN", 16, 1);
  so(a, 6, "INQ", TCP_INQ, 1);
  so(a, 6, "INQ", TCP_INQ, 2);
  so(a, 6, "99", 99, 1);
  SHOW(setsockopt(a, 6, TCP_NODELAY, b, 3));
  SHOW(setsockopt(a, 6, TCP_NODELAY, (void*)1, 4));
  {
    socklen_t l=2;
    SHOW(getsockopt(a, 6, TCP_NODELAY, b, &l));
    printf("%d\n", l);
    l=-1;
    SHOW(getsockopt(a, 6, TCP_NODELAY, b, &l));
    SHOW(getsockopt(a, 6, TCP_NODELAY, b, (void*)1));
    l=4;
    SHOW(getsockopt(a, 6, TCP_NODELAY, (void*)1, &l));
  }
  close(c);
  close(a);
  // urgent
  c=conn();
  a=accept(L, 0, 0);
  signal(SIGURG, onurg);
  fcntl(a, F_SETOWN, getpid());
  SHOW(send(c, "abc", 3, MSG_OOB));
  nap(2);
  printf("urg %d\n", urg);
  pollit("a", a);
  SHOW(ioctl(a, SIOCATMARK, b));
  printf("%d\n", *(int*)b);
  SHOW(recv(a, b, 10, 0));
  SHOW(ioctl(a, SIOCATMARK, b));
  printf("%d\n", *(int*)b);
  SHOW(recv(a, b, 10, MSG_OOB|MSG_PEEK));
  SHOW(recv(a, b, 10, MSG_OOB));
  SHOW(recv(a, b, 10, MSG_OOB));
  SHOW(recv(a, b, 10, MSG_DONTWAIT));
  write(c, "x", 1);
  nap(1);
  SHOW(recv(a, b, 10, MSG_DONTWAIT));
  SHOW(recv(a, b, 10, MSG_OOB));
  close(a);
  close(c);
  // ECONNREFUSED etc.
  close(L);
  c=socket(AF_INET, SOCK_STREAM, 0);
  struct sockaddr_in d=addr(port);
  SHOW(connect(c, (void*)&d, sizeof d));
  SHOW(connect(c, (void*)&d, sizeof d));
  err("c", c);
  pollit("c", c);
  printf("%d\n", st(c));
  fcntl(c, F_SETFL, O_NONBLOCK);
  SHOW(connect(c, (void*)&d, sizeof d));
  nap(2);
  pollit("c", c);
  SHOW(connect(c, (void*)&d, sizeof d));
  err("c", c);
  pollit("c", c);
  SHOW(connect(c, (void*)&d, sizeof d));
  err("c", c);
  close(c);
  L=lst(5);
  c=socket(AF_INET, SOCK_STREAM|SOCK_NONBLOCK, 0);
  d=addr(port);
  SHOW(connect(c, (void*)&d, sizeof d));
  nap(2);
  pollit("c", c);
  SHOW(connect(c, (void*)&d, sizeof d));
  SHOW(connect(c, (void*)&d, sizeof d));
  {
    struct sockaddr un={AF_UNSPEC};
    SHOW(connect(c, &un, sizeof un));
    printf("%d\n", st(c));
    pollit("c", c);
    nap(1);
    SHOW(a=accept(L, 0, 0)>0);
    SHOW(connect(c, (void*)&d, sizeof d));
  }
  close(c);
  // reuse
  int s1=socket(AF_INET, SOCK_STREAM, 0), s2=socket(AF_INET, SOCK_STREAM, 0);
  struct sockaddr_in x=addr(0);
  SHOW(bind(s1, (void*)&x, sizeof x));
  socklen_t l=sizeof x;
  getsockname(s1, (void*)&x, &l);
  SHOW(bind(s2, (void*)&x, sizeof x));
  so(s1, 1, "RA", SO_REUSEADDR, 1);
  SHOW(bind(s2, (void*)&x, sizeof x));
  so(s2, 1, "RA", SO_REUSEADDR, 1);
  SHOW(bind(s2, (void*)&x, sizeof x));
  SHOW(listen(s1, 1));
  SHOW(listen(s2, 1));
  int s3=socket(AF_INET, SOCK_STREAM, 0);
  so(s3, 1, "RA", SO_REUSEADDR, 1);
  SHOW(bind(s3, (void*)&x, sizeof x));
  close(s1);
  close(s2);
  close(s3);
  s1=socket(AF_INET, SOCK_STREAM, 0);
  s2=socket(AF_INET, SOCK_STREAM, 0);
  s3=socket(AF_INET, SOCK_STREAM, 0);
  so(s1, 1, "RP", SO_REUSEPORT, 1);
  x=addr(0);
  SHOW(bind(s1, (void*)&x, sizeof x));
  getsockname(s1, (void*)&x, &l);
  SHOW(bind(s2, (void*)&x, sizeof x));
  so(s2, 1, "RP", SO_REUSEPORT, 1);
  SHOW(bind(s2, (void*)&x, sizeof x));
  SHOW(listen(s1, 1));
  SHOW(listen(s2, 1));
  SHOW(bind(s3, (void*)&x, sizeof x));
  x.sin_addr.s_addr=0;
  SHOW(bind(s3, (void*)&x, sizeof x));
  so(s3, 1, "RP", SO_REUSEPORT, 1);
  SHOW(bind(s3, (void*)&x, sizeof x));
  SHOW(bind(s3, (void*)&x, sizeof x));
  // SO_ACCEPTCONN, SO_PROTOCOL..
  for(int i=1;i<85;i++){ if
      (i==25||i==26||i==56||i==57||i==55||i==61||i==49||i==31||(i>=63&&i<=65)||i==71||i==14||(i>=78&&i<=81)||i==68||i==70||(i>=50&&i<=54)||i==58||i==27||i==24) continue; char n[20]; sprintf(n, "so %d", i); go(L, 1, n, i);}
}
