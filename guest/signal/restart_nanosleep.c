// Nanosleep(2): a handler ends it with EINTR even with SA_RESTART, and the remaining time is stored; a stop and continue
// without a handler resumes the sleep through restart_syscall with its original end (hrtimer_nanosleep_restart).
// Clock_nanosleep with TIMER_ABSTIME leaves the remainder alone.
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static int calls;
static void handler(int sig) {
  (void)sig;
  calls++;
}

static void show(const char *what, long r) {
  int e = errno;
  printf("%s: %ld %s\n", what, r, r < 0 ? strerrorname_np(e) : "");
}

/* An interval, because a single shot might come before the sleep begins. */
static void alarms(int on) {
  struct itimerval often = {{0, 3000 * on}, {0, 3000 * on}};
  setitimer(ITIMER_REAL, &often, NULL);
}

static long long ns(struct timespec t) { return t.tv_sec * 1000000000ll + t.tv_nsec; }

static long long now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return ns(t);
}

int main(void) {
  for (int flags = 0; flags <= SA_RESTART; flags += SA_RESTART) {
    struct sigaction sa = {.sa_handler = handler, .sa_flags = flags};
    sigaction(SIGALRM, &sa, NULL);
    struct timespec want = {5, 0}, left = {77, 77};
    alarms(1);
    long r = nanosleep(&want, &left);
    alarms(0);
    printf("flags %#x: %ld %s, called %d, left plausible %d\n", flags, r, strerrorname_np(errno), calls > 0,
           ns(left) < 5000000000ll && ns(left) > 2000000000ll);
    alarms(1);
    r = nanosleep(&want, NULL);
    alarms(0);
    show("no remainder wanted", r);
    struct timespec end;
    clock_gettime(CLOCK_MONOTONIC, &end);
    end.tv_sec += 5;
    left = (struct timespec){77, 77};
    alarms(1);
    r = syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC, TIMER_ABSTIME, &end, &left);
    alarms(0);
    printf("absolute: %s, left %ld %ld\n", r < 0 ? strerrorname_np(errno) : "done", (long)left.tv_sec, left.tv_nsec);
  }

  // The stop must come during the sleep; on a busy host that may take more than one attempt.
  int caught = 0, good = 1;
  for (int attempt = 0; attempt < 20 && !caught && good; attempt++) {
    pid_t child = fork();
    if (child == 0) {
      struct timespec want = {0, 40000000}, left = {77, 77};
      long long start = now();
      long r = nanosleep(&want, &left);
      long long took = now() - start;
      // The interrupted first part stored what was left then; the resumed part has nothing to store.
      int stored = ns(left) > 0 && ns(left) < 40000000;
      _exit(r != 0 || took < 40000000 || took > 2000000000 ? 2 : stored);
    }
    int status;
    usleep(5000);
    kill(child, SIGSTOP);
    waitpid(child, &status, WUNTRACED);
    kill(child, SIGCONT);
    if (WIFSTOPPED(status)) waitpid(child, &status, 0);
    caught = WEXITSTATUS(status) == 1;
    good = WEXITSTATUS(status) != 2;
  }
  printf("stopped and continued: slept the whole time %d, remainder stored at the stop %d\n", good, caught);

  struct timespec bad = {0, 1000000000}, negative = {-1, 0}, zero = {0, 0};
  show("bad nanoseconds", nanosleep(&bad, NULL));
  show("negative", nanosleep(&negative, NULL));
  show("zero", nanosleep(&zero, NULL));
  show("bad pointer", syscall(SYS_nanosleep, (void *)1, NULL));
  show("restart_syscall without one", syscall(SYS_restart_syscall));
  return 0;
}
