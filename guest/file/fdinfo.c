// What /proc/self/fdinfo says of eventfds, timerfds, signalfds, pidfds, sockets, epoll sets, inotify and locked files; proc_pid_fdinfo(5).
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/file.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <signal.h>
#include <unistd.h>
static void show(const char*w, int fd) {
  char p[64], l[300];
  sprintf(p, "/proc/self/fdinfo/%d", fd);
  FILE*f=fopen(p, "r");
  printf("--%s\n", w);
  while(fgets(l, 300, f)) if (!strstr(l, "mnt_id:")&&!strstr(l, "lock:")&&!strstr(l, "ino:\t")&&!strstr(l,
      "eventfd-id")) {
    printf("%s", l);
  }
  fclose(f);
}

int main() {
  char dir[]="/tmp/sb-fdinfo-XXXXXX";
  if(!mkdtemp(dir)||chdir(dir)) return 1;
  int e=eventfd(5, 0), t=timerfd_create(CLOCK_MONOTONIC, 0), i=inotify_init(), ep=epoll_create1(0), p[2];
  pipe(p);
  show("eventfd", e);
  show("eventfd sem", eventfd(3, EFD_SEMAPHORE));
  show("timerfd", t);
  struct itimerspec its={{1, 0}, {0, 0}};
  timerfd_settime(t, 0, &its, 0);
  show("timerfd2", t);
  sigset_t s;
  sigemptyset(&s);
  sigaddset(&s, SIGUSR1);
  sigaddset(&s, 40);
  show("signalfd", signalfd(-1, &s, 0));
  int pf=syscall(SYS_pidfd_open, getpid(), 0);
  char q[40];
  sprintf(q, "/proc/self/fdinfo/%d", pf);
  FILE*f=fopen(q, "r");
  int n;
  char l[300];
  while(fgets(l, 300, f)) {
    if (sscanf(l, "Pid: %d", &n)==1||sscanf(l, "NSpid: %d", &n)==1) printf("%.4s %d\n", l, n==getpid());
  }
  show("pipe", p[0]);
  int sv[2];
  socketpair(AF_UNIX, SOCK_STREAM, 0, sv);
  show("sock", sv[0]);
  epoll_ctl(ep, EPOLL_CTL_ADD, e, &(struct epoll_event){EPOLLIN, {.u64=0x1234}});
  sprintf(q, "/proc/self/fdinfo/%d", ep);
  f=fopen(q, "r");
  while(fgets(l, 300, f)) {
    if(strstr(l, "mnt_id")||strstr(l, "ino:\t")) continue;
    char*x=strstr(l, " pos:");
    if(x) *x=0;
    printf("%s%s", l, x?"\n":"");
  }
  mkdir("d", 0755);
  inotify_add_watch(i, "d", IN_CREATE|IN_MOVE);
  sprintf(q, "/proc/self/fdinfo/%d", i);
  f=fopen(q, "r");
  while(fgets(l, 300, f)) {
    if(strncmp(l, "inotify", 7)==0) {
      char*x=strstr(l, "ino:"), *y=strstr(l, "mask:");
      *x=0;
      if(y) {
        char*z=strstr(y, " ignored");
        if(z)*z=0;
      }
      printf("%s..%s\n", l, y);
    }
  }
  rmdir("d");
  int fd=open("lk", O_CREAT|O_RDWR|O_APPEND, 0600);
  unlink("lk");
  flock(fd, LOCK_EX);
  write(fd, "abc", 3);
  show("file", fd);
  chdir("/");
  rmdir(dir);
  return 0;
}
