// pthread_once, thread-specific data with destructors that make more of it, thread-local variables: pthread_key_create(3p).
#define _GNU_SOURCE
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

static pthread_once_t once = PTHREAD_ONCE_INIT;
static int initialised;
static void initialise(void) { initialised++; }
static void *do_once(void *arg) {
  pthread_once(&once, initialise);
  return arg;
}

/* Cancelled in the middle, it is as if it had never begun. */
static pthread_once_t interrupted = PTHREAD_ONCE_INIT;
static int begun;
static void slowly(void) {
  if (++begun == 1) pthread_exit(NULL);
}
static void *do_interrupted(void *arg) {
  pthread_once(&interrupted, slowly);
  return arg;
}

static pthread_key_t first, second, plain;
static int rounds, seconds;

static void forget_first(void *value) {
  printf("first: %ld\n", (long)value);
  if (++rounds < 10) pthread_setspecific(first, (void *)((long)value + 1));
}
static void forget_second(void *value) {
  seconds++;
  printf("second: %s, its own is %s\n", (char *)value, pthread_getspecific(second) == NULL ? "gone" : "there");
}

static _Thread_local int local = 5;
static int seen;

static void *keys(void *arg) {
  printf("at first: %p %p %d\n", pthread_getspecific(first), pthread_getspecific(plain), local);
  local += 2;
  seen = local;
  pthread_setspecific(first, (void *)1);
  pthread_setspecific(second, arg);
  pthread_setspecific(plain, "nobody destroys it");
  return NULL;
}

int main(void) {
  pthread_t t[4];
  for (int n = 0; n < 4; n++) pthread_create(&t[n], NULL, do_once, NULL);
  for (int n = 0; n < 4; n++) pthread_join(t[n], NULL);
  printf("once: %d\n", initialised);
  pthread_create(&t[0], NULL, do_interrupted, NULL);
  pthread_join(t[0], NULL);
  pthread_create(&t[0], NULL, do_interrupted, NULL);
  pthread_join(t[0], NULL);
  printf("interrupted: %d\n", begun);

  pthread_key_create(&first, forget_first);
  pthread_key_create(&second, forget_second);
  pthread_key_create(&plain, NULL);
  pthread_create(&t[0], NULL, keys, "text");
  pthread_join(t[0], NULL);
  printf("rounds %d, second %d, here %d, there %d\n", rounds, seconds, local, seen);
  pthread_key_delete(second);
  printf("deleted: %s\n", strerrorname_np(pthread_setspecific(second, "x")));
  int made = 0;
  pthread_key_t key;
  while (made < 2000 && pthread_key_create(&key, NULL) == 0) made++;
  printf("keys: %s\n", made >= PTHREAD_KEYS_MAX - 10 && made < PTHREAD_KEYS_MAX ? "as many as there are" : "not all");
  return 0;
}
