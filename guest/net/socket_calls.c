// Calls on sockets with every kind of wrong or borderline argument: families, types, addresses, states, flags of messages, time limits; socket(7), unix(7), ip(7).
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <stddef.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/uio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sys/epoll.h>
#include <netinet/in.h>
#include <arpa/inet.h>
#include <time.h>
#include <unistd.h>
static void show(const char *what, long r) {
  if (r == -1 && errno) printf("%s: %s\n", what, strerrorname_np(errno));
  else printf("%s: %ld\n", what, r);
}
#define SHOW(call) (errno = 0, show(#call, call))
static void pollit(const char*w, int fd) {
  struct pollfd p={fd, POLLIN|POLLOUT|POLLPRI|POLLRDHUP};
  int r=poll(&p, 1, 0);
  printf("%s poll %d %x\n", w, r, p.revents);
}

static struct sockaddr_un U(const char*n) {
  struct sockaddr_un a={AF_UNIX};
  strcpy(a.sun_path, n);
  return a;
}

int main() {
  setvbuf(stdout, 0, _IOLBF, 0);
  signal(SIGPIPE, SIG_IGN);
  char dir_[]="/tmp/sb-XXXXXX";
  mkdtemp(dir_);
  chdir(dir_);
  char b[300000];
  int sv[2];
  SHOW(socket(99, 1, 0));
  SHOW(socket(AF_UNIX, 99, 0));
  SHOW(socket(AF_UNIX, SOCK_STREAM, 5));
  SHOW(socket(AF_UNIX, SOCK_STREAM, 1)>0);
  SHOW(socket(AF_UNIX, SOCK_RAW, 0)>0);
  SHOW(socket(AF_UNIX, SOCK_STREAM|0x10000, 0));
  SHOW(socket(AF_INET, SOCK_STREAM, 17));
  SHOW(socket(AF_INET, SOCK_DGRAM, 6));
  SHOW(socket(AF_INET, SOCK_SEQPACKET, 0));
  SHOW(socket(AF_INET, SOCK_STREAM, 999));
  SHOW(socket(AF_INET, SOCK_STREAM, -1));
  SHOW(socketpair(AF_INET, SOCK_STREAM, 0, sv));
  SHOW(socketpair(AF_UNIX, SOCK_STREAM, 0, (void*)8));
  SHOW(socket(-1, 1, 0));
  SHOW(socket(AF_UNIX, 0, 0));
  SHOW(socket(AF_UNIX, SOCK_RDM, 0));
  int types[]={SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET};
  for(int i=0;i<3;i++){ printf("type %d\n", types[i]); int s=socket(AF_UNIX, types[i]|SOCK_NONBLOCK, 0); struct
      sockaddr_un a=U("sock"); SHOW(bind(s, (void*)&a, 2)); SHOW(connect(s, (void*)&a, 2)); SHOW(bind(s, (void*)&a,
      200)); SHOW(bind(s, (void*)&a, 1)); SHOW(bind(s, (void*)8, 20)); SHOW(listen(s, 1)); SHOW(accept(s, 0, 0)); int
      s0=socket(AF_UNIX, types[i]|SOCK_NONBLOCK, 0); SHOW(connect(s0, (void*)&a, sizeof a)); SHOW(bind(s0, (void*)&a,
      sizeof a)); SHOW(bind(s0, (void*)&a, sizeof a)); int s1=socket(AF_UNIX, types[i]|SOCK_NONBLOCK, 0);
      SHOW(bind(s1, (void*)&a, sizeof a)); struct stat st; lstat("sock", &st); printf("%o\n", st.st_mode);
      SHOW(open("sock", O_RDWR)); SHOW(connect(s1, (void*)&a, sizeof a)); SHOW(listen(s0, 0)); pollit("listener",
      s0); SHOW(connect(s1, (void*)&a, sizeof a)); SHOW(connect(s1, (void*)&a, sizeof a)); pollit("listener", s0);
      pollit("client", s1); int wrong=socket(AF_UNIX, types[(i+1)%3], 0); SHOW(connect(wrong, (void*)&a, sizeof a));
      SHOW(fcntl(s0, F_SETFL, O_NONBLOCK)); int c=accept(s0, 0, 0); SHOW(c>0); SHOW(accept(s0, 0, 0));
      SHOW(accept4(s0, 0, 0, 8)); struct sockaddr_un g; socklen_t l=sizeof g; memset(&g, 0, sizeof g);
      SHOW(getsockname(s1, (void*)&g, &l)); printf("%d\n", l); l=sizeof g; SHOW(getpeername(s1, (void*)&g, &l));
      printf("%d %s\n", l, g.sun_path); l=3; SHOW(getsockname(s0, (void*)&g, &l)); printf("%d\n", l); l=-1;
      SHOW(getsockname(s0, (void*)&g, &l)); SHOW(getsockname(s0, (void*)8, &l)); l=sizeof g; SHOW(getpeername(s0,
      (void*)&g, &l)); SHOW(send(s1, "", 0, MSG_DONTWAIT)); SHOW(send(s1, "abc", 3, MSG_DONTWAIT)); SHOW(send(s1,
      "de", 2, MSG_EOR)); SHOW(sendto(s1, "x", 1, 0, (void*)&a, sizeof a)); SHOW(sendto(s0, "x", 1, 0, 0, 0)); int
      rd=c>0?c:s0; SHOW(ioctl(rd, FIONREAD, b)); printf("%d\n", *(int*)b); SHOW(ioctl(s1, TIOCOUTQ, b));
      printf("%d\n", *(int*)b>0); SHOW(recv(rd, b, 2, MSG_PEEK|MSG_DONTWAIT)); SHOW(recv(rd, b, 2,
      MSG_TRUNC|MSG_DONTWAIT)); SHOW(recv(rd, b, 100, MSG_DONTWAIT)); SHOW(recv(rd, b, 100, MSG_DONTWAIT));
      SHOW(recv(rd, b, 100, MSG_DONTWAIT)); SHOW(recv(rd, b, 100, MSG_DONTWAIT|MSG_OOB)); SHOW(recv(rd, b, 100,
      MSG_DONTWAIT|MSG_ERRQUEUE)); SHOW(recv(rd, b, 100, MSG_DONTWAIT|MSG_WAITALL)); SHOW(shutdown(s1, 3));
      SHOW(shutdown(s1, -1)); SHOW(shutdown(s1, SHUT_WR)); SHOW(send(s1, "x", 1, 0)); SHOW(recv(rd, b, 1,
      MSG_DONTWAIT)); pollit("rd", rd); pollit("s1", s1); SHOW(shutdown(s0, SHUT_RDWR)); pollit("s0", s0);
      SHOW(accept(s0, 0, 0)); int s2=socket(AF_UNIX, types[i]|SOCK_NONBLOCK, 0); SHOW(connect(s2, (void*)&a, sizeof
      a)); close(rd); pollit("s1", s1); SHOW(recv(s1, b, 1, MSG_DONTWAIT)); SHOW(send(s1, "x", 1, MSG_NOSIGNAL));
      struct sockaddr un={AF_UNSPEC}; SHOW(connect(s1, &un, sizeof un)); close(s0); SHOW(connect(s2, (void*)&a,
      sizeof a)); unlink("sock"); SHOW(connect(s2, (void*)&a, sizeof a)); struct sockaddr_un ab={AF_UNIX};
      sprintf(ab.sun_path+1, "sbx-%d-%d", getpid(), i); SHOW(bind(s2, (void*)&ab, 10)); int s3=socket(AF_UNIX,
      types[i], 0); SHOW(bind(s3, (void*)&ab, 10)); fcntl(s3, F_SETFL, O_NONBLOCK); SHOW(connect(s3, (void*)&ab,
      11)); l=sizeof g; getsockname(s2, (void*)&g, &l); printf("%d\n", l); mkdir("dir", 0); a=U("dir");
      SHOW(connect(s3, (void*)&a, sizeof a)); a=U("dir/x/y"); SHOW(connect(s3, (void*)&a, sizeof a)); SHOW(bind(s3,
      (void*)&a, sizeof a)); rmdir("dir"); a=U(""); SHOW(connect(s3, (void*)&a, sizeof a)); struct sockaddr_in
      in={AF_INET}; SHOW(connect(s3, (void*)&in, sizeof in)); SHOW(bind(s3, (void*)&in, sizeof in)); for(int
      k=3;k<60;k++) close(k); }
  // inet odd
  for(int i=0;i<2;i++){ printf("inet %d\n", i); int s=socket(AF_INET, (i?SOCK_DGRAM:SOCK_STREAM)|SOCK_NONBLOCK, 0);
      struct sockaddr_in a={AF_INET, 0, {htonl(INADDR_LOOPBACK)}}; SHOW(bind(s, (void*)&a, 15));
      a.sin_family=AF_INET6; SHOW(bind(s, (void*)&a, sizeof a)); a.sin_family=AF_UNSPEC; SHOW(bind(s, (void*)&a,
      sizeof a)); a.sin_family=AF_INET; a.sin_addr.s_addr=htonl(0x08080808); SHOW(bind(s, (void*)&a, sizeof a));
      a.sin_addr.s_addr=htonl(0x7f010203); SHOW(bind(s, (void*)&a, sizeof a)); SHOW(bind(s, (void*)&a, sizeof a));
      struct sockaddr_in g; socklen_t l=sizeof g; getsockname(s, (void*)&g, &l); printf("%s %d\n",
      inet_ntoa(g.sin_addr), g.sin_port!=0); SHOW(getpeername(s, (void*)&g, &l)); SHOW(listen(s, -1));
      SHOW(accept4(s, 0, 0, O_APPEND)); SHOW(connect(s, (void*)&a, 4)); a.sin_family=99; SHOW(connect(s, (void*)&a,
      sizeof a)); SHOW(shutdown(s, SHUT_RD)); SHOW(recv(s, b, 1, MSG_DONTWAIT)); SHOW(send(s, b, 1, MSG_DONTWAIT));
      pollit("s", s); int t=socket(AF_INET, SOCK_STREAM, 0); SHOW(send(t, "x", 1, 0)); SHOW(recv(t, b, 1, 0));
      pollit("t", t); SHOW(shutdown(t, SHUT_WR)); SHOW(accept(t, 0, 0)); SHOW(ioctl(t, FIONREAD, b)); SHOW(recv(t, b,
      1, MSG_OOB)); close(s); close(t); }
  // messages
  socketpair(AF_UNIX, SOCK_DGRAM, 0, sv);
  struct msghdr m={0};
  SHOW(sendmsg(sv[0], &m, 0));
  SHOW(recvmsg(sv[1], &m, MSG_DONTWAIT));
  SHOW(sendmsg(sv[0], (void*)8, 0));
  struct iovec v={"abcdef", 6};
  m.msg_iov=&v;
  m.msg_iovlen=1;
  SHOW(sendmsg(sv[0], &m, 0));
  struct iovec r[2]={{b, 2}, {b+10, 2}};
  struct msghdr n={0};
  n.msg_iov=r;
  n.msg_iovlen=2;
  SHOW(recvmsg(sv[1], &n, MSG_TRUNC));
  printf("%x\n", n.msg_flags);
  m.msg_iovlen=1025;
  SHOW(sendmsg(sv[0], &m, 0));
  m.msg_iovlen=1;
  m.msg_iov=(void*)8;
  SHOW(sendmsg(sv[0], &m, 0));
  m.msg_iov=&v;
  m.msg_control=(void*)8;
  m.msg_controllen=100;
  SHOW(sendmsg(sv[0], &m, 0));
  m.msg_controllen=1ul<<40;
  SHOW(sendmsg(sv[0], &m, 0));
  m.msg_controllen=0;
  m.msg_namelen=-1;
  m.msg_name=b;
  SHOW(sendmsg(sv[0], &m, 0));
  struct mmsghdr mm[3]={{{0, 0, &v, 1}}, {{0, 0, &v, 1}}, {{0, 0, (void*)8, 1}}};
  SHOW(sendmmsg(sv[0], mm, 3, 0));
  SHOW(sendmmsg(sv[0], mm+2, 1, 0));
  printf("%u %u\n", mm[0].msg_len, mm[1].msg_len);
  struct mmsghdr rr[4]={{{0, 0, r, 2}}, {{0, 0, r, 2}}, {{0, 0, r, 2}}, {{0, 0, r, 2}}};
  SHOW(recvmmsg(sv[1], rr, 4, MSG_DONTWAIT, 0));
  SHOW(recvmmsg(sv[1], rr, 4, MSG_DONTWAIT, 0));
  sendmmsg(sv[0], mm, 2, 0);
  SHOW(recvmmsg(sv[1], rr, 4, MSG_WAITFORONE, 0));
  SHOW(recvmmsg(sv[1], rr, 4, 0, &(struct timespec){0, -1}));
  SHOW(recvmmsg(sv[1], rr, 0, MSG_DONTWAIT, 0));
  struct timeval tv={0, 20000};
  setsockopt(sv[1], SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof tv);
  SHOW(recv(sv[1], b, 10, 0));
  SHOW(read(sv[1], b, 10));
  setsockopt(sv[0], SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof tv);
  int k=0;
  while(send(sv[0], b, 1000, 0)>0) k++;
  printf("%d %s\n", k, strerrorname_np(errno));
  SHOW(write(sv[0], b, 300000));
  SHOW(connect(sv[0], &(struct sockaddr){AF_UNSPEC}, 2));
  SHOW(send(sv[0], b, 1, 0));
  pollit("sv1", sv[1]);
  chdir("/");
  rmdir(dir_);
  return 0;
}
