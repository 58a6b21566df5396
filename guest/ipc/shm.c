// Shared memory (shmop(2), shmctl(2)): attaches count at fork, exec and exit, RMID while attached, SHM_RND, SHM_REMAP, RDONLY.
#define _GNU_SOURCE
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <sys/wait.h>
#include <unistd.h>

static int id;
static sigjmp_buf env;
static void on_fault(int sig, siginfo_t *info, void *context) {
  (void)sig, (void)context;
  siglongjmp(env, info->si_code);
}

static void show(const char *what) {
  struct shmid_ds d;
  if (shmctl(id, IPC_STAT, &d) < 0) {
    printf("%s: %s\n", what, strerrorname_np(errno));
    return;
  }
  printf("%s: size %zu attaches %lu mode %o created by me %d, last by me %d, attached %d detached %d key %x\n", what, d.shm_segsz,
         (unsigned long)d.shm_nattch, d.shm_perm.mode, d.shm_cpid == getpid(), d.shm_lpid == getpid(), d.shm_atime != 0,
         d.shm_dtime != 0, d.shm_perm.__key != 0);
}
static const char *error(void *p) { return p == (void *)-1 ? strerrorname_np(errno) : "ok"; }

/* A number, or the name of the error. */
static const char *result(long r) {
  static char text[32];
  if (r == -1) return strerrorname_np(errno);
  sprintf(text, "%ld", r);
  return text;
}

int main(int argc, char **argv) {
  if (argc == 1 && strcmp(argv[0], "exec") == 0) return 0;
  setvbuf(stdout, 0, _IONBF, 0);
  struct sigaction sa = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO};
  sigaction(SIGSEGV, &sa, 0);
  id = shmget(IPC_PRIVATE, 10000, IPC_CREAT | 0640);
  show("new");
  char *a = shmat(id, 0, 0), *b = shmat(id, 0, 0);
  printf("twice, page-aligned %d, different %d\n", (long)a % 4096 == 0, a != b);
  strcpy(a + 9990, "shared");
  printf("seen %s, zero %d, to the end of the page %d\n", b + 9990, b[5000], b[12287] = 0);
  show("two attaches");
  if (fork() == 0) {
    show("child");
    strcpy(b, "from the child");
    printf("detach %d\n", shmdt(a));
    show("child detached one");
    _exit(0);
  }
  wait(0);
  printf("%s\n", a);
  show("child is gone");
  if (fork() == 0) {
    execl((char *)getauxval(AT_EXECFN), "exec", NULL);
    _exit(1);
  }
  wait(0);
  show("exec detaches");
  // Read-only: a store is SEGV_ACCERR, and mprotect cannot change it.
  char *r = shmat(id, 0, SHM_RDONLY);
  printf("read only: %s\n", r);
  int code = sigsetjmp(env, 1);
  if (code == 0) *r = 'x';
  printf("store: code %d\n", code);
  printf("mprotect %s\n", result(mprotect(r, 4096, PROT_READ | PROT_WRITE)));
  printf("detach %d\n", shmdt(r));
  // Places.
  char *hole = mmap(0, 1 << 20, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  munmap(hole, 1 << 20);
  printf("at an address %d\n", shmat(id, hole + 65536, 0) == hole + 65536);
  printf("occupied: %s\n", error(shmat(id, hole + 65536 + 4096, 0)));
  printf("unaligned: %s\n", error(shmat(id, hole + 123, 0)));
  printf("rounded %d\n", shmat(id, hole + 0x40123, SHM_RND) == hole + 0x40000);
  printf("remap %d\n", shmat(id, hole + 0x41000, SHM_REMAP) == hole + 0x41000);
  printf("remap nowhere: %s\n", error(shmat(id, 0, SHM_REMAP)));
  show("five or so");
  strcpy(a, "seen everywhere");
  printf("%s, %s, %s\n", hole + 65536, hole + 0x40000, hole + 0x41000);
  printf("detach the cut one %d\n", shmdt(hole + 0x40000));
  printf("detach the middle %s\n", result(shmdt(hole + 65536 + 4096)));
  printf("detach %s\n", result(shmdt(hole + 65536)));
  printf("again %s\n", result(shmdt(hole + 65536)));
  // A hole in the middle makes two areas, which one shmdt takes away.
  munmap(hole + 0x42000, 4096);
  show("cut in two");
  printf("detach both %d\n", shmdt(hole + 0x41000));
  show("both gone");
  // Locking marks it.
  printf("lock %d", shmctl(id, SHM_LOCK, 0));
  show("");
  printf("unlock %d\n", shmctl(id, SHM_UNLOCK, 0));
  struct shmid_ds d;
  shmctl(id, IPC_STAT, &d);
  d.shm_perm.mode = 01755;
  printf("set %d\n", shmctl(id, IPC_SET, &d));
  show("set");
  // Removal while attached.
  printf("rmid %d\n", shmctl(id, IPC_RMID, 0));
  show("marked");
  char *again = shmat(id, 0, 0);
  printf("attach all the same %s\n", again == (void *)-1 ? strerrorname_np(errno) : again);
  shmdt(again);
  shmdt(b);
  show("one left");
  strcpy(a, "alive");
  printf("%s\n", a);
  shmdt(a);
  show("gone");
  printf("attach: %s\n", error(shmat(id, 0, 0)));
  printf("detach nothing: %s\n", result(shmdt(0)));
  // A child that ends with the only attach of a removed segment.
  id = shmget(IPC_PRIVATE, 4096, 0600);
  if (fork() == 0) {
    shmat(id, 0, 0);
    shmctl(id, IPC_RMID, 0);
    _exit(0);
  }
  wait(0);
  show("gone with the child");
  errno = 0;
  printf("size 0: %s\n", result(shmget(IPC_PRIVATE, 0, 0600)));
  printf("huge: %s\n", result(shmget(IPC_PRIVATE, -1L, 0600)));
  struct shminfo i;
  printf("info %d", shmctl(0, IPC_INFO, (struct shmid_ds *)&i) >= 0);
  printf(" %lu %lu %lu %lu %lu\n", i.shmmax, i.shmmin, i.shmmni, i.shmseg, i.shmall);
  return 0;
}
