// Attributes of threads: stacks of one's own, guards, detached ones, names, concurrency of creation and end; what join says; pthread_attr_init(3).
#define _GNU_SOURCE
#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *text(int error) { return error == 0 ? "0" : strerrorname_np(error); }
static sem_t ended;

static void *on_stack(void *arg) {
  char here;
  char *low = arg;
  printf("on the stack given: %d\n", &here > low && &here < low + 65536);
  pthread_attr_t attr;
  void *at;
  size_t size, guard;
  pthread_getattr_np(pthread_self(), &attr);
  pthread_attr_getstack(&attr, &at, &size);
  pthread_attr_getguardsize(&attr, &guard);
  printf("as it says: %d, %zu\n", at == arg, size);
  return arg;
}

static void *detached(void *arg) {
  sem_post(&ended);
  return arg;
}

static void *joins_itself(void *arg) {
  printf("itself: %s\n", text(pthread_join(pthread_self(), NULL)));
  return arg;
}

static pthread_t main_thread;
static void *joins_main(void *arg) {
  void *result;
  int error = pthread_join(main_thread, &result);
  printf("the first thread: %s %s\n", text(error), (char *)result);
  exit(3);
  return arg;
}

static void *deep(void *arg) {
  volatile char room[4096];
  room[0] = 1;
  room[4095] = (char)(long)arg;
  return room[0] ? deep((void *)((long)arg + room[4095])) : NULL;
}

static void *returns(void *arg) { return arg; }

int main(void) {
  pthread_t t;
  pthread_attr_t attr;
  void *result;
  char name[32];
  sem_init(&ended, 0, 0);
  pthread_attr_init(&attr);
  void *stack = mmap(NULL, 65536, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
  printf("stack: %s", text(pthread_attr_setstack(&attr, stack, 65536)));
  printf(", too small: %s\n", text(pthread_attr_setstacksize(&attr, 1000)));
  pthread_create(&t, &attr, on_stack, stack);
  pthread_join(t, &result);
  printf("joined: %d\n", result == stack);

  pthread_attr_init(&attr);
  pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
  pthread_create(&t, &attr, detached, NULL);
  sem_wait(&ended);
  pthread_create(&t, NULL, returns, "result");
  printf("name: %s", text(pthread_setname_np(pthread_self(), "fifteen letters")));
  printf(", too long: %s", text(pthread_setname_np(pthread_self(), "sixteen letters!")));
  printf(", of itself: %s", text(pthread_setname_np(pthread_self(), "itself")));
  pthread_getname_np(pthread_self(), name, sizeof name);
  printf(", %s\n", name);
  pthread_join(t, &result);
  printf("result: %s\n", (char *)result);
  pthread_create(&t, NULL, returns, NULL);
  printf("detach: %s", text(pthread_detach(t)));
  printf(", tryjoin of a new one: ");
  pthread_create(&t, NULL, returns, "later");
  int error;
  while ((error = pthread_tryjoin_np(t, &result)) == EBUSY) sched_yield();
  printf("%s %s\n", text(error), (char *)result);
  pthread_create(&t, NULL, joins_itself, NULL);
  pthread_join(t, NULL);

  int made = 0;
  for (int i = 0; i < 200; i++) {
    pthread_create(&t, NULL, returns, (void *)1);
    pthread_join(t, &result);
    made += (int)(long)result;
  }
  printf("one after the other: %d\n", made);
  fflush(stdout);

  int status;
  if (fork() == 0) {
    pthread_attr_init(&attr);
    pthread_attr_setstacksize(&attr, 65536);
    pthread_attr_setguardsize(&attr, 8192);
    pthread_create(&t, &attr, deep, (void *)1);
    pthread_join(t, NULL);
    _exit(0);
  }
  wait(&status);
  printf("into the guard: %d\n", WTERMSIG(status));
  fflush(stdout);
  if (fork() == 0) {
    main_thread = pthread_self();
    pthread_create(&t, NULL, joins_main, NULL);
    pthread_exit("has ended");
  }
  wait(&status);
  printf("status %x\n", status);
  return 0;
}
