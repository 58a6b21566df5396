// Flags of shmat(2): SHM_RND rounds down, SHM_REMAP replaces mappings and needs an address, SHM_RDONLY and SHM_EXEC give the
// rights that /proc/self/maps shows, and shmdt(2) takes only the address of an attachment.
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

static void rights(const char *what, void *at) {
  char line[256], want[32];
  sprintf(want, "%lx-", (long)at);
  FILE *f = fopen("/proc/self/maps", "r");
  while (fgets(line, sizeof line, f))
    if (!strncmp(line, want, strlen(want))) printf("%s: %.4s %s\n", what, strchr(line, ' ') + 1, strstr(line, "SYSV") ? "SYSV" : "");
  fclose(f);
}

int main(void) {
  int id = shmget(IPC_PRIVATE, 3 * 4096, 0700);
  char *room = mmap(NULL, 16 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  memset(room, 'r', 16 * 4096);
#define AT(address, flags) ((long)shmat(id, address, flags) == -1 ? -1 : 0)
  SHOW(AT(room, 0));
  SHOW(AT(room + 5, 0));
  SHOW(AT(room + 5, SHM_REMAP));
  SHOW(AT(NULL, SHM_REMAP));
  SHOW(AT(room + 4096 + 5, SHM_RND));
  SHOW(AT(room + 4096 + 5, SHM_RND | SHM_REMAP));
  rights("plain", room + 4096);
  printf("around %c %d %d %c\n", room[4095], room[4096], room[4 * 4096 - 1], room[4 * 4096]);
  strcpy(room + 4096, "shared");
  SHOW(AT(room + 8 * 4096, SHM_REMAP | SHM_RDONLY));
  rights("read only", room + 8 * 4096);
  printf("'%s'\n", room + 8 * 4096);
  SHOW(AT(room + 12 * 4096, SHM_REMAP | SHM_EXEC));
  rights("exec", room + 12 * 4096);
  char *other = shmat(id, NULL, SHM_EXEC | SHM_RDONLY);
  rights("exec, read only", other);
  SHOW(mprotect(other, 4096, PROT_READ | PROT_WRITE));
  SHOW(mprotect(room + 4096, 4096, PROT_READ));
  struct shmid_ds ds;
  shmctl(id, IPC_STAT, &ds);
  printf("attached %ld\n", (long)ds.shm_nattch);
  SHOW(shmdt(room + 2 * 4096));
  SHOW(shmdt(room + 4096 + 1));
  SHOW(shmdt(room));
  SHOW(shmdt(room + 4096));
  SHOW(shmdt(room + 4096));
  SHOW(shmdt(other));
  munmap(room + 8 * 4096, 4096);
  shmctl(id, IPC_STAT, &ds);
  printf("attached %ld\n", (long)ds.shm_nattch);
  SHOW(shmdt(room + 8 * 4096));
  SHOW(shmdt(room + 12 * 4096));
  shmctl(id, IPC_STAT, &ds);
  printf("attached %ld\n", (long)ds.shm_nattch);
  SHOW(shmctl(id, IPC_RMID, NULL));
  SHOW(AT(NULL, 0));
  return 0;
}
