// Policies of scheduling call by call: what is accepted, by whom, what is told, and what children have, SCHED_DEADLINE included; sched(7), sched_setattr(2).
// capabilities: sys_nice
#define _GNU_SOURCE
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdint.h>
#include <string.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <pthread.h>
#include <linux/futex.h>
#include <sys/mman.h>
#include <time.h>
struct attr {
  uint32_t size, policy;
  uint64_t flags;
  int32_t nice;
  uint32_t priority;
  uint64_t runtime, deadline, period;
  uint32_t least, most;
};

static void show(const char *what, long r) {
  if (r == -1 && errno) printf("%s: %s\n", what, strerrorname_np(errno));
  else printf("%s: %ld\n", what, r);
  fflush(stdout);
}
#define SHOW(call) (errno = 0, show(#call, call))
static int sch(pid_t p, int pol, int prio) {
  struct sched_param s={prio};
  return sched_setscheduler(p, pol, &s);
}

static int seta(int pol, int prio, int nice, uint64_t flags, uint64_t r, uint64_t d, uint64_t p) {
  struct attr a={48, pol, flags, nice, prio, r, d, p};
  return syscall(SYS_sched_setattr, 0, &a, 0);
}

static void geta(void) {
  struct attr a;
  memset(&a, 0, sizeof a);
  int r=syscall(SYS_sched_getattr, 0, &a, 56, 0);
  printf("attr r=%d size %u policy %u flags %lx nice %d prio %u rt %lu dl %lu per %lu clamp %u %u\n", r, a.size,
      a.policy, a.flags, a.nice, a.priority, a.runtime, a.deadline, a.period, a.least, a.most);
}

static int statprio(int f, int tid) {
  char p[64], b[1000];
  sprintf(p, "/proc/self/task/%d/stat", tid);
  FILE*x=fopen(p, "r");
  fgets(b, 1000, x);
  fclose(x);
  char*q=strrchr(b, ')')+2;
  int i=3;
  for(q=strtok(q, " ");i<f;i++) q=strtok(0, " ");
  return atoi(q);
}
#define ME statprio(18,gettid()),statprio(19,gettid()),statprio(40,gettid()),statprio(41,gettid())
int main() {
  setvbuf(stdout, 0, _IOLBF, 0);
  int pols[]={0, 1, 2, 3, 4, 5, 6, 7, 8, -1};
  for(int i=0;i<10;i++){ printf("pol %d: ", pols[i]); errno=0; printf("max %d ", sched_get_priority_max(pols[i]));
      printf("min %d\n", sched_get_priority_min(pols[i])); for(int pr=-1;pr<101;pr+= pr<1?1: pr==1?98:1){ errno=0;
      int r=sch(0, pols[i], pr); printf("  prio %d -> %d %s policy now %d stat %d %d %d %d\n", pr, r,
      errno?strerrorname_np(errno):"", sched_getscheduler(0), ME); struct timespec t={9, 9};
      r=sched_rr_get_interval(0, &t); printf("   rr %d %ld.%09ld\n", r, t.tv_sec,
      (pols[i]==1||pols[i]==2)?t.tv_nsec:0);} sch(0, 0, 0);} SHOW(sch(0, SCHED_FIFO|SCHED_RESET_ON_FORK, 10));
  SHOW(sched_getscheduler(0));
  geta();
  if(!fork()) {
    printf("child %d\n", sched_getscheduler(0));
    geta();
    _exit(0);
  }
  wait(0);
  SHOW(sch(0, SCHED_RR, 20));
  geta();
  if(!fork()) {
    printf("child %d\n", sched_getscheduler(0));
    geta();
    _exit(0);
  }
  wait(0);
  struct sched_param sp={30};
  SHOW(sched_setparam(0, &sp));
  geta();
  sp.sched_priority=0;
  SHOW(sched_setparam(0, &sp));
  sp.sched_priority=100;
  SHOW(sched_setparam(0, &sp));
  SHOW(sched_setparam(-1, &sp));
  SHOW(sched_setparam(99999, &sp));
  SHOW(sched_setparam(0, NULL));
  SHOW(syscall(SYS_sched_setparam, 0, 1));
  SHOW(setpriority(PRIO_PROCESS, 0, 5));
  geta();
  printf("stat %d %d %d %d\n", ME);
  SHOW(sch(0, SCHED_OTHER, 0));
  geta();
  printf("stat %d %d %d %d\n", ME);
  SHOW(seta(SCHED_OTHER, 0, -7, 0, 0, 0, 0));
  geta();
  SHOW(seta(SCHED_OTHER, 0, -70, 0, 0, 0, 0));
  geta();
  SHOW(seta(SCHED_OTHER, 0, 70, 0, 0, 0, 0));
  geta();
  SHOW(seta(SCHED_OTHER, 0, 0, 0, 3000000, 0, 0));
  geta();
  SHOW(seta(SCHED_OTHER, 0, 0, 0, 0, 0, 0));
  geta();
  SHOW(seta(SCHED_IDLE, 0, 0, 0, 0, 0, 0));
  geta();
  SHOW(seta(SCHED_BATCH, 0, 4, 0, 0, 0, 0));
  geta();
  SHOW(seta(SCHED_FIFO, 5, 4, 0, 0, 0, 0));
  geta();
  SHOW(seta(SCHED_FIFO, 5, 4, 0x10, 0, 0, 0));
  SHOW(seta(SCHED_FIFO, 5, 4, 0x18, 0, 0, 0));
  SHOW(seta(SCHED_FIFO, 0, 4, 0x8, 0, 0, 0));
  SHOW(seta(77, 9, 4, 0x8, 0, 0, 0));
  geta();
  SHOW(seta(-1, 9, 4, 0x8, 0, 0, 0));
  geta();
  SHOW(seta(SCHED_RR, 11, 4, 0x10, 0, 0, 0));
  geta();
  SHOW(seta(SCHED_RR, 11, 4, 0x80, 0, 0, 0));
  geta();
  SHOW(seta(SCHED_RR, 11, 4, 0x2, 0, 0, 0));
  geta();
  SHOW(seta(SCHED_RR, 11, 4, 0x4, 0, 0, 0));
  geta();
  SHOW(seta(SCHED_OTHER, 0, 0, 0, 0, 0, 0));
  geta();
  // deadline
  SHOW(seta(SCHED_DEADLINE, 0, 0, 0, 0, 0, 0));
  SHOW(sch(0, SCHED_DEADLINE, 0));
  SHOW(seta(SCHED_DEADLINE, 0, 0, 0, 1000, 10000000, 10000000));
  SHOW(seta(SCHED_DEADLINE, 0, 0, 0, 1024, 10000000, 10000000));
  geta();
  SHOW(seta(SCHED_DEADLINE, 0, 0, 0, 1000000, 10000000, 0));
  geta();
  printf("stat %d %d %d %d\n", ME);
  SHOW(sched_getscheduler(0));
  SHOW(sched_getparam(0, &sp));
  printf("%d\n", sp.sched_priority);
  {
    struct timespec t={9, 9};
    SHOW(sched_rr_get_interval(0, &t));
    printf("%ld %ld\n", t.tv_sec, t.tv_nsec);
  }
  SHOW(seta(SCHED_DEADLINE, 1, 0, 0, 1000000, 10000000, 0));
  SHOW(seta(SCHED_DEADLINE, 0, 9, 0, 1000000, 10000000, 5000000));
  SHOW(seta(SCHED_DEADLINE, 0, 9, 0, 11000000, 10000000, 20000000));
  SHOW(seta(SCHED_DEADLINE, 0, 9, 0, 1000000, 10000000, 20000000));
  geta();
  SHOW(seta(SCHED_DEADLINE, 0, 9, 0, 50000, 99999, 99999));
  SHOW(seta(SCHED_DEADLINE, 0, 9, 0, 50000, 90000, 100000));
  geta();
  SHOW(seta(SCHED_DEADLINE, 0, 9, 0, 50000, 100000, 100000));
  geta();
  SHOW(seta(SCHED_DEADLINE, 0, 9, 0, 50000000, 5000000000, 5000000000));
  geta();
  SHOW(seta(SCHED_DEADLINE, 0, 9, 0, 50000000, 4194304000, 4194304000));
  geta();
  SHOW(seta(SCHED_DEADLINE, 0, 9, 0, 50000000, 4194304001, 4194304001));
  geta();
  SHOW(seta(SCHED_DEADLINE, 0, 9, 0, 50000, 1ull<<63, 0));
  SHOW(seta(SCHED_DEADLINE, 0, 9, 1, 50000000, 500000000, 500000000));
  geta();
  if(!fork()) {
    printf("child %d\n", sched_getscheduler(0));
    geta();
    _exit(0);
  }
  wait(0);
  SHOW(seta(SCHED_DEADLINE, 0, 9, 0x6, 50000000, 500000000, 500000000));
  geta();
  {
    long r=fork();
    if(r==0)_exit(0);
    show("fork", r>0?0:-1);
  };
  SHOW(setpriority(PRIO_PROCESS, 0, 3));
  geta();
  {
    struct attr a;
    SHOW(syscall(SYS_sched_getattr, 0, &a, 56, 1));
    SHOW(syscall(SYS_sched_getattr, 0, &a, 56, 2));
  }
  SHOW(seta(SCHED_OTHER, 0, 0, 0, 0, 0, 0));
  geta();
  {
    cpu_set_t c;
    CPU_ZERO(&c);
    CPU_SET(0, &c);
    SHOW(sched_setaffinity(0, sizeof c, &c));
  }
  // unprivileged
  struct rlimit rl={0, 0};
  setrlimit(RLIMIT_RTPRIO, &rl);
  setrlimit(RLIMIT_NICE, &rl);
  pid_t root=getpid();
  if(!fork()) {
    setresuid(1234, 1234, 1234);
    SHOW(sch(0, SCHED_FIFO, 1));
    SHOW(sch(0, SCHED_RR, 1));
    SHOW(sch(0, SCHED_BATCH, 0));
    SHOW(sch(0, SCHED_IDLE, 0));
    SHOW(sch(0, SCHED_OTHER, 0));
    SHOW(seta(SCHED_OTHER, 0, 5, 0, 0, 0, 0));
    SHOW(seta(SCHED_OTHER, 0, 4, 0, 0, 0, 0));
    SHOW(seta(SCHED_BATCH, 0, 5, 1, 0, 0, 0));
    SHOW(seta(SCHED_BATCH, 0, 5, 0, 0, 0, 0));
    SHOW(sch(root, SCHED_BATCH, 0));
    SHOW(sch(root, SCHED_FIFO, 1));
    SHOW(sched_getscheduler(root));
    SHOW(seta(SCHED_DEADLINE, 0, 0, 0, 1000000, 10000000, 0));
    SHOW(setpriority(PRIO_PROCESS, root, 10));
    SHOW(setpriority(PRIO_PROCESS, 0, -1));
    SHOW(nice(-5));
    SHOW(nice(3));
    SHOW(nice(100));
    cpu_set_t c;
    CPU_ZERO(&c);
    CPU_SET(0, &c);
    SHOW(sched_setaffinity(root, sizeof c, &c));
    SHOW(seta(SCHED_OTHER, 0, 19, 0x10, 0, 0, 0));
    _exit(0);
  }
  wait(0);
  SHOW(sch(-1, SCHED_OTHER, 0));
  SHOW(sch(99999, SCHED_OTHER, 0));
  SHOW(sched_getscheduler(-1));
  SHOW(sched_getscheduler(99999));
  SHOW(sched_getparam(0, 0));
  SHOW(sched_getparam(-1, &sp));
  SHOW(sched_getparam(99999, &sp));
  SHOW(syscall(SYS_sched_getparam, 0, 1));
  SHOW(syscall(SYS_sched_setscheduler, 0, 0, 0));
  SHOW(syscall(SYS_sched_setscheduler, 0, 0, 1));
  struct timespec t;
  SHOW(sched_rr_get_interval(-1, &t));
  SHOW(sched_rr_get_interval(99999, &t));
  SHOW(syscall(SYS_sched_rr_get_interval, 0, 1));
  {
    struct attr a={48};
    a.size=47;
    SHOW(syscall(SYS_sched_setattr, 0, &a, 0));
    printf("%u\n", a.size);
    a.size=4097;
    SHOW(syscall(SYS_sched_setattr, 0, &a, 0));
    printf("%u\n", a.size);
    char big[100]={100};
    big[60]=1;
    SHOW(syscall(SYS_sched_setattr, 0, big, 0));
    printf("%d\n", *(int*)big);
    big[60]=0;
    big[0]=100;
    SHOW(syscall(SYS_sched_setattr, 0, big, 0));
    SHOW(syscall(SYS_sched_setattr, 0, 0, 0));
    SHOW(syscall(SYS_sched_setattr, 0, 1, 0));
    a.size=0;
    SHOW(syscall(SYS_sched_setattr, 0, &a, 0));
    SHOW(syscall(SYS_sched_setattr, 0, &a, 1));
    SHOW(syscall(SYS_sched_setattr, -1, &a, 0));
    SHOW(syscall(SYS_sched_setattr, 99999, &a, 0));
    SHOW(syscall(SYS_sched_getattr, 0, &a, 47, 0));
    SHOW(syscall(SYS_sched_getattr, 0, &a, 4097, 0));
    SHOW(syscall(SYS_sched_getattr, 0, 0, 48, 0));
    SHOW(syscall(SYS_sched_getattr, 0, 1, 48, 0));
    SHOW(syscall(SYS_sched_getattr, -1, &a, 48, 0));
    SHOW(syscall(SYS_sched_getattr, 99999, &a, 48, 0));
    SHOW(syscall(SYS_sched_getattr, 0, &a, 52, 0));
    printf("%u\n", a.size);
  }
}
