// Scheduling attributes of each thread: policies, nice values, their inheritance, input/output priorities; sched(7), kernel/sched/syscalls.c.
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

struct attr {
  uint32_t size, policy;
  uint64_t flags;
  int32_t nice;
  uint32_t priority;
  uint64_t runtime, deadline, period;
  uint32_t least, most;
  uint64_t more;
};

static void show(const char *what, long r) {
  if (r == -1 && errno) printf("%s: %s\n", what, strerrorname_np(errno));
  else printf("%s: %ld\n", what, r);
}
#define SHOW(call) (errno = 0, show(#call, call))
#define SET(a) syscall(SYS_sched_setattr, 0, a, 0)
#define GET(a, size, flags) syscall(SYS_sched_getattr, 0, a, size, flags)

static void *thread(void *arg) {
  (void)arg;
  errno = 0;
  printf("thread begins with: policy %d, nice %d\n", sched_getscheduler(0), getpriority(PRIO_PROCESS, 0));
  setpriority(PRIO_PROCESS, 0, 11);
  printf("thread: nice %d\n", getpriority(PRIO_PROCESS, 0));
  return NULL;
}

int main(void) {
  struct sched_param none = {0}, one = {1}, large = {100};
  struct attr a = {0};
  struct timespec t;
  SHOW(sched_getscheduler(0));
  SHOW(sched_setscheduler(0, SCHED_BATCH, &none));
  SHOW(sched_getscheduler(0));
  SHOW(sched_setscheduler(0, SCHED_OTHER, &one));
  SHOW(sched_setscheduler(0, SCHED_FIFO, &none));
  SHOW(sched_setscheduler(0, SCHED_FIFO, &large));
  SHOW(sched_setscheduler(0, 4, &none));
  SHOW(sched_setscheduler(0, -1, &none));
  SHOW(sched_setscheduler(0, SCHED_OTHER, NULL));
  SHOW(sched_setscheduler(0x3fffffff, SCHED_OTHER, &none));
  SHOW(sched_setscheduler(-1, SCHED_OTHER, &none));
  SHOW(sched_setscheduler(0, SCHED_BATCH | SCHED_RESET_ON_FORK, &none));
  SHOW(sched_getscheduler(0));
  fflush(stdout);
  if (fork() == 0) {
    SHOW(sched_getscheduler(0));
    fflush(stdout);
    _exit(0);
  }
  wait(NULL);
  SHOW(GET(&a, 48, 0));
  printf("%u %u %lu %d %u\n", a.size, a.policy, (unsigned long)a.flags, a.nice, a.priority);
  SHOW(GET(&a, 64, 0));
  printf("%u\n", a.size);
  SHOW(GET(&a, 47, 0));
  SHOW(GET(&a, 48, 1));
  SHOW(sched_rr_get_interval(0, &t));
  printf("%ld %ld\n", (long)t.tv_sec, t.tv_nsec);
  SHOW(sched_rr_get_interval(-1, &t));
  SHOW(sched_setparam(0, &none));
  SHOW(sched_setparam(0, &one));
  SHOW(sched_setparam(0, NULL));
  SHOW(sched_getparam(0, &large));
  SHOW(sched_getparam(0x3fffffff, &large));
  printf("priority %d\n", large.sched_priority);
  for (int policy = -1; policy < 9; policy++) {
    printf("%d: %d to %d\n", policy, sched_get_priority_min(policy), sched_get_priority_max(policy));
  }

  SHOW(getpriority(PRIO_PROCESS, 0));
  SHOW(nice(3));
  SHOW(setpriority(PRIO_PROCESS, 0, 5));
  SHOW(getpriority(PRIO_PROCESS, 0));
  SHOW(setpriority(PRIO_PROCESS, getpid(), 6));
  SHOW(getpriority(PRIO_PROCESS, getpid()));
  SHOW(setpriority(3, 0, 0));
  SHOW(getpriority(-1, 0));
  SHOW(getpriority(PRIO_PROCESS, 0x3fffffff));
  SHOW(setpriority(PRIO_PROCESS, 0x3fffffff, 0));
  SHOW(setpriority(PRIO_PGRP, 0, 7));
  SHOW(getpriority(PRIO_PGRP, 0));
  pthread_t other;
  pthread_create(&other, NULL, thread, NULL);
  pthread_join(other, NULL);
  SHOW(getpriority(PRIO_PROCESS, 0));

  memset(&a, 0, sizeof a);
  a.size = 48;
  a.nice = 9;
  SHOW(SET(&a));
  SHOW(getpriority(PRIO_PROCESS, 0));
  a.size = 47;
  SHOW(SET(&a));
  printf("%u\n", a.size);
  a.size = 64;
  a.more = 1;
  SHOW(SET(&a));
  a.more = 0;
  SHOW(SET(&a));
  a.flags = 1 << 20;
  SHOW(SET(&a));
  a.flags = 8;
  a.policy = 77;
  a.nice = 10;
  SHOW(SET(&a));
  SHOW(getpriority(PRIO_PROCESS, 0));
  a.flags = 16;
  a.policy = SCHED_BATCH;
  a.nice = 12;
  SHOW(SET(&a));
  SHOW(getpriority(PRIO_PROCESS, 0));
  a.flags = 0;
  a.nice = 100;
  SHOW(SET(&a));
  SHOW(getpriority(PRIO_PROCESS, 0));
  SHOW(setpriority(PRIO_PROCESS, 0, 1000));
  SHOW(getpriority(PRIO_PROCESS, 0));
  char stat[512];
  FILE *f = fopen("/proc/self/stat", "r");
  size_t length = fread(stat, 1, sizeof stat - 1, f);
  fclose(f);
  stat[length] = 0;
  int priority, nice;
  sscanf(strrchr(stat, ')') + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %d %d", &priority, &nice);
  printf("stat: %d %d\n", priority, nice);

  /* Real time is for root, or up to a limit. */
  int r = sched_setscheduler(0, SCHED_RR, &one);
  printf("real time: %s\n", r == (geteuid() == 0 ? 0 : -1) ? "as it should be" : "wrong");
  if (r == 0) {
    struct timespec rr;
    sched_rr_get_interval(0, &rr);
    printf("policy %d, interval %ld\n", sched_getscheduler(0), rr.tv_nsec);
  } else {
    printf("policy 2, interval 100000000\n");
  }
  sched_setscheduler(0, SCHED_OTHER, &none);

#define IOPRIO(kind, level) ((kind) << 13 | (level))
  SHOW(syscall(SYS_ioprio_get, 1, 0));
  SHOW(syscall(SYS_ioprio_set, 1, 0, IOPRIO(2, 3)));
  SHOW(syscall(SYS_ioprio_get, 1, 0));
  SHOW(syscall(SYS_ioprio_set, 1, 0, IOPRIO(3, 0)));
  SHOW(syscall(SYS_ioprio_get, 1, 0));
  SHOW(syscall(SYS_ioprio_set, 1, 0, IOPRIO(0, 1)));
  SHOW(syscall(SYS_ioprio_set, 1, 0, IOPRIO(4, 0)));
  SHOW(syscall(SYS_ioprio_set, 9, 0, 0));
  SHOW(syscall(SYS_ioprio_get, 9, 0));
  SHOW(syscall(SYS_ioprio_get, 1, 0x3fffffff));
  SHOW(syscall(SYS_ioprio_set, 2, 0, IOPRIO(2, 4)));
  SHOW(syscall(SYS_ioprio_get, 2, 0));

  cpu_set_t set;
  CPU_ZERO(&set);
  SHOW(sched_setaffinity(0, sizeof set, &set));
  CPU_SET(0, &set);
  SHOW(sched_setaffinity(0, sizeof set, &set));
  SHOW(sched_setaffinity(0x3fffffff, sizeof set, &set));
  SHOW(syscall(SYS_sched_setaffinity, 0, 0, &set));
  SHOW(syscall(SYS_sched_setaffinity, 0, 1, &set));
  SHOW(syscall(SYS_sched_getaffinity, 0, 7, &set));
  SHOW(syscall(SYS_sched_getaffinity, 0x3fffffff, 8, &set));
  SHOW(sched_getaffinity(0, sizeof set, &set));
  unsigned cpu = 7, node = 7;
  printf("on %d of %d; getcpu %ld: %u %u\n", sched_getcpu(), CPU_COUNT(&set), syscall(SYS_getcpu, &cpu, &node, NULL), cpu, node);
  SHOW(sched_yield());
  return 0;
}
