// Everything that threads wait with, in a few hundred steps each; says the same whatever the order in which they run.
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { N = 4, ROUNDS = 20 };

static void must(int error, const char *what) {
  if (error == 0) return;
  printf("%s: %s\n", what, strerrorname_np(error));
  exit(1);
}

static void run(const char *name, void *(*body)(void *), int count, long *sum) {
  pthread_t t[8];
  for (long n = 0; n < count; n++) must(pthread_create(&t[n], NULL, body, (void *)n), "create");
  long total = 0;
  for (int n = 0; n < count; n++) {
    void *result;
    must(pthread_join(t[n], &result), "join");
    total += (long)result;
  }
  printf("%s: %ld %ld\n", name, total, sum == NULL ? 0 : *sum);
}

/* Counting under a lock. */
static long counter;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t pi;
static pthread_spinlock_t spin;

static void *count_mutex(void *arg) {
  for (int i = 0; i < ROUNDS; i++) {
    pthread_mutex_lock(&mutex);
    long before = counter;
    if (i % 3 == 0) sched_yield();
    counter = before + 1;
    pthread_mutex_unlock(&mutex);
  }
  return arg;
}

static void *count_pi(void *arg) {
  for (int i = 0; i < ROUNDS; i++) {
    must(pthread_mutex_lock(&pi), "lock");
    long before = counter;
    if (i % 3 == 0) sched_yield();
    counter = before + 1;
    must(pthread_mutex_unlock(&pi), "unlock");
  }
  return arg;
}

static void *count_spin(void *arg) {
  for (int i = 0; i < 5; i++) {
    pthread_spin_lock(&spin);
    counter++;
    pthread_spin_unlock(&spin);
    sched_yield();
  }
  return arg;
}

/* A queue of one place: each item is taken once. */
static pthread_cond_t filled = PTHREAD_COND_INITIALIZER, emptied = PTHREAD_COND_INITIALIZER;
static long slot;

static void *produce_consume(void *arg) {
  long sum = 0;
  if ((long)arg < N / 2) {
    for (long i = 1; i <= ROUNDS; i++) {
      pthread_mutex_lock(&mutex);
      while (slot != 0) pthread_cond_wait(&emptied, &mutex);
      slot = i;
      pthread_cond_signal(&filled);
      pthread_mutex_unlock(&mutex);
    }
  } else {
    for (int i = 0; i < ROUNDS; i++) {
      pthread_mutex_lock(&mutex);
      while (slot == 0) pthread_cond_wait(&filled, &mutex);
      sum += slot;
      slot = 0;
      pthread_cond_signal(&emptied);
      pthread_mutex_unlock(&mutex);
    }
  }
  return (void *)sum;
}

/* All go on at once, again and again. */
static pthread_cond_t turned = PTHREAD_COND_INITIALIZER;
static int arrived, turns;

static void *broadcast(void *arg) {
  (void)arg;
  for (int i = 0; i < ROUNDS; i++) {
    pthread_mutex_lock(&mutex);
    int turn = turns;
    if (++arrived == N) {
      arrived = 0;
      turns++;
      pthread_cond_broadcast(&turned);
    } else {
      while (turn == turns) pthread_cond_wait(&turned, &mutex);
    }
    pthread_mutex_unlock(&mutex);
  }
  return NULL;
}

static pthread_barrier_t barrier;

static void *barriers(void *arg) {
  (void)arg;
  long serial = 0;
  for (int i = 0; i < ROUNDS; i++) serial += pthread_barrier_wait(&barrier) == PTHREAD_BARRIER_SERIAL_THREAD;
  return (void *)serial;
}

/* Two words that are always the same, but to a writer. */
static pthread_rwlock_t rwlock = PTHREAD_RWLOCK_INITIALIZER;
static volatile long left, right;

static void *read_write(void *arg) {
  long wrong = 0;
  for (int i = 0; i < ROUNDS; i++) {
    if ((i + (long)arg) % 4 == 0) {
      pthread_rwlock_wrlock(&rwlock);
      left++;
      sched_yield();
      right++;
    } else {
      pthread_rwlock_rdlock(&rwlock);
      wrong += left != right;
    }
    pthread_rwlock_unlock(&rwlock);
  }
  return (void *)wrong;
}

static sem_t semaphore, rounds;

static void *semaphores(void *arg) {
  for (int i = 0; i < ROUNDS; i++) {
    if ((long)arg % 2) sem_post(&semaphore);
    else while (sem_wait(&semaphore) == -1) {}
  }
  return arg;
}

/* Who dies with the lock leaves it to the next, who mends it. */
static pthread_mutex_t robust;
static long deaths;

static void *die_holding(void *arg) {
  int error = pthread_mutex_lock(&robust);
  if (error == EOWNERDEAD) {
    deaths++;
    must(pthread_mutex_consistent(&robust), "consistent");
  } else {
    must(error, "robust");
  }
  counter++;
  sched_yield();
  if ((long)arg == 5) pthread_mutex_unlock(&robust);
  return NULL;
}

/* Cancelled in a wait, with the lock taken back for the handler. */
static void unlock(void *lock) { pthread_mutex_unlock(lock); }
static int waiting;

static void *cancelled(void *arg) {
  (void)arg;
  pthread_mutex_lock(&mutex);
  pthread_cleanup_push(unlock, &mutex);
  waiting++;
  sem_post(&rounds);
  for (;;) pthread_cond_wait(&filled, &mutex);
  pthread_cleanup_pop(0);
  return NULL;
}

static void cancellation(void) {
  pthread_t t[N];
  long results = 0;
  for (int n = 0; n < N; n++) pthread_create(&t[n], NULL, cancelled, NULL);
  for (int n = 0; n < N; n++) sem_wait(&rounds);
  pthread_mutex_lock(&mutex);
  for (int n = 0; n < N; n += 2) pthread_cancel(t[n]);
  pthread_cond_broadcast(&filled);
  pthread_mutex_unlock(&mutex);
  for (int n = 1; n < N; n += 2) pthread_cancel(t[n]);
  for (int n = 0; n < N; n++) {
    void *result;
    must(pthread_join(t[n], &result), "join");
    results += result == PTHREAD_CANCELED;
  }
  must(pthread_mutex_trylock(&mutex), "trylock");
  pthread_mutex_unlock(&mutex);
  printf("cancellation: %ld %d\n", results, waiting);
}

/* A signal to each thread, which counts it, while it waits for a lock. */
static _Thread_local volatile sig_atomic_t signals;
static void handler(int sig) { (void)sig, signals++; }

static void *signalled(void *arg) {
  (void)arg;
  for (int i = 0; i < ROUNDS; i++) {
    pthread_mutex_lock(&mutex);
    pthread_kill(pthread_self(), SIGUSR1);
    counter++;
    pthread_mutex_unlock(&mutex);
  }
  return (void *)(long)signals;
}

static pthread_once_t once = PTHREAD_ONCE_INIT;
static void initialise(void) { sched_yield(), counter++; }
static void *do_once(void *arg) {
  (void)arg;
  pthread_once(&once, initialise);
  return (void *)counter;
}

int main(void) {
  pthread_mutexattr_t attr;
  pthread_mutexattr_init(&attr);
  pthread_mutexattr_setprotocol(&attr, PTHREAD_PRIO_INHERIT);
  must(pthread_mutex_init(&pi, &attr), "init");
  pthread_mutexattr_setprotocol(&attr, PTHREAD_PRIO_NONE);
  pthread_mutexattr_setrobust(&attr, PTHREAD_MUTEX_ROBUST);
  must(pthread_mutex_init(&robust, &attr), "init");
  pthread_spin_init(&spin, 0);
  pthread_barrier_init(&barrier, NULL, N);
  sem_init(&semaphore, 0, 0);
  sem_init(&rounds, 0, 0);
  struct sigaction act = {.sa_handler = handler};
  sigaction(SIGUSR1, &act, NULL);

  run("mutex", count_mutex, N, &counter);
  run("inheritance", count_pi, N, &counter);
  run("spin", count_spin, 2, &counter);
  run("condition", produce_consume, N, NULL);
  run("broadcast", broadcast, N, NULL);
  run("barrier", barriers, N, NULL);
  run("rwlock", read_write, N, (long *)&left);
  run("semaphore", semaphores, N, NULL);
  counter = 0;
  run("robust", die_holding, 6, &counter);
  printf("deaths: %s\n", deaths >= 4 ? "as many as there were" : "too few");
  counter = 0;
  cancellation();
  run("signals", signalled, N, &counter);
  counter = 0;
  run("once", do_once, N, &counter);
  return 0;
}
