// Process-shared mutexes, conditions, barriers, rwlocks and unnamed semaphores in memory that fork shares; a robust mutex whose
// owner dies is EOWNERDEAD, usable once made consistent, ENOTRECOVERABLE otherwise (pthread_mutexattr_setpshared(3)).
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/select.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static struct shared {
  pthread_mutex_t mutex, robust;
  pthread_cond_t cond;
  pthread_barrier_t barrier;
  pthread_rwlock_t lock;
  sem_t semaphore;
  int counter, turn, inside;
} *s;

static const char *name(int error) { return error ? strerrorname_np(error) : "ok"; }

int main(void) {
  setvbuf(stdout, NULL, _IONBF, 0);
  s = mmap(NULL, sizeof *s, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  pthread_mutexattr_t ma;
  pthread_mutexattr_init(&ma);
  pthread_mutexattr_setpshared(&ma, PTHREAD_PROCESS_SHARED);
  pthread_mutex_init(&s->mutex, &ma);
  pthread_mutexattr_setrobust(&ma, PTHREAD_MUTEX_ROBUST);
  pthread_mutex_init(&s->robust, &ma);
  pthread_condattr_t ca;
  pthread_condattr_init(&ca);
  pthread_condattr_setpshared(&ca, PTHREAD_PROCESS_SHARED);
  pthread_cond_init(&s->cond, &ca);
  pthread_barrierattr_t ba;
  pthread_barrierattr_init(&ba);
  pthread_barrierattr_setpshared(&ba, PTHREAD_PROCESS_SHARED);
  pthread_barrier_init(&s->barrier, &ba, 3);
  pthread_rwlockattr_t ra;
  pthread_rwlockattr_init(&ra);
  pthread_rwlockattr_setpshared(&ra, PTHREAD_PROCESS_SHARED);
  pthread_rwlock_init(&s->lock, &ra);
  sem_init(&s->semaphore, 1, 0);

  for (int child = 0; child < 2; child++)
    if (fork() == 0) {
      pthread_barrier_wait(&s->barrier);
      for (int i = 0; i < 200; i++) {
        pthread_mutex_lock(&s->mutex);
        s->counter++;
        pthread_mutex_unlock(&s->mutex);
        if (i % 50 == 0) sched_yield();
      }
      for (int round = 0; round < 5; round++) {
        pthread_mutex_lock(&s->mutex);
        while (s->turn % 2 != child) pthread_cond_wait(&s->cond, &s->mutex);
        s->turn++;
        pthread_cond_broadcast(&s->cond);
        pthread_mutex_unlock(&s->mutex);
      }
      pthread_rwlock_wrlock(&s->lock);
      s->inside++;
      pthread_rwlock_unlock(&s->lock);
      sem_post(&s->semaphore);
      _exit(0);
    }
  int serial = pthread_barrier_wait(&s->barrier);
  printf("barrier %s\n", serial == 0 || serial == PTHREAD_BARRIER_SERIAL_THREAD ? "passed" : "failed");
  sem_wait(&s->semaphore);
  sem_wait(&s->semaphore);
  while (wait(NULL) > 0);
  printf("counter %d, turns %d, writers %d\n", s->counter, s->turn, s->inside);

  for (int mend = 1; mend >= 0; mend--) {
    if (fork() == 0) {
      printf("child: %s\n", name(pthread_mutex_lock(&s->robust)));
      _exit(0);
    }
    wait(NULL);
    printf("owner dead: %s\n", name(pthread_mutex_lock(&s->robust)));
    if (mend) printf("consistent: %s\n", name(pthread_mutex_consistent(&s->robust)));
    printf("unlock: %s\n", name(pthread_mutex_unlock(&s->robust)));
  }
  printf("never again: %s\n", name(pthread_mutex_lock(&s->robust)));
  return 0;
}
