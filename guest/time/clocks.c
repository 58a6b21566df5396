// Clock_gettime(2), clock_getres, gettimeofday, time, nanosleep, clock_nanosleep: clocks agree, monotonic ones never go back,
// sleeps last at least as long as asked, CPU clocks advance with work and not with sleep; errors.
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static long long now(clockid_t clock) {
  struct timespec t;
  if (clock_gettime(clock, &t)) return -1;
  return t.tv_sec * 1000000000ll + t.tv_nsec;
}
static void show(const char *what, long r) {
  int e = errno;
  printf("%s: %ld %s\n", what, r, r ? strerrorname_np(e) : "");
}

int main(void) {
  static const clockid_t monotonic[] = {CLOCK_MONOTONIC, CLOCK_MONOTONIC_RAW, CLOCK_MONOTONIC_COARSE, CLOCK_BOOTTIME, CLOCK_PROCESS_CPUTIME_ID,
                                        CLOCK_THREAD_CPUTIME_ID};
  for (int i = 0; i < 6; i++) {
    long long last = 0;
    int back = 0;
    for (int k = 0; k < 200; k++) {
      long long t = now(monotonic[i]);
      back += t < last;
      last = t;
    }
    printf("clock %d: goes back %d, positive %d\n", monotonic[i], back, last > 0 || monotonic[i] == CLOCK_MONOTONIC_COARSE);
  }
  struct timeval tv;
  gettimeofday(&tv, NULL);
  long long real = now(CLOCK_REALTIME), by_tv = tv.tv_sec * 1000000000ll + tv.tv_usec * 1000ll;
  printf("realtime: after 2020 %d, gettimeofday agrees %d, time agrees %d, syscall agrees %d\n", real > 1577836800000000000ll,
         real - by_tv >= 0 && real - by_tv < 1000000000, time(NULL) - real / 1000000000 <= 1 && time(NULL) >= real / 1000000000 - 1,
         syscall(SYS_time, NULL) - real / 1000000000 <= 1);
  struct timespec res;
  show("getres monotonic", clock_getres(CLOCK_MONOTONIC, &res));
  printf("resolution %ld %ld\n", (long)res.tv_sec, res.tv_nsec);
  show("getres without buffer", clock_getres(CLOCK_REALTIME, NULL));
  show("unknown clock", clock_gettime(99, &res));
  show("unknown resolution", clock_getres(99, &res));

  long long start = now(CLOCK_MONOTONIC);
  struct timespec t = {0, 5000000};
  show("nanosleep", nanosleep(&t, NULL));
  long long took = now(CLOCK_MONOTONIC) - start;
  printf("5 ms took at least that: %d, not absurdly long %d\n", took >= 5000000, took < 5000000000ll);
  start = now(CLOCK_MONOTONIC);
  usleep(2000);
  printf("usleep: %d\n", now(CLOCK_MONOTONIC) - start >= 2000000);
  start = now(CLOCK_MONOTONIC);
  t = (struct timespec){(start + 3000000) / 1000000000, (start + 3000000) % 1000000000};
  show("absolute", clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL));
  printf("reached: %d\n", now(CLOCK_MONOTONIC) >= start + 3000000);
  start = now(CLOCK_MONOTONIC);
  show("absolute in the past", clock_nanosleep(CLOCK_REALTIME, TIMER_ABSTIME, &t, NULL));
  int r = clock_nanosleep(CLOCK_THREAD_CPUTIME_ID, 0, &t, NULL);
  printf("on the thread's CPU clock: %s\n", strerrorname_np(r));
  r = clock_nanosleep(99, 0, &t, NULL);
  printf("on an unknown clock: %s\n", strerrorname_np(r));
  t.tv_nsec = -1;
  r = clock_nanosleep(CLOCK_MONOTONIC, 0, &t, NULL);
  printf("bad nanoseconds: %s\n", strerrorname_np(r));

  long long cpu = now(CLOCK_PROCESS_CPUTIME_ID);
  usleep(20000);
  printf("asleep for 20 ms, CPU time less than 15: %d\n", now(CLOCK_PROCESS_CPUTIME_ID) - cpu < 15000000);
  cpu = now(CLOCK_PROCESS_CPUTIME_ID);
  for (volatile int i = 0; i < 20000; i++) ;
  printf("work moves it: %d\n", now(CLOCK_PROCESS_CPUTIME_ID) > cpu);
  printf("clock(): %d\n", clock() > 0 && clock() < 100 * CLOCKS_PER_SEC);
  return 0;
}
