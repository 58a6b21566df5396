// Condition variables: signal, broadcast, both clocks, the lock in hand afterwards, with plain and inheriting mutexes; pthread_cond_wait(3p).
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { N = 5 };
static pthread_mutex_t m;
static pthread_cond_t c;
static int inside, allowed, left;

static const char *text(int error) { return error == 0 ? "0" : strerrorname_np(error); }

static void *waiter(void *arg) {
  pthread_mutex_lock(&m);
  inside++;
  while (allowed == 0) pthread_cond_wait(&c, &m);
  allowed--;
  left++;
  int held = pthread_mutex_trylock(&m);
  pthread_mutex_unlock(&m);
  *(int *)arg = held;
  return NULL;
}

static void round_of(const char *name, int protocol, int clock) {
  pthread_mutexattr_t ma;
  pthread_condattr_t ca;
  pthread_mutexattr_init(&ma);
  pthread_mutexattr_setprotocol(&ma, protocol);
  pthread_mutex_init(&m, &ma);
  pthread_condattr_init(&ca);
  printf("%s: setclock %s\n", name, text(pthread_condattr_setclock(&ca, clock)));
  pthread_cond_init(&c, &ca);
  inside = allowed = left = 0;
  pthread_t t[N];
  int held[N];
  for (int n = 0; n < N; n++) pthread_create(&t[n], NULL, waiter, &held[n]);
  for (int ready = 0; !ready;) {
    pthread_mutex_lock(&m);
    ready = inside == N;
    pthread_mutex_unlock(&m);
  }
  /* One, two, and the rest. */
  for (int n = 1; n <= 2; n++) {
    pthread_mutex_lock(&m);
    allowed = 1;
    pthread_cond_signal(&c);
    pthread_mutex_unlock(&m);
    for (int ready = 0; !ready;) {
      pthread_mutex_lock(&m);
      ready = left == n;
      pthread_mutex_unlock(&m);
    }
  }
  pthread_mutex_lock(&m);
  printf("  left %d\n", left);
  allowed = N - 2;
  pthread_cond_broadcast(&c);
  pthread_mutex_unlock(&m);
  int busy = 0;
  for (int n = 0; n < N; n++) {
    pthread_join(t[n], NULL);
    busy += held[n] == EBUSY;
  }
  printf("  left %d, lock in hand %d\n", left, busy);

  struct timespec soon, now;
  clock_gettime(clock, &soon);
  soon.tv_nsec += 2000000;
  if (soon.tv_nsec >= 1000000000) soon.tv_sec++, soon.tv_nsec -= 1000000000;
  pthread_mutex_lock(&m);
  printf("  timedwait %s", text(pthread_cond_timedwait(&c, &m, &soon)));
  clock_gettime(clock, &now);
  printf(", %s", now.tv_sec > soon.tv_sec || (now.tv_sec == soon.tv_sec && now.tv_nsec >= soon.tv_nsec) ? "not too early" : "too early");
  printf(", lock %s\n", text(pthread_mutex_trylock(&m)));
  clock_gettime(CLOCK_MONOTONIC, &soon);
  printf("  clockwait %s", text(pthread_cond_clockwait(&c, &m, CLOCK_MONOTONIC, &soon)));
  soon.tv_nsec = 1000000000;
  printf(", bad time %s", text(pthread_cond_timedwait(&c, &m, &soon)));
  printf(", bad clock %s\n", text(pthread_cond_clockwait(&c, &m, CLOCK_PROCESS_CPUTIME_ID, &soon)));
  pthread_mutex_unlock(&m);
  pthread_cond_destroy(&c);
  pthread_mutex_destroy(&m);
}

int main(void) {
  round_of("plain", PTHREAD_PRIO_NONE, CLOCK_REALTIME);
  round_of("monotonic", PTHREAD_PRIO_NONE, CLOCK_MONOTONIC);
  round_of("inheritance", PTHREAD_PRIO_INHERIT, CLOCK_REALTIME);
  return 0;
}
