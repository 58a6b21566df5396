// Semop(2) at its limits: 500 operations and E2BIG for one more, all or none over 300 semaphores, several on one semaphore in
// order, ERANGE above 32767 and for undo, EFBIG, EINVAL for none, EFAULT, EAGAIN, times out with semtimedop(2).
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

#define SHOW(x)                                                                   \
  do {                                                                            \
    errno = 0;                                                                    \
    long r_ = (long)(x);                                                          \
    if (r_ < 0) printf("%s: %s\n", #x, strerrorname_np(errno));                   \
    else printf("%s: %ld\n", #x, r_);                                             \
  } while (0)

static struct sembuf ops[501];

int main(void) {
  int id = semget(IPC_PRIVATE, 300, 0600);
  for (int i = 0; i < 501; i++) ops[i] = (struct sembuf){i % 300, 1, 0};
  SHOW(semop(id, ops, 501));
  SHOW(semop(id, ops, 500));
  SHOW(semctl(id, 0, GETVAL));
  SHOW(semctl(id, 199, GETVAL));
  SHOW(semctl(id, 200, GETVAL));
  SHOW(semop(id, ops, 0));
  SHOW(semop(id, (void *)8, 1));
  for (int i = 0; i < 300; i++) ops[i] = (struct sembuf){i, -1, IPC_NOWAIT};
  ops[299].sem_op = -2;
  SHOW(semop(id, ops, 300));
  SHOW(semctl(id, 0, GETVAL));
  ops[299].sem_op = -1;
  SHOW(semop(id, ops, 300));
  SHOW(semctl(id, 0, GETVAL));
  SHOW(semctl(id, 299, GETVAL));
  struct sembuf far = {300, 1, 0};
  SHOW(semop(id, &far, 1));
  struct sembuf three[3] = {{5, 3, 0}, {5, -4, IPC_NOWAIT}, {5, 0, IPC_NOWAIT}};
  SHOW(semop(id, three, 3));
  three[1].sem_op = -3 - semctl(id, 5, GETVAL);
  SHOW(semop(id, three, 3));
  three[0].sem_op = 1, three[1].sem_op = -1;
  SHOW(semop(id, three, 3));
  SHOW(semctl(id, 5, GETVAL));

  semctl(id, 7, SETVAL, 32767);
  struct sembuf up = {7, 1, 0}, down = {7, -1, SEM_UNDO}, most = {8, 32767, SEM_UNDO};
  SHOW(semop(id, &up, 1));
  struct sembuf both[2] = {{7, -1, 0}, {7, 1, 0}};
  SHOW(semop(id, both, 2));
  struct sembuf other[2] = {{7, 1, 0}, {7, -1, 0}};
  SHOW(semop(id, other, 2));
  SHOW(semop(id, &down, 1));
  semctl(id, 8, SETVAL, 0);
  SHOW(semop(id, &most, 1));
  semctl(id, 9, SETVAL, 0);
  struct sembuf again = {9, 32767, SEM_UNDO}, less = {9, -32767, 0};
  SHOW(semop(id, &again, 1));
  SHOW(semop(id, &less, 1));
  SHOW(semop(id, &again, 1));
  SHOW(semctl(id, 9, GETVAL));

  struct sembuf wait = {20, -1, 0};
  semctl(id, 20, SETVAL, 0);
  struct timespec none = {0, 0}, little = {0, 3000000}, wrong = {0, 1000000000}, minus = {-1, 0};
  SHOW(semtimedop(id, &wait, 1, &none));
  SHOW(semtimedop(id, &wait, 1, &little));
  SHOW(semtimedop(id, &wait, 1, &wrong));
  SHOW(semtimedop(id, &wait, 1, &minus));
  SHOW(semtimedop(id, &wait, 1, (void *)8));
  wait.sem_op = 1;
  SHOW(semtimedop(id, &wait, 1, &little));
  SHOW(semctl(id, 0, IPC_RMID));
  SHOW(semop(id, &up, 1));
  return 0;
}
