// Semaphores (semop(2), semctl(2)): several operations or none, wait for zero, EAGAIN, ERANGE, EFBIG, E2BIG, GETPID, times.
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/sem.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

union semun {
  int val;
  struct semid_ds *buf;
  unsigned short *array;
  struct seminfo *info;
};
static int set;

static void show(const char *what, int r) {
  int error = errno;
  unsigned short v[4];
  semctl(set, 0, GETALL, (union semun){.array = v});
  printf("%s: %d %s [%d %d %d %d] pids", what, r, r < 0 ? strerrorname_np(error) : "", v[0], v[1], v[2], v[3]);
  for (int i = 0; i < 4; i++) {
    int pid = semctl(set, i, GETPID);
    printf(" %s", pid == 0 ? "0" : pid == getpid() ? "me" : "other");
  }
  printf("\n");
}
#define OPS(...) semop(set, (struct sembuf[]){__VA_ARGS__}, sizeof((struct sembuf[]){__VA_ARGS__}) / sizeof(struct sembuf))

/* A number, or the name of the error. */
static const char *result(long r) {
  static char text[32];
  if (r == -1) return strerrorname_np(errno);
  sprintf(text, "%ld", r);
  return text;
}

int main(void) {
  set = semget(IPC_PRIVATE, 4, IPC_CREAT | 0600);
  show("new", 0);
  show("up 0 by 5", OPS({0, 5, 0}));
  show("down 0 by 2, up 1", OPS({0, -2, 0}, {1, 1, 0}));
  show("all or none", OPS({0, -1, 0}, {2, -1, IPC_NOWAIT}));
  show("zero of 2 and up 3", OPS({2, 0, 0}, {3, 9, 0}));
  show("zero of 3", OPS({3, 0, IPC_NOWAIT}));
  show("the same twice", OPS({3, -4, 0}, {3, -4, 0}, {3, -1, 0}, {3, 0, 0}));
  show("the same twice, too much", OPS({0, -2, 0}, {0, -2, IPC_NOWAIT}));
  show("down and up", OPS({0, -3, 0}, {0, 0, 0}, {0, 3, 0}));
  show("above the maximum", OPS({0, 32767, 0}));
  show("to the maximum", OPS({0, 32764, 0}));
  show("in steps above", OPS({1, 5, 0}, {0, 1, 0}));
  show("no such semaphore", OPS({4, 1, 0}));
  struct sembuf many[501];
  for (int i = 0; i < 501; i++) many[i] = (struct sembuf){1, 1, 0};
  show("500 operations", semop(set, many, 500));
  show("501 operations", semop(set, many, 501));
  show("no operations", semop(set, many, 0));
  show("bad pointer", semop(set, (void *)8, 1));
  show("bad id", semop(-1, many, 1));
  show("other id", semop(set ^ 0x7f, many, 1));
  struct timespec t = {0, 0}, bad = {0, 1000000000};
  show("no time", semtimedop(set, (struct sembuf[]){{2, -1, 0}}, 1, &t));
  show("bad time", semtimedop(set, (struct sembuf[]){{2, -1, 0}}, 1, &bad));
  t.tv_nsec = 2000000;
  show("timeout", semtimedop(set, (struct sembuf[]){{2, -1, 0}}, 1, &t));
  show("setval", semctl(set, 2, SETVAL, (union semun){.val = 7}));
  show("setval too large", semctl(set, 2, SETVAL, (union semun){.val = 32768}));
  show("setval negative", semctl(set, 2, SETVAL, (union semun){.val = -1}));
  show("setval of none", semctl(set, 4, SETVAL, (union semun){.val = 1}));
  unsigned short v[4] = {1, 2, 3, 4}, w[4] = {1, 2, 3, 32768};
  show("setall", semctl(set, 0, SETALL, (union semun){.array = v}));
  show("setall too large", semctl(set, 0, SETALL, (union semun){.array = w}));
  if (fork() == 0) {
    OPS({1, 1, 0}, {2, -1, 0});
    _exit(0);
  }
  wait(0);
  show("after the child", 0);
  printf("getval %d\n", semctl(set, 1, GETVAL));
  printf("of none %s\n", result(semctl(set, 9, GETVAL)));
  printf("negative number %s\n", result(semctl(set, -1, GETVAL)));
  printf("sleepers %d %d\n", semctl(set, 0, GETNCNT), semctl(set, 0, GETZCNT));
  struct semid_ds d;
  semctl(set, 0, IPC_STAT, (union semun){.buf = &d});
  time_t now = time(0);
  printf("nsems %lu mode %o otime %d ctime %d\n", d.sem_nsems, d.sem_perm.mode, d.sem_otime > now - 100 && d.sem_otime <= now + 1,
         d.sem_ctime > now - 100 && d.sem_ctime <= now + 1);
  d.sem_perm.mode = 0467;
  printf("set %d\n", semctl(set, 0, IPC_SET, (union semun){.buf = &d}));
  semctl(set, 0, IPC_STAT, (union semun){.buf = &d});
  printf("mode %o\n", d.sem_perm.mode);
  struct seminfo i;
  int top = semctl(0, 0, IPC_INFO, (union semun){.info = &i});
  printf("info %d: map %d mni %d mns %d mnu %d msl %d opm %d ume %d usz %d vmx %d aem %d\n", top >= 0, i.semmap, i.semmni,
         i.semmns, i.semmnu, i.semmsl, i.semopm, i.semume, i.semusz, i.semvmx, i.semaem);
  top = semctl(0, 0, SEM_INFO, (union semun){.info = &i});
  printf("used: sets %d semaphores %d\n", i.semusz >= 1, i.semaem >= 4);
  int found = 0;
  for (int s = 0; s <= top; s++)
    found += semctl(s, 0, SEM_STAT, (union semun){.buf = &d}) == set && d.sem_nsems == 4;
  printf("found by slot %d\n", found);
  printf("bad command %s\n", result(semctl(set, 0, 99)));
  printf("get none: %s\n", result(semget(IPC_PRIVATE, 0, 0600)));
  printf("negative: %s\n", result(semget(IPC_PRIVATE, -1, 0600)));
  printf("too many: %s\n", result(semget(IPC_PRIVATE, 32001, 0600)));
  printf("rmid %s\n", result(semctl(set, 0, IPC_RMID)));
  printf("again %s\n", result(semctl(set, 0, IPC_RMID)));
  return 0;
}
