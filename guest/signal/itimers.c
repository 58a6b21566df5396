// Setitimer(2), getitimer, alarm(2): old values, remaining time, rounding of alarm, intervals that repeat, timers that
// count only CPU time, EINVAL; setitimer with zero disarms.
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static volatile int calls;
static void handler(int sig) {
  (void)sig;
  calls++;
}

int main(void) {
  signal(SIGALRM, handler);
  signal(SIGVTALRM, handler);
  signal(SIGPROF, handler);
  struct itimerval t, old;
  printf("alarm: %u", alarm(100));
  printf(" %u", alarm(50));
  getitimer(ITIMER_REAL, &t);
  printf(", timer %ld interval %ld.%ld\n", (long)t.it_value.tv_sec + (t.it_value.tv_usec > 0), (long)t.it_interval.tv_sec,
         (long)t.it_interval.tv_usec);
  t = (struct itimerval){{7, 8}, {200, 400000}};
  setitimer(ITIMER_REAL, &t, &old);
  printf("old value about 50: %d, interval %ld\n", old.it_value.tv_sec >= 49 && old.it_value.tv_sec <= 50, (long)old.it_interval.tv_sec);
  // Alarm rounds to the nearest second, but never down to 0.
  printf("alarm over setitimer: %u\n", alarm(0));
  getitimer(ITIMER_REAL, &t);
  printf("disarmed: %ld.%06ld, interval %ld.%06ld\n", (long)t.it_value.tv_sec, (long)t.it_value.tv_usec, (long)t.it_interval.tv_sec,
         (long)t.it_interval.tv_usec);
  t = (struct itimerval){{0, 0}, {0, 300000}};
  setitimer(ITIMER_REAL, &t, NULL);
  printf("less than a second left: %u\n", alarm(0));

  // Three ticks of an interval.
  sigset_t block, none;
  sigemptyset(&none);
  sigemptyset(&block);
  sigaddset(&block, SIGALRM);
  sigprocmask(SIG_BLOCK, &block, NULL);
  t = (struct itimerval){{0, 2000}, {0, 2000}};
  setitimer(ITIMER_REAL, &t, NULL);
  while (calls < 3) sigsuspend(&none);
  printf("ticked\n");
  // While blocked, ticks collapse into one.
  usleep(10000);
  t = (struct itimerval){{0, 0}, {0, 0}};
  setitimer(ITIMER_REAL, &t, &old);
  printf("interval kept: %ld\n", (long)old.it_interval.tv_usec);
  calls = 0;
  sigprocmask(SIG_SETMASK, &none, NULL);
  printf("collapsed: %d\n", calls);

  // CPU timers do not run while the process sleeps.
  calls = 0;
  for (int which = ITIMER_VIRTUAL; which <= ITIMER_PROF; which++) {
    t = (struct itimerval){{0, 0}, {5, 0}};
    setitimer(which, &t, NULL);
    usleep(3000);
    getitimer(which, &t);
    printf("timer %d after sleep: more than 4.5 s left %d\n", which, t.it_value.tv_sec == 4 ? t.it_value.tv_usec > 500000 : t.it_value.tv_sec == 5);
    t = (struct itimerval){{0, 0}, {0, 0}};
    setitimer(which, &t, &old);
    setitimer(which, &t, &old);
    printf("off: %ld %ld\n", (long)old.it_value.tv_sec, (long)old.it_value.tv_usec);
  }
  printf("no signals: %d\n", calls);

  t = (struct itimerval){{0, 0}, {0, 1000000}};
  int r = setitimer(ITIMER_REAL, &t, NULL);
  printf("microseconds too big: %d %s\n", r, strerrorname_np(errno));
  t = (struct itimerval){{0, 0}, {-1, 0}};
  r = setitimer(ITIMER_REAL, &t, NULL);
  printf("negative: %d %s\n", r, strerrorname_np(errno));
  r = setitimer(3, &t, NULL);
  printf("which 3: %d %s\n", r, strerrorname_np(errno));
  r = getitimer(3, &t);
  printf("get which 3: %d %s\n", r, strerrorname_np(errno));
  r = getitimer(ITIMER_REAL, (void *)8);
  printf("bad pointer: %d %s\n", r, strerrorname_np(errno));
  return 0;
}
