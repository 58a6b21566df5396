// alarm(2) and setitimer(ITIMER_REAL) are one timer: each says what the other left and takes its place; an exec keeps it, a fork does not; and
// what may not be set is refused.
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/auxv.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

static volatile int count;
static void on_alarm(int signo) { (void)signo, count++; }

static void set(int which, long seconds, long micros, long interval) {
  struct itimerval timer = {{0, interval}, {seconds, micros}}, old;
  errno = 0;
  int result = setitimer(which, &timer, &old);
  printf("setitimer(%d, %ld s %ld us): %d, errno %d", which, seconds, micros, result, errno);
  if (result == 0) printf("; before: %ld s left, interval %ld", old.it_value.tv_sec + (old.it_value.tv_usec > 0), (long)old.it_interval.tv_usec);
  printf("\n");
}

int main(int argc, char **argv) {
  (void)argv;
  struct itimerval now;
  if (argc > 1) {
    printf("after exec: %d\n", alarm(0) > 0);
    return 0;
  }
  printf("first alarm: %u\n", alarm(100));
  printf("second alarm: %u\n", alarm(200));
  set(ITIMER_REAL, 300, 0, 5);
  printf("third alarm: %u\n", alarm(50));
  getitimer(ITIMER_REAL, &now);
  printf("an alarm has interval %ld\n", (long)now.it_interval.tv_usec);
  set(ITIMER_REAL, 0, 500000, 0);
  printf("less than a second counts as %u\n", alarm(0));
  set(ITIMER_REAL, 0, 0, 0);
  set(ITIMER_REAL, -1, 0, 0);
  set(ITIMER_REAL, 0, 1000000, 0);
  set(ITIMER_VIRTUAL, 7, 0, 0);
  set(ITIMER_PROF, 8, 0, 9);
  set(ITIMER_VIRTUAL, 0, 0, 0);
  set(ITIMER_PROF, 0, 0, 0);
  set(3, 1, 0, 0);
  signal(SIGALRM, on_alarm);
  struct itimerval soon = {{0, 0}, {0, 1000}};
  sigset_t block, old;
  sigemptyset(&block), sigaddset(&block, SIGALRM);
  sigprocmask(SIG_BLOCK, &block, &old);
  setitimer(ITIMER_REAL, &soon, NULL);
  sigsuspend(&old);
  getitimer(ITIMER_REAL, &now);
  printf("went off %d times, left %ld\n", count, now.it_value.tv_sec + now.it_value.tv_usec);
  /* A periodic timer is pending once however often it goes off. */
  struct itimerval periodic = {{0, 500}, {0, 500}};
  count = 0;
  setitimer(ITIMER_REAL, &periodic, NULL);
  for (int i = 0; i < 3; i++) sigsuspend(&old);
  set(ITIMER_REAL, 0, 0, 0);
  printf("went off %d times\n", count);
  alarm(1000);
  fflush(stdout);
  if (fork() == 0) {
    printf("the child: %u\n", alarm(0));
    fflush(stdout);
    _exit(0);
  }
  wait(NULL);
  fflush(stdout);
  char *arguments[] = {(char *)getauxval(AT_EXECFN), "again", NULL};
  execv(arguments[0], arguments);
  return 1;
}
