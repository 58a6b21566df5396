// Cancellation: deferred at its points, asynchronous, disabled; cleanup handlers in order, in waits with the lock: pthread_cancel(3), pthreads(7).
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static sem_t ready;
static int pipes[2];
static pthread_mutex_t m = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t c = PTHREAD_COND_INITIALIZER;

static void cleanup(void *name) { printf("  cleanup %s\n", (char *)name); }
static void unlock(void *lock) { printf("  unlock %s\n", pthread_mutex_unlock(lock) == 0 ? "0" : "failed"); }

static void *reads(void *arg) {
  char byte;
  pthread_cleanup_push(cleanup, "outer");
  pthread_cleanup_push(cleanup, "inner");
  sem_post(&ready);
  if (read(pipes[0], &byte, 1)) printf("  came back\n");
  pthread_cleanup_pop(0);
  pthread_cleanup_pop(0);
  return arg;
}

static void *waits(void *arg) {
  pthread_mutex_lock(&m);
  pthread_cleanup_push(unlock, &m);
  sem_post(&ready);
  for (;;) pthread_cond_wait(&c, &m);
  pthread_cleanup_pop(0);
  return arg;
}

static void *sleeps(void *arg) {
  pthread_cleanup_push(cleanup, "sleeper");
  sem_post(&ready);
  for (;;) pause();
  pthread_cleanup_pop(0);
  return arg;
}

static void *semaphore(void *arg) {
  sem_t never;
  sem_init(&never, 0, 0);
  pthread_cleanup_push(cleanup, "semaphore");
  sem_post(&ready);
  sem_wait(&never);
  pthread_cleanup_pop(0);
  return arg;
}

static void *joins(void *arg) {
  pthread_cleanup_push(cleanup, "joiner");
  sem_post(&ready);
  pthread_join(*(pthread_t *)arg, NULL);
  pthread_cleanup_pop(0);
  return NULL;
}

static volatile int counts;
static void *computes(void *arg) {
  pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, NULL);
  sem_post(&ready);
  for (;;) counts++;
  return arg;
}

static void *disabled(void *arg) {
  int old, type;
  (void)arg;
  pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &old);
  sem_post(&ready);
  char byte;
  ssize_t got = read(pipes[0], &byte, 1);
  printf("  was %s, read %zd\n", old == PTHREAD_CANCEL_ENABLE ? "enabled" : "disabled", got);
  pthread_testcancel();
  pthread_setcanceltype(PTHREAD_CANCEL_DEFERRED, &type);
  pthread_cleanup_push(cleanup, "at the next point");
  pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, NULL);
  printf("  enabled again, %s\n", type == PTHREAD_CANCEL_DEFERRED ? "deferred" : "asynchronous");
  pthread_testcancel();
  printf("  never said\n");
  pthread_cleanup_pop(0);
  return NULL;
}

static void *cancels_itself(void *arg) {
  (void)arg;
  pthread_cleanup_push(cleanup, "of itself");
  pthread_cancel(pthread_self());
  printf("  goes on up to a point\n");
  pthread_testcancel();
  pthread_cleanup_pop(1);
  return NULL;
}

static void *exits(void *arg) {
  pthread_cleanup_push(cleanup, "at exit");
  pthread_exit("by exit");
  pthread_cleanup_pop(0);
  return arg;
}

static void outcome(const char *name, pthread_t t) {
  void *result;
  int error = pthread_join(t, &result);
  printf("%s: %s %s\n", name, error == 0 ? "0" : strerrorname_np(error),
         result == PTHREAD_CANCELED ? "cancelled" : result == NULL ? "null" : (char *)result);
}

static void cancel(const char *name, void *(*body)(void *), void *arg) {
  pthread_t t;
  fflush(stdout);
  pthread_create(&t, NULL, body, arg);
  sem_wait(&ready);
  pthread_cancel(t);
  outcome(name, t);
}

int main(void) {
  sem_init(&ready, 0, 0);
  if (pipe(pipes)) return 1;
  cancel("in read", reads, NULL);
  cancel("in a wait", waits, NULL);
  printf("lock is %s\n", pthread_mutex_trylock(&m) == 0 ? "free" : "taken");
  pthread_mutex_unlock(&m);
  cancel("in pause", sleeps, NULL);
  cancel("in sem_wait", semaphore, NULL);
  pthread_t other;
  pthread_create(&other, NULL, sleeps, NULL);
  sem_wait(&ready);
  cancel("in join", joins, &other);
  pthread_cancel(other);
  outcome("who was joined", other);
  cancel("computing", computes, NULL);
  pthread_t t;
  pthread_create(&t, NULL, disabled, NULL);
  sem_wait(&ready);
  pthread_cancel(t);
  if (write(pipes[1], "x", 1) != 1) return 1;
  outcome("disabled", t);
  pthread_create(&t, NULL, cancels_itself, NULL);
  outcome("itself", t);
  pthread_create(&t, NULL, exits, NULL);
  outcome("exit", t);
  return 0;
}
