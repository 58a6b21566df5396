// Who waits longest for a semaphore goes first, one that asks for more does not hold others up, and those who wait for zero go
// when it is reached (ipc/sem.c: do_smart_update); GETNCNT and GETZCNT on the way.
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

static int id, out[2];

static void sleeping(pid_t pid) {
  for (;;) {
    char path[64], text[512] = "";
    sprintf(path, "/proc/%d/stat", pid);
    int fd = open(path, O_RDONLY);
    if (read(fd, text, sizeof text - 1) < 0) exit(9);
    close(fd);
    char *state = strrchr(text, ')');
    if (state && state[2] == 'S') return;
    sched_yield();
  }
}

static pid_t waiter(char who, int by) {
  pid_t pid = fork();
  if (pid == 0) {
    struct sembuf op = {0, by, 0};
    semop(id, &op, 1);
    if (write(out[1], &who, 1) != 1) _exit(2);
    _exit(0);
  }
  sleeping(pid);
  return pid;
}

static void next(void) {
  char who;
  if (read(out[0], &who, 1) == 1) printf(" %c", who);
}

static void up(int by) {
  struct sembuf op = {0, by, 0};
  semop(id, &op, 1);
}

int main(void) {
  id = semget(IPC_PRIVATE, 1, 0600);
  if (pipe(out)) return 1;
  waiter('a', -1), waiter('b', -3), waiter('c', -1), waiter('d', -1);
  printf("waiting %d, for zero %d\n", semctl(id, 0, GETNCNT), semctl(id, 0, GETZCNT));
  up(1), next();
  printf(", left %d\n", semctl(id, 0, GETNCNT));
  up(1), next();
  printf(", left %d\n", semctl(id, 0, GETNCNT));
  up(3), next();
  printf(", left %d\n", semctl(id, 0, GETNCNT));
  up(1), next();
  printf(", left %d, value %d\n", semctl(id, 0, GETNCNT), semctl(id, 0, GETVAL));

  semctl(id, 0, SETVAL, 2);
  waiter('z', 0), waiter('y', 0), waiter('m', -5);
  printf("waiting %d, for zero %d\n", semctl(id, 0, GETNCNT), semctl(id, 0, GETZCNT));
  struct sembuf down = {0, -2, 0};
  semop(id, &down, 1);
  char two[2];
  if (read(out[0], two, 1) != 1 || read(out[0], two + 1, 1) != 1) return 1;
  printf("zero for both: %d, left %d %d\n", two[0] + two[1] == 'z' + 'y', semctl(id, 0, GETNCNT), semctl(id, 0, GETZCNT));
  semctl(id, 0, SETVAL, 5);
  next();
  printf(", value %d\n", semctl(id, 0, GETVAL));
  waiter('r', -1);
  semctl(id, 0, IPC_RMID);
  next();
  printf("\n");
  while (wait(NULL) > 0);
  return 0;
}
