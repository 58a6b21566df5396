// Read-write locks, barriers, spin locks and semaphores: who gets in with whom, and what the others are told; pthread_rwlock_rdlock(3p) and others.
#define _GNU_SOURCE
#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static const char *text(int error) { return error == 0 ? "0" : strerrorname_np(error); }

static pthread_rwlock_t rw;
static pthread_spinlock_t spin;

static void *try_all(void *arg) {
  (void)arg;
  struct timespec past = {1, 0};
  int r = pthread_rwlock_tryrdlock(&rw);
  if (r == 0) pthread_rwlock_unlock(&rw);
  int w = pthread_rwlock_trywrlock(&rw);
  if (w == 0) pthread_rwlock_unlock(&rw);
  printf("  read %s, write %s, timed write %s\n", text(r), text(w), w == 0 ? "-" : text(pthread_rwlock_timedwrlock(&rw, &past)));
  return NULL;
}

static void in_thread(void *(*body)(void *)) {
  pthread_t t;
  pthread_create(&t, NULL, body, NULL);
  pthread_join(t, NULL);
}

static volatile int writer_in;

static void *writer(void *arg) {
  *(volatile int *)arg = gettid();
  pthread_rwlock_wrlock(&rw);
  writer_in = 1;
  pthread_rwlock_unlock(&rw);
  return NULL;
}

static void asleep(volatile int *tid) {
  char path[64], stat[256];
  while (!*tid) usleep(1000);
  for (;;) {
    snprintf(path, sizeof path, "/proc/self/task/%d/stat", *tid);
    FILE *f = fopen(path, "r");
    size_t length = fread(stat, 1, sizeof stat - 1, f);
    fclose(f);
    stat[length] = 0;
    if (strrchr(stat, ')')[2] == 'S') return;
    usleep(1000);
  }
}

static pthread_barrier_t barrier;

static void *arrives(void *arg) {
  for (int i = 0; i < 10; i++) {
    int r = pthread_barrier_wait(&barrier);
    if (r == PTHREAD_BARRIER_SERIAL_THREAD) ++*(int *)arg;
    else if (r) printf("%s\n", text(r));
  }
  return NULL;
}

static void *try_spin(void *arg) {
  (void)arg;
  printf("spin: other %s\n", text(pthread_spin_trylock(&spin)));
  return NULL;
}

int main(void) {
  for (int kind = PTHREAD_RWLOCK_PREFER_READER_NP; kind <= PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP; kind++) {
    pthread_rwlockattr_t attr;
    pthread_rwlockattr_init(&attr);
    pthread_rwlockattr_setkind_np(&attr, kind);
    pthread_rwlock_init(&rw, &attr);
    printf("kind %d, free\n", kind);
    in_thread(try_all);
    pthread_rwlock_rdlock(&rw);
    pthread_rwlock_rdlock(&rw);
    printf("read twice\n");
    in_thread(try_all);
    pthread_rwlock_unlock(&rw);
    volatile int tid = 0;
    pthread_t t;
    writer_in = 0;
    pthread_create(&t, NULL, writer, (void *)&tid);
    asleep(&tid);
    printf("a writer waits: %d\n", writer_in);
    in_thread(try_all);
    pthread_rwlock_unlock(&rw);
    pthread_join(t, NULL);
    printf("written: %d\n", writer_in);
    pthread_rwlock_wrlock(&rw);
    printf("write, again %s, read %s\n", text(pthread_rwlock_wrlock(&rw)), text(pthread_rwlock_rdlock(&rw)));
    in_thread(try_all);
    pthread_rwlock_unlock(&rw);
    pthread_rwlock_destroy(&rw);
  }
  pthread_t t[4];
  int serial = 0;
  printf("barrier of none: %s\n", text(pthread_barrier_init(&barrier, NULL, 0)));
  pthread_barrier_init(&barrier, NULL, 4);
  for (int n = 0; n < 4; n++) pthread_create(&t[n], NULL, arrives, &serial);
  for (int n = 0; n < 4; n++) pthread_join(t[n], NULL);
  printf("barrier: %d\n", serial);
  pthread_spin_init(&spin, PTHREAD_PROCESS_PRIVATE);
  printf("spin: %s", text(pthread_spin_lock(&spin)));
  printf(", again %s\n", text(pthread_spin_trylock(&spin)));
  in_thread(try_spin);
  pthread_spin_unlock(&spin);
  printf("spin: free %s\n", text(pthread_spin_trylock(&spin)));

  sem_t s;
  sem_init(&s, 0, 2);
  struct timespec past = {1, 0};
  int value;
  int a = sem_trywait(&s), b = sem_wait(&s), c = sem_trywait(&s), e = errno;
  printf("semaphore: %d %d %d %s", a, b, c, text(e));
  c = sem_timedwait(&s, &past), e = errno;
  printf(", timed %d %s", c, text(e));
  sem_post(&s);
  sem_getvalue(&s, &value);
  printf(", value %d\n", value);
  sem_init(&s, 0, SEM_VALUE_MAX);
  c = sem_post(&s), e = errno;
  printf("one too many: %d %s\n", c, text(e));
  c = sem_init(&s, 0, SEM_VALUE_MAX + 1u), e = errno;
  printf("far too many: %d %s\n", c, text(e));
  return 0;
}
