// POSIX shared memory (shm_open(3)): names, flags and modes, size by ftruncate, one memory in two processes and two mappings, what
// lies beyond the end (SIGBUS), read-only descriptors, the name removed while mapped.
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
  char name[64];
  sprintf(name, "/sb-shm-%d", getpid());
  umask(022);
  SHOW(shm_open(name, O_RDWR, 0));
  SHOW(shm_open("", O_CREAT | O_RDWR, 0600));
  SHOW(shm_open("/a/b", O_CREAT | O_RDWR, 0600));
  int fd = shm_open(name, O_CREAT | O_EXCL | O_RDWR, 0666);
  SHOW(shm_open(name, O_CREAT | O_EXCL | O_RDWR, 0600));
  struct stat st;
  fstat(fd, &st);
  printf("mode %o, size %ld, close-on-exec %d\n", st.st_mode, (long)st.st_size, fcntl(fd, F_GETFD));
  SHOW(ftruncate(fd, 5000));
  char *a = mmap(NULL, 3 * 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  int reader = shm_open(name, O_RDONLY, 0);
  SHOW(mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, reader, 0) == MAP_FAILED ? -1 : 0);
  char *b = mmap(NULL, 4096, PROT_READ, MAP_SHARED, reader, 0);
  strcpy(a, "parent");
  printf("'%s'\n", b);
  fflush(stdout);
  int status;
  if (fork() == 0) {
    strcat(a, " and child");
    a[4999] = a[8191] = 'x';
    _exit(0);
  }
  wait(&status);
  printf("'%s' %c, ended %d\n", b, a[4999], status);
  if (fork() == 0) {
    a[8192] = 'x';
    _exit(0);
  }
  wait(&status);
  printf("beyond the last page: signal %s\n", WIFSIGNALED(status) ? sigabbrev_np(WTERMSIG(status)) : "none");
  SHOW(ftruncate(reader, 1));
  SHOW(shm_unlink(name));
  SHOW(shm_unlink(name));
  SHOW(shm_open(name, O_RDWR, 0));
  fstat(fd, &st);
  printf("links %ld, '%s'\n", (long)st.st_nlink, b);
  SHOW(ftruncate(fd, 100));
  SHOW(ftruncate(fd, 5000));
  printf("cut: '%.6s' %d\n", b, a[4999]);
  return 0;
}
