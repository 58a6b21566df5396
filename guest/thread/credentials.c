// setuid and its like are of the process for C, by a signal to every thread; the raw calls are of the thread: nptl(7), credentials(7).
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static pthread_barrier_t all;
static volatile int stage;
enum { N = 3 };

static void *looks(void *arg) {
  char *seen = arg;
  /* One computes, one sleeps, one waits for a lock while the ids change. */
  pthread_barrier_wait(&all);
  pthread_barrier_wait(&all);
  *seen = getegid() == getgid() ? 'y' : 'n';
  pthread_barrier_wait(&all);
  pthread_barrier_wait(&all);
  seen[1] = getegid() == getgid() ? 'y' : 'n';
  return NULL;
}

static void *spins(void *arg) {
  pthread_barrier_wait(&all);
  while (!stage) {}
  pthread_barrier_wait(&all);
  pthread_barrier_wait(&all);
  pthread_barrier_wait(&all);
  return arg;
}

int main(void) {
  pthread_t t[N];
  static char seen[2][3];
  pthread_barrier_init(&all, NULL, N + 1);
  for (int n = 0; n < 2; n++) pthread_create(&t[n], NULL, looks, seen[n]);
  pthread_create(&t[2], NULL, spins, NULL);
  pthread_barrier_wait(&all);
  int root = geteuid() == 0;
  /* Who is not root may only set what it is: then all stays the same, as the threads say too. */
  gid_t other = root ? 54321 : getgid();
  printf("setegid: %d\n", setegid(other));
  stage = 1;
  pthread_barrier_wait(&all);
  pthread_barrier_wait(&all);
  int changed = (seen[0][0] == 'n') + (seen[1][0] == 'n');
  printf("seen by: %s\n", changed == (root ? 2 : 0) ? "all" : "some");
  printf("raw: %ld\n", syscall(SYS_setresgid, -1, getgid(), -1));
  pthread_barrier_wait(&all);
  for (int n = 0; n < N; n++) pthread_join(t[n], NULL);
  changed = (seen[0][1] == 'n') + (seen[1][1] == 'n');
  printf("seen by: %s\n", changed == (root ? 2 : 0) ? "nobody else" : "others");
  return 0;
}
