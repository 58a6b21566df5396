// Which steps of eventfds, timerfds, signalfds, sockets, queues, processes and sets make an edge for EPOLLET; epoll(7).
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <mqueue.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
static int ep;
static void ev(const char*w) {
  struct epoll_event e[8];
  int n=epoll_wait(ep, e, 8, 0);
  printf("%s: %d", w, n);
  for(int i=0;i<n;i++) printf(" [%x]", e[i].events);
  printf("\n");
}

static void add(int fd, unsigned m) {
  struct epoll_event e={m|EPOLLET, {.u32=fd}};
  epoll_ctl(ep, EPOLL_CTL_ADD, fd, &e);
}

static void nap(int ms) {
  struct timespec t={0, ms * 4000000};
  nanosleep(&t, 0);
}

int main() {
  setvbuf(stdout, 0, _IOLBF, 0);
  signal(SIGPIPE, SIG_IGN);
  char b[300000];
  memset(b, 0, sizeof b);
  uint64_t v;
  ep=epoll_create1(0);
  unsigned all=EPOLLIN|EPOLLOUT|EPOLLPRI|EPOLLRDHUP;
  int sv[2];
  int e=eventfd(0, EFD_NONBLOCK);
  add(e, all);
  ev("eventfd");
  v=1;
  write(e, &v, 8);
  ev("written");
  write(e, &v, 8);
  ev("written");
  read(e, &v, 8);
  ev("read");
  v=-2;
  write(e, &v, 8);
  ev("full");
  v=1;
  write(e, &v, 8);
  ev("no room");
  read(e, &v, 8);
  ev("read");
  close(e);
  int t=timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
  add(t, all);
  ev("timerfd");
  struct itimerspec it={{0, 3000000}, {0, 3000000}};
  timerfd_settime(t, 0, &it, 0);
  nap(5);
  ev("one");
  nap(5);
  ev("unread: none");
  read(t, &v, 8);
  nap(5);
  ev("after a read");
  close(t);
  sigset_t s;
  sigemptyset(&s);
  sigaddset(&s, SIGUSR1);
  sigaddset(&s, SIGRTMIN);
  sigprocmask(SIG_BLOCK, &s, 0);
  int f=signalfd(-1, &s, SFD_NONBLOCK);
  add(f, all);
  ev("signalfd");
  raise(SIGUSR1);
  ev("one");
  raise(SIGUSR1);
  ev("the same");
  raise(SIGRTMIN);
  ev("another");
  raise(SIGRTMIN);
  ev("another");
  read(f, b, 128);
  ev("read one");
  read(f, b, 1280);
  ev("read all");
  close(f);
  socketpair(AF_UNIX, SOCK_DGRAM, 0, sv);
  fcntl(sv[0], F_SETFL, O_NONBLOCK);
  add(sv[0], all);
  add(sv[1], all);
  ev("datagrams");
  write(sv[0], "a", 1);
  ev("one");
  write(sv[0], "b", 1);
  ev("two");
  read(sv[1], b, 1);
  ev("read");
  int n=0;
  while(write(sv[0], b, 1)==1) n++;
  printf("queue %d\n", n);
  ev("full");
  read(sv[1], b, 1);
  ev("room");
  read(sv[1], b, 1);
  ev("more room");
  close(sv[1]);
  ev("closed");
  close(sv[0]);
  socketpair(AF_UNIX, SOCK_STREAM, 0, sv);
  fcntl(sv[0], F_SETFL, O_NONBLOCK);
  add(sv[0], all);
  add(sv[1], all);
  ev("stream");
  while(write(sv[0], b, 4096)>0);
  ev("full");
  int k=0;
  do {
    read(sv[1], b, 4096);
    k++;
  }
  while(poll(&(struct pollfd){sv[0], POLLOUT}, 1, 0)==0);
  ev("room");
  read(sv[1], b, 300000);
  ev("more room");
  send(sv[1], "u", 1, MSG_OOB);
  ev("urgent");
  shutdown(sv[1], SHUT_WR);
  ev("shut");
  shutdown(sv[0], SHUT_WR);
  ev("both");
  close(sv[1]);
  ev("closed");
  close(sv[0]);
  int l=socket(AF_INET, SOCK_STREAM|SOCK_NONBLOCK, 0);
  struct sockaddr_in a={AF_INET, 0, {htonl(INADDR_LOOPBACK)}};
  add(l, all);
  ev("unbound");
  bind(l, (void*)&a, sizeof a);
  socklen_t z=sizeof a;
  getsockname(l, (void*)&a, &z);
  ev("bound");
  listen(l, 5);
  ev("listening");
  int c=socket(AF_INET, SOCK_STREAM, 0);
  add(c, all);
  ev("unconnected");
  connect(c, (void*)&a, sizeof a);
  nap(2);
  ev("connected");
  int c2=socket(AF_INET, SOCK_STREAM, 0);
  connect(c2, (void*)&a, sizeof a);
  nap(2);
  ev("another");
  int d=accept(l, 0, 0);
  ev("accepted");
  add(d, all);
  ev("new");
  write(c, "x", 1);
  nap(1);
  ev("data");
  write(c, "x", 1);
  nap(1);
  ev("data");
  read(d, b, 1);
  ev("read one");
  send(c, "u", 1, MSG_OOB);
  nap(1);
  ev("urgent");
  recv(d, b, 1, MSG_OOB);
  ev("urgent read");
  shutdown(c, SHUT_WR);
  nap(2);
  ev("shut");
  close(d);
  nap(2);
  ev("closed");
  write(c, "x", 1);
  close(c);
  close(c2);
  close(l);
  int u=socket(AF_INET, SOCK_DGRAM, 0), w=socket(AF_INET, SOCK_DGRAM, 0);
  a.sin_port=0;
  bind(u, (void*)&a, sizeof a);
  getsockname(u, (void*)&a, &z);
  connect(w, (void*)&a, sizeof a);
  add(u, all);
  add(w, all);
  ev("udp");
  write(w, "1", 1);
  ev("one");
  write(w, "2", 1);
  ev("two");
  read(u, b, 1);
  ev("read");
  close(u);
  write(w, "3", 1);
  nap(1);
  ev("refused");
  write(w, "3", 1);
  ev("told");
  close(w);
  struct mq_attr at={0, 1, 8};
  char nm[30];
  sprintf(nm, "/sb-e-%d", getpid());
  int q=mq_open(nm, O_RDWR|O_CREAT|O_NONBLOCK, 0600, &at);
  mq_unlink(nm);
  add(q, all);
  ev("queue");
  mq_send(q, "m", 1, 0);
  ev("sent");
  mq_receive(q, b, 8, 0);
  ev("received");
  mq_send(q, "m", 1, 0);
  mq_receive(q, b, 8, 0);
  ev("both");
  close(q);
  char dir[]="/tmp/sb-e-XXXXXX";
  mkdtemp(dir);
  int in=inotify_init1(IN_NONBLOCK);
  inotify_add_watch(in, dir, IN_CREATE|IN_DELETE);
  add(in, all);
  ev("inotify");
  char p[60];
  sprintf(p, "%s/f", dir);
  close(open(p, O_CREAT|O_RDWR, 0600));
  ev("one");
  unlink(p);
  ev("two");
  read(in, b, 40);
  ev("read one");
  close(in);
  rmdir(dir);
  pid_t pid=fork();
  if(!pid) {
    pause();
    _exit(0);
  }
  int pf=syscall(SYS_pidfd_open, pid, 0);
  add(pf, all);
  ev("process");
  kill(pid, SIGKILL);
  siginfo_t si;
  waitid(P_PID, pid, &si, WEXITED|WNOWAIT);
  ev("dead");
  ev("again");
  waitpid(pid, 0, 0);
  ev("reaped");
  close(pf);
  int e1=epoll_create1(0);
  int ef=eventfd(0, 0);
  struct epoll_event ee={EPOLLIN};
  epoll_ctl(e1, EPOLL_CTL_ADD, ef, &ee);
  add(e1, EPOLLIN);
  ev("nested");
  v=1;
  write(ef, &v, 8);
  ev("inner ready");
  ev("again");
  write(ef, &v, 8);
  ev("written again");
  epoll_wait(e1, &ee, 1, 0);
  ev("inner collected");
  close(ef);
  ev("gone");
  return 0;
}
