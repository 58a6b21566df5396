// Shmctl(2): the fields of IPC_STAT, what IPC_SET changes, SHM_LOCK and SHM_UNLOCK, SHM_DEST, SHM_STAT and SHM_STAT_ANY by slot,
// IPC_INFO and SHM_INFO, and the errors of shmget(2).
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

static int id;

static void show(const char *when) {
  struct shmid_ds ds;
  if (shmctl(id, IPC_STAT, &ds)) {
    printf("%s: %s\n", when, strerrorname_np(errno));
    return;
  }
  printf("%s: mode %o, size %zu, attached %ld, creator %s, last %s, times %d %d %d, owner %d\n", when, ds.shm_perm.mode, ds.shm_segsz,
         (long)ds.shm_nattch, ds.shm_cpid == getpid() ? "me" : "?", ds.shm_lpid == getpid() ? "me" : ds.shm_lpid ? "another" : "none",
         ds.shm_atime != 0, ds.shm_dtime != 0, ds.shm_ctime != 0, ds.shm_perm.uid == getuid() && ds.shm_perm.cuid == getuid());
}

int main(void) {
  key_t key = 0x5b000000 + getpid();
  id = shmget(key, 5000, IPC_CREAT | IPC_EXCL | 0640);
  show("new");
  SHOW(shmget(key, 5001, 0) == id ? 0 : -1);
  SHOW(shmget(key, 5000, 0) == id ? 0 : -1);
  SHOW(shmget(key, 0, 0) == id ? 0 : -1);
  SHOW(shmget(key, 1, IPC_CREAT | IPC_EXCL | 0600));
  SHOW(shmget(key + 0x100000, 1, 0));
  SHOW(shmget(IPC_PRIVATE, 0, 0600));
  SHOW(shmget(IPC_PRIVATE, -1, 0600));
  char *m = shmat(id, NULL, 0);
  show("attached");
  if (fork() == 0) {
    shmdt(m);
    _exit(0);
  }
  wait(NULL);
  show("a child detached");
  SHOW(shmctl(id, SHM_LOCK, NULL));
  show("locked");
  SHOW(shmctl(id, SHM_UNLOCK, NULL));
  show("unlocked");
  struct shmid_ds ds, any;
  shmctl(id, IPC_STAT, &ds);
  ds.shm_perm.mode = 07604;
  ds.shm_segsz = 1;
  SHOW(shmctl(id, IPC_SET, &ds));
  show("set");
  SHOW(shmctl(id, SHM_STAT, &any) == id ? 0 : -1);
  int slot = id % 32768;
  printf("by slot: %s %s\n", shmctl(slot, SHM_STAT, &any) == id ? "found" : "no", any.shm_segsz == 5000 ? "same" : "other");
  printf("any: %s\n", shmctl(slot, SHM_STAT_ANY, &any) == id ? "found" : "no");
  struct shminfo info;
  int highest = shmctl(0, IPC_INFO, (void *)&info);
  printf("highest %s, min %lu, mni %lu\n", highest >= slot ? "fits" : "too low", (long)info.shmmin, (long)info.shmmni);
  struct shm_info used;
  highest = shmctl(0, SHM_INFO, (void *)&used);
  printf("used %s, %s pages\n", used.used_ids >= 1 ? "some" : "none", used.shm_tot >= 2 ? "enough" : "few");
  SHOW(shmctl(id, IPC_STAT, (void *)8));
  SHOW(shmctl(id, 99, NULL));
  SHOW(shmctl(-1, IPC_STAT, &ds));
  SHOW(shmctl(id, IPC_RMID, NULL));
  show("removed");
  SHOW(shmget(key, 1, 0));
  int again = shmat(id, NULL, 0) == (void *)-1 ? errno : 0;
  printf("attach again: %s\n", again ? strerrorname_np(again) : "ok");
  shmdt(m);
  show("detached once");
  char *second = NULL;
  FILE *f = fopen("/proc/self/maps", "r");
  static char line[256];
  while (fgets(line, sizeof line, f))
    if (strstr(line, "SYSV")) second = (char *)strtoul(line, NULL, 16);
  fclose(f);
  if (second) shmdt(second);
  show("all");
  return 0;
}
