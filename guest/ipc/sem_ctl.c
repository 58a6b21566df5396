// Semctl(2): GETALL and SETALL, SETVAL with ERANGE, numbers out of range, IPC_SET, SEM_STAT and SEM_STAT_ANY by slot, IPC_INFO and
// SEM_INFO, GETPID of who did what, times, EACCES without the bits, errors of semget(2).
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

union semun {
  int val;
  struct semid_ds *buf;
  unsigned short *array;
  struct seminfo *info;
};
static int id;

static void all(const char *when) {
  unsigned short v[4];
  printf("%s:", when);
  if (semctl(id, 0, GETALL, (union semun){.array = v})) printf(" %s\n", strerrorname_np(errno));
  else printf(" %d %d %d %d\n", v[0], v[1], v[2], v[3]);
}

int main(void) {
  if (geteuid() == 0) {
    setgroups(0, NULL);
    uid_t uid = 30000 + getpid() % 10000;
    if (setresgid(uid, uid, uid) || setresuid(uid, uid, uid)) return 1;
  }
  SHOW(semget(IPC_PRIVATE, 0, 0600));
  SHOW(semget(IPC_PRIVATE, -1, 0600));
  SHOW(semget(IPC_PRIVATE, 32001, 0600));
  key_t key = 0x5c000000 + getpid();
  id = semget(key, 4, IPC_CREAT | 0640);
  SHOW(semget(key, 5, 0));
  SHOW(semget(key, 4, 0) == id ? 0 : -1);
  SHOW(semget(key, 0, 0) == id ? 0 : -1);
  SHOW(semget(key, 4, IPC_CREAT | IPC_EXCL));
  all("new");
  unsigned short v[4] = {1, 2, 3, 32767}, high[4] = {9, 9, 9, 32768};
  SHOW(semctl(id, 0, SETALL, (union semun){.array = v}));
  all("set");
  SHOW(semctl(id, 0, SETALL, (union semun){.array = high}));
  all("out of range");
  SHOW(semctl(id, 1, SETVAL, (union semun){.val = 32768}));
  SHOW(semctl(id, 1, SETVAL, (union semun){.val = -1}));
  SHOW(semctl(id, 1, SETVAL, (union semun){.val = 7}));
  SHOW(semctl(id, 1, GETVAL));
  SHOW(semctl(id, 4, GETVAL));
  SHOW(semctl(id, -1, GETVAL));
  SHOW(semctl(id, 4, SETVAL, (union semun){.val = 0}));
  SHOW(semctl(id, 0, GETALL, (union semun){.array = (void *)8}));
  SHOW(semctl(id, 1, GETPID) == getpid() ? 1 : 0);
  SHOW(semctl(id, 3, GETPID) == getpid() ? 1 : 0);
  struct sembuf op = {2, -1, 0};
  pid_t pid = fork();
  if (pid == 0) _exit(semop(id, &op, 1));
  wait(NULL);
  SHOW(semctl(id, 2, GETPID) == pid ? 1 : 0);
  SHOW(semctl(id, 0, GETNCNT));
  SHOW(semctl(id, 0, GETZCNT));
  struct semid_ds ds;
  SHOW(semctl(id, 0, IPC_STAT, (union semun){.buf = &ds}));
  printf("mode %o, %lu semaphores, times %d %d\n", ds.sem_perm.mode, ds.sem_nsems, ds.sem_otime != 0, ds.sem_ctime != 0);
  int slot = id % 32768;
  SHOW(semctl(slot, 0, SEM_STAT, (union semun){.buf = &ds}) == id ? 1 : 0);
  ds.sem_perm.mode = 0;
  SHOW(semctl(id, 0, IPC_SET, (union semun){.buf = &ds}));
  all("without rights");
  SHOW(semctl(id, 0, GETVAL));
  SHOW(semctl(id, 0, SETVAL, (union semun){.val = 1}));
  SHOW(semop(id, &op, 1));
  SHOW(semget(key, 4, 0600));
  SHOW(semctl(slot, 0, SEM_STAT, (union semun){.buf = &ds}));
  SHOW(semctl(slot, 0, SEM_STAT_ANY, (union semun){.buf = &ds}) == id ? 1 : 0);
  struct seminfo info;
  SHOW(semctl(0, 0, IPC_INFO, (union semun){.info = &info}) >= slot ? 1 : 0);
  printf("limits %d %d %d, vmx %d, aem %d\n", info.semmsl, info.semopm, info.semmni, info.semvmx, info.semaem);
  SHOW(semctl(0, 0, SEM_INFO, (union semun){.info = &info}) >= slot ? 1 : 0);
  printf("used %s %s\n", info.semusz >= 1 ? "sets" : "none", info.semaem >= 4 ? "semaphores" : "few");
  SHOW(semctl(id, 0, 55));
  SHOW(semctl(-1, 0, IPC_STAT, (union semun){.buf = &ds}));
  SHOW(semctl(id, 0, IPC_RMID));
  SHOW(semctl(id, 0, IPC_RMID));
  return 0;
}
