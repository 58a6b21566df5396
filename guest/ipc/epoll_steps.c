// What sets of events show after each step, edge by edge; copies of descriptors, limits of descriptors, poll's events, messages with descriptors; epoll(7), poll(2), unix(7).
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
static void show(const char *what, long r) {
  if (r == -1 && errno) printf("%s: %s\n", what, strerrorname_np(errno));
  else printf("%s: %ld\n", what, r);
}
#define SHOW(call) (errno = 0, show(#call, call))
static void ev(int ep, const char*w) {
  struct epoll_event e[8];
  int n=epoll_wait(ep, e, 8, 0);
  printf("%s: %d", w, n);
  for(int i=0;i<n;i++) printf(" [%d %x]", (int)e[i].data.u32, e[i].events);
  printf("\n");
}

int main() {
  setvbuf(stdout, 0, _IOLBF, 0);
  signal(SIGPIPE, SIG_IGN);
  char b[100000];
  memset(b, 0, sizeof b);
  int p[2];
  // epoll and duplicates
  int ep=epoll_create1(0);
  pipe(p);
  int d=dup(p[0]);
  struct epoll_event e={EPOLLIN, {.u32=1}};
  SHOW(epoll_ctl(ep, EPOLL_CTL_ADD, p[0], &e));
  e.data.u32=2;
  SHOW(epoll_ctl(ep, EPOLL_CTL_ADD, d, &e));
  write(p[1], "x", 1);
  ev(ep, "both");
  close(p[0]);
  ev(ep, "one closed");
  SHOW(epoll_ctl(ep, EPOLL_CTL_DEL, p[0], 0));
  close(d);
  ev(ep, "both closed");
  close(p[1]);
  pipe(p);
  e.events=EPOLLIN|EPOLLET;
  e.data.u32=3;
  epoll_ctl(ep, EPOLL_CTL_ADD, p[0], &e);
  write(p[1], "x", 1);
  ev(ep, "edge");
  ev(ep, "again");
  write(p[1], "x", 1);
  ev(ep, "more");
  read(p[0], b, 1);
  ev(ep, "after a read");
  e.events=EPOLLIN|EPOLLET;
  epoll_ctl(ep, EPOLL_CTL_MOD, p[0], &e);
  ev(ep, "modified");
  close(p[1]);
  ev(ep, "hang-up");
  ev(ep, "again");
  close(p[0]);
  pipe(p);
  fcntl(p[1], F_SETFL, O_NONBLOCK);
  e.events=EPOLLOUT|EPOLLET;
  e.data.u32=4;
  epoll_ctl(ep, EPOLL_CTL_ADD, p[1], &e);
  ev(ep, "writable");
  while(write(p[1], b, 4096)>0);
  ev(ep, "full");
  read(p[0], b, 100);
  ev(ep, "100 read");
  read(p[0], b, 4000);
  ev(ep, "a page read");
  read(p[0], b, 60000);
  ev(ep, "60000 read");
  close(p[0]);
  ev(ep, "no reader");
  close(p[1]);
  e.events=EPOLLIN|EPOLLONESHOT;
  pipe(p);
  e.data.u32=5;
  epoll_ctl(ep, EPOLL_CTL_ADD, p[0], &e);
  write(p[1], "x", 1);
  ev(ep, "oneshot");
  write(p[1], "x", 1);
  ev(ep, "again");
  epoll_ctl(ep, EPOLL_CTL_MOD, p[0], &e);
  ev(ep, "armed");
  close(p[1]);
  ev(ep, "hang-up");
  epoll_ctl(ep, EPOLL_CTL_MOD, p[0], &e);
  ev(ep, "armed");
  close(p[0]);
  int sv[2];
  socketpair(AF_UNIX, SOCK_STREAM, 0, sv);
  e.events=EPOLLIN|EPOLLOUT|EPOLLRDHUP|EPOLLET;
  e.data.u32=6;
  epoll_ctl(ep, EPOLL_CTL_ADD, sv[0], &e);
  ev(ep, "socket");
  write(sv[1], "x", 1);
  ev(ep, "data");
  write(sv[1], "x", 1);
  ev(ep, "more");
  read(sv[0], b, 1);
  ev(ep, "read one");
  shutdown(sv[1], SHUT_WR);
  ev(ep, "shut");
  write(sv[0], "y", 1);
  read(sv[1], b, 1);
  ev(ep, "written and read");
  close(sv[1]);
  ev(ep, "closed");
  close(sv[0]);
  // fork shares
  pipe(p);
  e.events=EPOLLIN;
  e.data.u32=7;
  epoll_ctl(ep, EPOLL_CTL_ADD, p[0], &e);
  pid_t c=fork();
  if(!c) {
    close(p[0]);
    write(p[1], "z", 1);
    ev(ep, "child");
    _exit(0);
  }
  waitpid(c, 0, 0);
  ev(ep, "parent");
  close(p[0]);
  close(p[1]);
  ev(ep, "gone");
  // limits
  struct rlimit rl={20, 20};
  getrlimit(RLIMIT_NOFILE, &rl);
  rl.rlim_cur=20;
  setrlimit(RLIMIT_NOFILE, &rl);
  while(dup(0)>=0);
  SHOW(pipe(p));
  SHOW(socket(AF_UNIX, 1, 0));
  SHOW(epoll_create1(0));
  SHOW(open("/", 0));
  SHOW(dup2(0, 20));
  SHOW(dup2(0, 19));
  SHOW(fcntl(0, F_DUPFD, 20));
  SHOW(fcntl(0, F_DUPFD, 5));
  SHOW(dup3(0, 0, 0));
  SHOW(dup3(0, 5, 4));
  close(19);
  SHOW(pipe(p));
  SHOW(socketpair(AF_UNIX, 1, 0, sv));
  SHOW(poll((struct pollfd[25]){0}, 25, 0));
  for(int i=3;i<20;i++) close(i);
  // poll events of everything
  pipe(p);
  struct pollfd f[4]={{p[0], POLLIN|POLLRDNORM|POLLRDBAND|POLLPRI|POLLRDHUP|POLLHUP|POLLERR|POLLNVAL}, {p[1],
      POLLOUT|POLLWRNORM|POLLWRBAND}, {p[0], 0}, {-1, POLLIN, 77}};
  SHOW(poll(f, 4, 0));
  printf("%x %x %x %x\n", f[0].revents, f[1].revents, f[2].revents, f[3].revents);
  write(p[1], "x", 1);
  SHOW(poll(f, 4, 0));
  printf("%x %x %x %x\n", f[0].revents, f[1].revents, f[2].revents, f[3].revents);
  close(p[1]);
  SHOW(poll(f, 4, 0));
  printf("%x %x %x %x\n", f[0].revents, f[1].revents, f[2].revents, f[3].revents);
  close(p[0]);
  SHOW(poll(f, 4, 0));
  printf("%x %x %x %x\n", f[0].revents, f[1].revents, f[2].revents, f[3].revents);
  // passing descriptors to oneself and loops
  socketpair(AF_UNIX, SOCK_DGRAM, 0, sv);
  for(int i=0;i<3;i++){ char ctl[CMSG_SPACE(8)]={0}; struct iovec v={"x", 1}; struct msghdr m={0, 0, &v, 1, ctl,
      sizeof ctl}; struct cmsghdr*h=CMSG_FIRSTHDR(&m); h->cmsg_level=SOL_SOCKET; h->cmsg_type=SCM_RIGHTS;
      h->cmsg_len=CMSG_LEN(8); ((int*)CMSG_DATA(h))[0]=sv[0]; ((int*)CMSG_DATA(h))[1]=i==2?99:sv[1];
      SHOW(sendmsg(sv[0], &m, 0)); } {
    char ctl[CMSG_SPACE(4)];
    struct iovec v={b, 1};
    struct msghdr m={0, 0, &v, 1, ctl, sizeof ctl};
    SHOW(recvmsg(sv[1], &m, 0));
    printf("%x %zu\n", m.msg_flags, m.msg_controllen);
    m.msg_controllen=15;
    SHOW(recvmsg(sv[1], &m, MSG_CMSG_CLOEXEC));
    printf("%x %zu\n", m.msg_flags, m.msg_controllen);
  }
  close(sv[0]);
  close(sv[1]);
  return 0;
}
