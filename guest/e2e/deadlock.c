// Ways to wait for ever: two mutexes taken crosswise, oneself, a pipe that one holds open, semaphores, locks with inheritance.
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/sem.h>
#include <sys/wait.h>
#include <unistd.h>

static pthread_mutex_t first = PTHREAD_MUTEX_INITIALIZER, second = PTHREAD_MUTEX_INITIALIZER;
static pthread_barrier_t both;

static void __attribute__((noinline)) take_both(pthread_mutex_t *one, pthread_mutex_t *other) {
  pthread_mutex_lock(one);
  pthread_barrier_wait(&both);
  pthread_mutex_lock(other);
  __asm__ volatile("");
}

static void *crosswise(void *arg) {
  take_both(&second, &first);
  return arg;
}

static void mutexes(int protocol) {
  pthread_mutexattr_t attr;
  pthread_mutexattr_init(&attr);
  pthread_mutexattr_setprotocol(&attr, protocol);
  pthread_mutex_init(&first, &attr);
  pthread_mutex_init(&second, &attr);
  pthread_barrier_init(&both, NULL, 2);
  pthread_t t;
  pthread_create(&t, NULL, crosswise, NULL);
  take_both(&first, &second);
  pthread_join(t, NULL);
}

static void __attribute__((noinline)) read_own_pipe(void) {
  int fds[2];
  char c;
  if (pipe(fds) || read(fds[0], &c, 1) != 1) exit(1);
}

int main(int argc, char **argv) {
  const char *way = argc > 1 ? argv[1] : "";
  if (write(1, "ready\n", 6) != 6) return 1;
  if (!strcmp(way, "mutexes")) mutexes(PTHREAD_PRIO_NONE);
  if (!strcmp(way, "pipe")) read_own_pipe();
  if (!strcmp(way, "child")) {
    int fds[2];
    char c;
    if (pipe(fds)) return 1;
    if (fork() == 0) return read(fds[0], &c, 1) != 0;
    wait(NULL);
  }
  if (!strcmp(way, "semaphore")) {
    int set = semget(IPC_PRIVATE, 2, 0600);
    semop(set, &(struct sembuf){1, 1, 0}, 1);
    semop(set, &(struct sembuf){1, -2, 0}, 1);
  }
  if (!strcmp(way, "join")) {
    pthread_t t;
    pthread_barrier_init(&both, NULL, 2);
    pthread_mutex_lock(&first);
    pthread_create(&t, NULL, (void *(*)(void *))pthread_mutex_lock, &first);
    pthread_join(t, NULL);
  }
  if (!strcmp(way, "pause")) pause();
  if (!strcmp(way, "input")) {
    char c;
    return read(0, &c, 1) != 1;
  }
  return 0;
}
