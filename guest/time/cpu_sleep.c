// Sleeping on CPU time (clock_nanosleep(2), posix_cpu_nsleep): another process spends it; own clocks are refused.
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void handler(int sig) { (void)sig; }

int main(void) {
  pid_t pid = fork();
  if (pid == 0)
    for (;;);
  clockid_t clock;
  printf("getcpuclockid %d\n", clock_getcpuclockid(pid, &clock));
  struct timespec span = {0, 20000000}, before, after, left = {7, 7};
  clock_gettime(clock, &before);
  printf("sleep %d\n", clock_nanosleep(clock, 0, &span, &left));
  clock_gettime(clock, &after);
  long spent = (after.tv_sec - before.tv_sec) * 1000000000 + after.tv_nsec - before.tv_nsec;
  printf("spent enough %d, remainder untouched %d\n", spent >= 20000000, left.tv_sec == 7);
  after.tv_nsec += 10000000;
  if (after.tv_nsec >= 1000000000) after.tv_nsec -= 1000000000, after.tv_sec++;
  printf("absolute %d", clock_nanosleep(clock, TIMER_ABSTIME, &after, 0));
  printf(", passed %d\n", clock_nanosleep(clock, TIMER_ABSTIME, &before, 0));
  struct sigaction sa = {.sa_handler = handler};
  sigaction(SIGALRM, &sa, 0);
  ualarm(5000, 5000);
  span.tv_sec = 3600;
  printf("interrupted %s", strerrorname_np(clock_nanosleep(clock, 0, &span, &left)));
  printf(", remainder %d\n", left.tv_sec == 3600 || left.tv_sec == 3599);
  ualarm(0, 0);
  kill(pid, SIGKILL);
  waitpid(pid, 0, 0);
  printf("own thread %s\n", strerrorname_np(clock_nanosleep(CLOCK_THREAD_CPUTIME_ID, 0, &span, 0)));
  printf("no such process %s\n", strerrorname_np(clock_nanosleep(clock, 0, &span, 0)));
  return 0;
}
