// Timeouts and signals in futex waits: spans and points on both clocks, EINTR, SA_RESTART, restart with the same end, futex_waitv(2).
#define _GNU_SOURCE
#include <errno.h>
#include <linux/futex.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static uint32_t words[130];
static volatile int ticks;
static int wake_at;

static void tick(int sig) {
  (void)sig;
  /* Nobody sleeps while the handler runs: the word tells it when it looks again. */
  if (++ticks == wake_at) words[0] = 1;
}

static const char *text(long r) {
  static char number[16];
  snprintf(number, sizeof number, "%ld", r);
  return r == -1 ? strerrorname_np(errno) : number;
}

static struct timespec in(clockid_t clock, long milliseconds) {
  struct timespec t = {0, 0};
  if (clock >= 0) clock_gettime(clock, &t);
  t.tv_sec += milliseconds / 1000;
  t.tv_nsec += milliseconds % 1000 * 1000000;
  if (t.tv_nsec >= 1000000000) t.tv_sec++, t.tv_nsec -= 1000000000;
  return t;
}

static long elapsed(struct timespec *from) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (now.tv_sec - from->tv_sec) * 1000 + (now.tv_nsec - from->tv_nsec) / 1000000;
}

static void timed(const char *what, int op, struct timespec t, uint32_t bits) {
  struct timespec start;
  clock_gettime(CLOCK_MONOTONIC, &start);
  long r = syscall(SYS_futex, &words[0], op | FUTEX_PRIVATE_FLAG, 0, &t, NULL, bits);
  const char *outcome = text(r);
  printf("%s: %s, %s\n", what, outcome, elapsed(&start) >= 19 ? "in time" : "too early");
}

static void timer(int on) {
  struct itimerval every = {{0, on ? 3000 : 0}, {0, on ? 3000 : 0}};
  setitimer(ITIMER_REAL, &every, NULL);
}

static void interrupted(const char *what, int flags, struct timespec *t, int op, uint32_t bits) {
  struct sigaction act = {.sa_handler = tick, .sa_flags = flags};
  struct timespec start;
  sigaction(SIGALRM, &act, NULL);
  ticks = 0;
  clock_gettime(CLOCK_MONOTONIC, &start);
  timer(1);
  long r = syscall(SYS_futex, &words[0], op | FUTEX_PRIVATE_FLAG, 0, t, NULL, bits);
  const char *outcome = text(r);
  timer(0);
  words[0] = 0;
  printf("%s: %s, signals %s\n", what, outcome, ticks == 0 ? "none" : wake_at && ticks >= wake_at ? "up to the last" : "some");
}

static long waitv(struct futex_waitv *v, unsigned count, unsigned flags, struct timespec *t, clockid_t clock) {
  return syscall(449, v, count, flags, t, clock);
}

static volatile int waker_tid;
static void *waker(void *arg) {
  waker_tid = gettid();
  for (;;) {
    if (syscall(SYS_futex, arg, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0) > 0) return NULL;
    usleep(1000);
  }
}

int main(void) {
  timed("a span", FUTEX_WAIT, in(-1, 20), 0);
  timed("a point", FUTEX_WAIT_BITSET, in(CLOCK_MONOTONIC, 20), 1);
  timed("a point in real time", FUTEX_WAIT_BITSET | FUTEX_CLOCK_REALTIME, in(CLOCK_REALTIME, 20), 1);
  struct timespec long_time = in(-1, 20000), point = in(CLOCK_MONOTONIC, 20000);
  wake_at = 3;
  interrupted("without a time", 0, NULL, FUTEX_WAIT, 0);
  interrupted("without a time, restarted", SA_RESTART, NULL, FUTEX_WAIT, 0);
  interrupted("a span", 0, &long_time, FUTEX_WAIT, 0);
  interrupted("a span, SA_RESTART", SA_RESTART, &long_time, FUTEX_WAIT, 0);
  interrupted("a point", SA_RESTART, &point, FUTEX_WAIT_BITSET, 1);

  struct futex_waitv v[130];
  memset(v, 0, sizeof v);
  for (int i = 0; i < 130; i++) v[i] = (struct futex_waitv){.uaddr = (uintptr_t)&words[i], .flags = FUTEX_32 | FUTEX_PRIVATE_FLAG};
  struct timespec soon = in(CLOCK_MONOTONIC, 5), bad = {0, -1};
  printf("waitv, a time: %s\n", text(waitv(v, 3, 0, &soon, CLOCK_MONOTONIC)));
  soon = in(CLOCK_REALTIME, 5);
  printf("waitv, real time: %s\n", text(waitv(v, 128, 0, &soon, CLOCK_REALTIME)));
  printf("waitv, other clock: %s\n", text(waitv(v, 3, 0, &soon, CLOCK_BOOTTIME)));
  printf("waitv, bad time: %s\n", text(waitv(v, 3, 0, &bad, CLOCK_REALTIME)));
  printf("waitv, none: %s\n", text(waitv(v, 0, 0, NULL, 0)));
  printf("waitv, too many: %s\n", text(waitv(v, 129, 0, NULL, 0)));
  printf("waitv, flags: %s\n", text(waitv(v, 1, 1, NULL, 0)));
  printf("waitv, nowhere: %s\n", text(waitv(NULL, 1, 0, NULL, 0)));
  printf("waitv, bad address: %s\n", text(waitv((void *)8, 1, 0, NULL, 0)));
  words[2] = 1;
  printf("waitv, other value: %s\n", text(waitv(v, 3, 0, NULL, 0)));
  words[2] = 0;
  v[1].flags = 0;
  printf("waitv, size: %s\n", text(waitv(v, 3, 0, NULL, 0)));
  v[1].flags = FUTEX_32 | 0x40;
  printf("waitv, unknown flag: %s\n", text(waitv(v, 3, 0, NULL, 0)));
  v[1].flags = FUTEX_32 | FUTEX_PRIVATE_FLAG;
  v[1].__reserved = 1;
  printf("waitv, reserved: %s\n", text(waitv(v, 3, 0, NULL, 0)));
  v[1].__reserved = 0;
  v[1].val = 1ull << 32;
  printf("waitv, wide value: %s\n", text(waitv(v, 3, 0, NULL, 0)));
  v[1].val = 0;
  v[1].uaddr += 2;
  printf("waitv, odd: %s\n", text(waitv(v, 3, 0, NULL, 0)));
  v[1].uaddr -= 2;
  for (int i = 0; i < 3; i++) {
    pthread_t t;
    pthread_create(&t, NULL, waker, &words[i]);
    printf("waitv, woken: %s\n", text(waitv(v, 3, 0, NULL, 0)));
    pthread_join(t, NULL);
  }
  struct sigaction act = {.sa_handler = tick};
  sigaction(SIGALRM, &act, NULL);
  wake_at = -1;
  timer(1);
  printf("waitv, signal: %s\n", text(waitv(v, 3, 0, NULL, 0)));
  timer(0);
  return 0;
}
