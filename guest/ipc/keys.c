// Keys (sysvipc(7), ipcget): IPC_CREAT, IPC_EXCL, sizes that do not fit, ids used again, the key of a removed segment.
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <unistd.h>

static void show(const char *what, long r) {
  printf("%s: %s\n", what, r == -1 ? strerrorname_np(errno) : "ok");
}

int main(void) {
  setvbuf(stdout, 0, _IONBF, 0);
  key_t key = 0x51600000 ^ (getpid() << 4);
  show("no such queue", msgget(key, 0));
  show("no such set", semget(key, 1, 0));
  show("no such segment", shmget(key, 1, 0));
  int q = msgget(key, IPC_CREAT | IPC_EXCL | 0600);
  int s = semget(key, 3, IPC_CREAT | IPC_EXCL | 0600);
  int m = shmget(key, 5000, IPC_CREAT | IPC_EXCL | 0600);
  printf("same ids %d %d %d\n", msgget(key, 0) == q, semget(key, 0, 0) == s, shmget(key, 0, 0) == m);
  printf("same ids with IPC_CREAT %d %d %d\n", msgget(key, IPC_CREAT | 0666) == q, semget(key, 3, IPC_CREAT) == s,
         shmget(key, 5000, IPC_CREAT) == m);
  show("exclusive queue", msgget(key, IPC_CREAT | IPC_EXCL));
  show("exclusive set", semget(key, 3, IPC_CREAT | IPC_EXCL));
  show("exclusive segment", shmget(key, 5000, IPC_CREAT | IPC_EXCL));
  show("EXCL alone means nothing", msgget(key, IPC_EXCL));
  show("more semaphores than there are", semget(key, 4, 0));
  show("a larger segment", shmget(key, 5001, 0));
  show("the same pages but larger", shmget(key, 8192, 0));
  // Removed and made again, the id is another.
  msgctl(q, IPC_RMID, 0);
  int q2 = msgget(key, IPC_CREAT | 0600);
  printf("another id %d, old one: ", q2 != q);
  show("", msgctl(q, IPC_STAT, &(struct msqid_ds){0}));
  // A removed segment loses its key at once.
  void *p = shmat(m, 0, 0);
  shmctl(m, IPC_RMID, 0);
  show("key of a removed segment", shmget(key, 1, 0));
  shmdt(p);
  msgctl(q2, IPC_RMID, 0);
  semctl(s, 0, IPC_RMID);
  return 0;
}
