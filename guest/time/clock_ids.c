// Which clocks there are for each call that takes a clock's number: those of posix-timers.c one by one with what refuses the others;
// numbers made of processes, threads and descriptors, and bad ones; bad addresses and times in their order (clock_gettime(2),
// clock_nanosleep(2), timer_create(2), timerfd_create(2); posix_cpu_timers.c, posix-clock.c).
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timex.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static const char *outcome(long result) {
  static char text[4][16];
  static int turn;
  char *into = text[turn++ % 4];
  if (result >= 0) snprintf(into, 16, "%s", "0");
  else snprintf(into, 16, "%s", strerrorname_np(errno));
  return into;
}

static void row(const char *what, int id) {
  struct timespec now = {-1, -1}, zero = {0, 0}, odd = {0, 2000000000}, past = {-1, 0};
  char adjust[512];
  struct sigevent none = {.sigev_notify = SIGEV_NONE}, bad = {.sigev_notify = 99};
  int timer = -1;
  printf("%s: get %s", what, outcome(syscall(SYS_clock_gettime, id, &now)));
  printf(" %d", now.tv_sec >= 0 && now.tv_nsec >= 0 && now.tv_nsec < 1000000000);
  printf(" %s", outcome(syscall(SYS_clock_gettime, id, (void *)8)));
  struct timespec resolution = {-1, -1};
  printf(", res %s", outcome(syscall(SYS_clock_getres, id, &resolution)));
  printf(" %ld.%09ld", (long)resolution.tv_sec, resolution.tv_nsec);
  printf(" %s", outcome(syscall(SYS_clock_getres, id, NULL)));
  printf(" %s", outcome(syscall(SYS_clock_getres, id, (void *)8)));
  /* With times that cannot be: no clock is set. */
  printf(", set %s", outcome(syscall(SYS_clock_settime, id, (void *)8)));
  printf(" %s", outcome(syscall(SYS_clock_settime, id, &odd)));
  printf(", sleep %s", outcome(syscall(SYS_clock_nanosleep, id, 0, &zero, NULL)));
  printf(" %s", outcome(syscall(SYS_clock_nanosleep, id, TIMER_ABSTIME, &zero, NULL)));
  printf(" %s", outcome(syscall(SYS_clock_nanosleep, id, 0, &odd, NULL)));
  printf(" %s", outcome(syscall(SYS_clock_nanosleep, id, 0, (void *)8, NULL)));
  printf(" %s", outcome(syscall(SYS_clock_nanosleep, id, 98, &past, NULL)));
  const int made = syscall(SYS_timer_create, id, &none, &timer);
  printf(", timer %s", outcome(made));
  if (made == 0) syscall(SYS_timer_delete, timer);
  printf(" %s", outcome(syscall(SYS_timer_create, id, &bad, &timer)));
  printf(" %s", outcome(syscall(SYS_timer_create, id, (void *)8, &timer)));
  printf(" %s", outcome(syscall(SYS_timer_create, id, &none, (void *)8)));
  const int fd = syscall(SYS_timerfd_create, id, 0);
  printf(", timerfd %s", outcome(fd));
  if (fd >= 0) close(fd);
  printf(" %s", outcome(syscall(SYS_timerfd_create, id, 1)));
  memset(adjust, 0, sizeof adjust);
  printf(", adjust %s", outcome(syscall(SYS_clock_adjtime, id, adjust)));
  printf(" %s\n", outcome(syscall(SYS_clock_adjtime, id, (void *)8)));
}

int main(void) {
  char what[32];
  for (int id = 0; id < 28; id++) {
    /* Alarm clocks are there if the machine has a clock that wakes it. */
    if (id == CLOCK_REALTIME_ALARM || id == CLOCK_BOOTTIME_ALARM) continue;
    snprintf(what, sizeof what, "clock %d", id);
    row(what, id);
  }
  row("clock 1000000", 1000000);
  row("most negative", -2147483647 - 1);
  /* ~pid << 3, with 0 PROF, 1 VIRT, 2 SCHED, 3 a descriptor; 4 for threads. */
  const pid_t child = fork();
  if (child == 0) {
    pause();
    _exit(0);
  }
  const int gone = 1 << 21;
  const int ids[] = {0, getpid(), child, gone};
  static const char *const names[] = {"own", "by pid", "child's", "nobody's"};
  for (int who = 0; who < 4; who++)
    for (int kind = 0; kind < 8; kind++) {
      if ((kind & 3) == 3) continue;
      snprintf(what, sizeof what, "%s %s %s", names[who], kind & 4 ? "thread" : "process",
               (kind & 3) == 0 ? "PROF" : (kind & 3) == 1 ? "VIRT" : "SCHED");
      row(what, (int)(~(unsigned)ids[who] << 3 | kind));
    }
  const struct timeval late = {0, 1000001}, early = {0, -1}, before = {-1, 0};
  printf("settimeofday: nowhere %s", outcome(syscall(SYS_settimeofday, 8, NULL)));
  printf(" %s", outcome(syscall(SYS_settimeofday, NULL, 8)));
  printf(", %s %s %s\n", outcome(syscall(SYS_settimeofday, &late, NULL)), outcome(syscall(SYS_settimeofday, &early, NULL)),
         outcome(syscall(SYS_settimeofday, &before, NULL)));
  kill(child, SIGKILL);
  waitpid(child, NULL, 0);
  const int file = open("/dev/null", O_RDWR);
  row("of a file", (int)(~(unsigned)file << 3 | 3));
  row("of no file", (int)(~99u << 3 | 3));
  row("of a file, 7", (int)(~(unsigned)file << 3 | 7));
  close(file);
  return 0;
}
