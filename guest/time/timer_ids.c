// Numbers of POSIX timers (posix_timer_add of kernel/time/posix-timers.c): they count on, also past failures, are a process's own, and
// may be chosen by who restores a process (PR_TIMER_CREATE_RESTORE_IDS); spans beyond what the kernel's clocks can hold.
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { RESTORE_IDS = 77 };

static const char *outcome(long result) {
  static char text[4][16];
  static int turn;
  char *into = text[turn++ % 4];
  if (result < 0) snprintf(into, 16, "%s", strerrorname_np(errno));
  else snprintf(into, 16, "%ld", result);
  return into;
}
static struct sigevent none = {.sigev_notify = SIGEV_NONE}, bad = {.sigev_notify = 99};

/* The number that a timer gets; `id` is what is asked for. */
static const char *make(int id) {
  const int result = syscall(SYS_timer_create, CLOCK_MONOTONIC, &none, &id);
  return outcome(result < 0 ? result : id);
}
static const char *drop(int id) { return outcome(syscall(SYS_timer_delete, id)); }

int main(void) {
  printf("one after the other: %s", make(9));
  printf(" %s", make(9));
  printf(" %s", make(9));
  printf(", one less %s", drop(1));
  printf(", on: %s", make(9));
  syscall(SYS_timer_create, CLOCK_MONOTONIC, &bad, &(int){0});
  syscall(SYS_timer_create, CLOCK_MONOTONIC, &none, (void *)8);
  syscall(SYS_timer_create, CLOCK_MONOTONIC, (void *)8, &(int){0});
  syscall(SYS_timer_create, CLOCK_MONOTONIC_RAW, &none, &(int){0});
  printf(", past failures: %s\n", make(9));
  fflush(stdout);
  if (fork() == 0) {
    printf("a child: %s\n", make(9));
    fflush(stdout);
    _exit(0);
  }
  wait(NULL);
  printf("chosen: off %s", outcome(prctl(RESTORE_IDS, 2, 0, 0, 0)));
  printf(", on %s", outcome(prctl(RESTORE_IDS, 1, 0, 0, 0)));
  printf(" %s", outcome(prctl(RESTORE_IDS, 2, 0, 0, 0)));
  printf(", other %s, with more %s\n", outcome(prctl(RESTORE_IDS, 3, 0, 0, 0)), outcome(prctl(RESTORE_IDS, 1, 1, 0, 0)));
  printf("numbers: %s", make(100));
  printf(", again %s", make(100));
  printf(", lower %s", make(50));
  printf(", the last %s", make(0x7fffffff));
  printf(", negative %s", make(-1));
  printf(", nowhere %s\n", outcome(syscall(SYS_timer_create, CLOCK_MONOTONIC, &none, (void *)8)));
  fflush(stdout);
  if (fork() == 0) {
    printf("a child: %s\n", outcome(prctl(RESTORE_IDS, 2, 0, 0, 0)));
    fflush(stdout);
    _exit(0);
  }
  wait(NULL);
  make(50000);
  prctl(RESTORE_IDS, 0, 0, 0, 0);
  printf("not chosen: %s", make(100));
  prctl(RESTORE_IDS, 1, 0, 0, 0);
  make(0x7ffffffe);
  prctl(RESTORE_IDS, 0, 0, 0, 0);
  printf(", around the end: %s", make(9));
  printf(" %s", make(9));
  printf(" %s\n", make(9));
  /* KTIME_MAX is 9223372036.854775807 s. */
  struct itimerspec huge = {{0x7fffffffffffffff, 999999999}, {0x7fffffffffffffff, 0}}, now;
  printf("timer: %s", outcome(syscall(SYS_timer_settime, 0, 0, &huge, NULL)));
  syscall(SYS_timer_gettime, 0, &now);
  printf(" %ld.%09ld, %d", (long)now.it_interval.tv_sec, now.it_interval.tv_nsec, now.it_value.tv_sec > 9200000000);
  const int fd = timerfd_create(CLOCK_MONOTONIC, 0);
  printf(", timerfd %s", outcome(timerfd_settime(fd, 0, &huge, NULL)));
  timerfd_gettime(fd, &now);
  printf(" %ld.%09ld", (long)now.it_interval.tv_sec, now.it_interval.tv_nsec);
  struct itimerval long_ = {{0x7fffffffffff, 999999}, {0x7fffffffffff, 0}}, left;
  printf(", itimer %s", outcome(setitimer(ITIMER_REAL, &long_, NULL)));
  getitimer(ITIMER_REAL, &left);
  printf(" %ld.%06ld, %d\n", (long)left.it_interval.tv_sec, (long)left.it_interval.tv_usec, left.it_value.tv_sec > 9200000000);
  return 0;
}
