// Locks in memory that processes share: mutexes, conditions, barriers, semaphores, and futexes by file and offset; shared and private keys.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <pthread.h>
#include <signal.h>
#include <semaphore.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static struct shared {
  pthread_mutex_t mutex;
  pthread_cond_t cond;
  pthread_barrier_t barrier;
  pthread_rwlock_t rwlock;
  sem_t sem;
  int count, turn, serial;
} *s;

enum { N = 4, ROUNDS = 30 };

static void child(int n) {
  for (int i = 0; i < ROUNDS; i++) {
    pthread_mutex_lock(&s->mutex);
    while (s->turn % N != n) pthread_cond_wait(&s->cond, &s->mutex);
    s->turn++;
    s->count += n;
    pthread_cond_broadcast(&s->cond);
    pthread_mutex_unlock(&s->mutex);
  }
  for (int i = 0; i < 5; i++) {
    if (pthread_barrier_wait(&s->barrier) == PTHREAD_BARRIER_SERIAL_THREAD) s->serial++;
  }
  if (n == 0) {
    for (int i = 0; i < N - 1; i++) sem_post(&s->sem);
  } else {
    sem_wait(&s->sem);
  }
  _exit(n);
}

static long futex(uint32_t *word, int op, uint32_t value) { return syscall(SYS_futex, word, op, value, NULL, NULL, 0); }

static char state_of(int pid) {
  char path[64], text[512];
  snprintf(path, sizeof path, "/proc/%d/stat", pid);
  FILE *f = fopen(path, "r");
  size_t length = fread(text, 1, sizeof text - 1, f);
  fclose(f);
  text[length] = 0;
  return strrchr(text, ')')[2];
}

/* A child sleeps on `there`; `here` is woken by one operation after the other. */
static void meet(const char *what, uint32_t *there, int wait_op, uint32_t *here) {
  fflush(stdout);
  *there = 0;
  pid_t pid = fork();
  if (pid == 0) _exit(futex(there, wait_op, 0) == 0 ? 0 : 1);
  while (state_of(pid) != 'S') usleep(1000);
  long own = futex(here, FUTEX_WAKE_PRIVATE, 1);
  long shared = futex(here, FUTEX_WAKE, 1);
  if (own + shared == 0) {
    int status;
    kill(pid, 9);
    waitpid(pid, &status, 0);
  } else {
    int status;
    waitpid(pid, &status, 0);
  }
  printf("%s: private %ld, shared %ld\n", what, own, shared);
}

int main(void) {
  s = mmap(NULL, sizeof *s, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  pthread_mutexattr_t ma;
  pthread_condattr_t ca;
  pthread_barrierattr_t ba;
  pthread_mutexattr_init(&ma);
  pthread_mutexattr_setpshared(&ma, PTHREAD_PROCESS_SHARED);
  pthread_mutex_init(&s->mutex, &ma);
  pthread_condattr_init(&ca);
  pthread_condattr_setpshared(&ca, PTHREAD_PROCESS_SHARED);
  pthread_cond_init(&s->cond, &ca);
  pthread_barrierattr_init(&ba);
  pthread_barrierattr_setpshared(&ba, PTHREAD_PROCESS_SHARED);
  pthread_barrier_init(&s->barrier, &ba, N);
  sem_init(&s->sem, 1, 0);
  for (int n = 0; n < N; n++) {
    if (fork() == 0) child(n);
  }
  int sum = 0, status;
  while (wait(&status) > 0) sum += WEXITSTATUS(status);
  printf("count %d, turn %d, serial %d, statuses %d\n", s->count, s->turn, s->serial, sum);

  char path[] = "/tmp/sharedXXXXXX";
  int fd = mkstemp(path);
  if (ftruncate(fd, 8192)) return 1;
  uint32_t *one = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  uint32_t *other = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  uint32_t *second = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 4096);
  uint32_t *readable = mmap(NULL, 8192, PROT_READ, MAP_SHARED, fd, 0);
  uint32_t *copy = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
  uint32_t *anonymous = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  uint32_t *own = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  meet("the same mapping", one, FUTEX_WAIT, one);
  meet("two mappings of a file", one, FUTEX_WAIT, other);
  meet("another offset", one, FUTEX_WAIT, other + 1);
  meet("the second page", one + 1024, FUTEX_WAIT, second);
  meet("one may only be read", one, FUTEX_WAIT, readable);
  meet("a private copy", one, FUTEX_WAIT, copy);
  meet("anonymous", anonymous, FUTEX_WAIT, anonymous);
  meet("private memory", own, FUTEX_WAIT, own);
  meet("private operation", anonymous, FUTEX_WAIT_PRIVATE, anonymous);
  unlink(path);
  return 0;
}
