// The kinds of mutexes and what each says to its owner, to others, and to who has no right to it: pthread_mutexattr_settype(3), pthread_mutex_lock(3p).
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static const char *text(int error) { return error == 0 ? "0" : strerrorname_np(error); }

static pthread_mutex_t m;

static void *other(void *arg) {
  (void)arg;
  printf("  other: trylock %s", text(pthread_mutex_trylock(&m)));
  struct timespec soon;
  clock_gettime(CLOCK_REALTIME, &soon);
  soon.tv_nsec += 1000000;
  if (soon.tv_nsec >= 1000000000) soon.tv_sec++, soon.tv_nsec -= 1000000000;
  printf(", timedlock %s", text(pthread_mutex_timedlock(&m, &soon)));
  clock_gettime(CLOCK_MONOTONIC, &soon);
  printf(", clocklock %s", text(pthread_mutex_clocklock(&m, CLOCK_MONOTONIC, &soon)));
  soon.tv_nsec = -1;
  printf(", bad time %s\n", text(pthread_mutex_timedlock(&m, &soon)));
  return NULL;
}

static void *unlocks(void *arg) {
  (void)arg;
  printf("  unlock of another's: %s\n", text(pthread_mutex_unlock(&m)));
  return NULL;
}

static void in_thread(void *(*body)(void *)) {
  pthread_t t;
  fflush(stdout);
  pthread_create(&t, NULL, body, NULL);
  pthread_join(t, NULL);
}

static void kind(const char *name, int type, int protocol, int robust) {
  pthread_mutexattr_t attr;
  pthread_mutexattr_init(&attr);
  pthread_mutexattr_settype(&attr, type);
  pthread_mutexattr_setprotocol(&attr, protocol);
  pthread_mutexattr_setrobust(&attr, robust);
  printf("%s: init %s\n", name, text(pthread_mutex_init(&m, &attr)));
  printf("  lock %s", text(pthread_mutex_lock(&m)));
  printf(", trylock %s", text(pthread_mutex_trylock(&m)));
  if (type == PTHREAD_MUTEX_RECURSIVE) pthread_mutex_unlock(&m);
  if (type != PTHREAD_MUTEX_NORMAL) printf(", again %s", text(pthread_mutex_lock(&m)));
  if (type == PTHREAD_MUTEX_RECURSIVE) pthread_mutex_unlock(&m);
  printf("\n");
  in_thread(other);
  if (type != PTHREAD_MUTEX_NORMAL) in_thread(unlocks);
  printf("  unlock %s", text(pthread_mutex_unlock(&m)));
  if (type != PTHREAD_MUTEX_NORMAL) printf(", again %s", text(pthread_mutex_unlock(&m)));
  printf(", destroy %s\n", text(pthread_mutex_destroy(&m)));
}

int main(void) {
  kind("normal", PTHREAD_MUTEX_NORMAL, PTHREAD_PRIO_NONE, PTHREAD_MUTEX_STALLED);
  kind("error checking", PTHREAD_MUTEX_ERRORCHECK, PTHREAD_PRIO_NONE, PTHREAD_MUTEX_STALLED);
  kind("recursive", PTHREAD_MUTEX_RECURSIVE, PTHREAD_PRIO_NONE, PTHREAD_MUTEX_STALLED);
  kind("normal, inheritance", PTHREAD_MUTEX_NORMAL, PTHREAD_PRIO_INHERIT, PTHREAD_MUTEX_STALLED);
  kind("error checking, inheritance", PTHREAD_MUTEX_ERRORCHECK, PTHREAD_PRIO_INHERIT, PTHREAD_MUTEX_STALLED);
  kind("recursive, inheritance", PTHREAD_MUTEX_RECURSIVE, PTHREAD_PRIO_INHERIT, PTHREAD_MUTEX_STALLED);
  kind("error checking, robust", PTHREAD_MUTEX_ERRORCHECK, PTHREAD_PRIO_NONE, PTHREAD_MUTEX_ROBUST);
  kind("recursive, robust, inheritance", PTHREAD_MUTEX_RECURSIVE, PTHREAD_PRIO_INHERIT, PTHREAD_MUTEX_ROBUST);
  return 0;
}
