// FUTEX_WAIT_REQUEUE_PI and FUTEX_CMP_REQUEUE_PI, on which condition variables with priority inheritance rest; kernel/futex/requeue.c.
#define _GNU_SOURCE
#include <errno.h>
#include <linux/futex.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static uint32_t cond, lock, elsewhere, turn;
static volatile int tids[3];
static struct timespec *limit;

static long futex(uint32_t *word, int op, uint32_t val, unsigned long val2, uint32_t *word2, uint32_t val3) {
  return syscall(SYS_futex, word, op | FUTEX_PRIVATE_FLAG, val, val2, word2, val3);
}

static void asleep(int n) {
  char path[64], text[256];
  while (!tids[n]) usleep(1000);
  for (;;) {
    snprintf(path, sizeof path, "/proc/self/task/%d/stat", tids[n]);
    FILE *f = fopen(path, "r");
    size_t length = fread(text, 1, sizeof text - 1, f);
    fclose(f);
    text[length] = 0;
    if (strrchr(text, ')')[2] == 'S') return;
    usleep(1000);
  }
}

static const char *text(long result) {
  static char number[16];
  if (result < 0) return strerrorname_np(errno);
  snprintf(number, sizeof number, "%ld", result);
  return number;
}

static pthread_mutex_t print = PTHREAD_MUTEX_INITIALIZER;

/* What main says of a call comes before what those say who are woken by it. */
static long told(const char *what, uint32_t count) {
  pthread_mutex_lock(&print);
  long r = futex(&cond, FUTEX_CMP_REQUEUE_PI, 1, count, &lock, 0);
  printf("%s: %s\n", what, text(r));
  pthread_mutex_unlock(&print);
  return r;
}

static void *waiter(void *arg) {
  int n = (int)(long)arg;
  tids[n] = gettid();
  long r = futex(&cond, FUTEX_WAIT_REQUEUE_PI, 0, (unsigned long)limit, &lock, 0);
  int error = errno;
  int mine = (lock & FUTEX_TID_MASK) == (uint32_t)tids[n];
  errno = error;
  pthread_mutex_lock(&print);
  if (mine) printf("waiter %d: %s, owner%s, as number %u\n", n, text(r), lock & FUTEX_WAITERS ? ", waiters" : "", turn++);
  else printf("waiter %d: %s\n", n, text(r));
  pthread_mutex_unlock(&print);
  if (mine) futex(&lock, FUTEX_UNLOCK_PI, 0, 0, NULL, 0);
  return NULL;
}

static void start(pthread_t *t, int count) {
  for (int n = 0; n < count; n++) {
    tids[n] = 0;
    pthread_create(&t[n], NULL, waiter, (void *)(long)n);
    asleep(n);
  }
}

static void nothing(int sig) { (void)sig; }

int main(void) {
  pthread_t t[3];
  struct sigaction act = {.sa_handler = nothing};
  sigaction(SIGUSR1, &act, NULL);

  start(t, 3);
  printf("wake: %s\n", text(futex(&cond, FUTEX_WAKE, 1, 0, NULL, 0)));
  printf("requeue: %s\n", text(futex(&cond, FUTEX_REQUEUE, 1, 1, &lock, 0)));
  printf("to elsewhere: %s\n", text(futex(&cond, FUTEX_CMP_REQUEUE_PI, 1, 1, &elsewhere, 0)));
  told("free lock, all", 100);
  for (int n = 0; n < 3; n++) pthread_join(t[n], NULL);
  printf("free: %d\n", lock == 0);

  start(t, 2);
  futex(&lock, FUTEX_LOCK_PI, 0, 0, NULL, 0);
  told("taken lock, one", 0);
  printf("waiters: %d\n", (lock & FUTEX_WAITERS) != 0);
  told("the other", 0);
  futex(&lock, FUTEX_UNLOCK_PI, 0, 0, NULL, 0);
  for (int n = 0; n < 2; n++) pthread_join(t[n], NULL);

  /* Free, and only one is wanted: no need for the waiters' bit. */
  lock = 0;
  start(t, 1);
  told("free lock, one", 0);
  pthread_join(t[0], NULL);

  /* The time runs out. */
  struct timespec soon;
  clock_gettime(CLOCK_MONOTONIC, &soon);
  soon.tv_nsec += 5000000;
  if (soon.tv_nsec >= 1000000000) soon.tv_sec++, soon.tv_nsec -= 1000000000;
  limit = &soon;
  tids[0] = 0;
  pthread_create(&t[0], NULL, waiter, (void *)0l);
  pthread_join(t[0], NULL);
  limit = NULL;

  /* A signal: before, the call goes on as if nothing had been; after, it cannot. */
  start(t, 1);
  syscall(SYS_tgkill, getpid(), tids[0], SIGUSR1);
  usleep(2000);
  asleep(0);
  futex(&lock, FUTEX_LOCK_PI, 0, 0, NULL, 0);
  told("taken lock", 1);
  asleep(0);
  syscall(SYS_tgkill, getpid(), tids[0], SIGUSR1);
  pthread_join(t[0], NULL);
  futex(&lock, FUTEX_UNLOCK_PI, 0, 0, NULL, 0);

  /* Those who wait plainly are no use. */
  lock = 0;
  told("free", 1);
  return 0;
}
