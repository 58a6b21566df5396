// Much of everything, as often as the second argument says: pipelines, threads on one word, pipes, semaphores, a shared segment, sleepers.
#define _GNU_SOURCE
#include <errno.h>
#include <linux/futex.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/resource.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void must(int good, const char *what) {
  if (good) return;
  printf("%s: %s\n", what, strerrorname_np(errno));
  exit(1);
}

static double seconds(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Each process adds one to what it reads and passes it on. */
static void pipeline(int n) {
  int in[2], out[2], first;
  must(pipe(in) == 0, "pipe");
  first = in[1];
  for (int i = 0; i < n; i++) {
    must(pipe(out) == 0, "pipe");
    pid_t pid = fork();
    must(pid >= 0, "fork");
    if (pid == 0) {
      int value;
      close(first);
      close(out[0]);
      while (read(in[0], &value, sizeof value) == sizeof value) {
        value++;
        must(write(out[1], &value, sizeof value) == sizeof value, "write");
      }
      _exit(0);
    }
    close(in[0]);
    close(out[1]);
    in[0] = out[0];
  }
  int sum = 0, value;
  for (int i = 0; i < 3; i++) {
    value = i;
    must(write(first, &value, sizeof value) == sizeof value, "write");
    must(read(in[0], &value, sizeof value) == sizeof value, "read");
    sum += value;
  }
  close(first);
  must(read(in[0], &value, sizeof value) == 0, "end");
  int ended = 0, status;
  while (wait(&status) > 0) ended += status == 0;
  printf("pipeline: sum %d, ended %d\n", sum, ended);
}

static uint32_t word, arrived;

static void *sleeper(void *arg) {
  __atomic_add_fetch(&arrived, 1, __ATOMIC_SEQ_CST);
  while (__atomic_load_n(&word, __ATOMIC_SEQ_CST) == 0) syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, 0, NULL, NULL, 0);
  return arg;
}

static pthread_t *sleepers(int n) {
  pthread_t *t = calloc((size_t)n, sizeof *t);
  pthread_attr_t attr;
  pthread_attr_init(&attr);
  pthread_attr_setstacksize(&attr, 32768);
  for (int i = 0; i < n; i++) must((errno = pthread_create(&t[i], &attr, sleeper, (void *)1)) == 0, "thread");
  while (__atomic_load_n(&arrived, __ATOMIC_SEQ_CST) < (uint32_t)n) sched_yield();
  usleep(1000);
  return t;
}

static void wake(pthread_t *t, int n, const char *what) {
  word = 1;
  long total = 0;
  syscall(SYS_futex, &word, FUTEX_WAKE_PRIVATE, 0x7fffffff, NULL, NULL, 0);
  for (int i = 0; i < n; i++) {
    void *result;
    must((errno = pthread_join(t[i], &result)) == 0, "join");
    total += (long)result;
  }
  printf("%s: joined %ld\n", what, total);
}

static void threads(int n) { wake(sleepers(n), n, "threads"); }

static void pipes(int n) {
  struct rlimit limit = {(rlim_t)n * 2 + 100, (rlim_t)n * 2 + 100};
  struct rlimit now;
  getrlimit(RLIMIT_NOFILE, &now);
  if (now.rlim_max > limit.rlim_max) limit.rlim_max = now.rlim_max;
  must(setrlimit(RLIMIT_NOFILE, &limit) == 0, "limit");
  int (*fds)[2] = calloc((size_t)n, sizeof *fds);
  long sum = 0;
  for (int i = 0; i < n; i++) must(pipe(fds[i]) == 0, "pipe");
  for (int i = 0; i < n; i++) must(write(fds[i][1], &i, sizeof i) == sizeof i, "write");
  for (int i = n - 1; i >= 0; i--) {
    int value;
    must(read(fds[i][0], &value, sizeof value) == sizeof value, "read");
    sum += value;
  }
  printf("pipes: sum %ld, highest descriptor %d\n", sum, fds[n - 1][1]);
}

enum { PER_SET = 250 };

static void semaphores(int n) {
  int sets = (n + PER_SET - 1) / PER_SET;
  int *ids = calloc((size_t)sets, sizeof *ids);
  long sum = 0;
  for (int s = 0; s < sets; s++) must((ids[s] = semget(IPC_PRIVATE, PER_SET, 0600)) >= 0, "semget");
  struct sembuf ops[PER_SET];
  for (int s = 0; s < sets; s++) {
    for (int i = 0; i < PER_SET; i++) ops[i] = (struct sembuf){(unsigned short)i, (short)(i % 7 + 1), 0};
    must(semop(ids[s], ops, PER_SET) == 0, "semop");
  }
  for (int s = 0; s < sets; s++) {
    unsigned short values[PER_SET];
    must(semctl(ids[s], 0, GETALL, values) == 0, "getall");
    for (int i = 0; i < PER_SET; i++) sum += values[i];
    must(semctl(ids[s], 0, IPC_RMID) == 0, "remove");
  }
  printf("semaphores: %d sets, sum %ld\n", sets, sum);
}

enum { CHILDREN = 50 };

static void segment(int megabytes) {
  size_t size = (size_t)megabytes << 20;
  int id = shmget(IPC_PRIVATE, size, 0600);
  must(id >= 0, "shmget");
  char *at = shmat(id, NULL, 0);
  must(at != (void *)-1, "shmat");
  must(shmctl(id, IPC_RMID, NULL) == 0, "remove");
  size_t part = size / CHILDREN;
  for (int i = 0; i < CHILDREN; i++) {
    if (fork() == 0) {
      for (size_t p = part * (size_t)i; p < part * (size_t)(i + 1); p += 4096) at[p] = (char)(i + 1);
      _exit(0);
    }
  }
  int ended = 0, status;
  while (wait(&status) > 0) ended += status == 0;
  long sum = 0;
  for (int i = 0; i < CHILDREN; i++) sum += at[part * (size_t)i];
  struct shmid_ds ds;
  must(shmctl(id, IPC_STAT, &ds) == 0, "stat");
  printf("segment: ended %d, sum %ld, attached %lu\n", ended, sum, (unsigned long)ds.shm_nattch);
}

/* The cost of going to and fro between two processes while others sleep. */
static void switches(int n) {
  pthread_t *t = sleepers(n);
  int to[2], fro[2];
  char c = 0;
  must(pipe(to) == 0 && pipe(fro) == 0, "pipe");
  enum { TURNS = 5000 };
  if (fork() == 0) {
    for (int i = 0; i < TURNS; i++) must(read(to[0], &c, 1) == 1 && write(fro[1], &c, 1) == 1, "echo");
    _exit(0);
  }
  double start = seconds();
  for (int i = 0; i < TURNS; i++) must(write(to[1], &c, 1) == 1 && read(fro[0], &c, 1) == 1, "turn");
  double each = (seconds() - start) / TURNS / 2;
  wait(NULL);
  wake(t, n, "switches");
  fprintf(stderr, "%.0f ns per switch with %d sleepers\n", each * 1e9, n);
}

int main(int argc, char **argv) {
  int n = argc > 2 ? atoi(argv[2]) : 10;
  const char *what = argc > 1 ? argv[1] : "";
  setvbuf(stdout, NULL, _IOLBF, 0);
  if (!strcmp(what, "pipeline")) pipeline(n);
  if (!strcmp(what, "threads")) threads(n);
  if (!strcmp(what, "pipes")) pipes(n);
  if (!strcmp(what, "semaphores")) semaphores(n);
  if (!strcmp(what, "segment")) segment(n);
  if (!strcmp(what, "switches")) switches(n);
  return 0;
}
