// Locks with priority inheritance: the word's bits, the order of owners, deadlocks, the owner's death; kernel/futex/pi.c.
#define _GNU_SOURCE
#include <errno.h>
#include <linux/futex.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static uint32_t lock, other, order;
static volatile int tids[4];

static long futex(uint32_t *word, int op, uint32_t val, void *timeout) {
  return syscall(SYS_futex, word, op | FUTEX_PRIVATE_FLAG, val, timeout, NULL, 0);
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

static void gone(int n) {
  char path[64];
  snprintf(path, sizeof path, "/proc/self/task/%d/stat", tids[n]);
  while (access(path, F_OK) == 0) usleep(1000);
}

static const char *outcome(long result) { return result == 0 ? "0" : strerrorname_np(errno); }

static const char *owner(uint32_t word) {
  static const char *const names[] = {"0", "1", "2", "3"};
  uint32_t tid = word & FUTEX_TID_MASK;
  if (tid == 0) return "nobody";
  if (tid == (uint32_t)getpid()) return "main";
  for (int n = 0; n < 4; n++) {
    if (tid == (uint32_t)tids[n]) return names[n];
  }
  return "stranger";
}

static void word(const char *what, uint32_t value) {
  printf("%s: %s%s%s\n", what, owner(value), value & FUTEX_WAITERS ? ", waiters" : "",
         value & FUTEX_OWNER_DIED ? ", owner died" : "");
}

static pthread_mutex_t print = PTHREAD_MUTEX_INITIALIZER;

static void *locker(void *arg) {
  int n = (int)(long)arg;
  tids[n] = gettid();
  long r = futex(&lock, FUTEX_LOCK_PI, 0, NULL);
  pthread_mutex_lock(&print);
  printf("thread %d has it, %s, as number %u: ", n, outcome(r), order++);
  word("word", lock);
  pthread_mutex_unlock(&print);
  r = futex(&lock, FUTEX_UNLOCK_PI, 0, NULL);
  if (r) printf("unlock: %s\n", outcome(r));
  return NULL;
}

static void *dies(void *arg) {
  tids[3] = gettid();
  futex(&lock, FUTEX_LOCK_PI, 0, NULL);
  *(volatile int *)arg = 1;
  while (*(volatile int *)arg == 1) usleep(1000);
  return NULL;
}

static void *crossed(void *arg) {
  (void)arg;
  tids[3] = gettid();
  futex(&other, FUTEX_LOCK_PI, 0, NULL);
  long r = futex(&lock, FUTEX_LOCK_PI, 0, NULL);
  printf("crossed has both: %s\n", outcome(r));
  futex(&lock, FUTEX_UNLOCK_PI, 0, NULL);
  futex(&other, FUTEX_UNLOCK_PI, 0, NULL);
  return NULL;
}

int main(void) {
  pthread_t t[4];
  word("at first", lock);
  futex(&lock, FUTEX_LOCK_PI, 0, NULL);
  word("locked", lock);
  for (int n = 0; n < 3; n++) {
    pthread_create(&t[n], NULL, locker, (void *)(long)n);
    asleep(n);
  }
  word("three wait", lock);
  long r = futex(&lock, FUTEX_TRYLOCK_PI, 0, NULL);
  printf("try: %s\n", outcome(r));
  r = futex(&lock, FUTEX_WAKE, 1, NULL);
  printf("wake: %s\n", outcome(r));
  r = syscall(SYS_futex, &lock, FUTEX_REQUEUE_PRIVATE, 1, 1l, &other, 0);
  printf("requeue: %s\n", outcome(r));
  futex(&lock, FUTEX_UNLOCK_PI, 0, NULL);
  for (int n = 0; n < 3; n++) pthread_join(t[n], NULL);
  word("at last", lock);

  /* Times are points: LOCK_PI's on the real-time clock, LOCK_PI2's on the monotonic one. */
  futex(&lock, FUTEX_LOCK_PI, 0, NULL);
  volatile int phase = 0;
  futex(&lock, FUTEX_UNLOCK_PI, 0, NULL);
  pthread_create(&t[3], NULL, dies, (void *)&phase);
  while (!phase) usleep(1000);
  struct timespec at;
  clock_gettime(CLOCK_REALTIME, &at);
  at.tv_nsec += 3000000;
  if (at.tv_nsec >= 1000000000) at.tv_sec++, at.tv_nsec -= 1000000000;
  printf("timed: %s\n", outcome(futex(&lock, FUTEX_LOCK_PI, 0, &at)));
  word("after that", lock);
  clock_gettime(CLOCK_MONOTONIC, &at);
  at.tv_nsec += 3000000;
  if (at.tv_nsec >= 1000000000) at.tv_sec++, at.tv_nsec -= 1000000000;
  printf("timed: %s\n", outcome(futex(&lock, FUTEX_LOCK_PI2, 0, &at)));
  printf("unlock: %s\n", outcome(futex(&lock, FUTEX_UNLOCK_PI, 0, NULL)));

  /* It ends while two wait: each gets it in turn, and is told. */
  for (int n = 0; n < 2; n++) {
    tids[n] = 0;
    pthread_create(&t[n], NULL, locker, (void *)(long)n);
    asleep(n);
  }
  phase = 2;
  for (int n = 0; n < 2; n++) pthread_join(t[n], NULL);
  pthread_join(t[3], NULL);
  word("after its death", lock);

  /* Nobody waited: the word says still that it has it. */
  lock = phase = 0;
  pthread_create(&t[3], NULL, dies, (void *)&phase);
  while (!phase) usleep(1000);
  phase = 2;
  pthread_join(t[3], NULL);
  gone(3);
  word("nobody waited", lock);
  printf("lock: %s\n", outcome(futex(&lock, FUTEX_LOCK_PI, 0, NULL)));

  lock = 0;
  futex(&lock, FUTEX_LOCK_PI, 0, NULL);
  tids[3] = 0;
  pthread_create(&t[3], NULL, crossed, NULL);
  asleep(3);
  printf("crossed: %s\n", outcome(futex(&other, FUTEX_LOCK_PI, 0, NULL)));
  futex(&lock, FUTEX_UNLOCK_PI, 0, NULL);
  pthread_join(t[3], NULL);
  word("lock", lock);
  word("other", other);

  /* The word was tampered with. */
  lock = 0;
  futex(&lock, FUTEX_LOCK_PI, 0, NULL);
  tids[0] = 0;
  pthread_create(&t[0], NULL, locker, (void *)0l);
  asleep(0);
  uint32_t good = lock;
  lock = FUTEX_WAITERS | 1;
  printf("of another: %s\n", outcome(futex(&lock, FUTEX_LOCK_PI, 0, NULL)));
  printf("unlock: %s\n", outcome(futex(&lock, FUTEX_UNLOCK_PI, 0, NULL)));
  lock = 0;
  printf("of nobody: %s\n", outcome(futex(&lock, FUTEX_TRYLOCK_PI, 0, NULL)));
  lock = good;
  futex(&lock, FUTEX_UNLOCK_PI, 0, NULL);
  pthread_join(t[0], NULL);
  return 0;
}
