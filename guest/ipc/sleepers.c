// Sleepers: who is woken in what order, what a signal changes, what another thread's close does to them; pipe(7), epoll(7), msgop(2), semop(2), futex(2), close(2).
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
#include <sys/eventfd.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <linux/futex.h>
#include <time.h>
#include <unistd.h>
static void show(const char *what, long r) { printf("%s: %ld %s\n", what, r, r < 0 ? strerrorname_np(errno) : ""); }
#define SHOW(call) show(#call, call)
static pthread_mutex_t lk=PTHREAD_MUTEX_INITIALIZER;
static char log_[200];
static int at;
static void note(char c) {
  pthread_mutex_lock(&lk);
  log_[at++]=c;
  pthread_mutex_unlock(&lk);
}

static void shown(const char*w) {
  pthread_mutex_lock(&lk);
  log_[at]=0;
  printf("%s: %s\n", w, log_);
  at=0;
  pthread_mutex_unlock(&lk);
}

static int asleep(pid_t tid) {
  char p[64], b[400]="";
  sprintf(p, "/proc/self/task/%d/stat", tid);
  int f=open(p, O_RDONLY);
  if(f<0) return 1;
  read(f, b, 399);
  close(f);
  char*q=strrchr(b, ')');
  return q&&q[2]=='S';
}

static volatile pid_t tid_;
struct job {
  char c;
  long (*f)(void*);
  void*a;
};

static void *run(void*p) {
  struct job*j=p;
  tid_=gettid();
  long r=j->f(j->a);
  note(j->c);
  if(r<0)
      note(errno==EINTR?'i':errno==EAGAIN?'a':errno==EBADF?'b':errno==EIDRM?'r':errno==EPIPE?'p':errno==ECONNRESET?'c':errno==EINVAL?'v':'?');
  return 0;
}

static pthread_t go(struct job*j) {
  pthread_t t;
  tid_=0;
  pthread_create(&t, 0, run, j);
  while(!tid_) sched_yield();
  while(!asleep(tid_)) {
    struct timespec n={0, 300000};
    nanosleep(&n, 0);
  }
  return t;
}

static void idle(int n) {
  while(1) {
    pthread_mutex_lock(&lk);
    int k=at;
    pthread_mutex_unlock(&lk);
    if(k>=n) return;
    struct timespec t={0, 300000};
    nanosleep(&t, 0);
  }
}

static int p[2], ep, ef, q, s;
static long rd(void*a) {
  char b;
  return read(*(int*)a, &b, 1);
}

static long rd8(void*a) {
  char b[8];
  return read(*(int*)a, b, 8);
}

static long epw(void*a) {
  struct epoll_event e;
  return epoll_wait(*(int*)a, &e, 1, -1);
}

static long mr(void*a) {
  struct {
    long t;
    char b[8];
  } m;
  return msgrcv(q, &m, 8, (long)a, 0);
}

static long so(void*a) {
  struct sembuf o={0, -(long)a, 0};
  return semop(s, &o, 1);
}

static int word;
static long fw(void*a) {
  return syscall(SYS_futex, &word, FUTEX_WAIT_BITSET|128, 0, 0, 0, (int)(long)a);
}

static long pl(void*a) {
  struct pollfd f={*(int*)a, POLLIN};
  return poll(&f, 1, -1);
}

static void onusr(int x) {
}

int main() {
  setvbuf(stdout, 0, _IOLBF, 0);
  signal(SIGPIPE, SIG_IGN);
  struct sigaction sa={.sa_handler=onusr};
  sigaction(SIGUSR1, &sa, 0);
  sa.sa_flags=SA_RESTART;
  sigaction(SIGUSR2, &sa, 0);
  pthread_t t[5];
  pipe(p);
  struct job a={'a', rd, &p[0]}, b={'b', rd, &p[0]}, c={'c', rd, &p[0]};
  t[0]=go(&a);
  t[1]=go(&b);
  t[2]=go(&c);
  write(p[1], "1", 1);
  idle(1);
  write(p[1], "2", 1);
  idle(2);
  write(p[1], "3", 1);
  idle(3);
  shown("pipe readers");
  for(int i=0;i<3;i++) pthread_join(t[i], 0);
  t[0]=go(&a);
  t[1]=go(&b);
  pthread_kill(t[0], SIGUSR2);
  struct timespec n={0, 20000000};
  nanosleep(&n, 0);
  write(p[1], "1", 1);
  idle(1);
  shown("a signal that restarts: who reads");
  write(p[1], "2", 1);
  idle(1);
  pthread_join(t[0], 0);
  pthread_join(t[1], 0);
  at=0;
  t[0]=go(&a);
  pthread_kill(t[0], SIGUSR1);
  pthread_join(t[0], 0);
  shown("a signal that does not");
  t[0]=go(&a);
  t[1]=go(&b);
  close(p[1]);
  pthread_join(t[0], 0);
  pthread_join(t[1], 0);
  printf("end of file: %d\n", at);
  at=0;
  close(p[0]);
  pipe(p);
  t[0]=go(&a);
  int old=p[0];
  close(old);
  nanosleep(&n, 0);
  int other[2];
  pipe(other);
  printf("its number is given to another pipe: %d\n", other[0]==old||other[1]==old);
  write(other[1], "o", 1);
  write(p[1], "x", 1);
  pthread_join(t[0], 0);
  shown("closed under the reader");
  SHOW(write(p[1], "x", 1));
  close(p[1]);
  close(other[0]);
  close(other[1]);
  int sk[2];
  socketpair(AF_UNIX, SOCK_STREAM, 0, sk);
  a=(struct job){'a', rd, &sk[0]};
  t[0]=go(&a);
  dup2(1, sk[0]);
  write(sk[1], "x", 1);
  pthread_join(t[0], 0);
  shown("another file over the reader's");
  errno=0;
  SHOW(send(sk[1], "x", 1, MSG_NOSIGNAL));
  close(sk[0]);
  close(sk[1]);
  pipe(p);
  pipe(other);
  a=(struct job){'a', rd, &p[0]};
  t[0]=go(&a);
  close(p[0]);
  close(p[1]);
  pthread_join(t[0], 0);
  shown("both ends closed");
  close(other[0]);
  close(other[1]);

  ef=eventfd(0, EFD_SEMAPHORE);
  a=(struct job){'a', rd8, &ef};
  b=(struct job){'b', rd8, &ef};
  c=(struct job){'c', rd8, &ef};
  t[0]=go(&a);
  t[1]=go(&b);
  t[2]=go(&c);
  uint64_t v=2;
  write(ef, &v, 8);
  idle(2);
  printf("eventfd woke %d\n", at);
  v=1;
  write(ef, &v, 8);
  for(int i=0;i<3;i++) pthread_join(t[i], 0);
  at=0;
  ep=epoll_create1(0);
  struct epoll_event e={EPOLLIN};
  epoll_ctl(ep, EPOLL_CTL_ADD, ef, &e);
  a=(struct job){'a', epw, &ep};
  b=(struct job){'b', epw, &ep};
  t[0]=go(&a);
  t[1]=go(&b);
  write(ef, &v, 8);
  idle(2);
  printf("level: both %d\n", at);
  pthread_join(t[0], 0);
  pthread_join(t[1], 0);
  read(ef, &v, 8);
  at=0;
  e.events=EPOLLIN|EPOLLET;
  epoll_ctl(ep, EPOLL_CTL_MOD, ef, &e);
  t[0]=go(&a);
  t[1]=go(&b);
  write(ef, &v, 8);
  idle(1);
  nanosleep(&n, 0);
  printf("edge: one %d\n", at);
  write(ef, &v, 8);
  pthread_join(t[0], 0);
  pthread_join(t[1], 0);
  at=0;
  read(ef, &v, 8);
  read(ef, &v, 8);
  int ep2=epoll_create1(0);
  epoll_ctl(ep, EPOLL_CTL_DEL, ef, 0);
  e.events=EPOLLIN|EPOLLEXCLUSIVE;
  epoll_ctl(ep, EPOLL_CTL_ADD, ef, &e);
  epoll_ctl(ep2, EPOLL_CTL_ADD, ef, &e);
  b=(struct job){'b', epw, &ep2};
  t[0]=go(&a);
  t[1]=go(&b);
  write(ef, &v, 8);
  idle(1);
  nanosleep(&n, 0);
  printf("exclusive: one %d\n", at);
  write(ef, &v, 8);
  idle(2);
  pthread_join(t[0], 0);
  pthread_join(t[1], 0);
  at=0;
  q=msgget(IPC_PRIVATE, 0600);
  struct {
    long t;
    char b[8];
  } m={2};
  a=(struct job){'a', mr, (void*)1};
  b=(struct job){'b', mr, (void*)0};
  c=(struct job){'c', mr, (void*)-3};
  t[0]=go(&a);
  t[1]=go(&b);
  t[2]=go(&c);
  msgsnd(q, &m, 1, 0);
  idle(1);
  msgsnd(q, &m, 1, 0);
  idle(2);
  m.t=1;
  msgsnd(q, &m, 1, 0);
  idle(3);
  shown("receivers by type");
  for(int i=0;i<3;i++) pthread_join(t[i], 0);
  t[0]=go(&a);
  msgctl(q, IPC_RMID, 0);
  pthread_join(t[0], 0);
  shown("queue removed");
  s=semget(IPC_PRIVATE, 1, 0600);
  a=(struct job){'a', so, (void*)3};
  b=(struct job){'b', so, (void*)1};
  c=(struct job){'c', so, (void*)2};
  t[0]=go(&a);
  t[1]=go(&b);
  t[2]=go(&c);
  printf("waiting %d\n", semctl(s, 0, GETNCNT));
  semctl(s, 0, SETVAL, 3);
  idle(1);
  shown("semaphore 3");
  semctl(s, 0, SETVAL, 1);
  idle(1);
  shown("semaphore 1");
  pthread_kill(t[2], SIGUSR2);
  pthread_join(t[2], 0);
  shown("semop and SA_RESTART");
  pthread_join(t[0], 0);
  pthread_join(t[1], 0);
  t[2]=go(&c);
  semctl(s, 0, IPC_RMID);
  pthread_join(t[2], 0);
  shown("set removed");
  a=(struct job){'a', fw, (void*)1};
  b=(struct job){'b', fw, (void*)2};
  c=(struct job){'c', fw, (void*)3};
  t[0]=go(&a);
  t[1]=go(&b);
  t[2]=go(&c);
  printf("%ld\n", syscall(SYS_futex, &word, FUTEX_WAKE_BITSET|128, 1, 0, 0, 2));
  idle(1);
  shown("futex bits");
  pthread_kill(t[0], SIGUSR2);
  nanosleep(&n, 0);
  printf("%ld\n", syscall(SYS_futex, &word, FUTEX_WAKE|128, 1, 0, 0, 0));
  idle(1);
  printf("%ld\n", syscall(SYS_futex, &word, FUTEX_WAKE|128, 5, 0, 0, 0));
  idle(2);
  for(int i=0;i<3;i++) pthread_join(t[i], 0);
  at=0;
  int sv[2];
  socketpair(AF_UNIX, SOCK_STREAM, 0, sv);
  a=(struct job){'a', rd, &sv[0]};
  b=(struct job){'b', rd, &sv[0]};
  t[0]=go(&a);
  t[1]=go(&b);
  write(sv[1], "1", 1);
  idle(1);
  write(sv[1], "2", 1);
  idle(2);
  printf("socket readers: %d\n", at);
  pthread_join(t[0], 0);
  pthread_join(t[1], 0);
  at=0;
  t[0]=go(&a);
  shutdown(sv[0], SHUT_RD);
  pthread_join(t[0], 0);
  shown("shut down");
  close(sv[0]);
  close(sv[1]);
  socketpair(AF_UNIX, SOCK_STREAM, 0, sv);
  a=(struct job){'a', pl, &sv[0]};
  t[0]=go(&a);
  close(sv[1]);
  pthread_join(t[0], 0);
  shown("poll and hang-up");
  return 0;
}
