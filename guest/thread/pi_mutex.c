// Mutexes with inheritance and with ceilings, by several threads; conditions on them; pthread_mutexattr_setprotocol(3p).
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static pthread_mutex_t m;
static pthread_cond_t c = PTHREAD_COND_INITIALIZER;
static long count;
static int turn;
enum { N = 4, ROUNDS = 50 };

static const char *text(int error) { return error == 0 ? "0" : strerrorname_np(error); }

static void *counts(void *arg) {
  for (int i = 0; i < ROUNDS; i++) {
    pthread_mutex_lock(&m);
    long before = count;
    if (i % 10 == 0) usleep(10);
    count = before + (long)arg;
    pthread_mutex_unlock(&m);
  }
  return NULL;
}

static void *in_turn(void *arg) {
  for (int i = 0; i < ROUNDS / 5; i++) {
    pthread_mutex_lock(&m);
    while (turn % N != (long)arg) pthread_cond_wait(&c, &m);
    turn++;
    pthread_cond_broadcast(&c);
    pthread_mutex_unlock(&m);
  }
  return NULL;
}

static void all(void *(*body)(void *)) {
  pthread_t t[N];
  for (long n = 0; n < N; n++) pthread_create(&t[n], NULL, body, (void *)n);
  for (int n = 0; n < N; n++) pthread_join(t[n], NULL);
}

int main(void) {
  pthread_mutexattr_t attr;
  pthread_mutexattr_init(&attr);
  printf("protocol: %s", text(pthread_mutexattr_setprotocol(&attr, PTHREAD_PRIO_INHERIT)));
  printf(", unknown: %s\n", text(pthread_mutexattr_setprotocol(&attr, 7)));
  pthread_mutex_init(&m, &attr);
  all(counts);
  printf("count %ld\n", count);
  all(in_turn);
  printf("turn %d\n", turn);

  pthread_mutexattr_t ceiling;
  int value;
  pthread_mutexattr_init(&ceiling);
  printf("ceiling: %s", text(pthread_mutexattr_setprioceiling(&ceiling, 0)));
  printf(", 5: %s", text(pthread_mutexattr_setprioceiling(&ceiling, 5)));
  pthread_mutexattr_getprioceiling(&ceiling, &value);
  printf(", is %d", value);
  printf(", protocol %s\n", text(pthread_mutexattr_setprotocol(&ceiling, PTHREAD_PRIO_PROTECT)));
  return 0;
}
