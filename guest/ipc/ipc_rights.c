// Permissions of System V objects for an owner without bits (ipcperms): each get, operation and ctl call with EACCES, IPC_SET and
// IPC_RMID that need no bits, creation with modes under no umask.
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

int main(void) {
  if (geteuid() == 0) {
    setgroups(0, NULL);
    uid_t uid = 30000 + getpid() % 10000;
    if (setresgid(uid, uid, uid) || setresuid(uid, uid, uid)) return 1;
  }
  umask(077);
  key_t key = 0x5d000000 + getpid();
  int q = msgget(key, IPC_CREAT | 0444), s = semget(key, 1, IPC_CREAT | 0400), m = shmget(key, 4096, IPC_CREAT | 0400);
  struct {
    long type;
    char text[8];
  } message = {1, "x"};
  struct msqid_ds queue;
  struct shmid_ds segment;
  struct semid_ds set;
  SHOW(msgctl(q, IPC_STAT, &queue));
  SHOW(shmctl(m, IPC_STAT, &segment));
  SHOW(semctl(s, 0, IPC_STAT, &set));
  printf("modes %o %o %o\n", queue.msg_perm.mode, segment.shm_perm.mode, set.sem_perm.mode);
  SHOW(msgget(key, 0200));
  SHOW(msgget(key, 0400) == q ? 0 : -1);
  SHOW(msgget(key, 0) == q ? 0 : -1);
  SHOW(msgsnd(q, &message, 1, IPC_NOWAIT));
  SHOW(msgrcv(q, &message, 8, 0, IPC_NOWAIT));
  SHOW(semget(key, 1, 0600));
  struct sembuf up = {0, 1, 0}, zero = {0, 0, 0};
  SHOW(semop(s, &up, 1));
  SHOW(semop(s, &zero, 1));
  SHOW(semctl(s, 0, GETVAL));
  SHOW(semctl(s, 0, SETVAL, 1));
  SHOW(shmget(key, 4096, 0600));
  SHOW((long)shmat(m, NULL, 0) == -1 ? -1 : 0);
  SHOW((long)shmat(m, NULL, SHM_RDONLY) == -1 ? -1 : 0);
  SHOW((long)shmat(m, NULL, SHM_RDONLY | SHM_EXEC) == -1 ? -1 : 0);
  queue.msg_perm.mode = 0200;
  SHOW(msgctl(q, IPC_SET, &queue));
  SHOW(msgctl(q, IPC_STAT, &queue));
  SHOW(msgsnd(q, &message, 1, IPC_NOWAIT));
  SHOW(msgrcv(q, &message, 8, 0, IPC_NOWAIT));
  segment.shm_perm.mode = 0100;
  SHOW(shmctl(m, IPC_SET, &segment));
  SHOW(shmctl(m, IPC_STAT, &segment));
  SHOW((long)shmat(m, NULL, SHM_RDONLY) == -1 ? -1 : 0);
  segment.shm_perm.uid = -1;
  SHOW(shmctl(m, IPC_SET, &segment));
  SHOW(msgctl(q, IPC_RMID, NULL));
  SHOW(semctl(s, 0, IPC_RMID));
  SHOW(shmctl(m, IPC_RMID, NULL));
  SHOW(msgget(key, 0));
  return 0;
}
