// Robust mutexes whose owner dies: a thread, a process, while others wait; mended, or lost for ever: pthread_mutexattr_setrobust(3).
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

static pthread_mutex_t *m;

static const char *text(int error) { return error == 0 ? "0" : strerrorname_np(error); }

static void *dies_with_it(void *arg) {
  pthread_mutex_lock(m);
  return arg;
}

static void *waits(void *arg) {
  int error = pthread_mutex_lock(m);
  *(int *)arg = error;
  if (error == EOWNERDEAD) pthread_mutex_consistent(m);
  if (error != ENOTRECOVERABLE) pthread_mutex_unlock(m);
  return NULL;
}

static void *leaves_it_broken(void *arg) {
  *(int *)arg = pthread_mutex_lock(m);
  pthread_mutex_unlock(m);
  return NULL;
}

static void of(const char *name, int protocol) {
  pthread_mutexattr_t attr;
  pthread_mutexattr_init(&attr);
  pthread_mutexattr_setrobust(&attr, PTHREAD_MUTEX_ROBUST);
  pthread_mutexattr_setprotocol(&attr, protocol);
  pthread_mutexattr_setpshared(&attr, PTHREAD_PROCESS_SHARED);
  printf("%s: init %s\n", name, text(pthread_mutex_init(m, &attr)));
  pthread_t t, u[3];
  pthread_create(&t, NULL, dies_with_it, NULL);
  pthread_join(t, NULL);
  printf("  thread died: trylock %s", text(pthread_mutex_trylock(m)));
  printf(", consistent %s", text(pthread_mutex_consistent(m)));
  printf(", unlock %s", text(pthread_mutex_unlock(m)));
  printf(", lock %s", text(pthread_mutex_lock(m)));
  printf(", consistent again %s\n", text(pthread_mutex_consistent(m)));

  /* Three wait while a process that has it is killed. */
  pthread_mutex_unlock(m);
  int fds[2];
  if (pipe(fds)) return;
  fflush(stdout);
  pid_t pid = fork();
  if (pid == 0) {
    pthread_mutex_lock(m);
    if (write(fds[1], "x", 1) != 1) _exit(1);
    for (;;) pause();
  }
  char byte;
  if (read(fds[0], &byte, 1) != 1) return;
  int errors[3];
  for (int n = 0; n < 3; n++) pthread_create(&u[n], NULL, waits, &errors[n]);
  usleep(3000);
  kill(pid, SIGKILL);
  int dead = 0, fine = 0;
  for (int n = 0; n < 3; n++) {
    pthread_join(u[n], NULL);
    dead += errors[n] == EOWNERDEAD;
    fine += errors[n] == 0;
  }
  waitpid(pid, NULL, 0);
  printf("  process killed: %d told, %d not\n", dead, fine);

  /* It died, and who was told did not mend it. */
  pthread_create(&t, NULL, dies_with_it, NULL);
  pthread_join(t, NULL);
  pthread_create(&t, NULL, leaves_it_broken, &errors[0]);
  pthread_join(t, NULL);
  printf("  broken: %s", text(errors[0]));
  printf(", lock %s", text(pthread_mutex_lock(m)));
  printf(", trylock %s", text(pthread_mutex_trylock(m)));
  printf(", consistent %s\n", text(pthread_mutex_consistent(m)));
  printf("  destroy %s\n", text(pthread_mutex_destroy(m)));
  close(fds[0]);
  close(fds[1]);
}

int main(void) {
  m = mmap(NULL, sizeof *m, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  of("plain", PTHREAD_PRIO_NONE);
  of("inheritance", PTHREAD_PRIO_INHERIT);
  return 0;
}
