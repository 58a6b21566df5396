// A system call that gets a bad pointer fails with EFAULT and raises no signal; one that crosses from good memory into
// bad moves nothing or a part, as Linux's copy routines do.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void show(const char *what, long r) {
  int e = errno;
  printf("%s: %ld %s\n", what, r, r < 0 ? strerrorname_np(e) : "");
}

int main(void) {
  char *page = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  munmap(page + 4096, 4096);
  int fd[2];
  if (pipe(fd)) return 1;
  void *bad = (void *)0x10;
  show("write bad", syscall(SYS_write, fd[1], bad, 5));
  show("write over the edge", syscall(SYS_write, fd[1], page + 4090, 20));
  if (write(fd[1], "0123456789", 10) != 10) return 1;
  show("read bad", syscall(SYS_read, fd[0], bad, 5));
  show("read kernel address", syscall(SYS_read, fd[0], (void *)0xffff888000000000, 5));
  char rest[32];
  show("bytes left", read(fd[0], rest, sizeof rest));
  show("open bad name", syscall(SYS_openat, AT_FDCWD, bad, O_RDONLY, 0));
  memcpy(page + 4092, "/tmp", 4);  // No NUL before the edge.
  show("open name over the edge", syscall(SYS_openat, AT_FDCWD, page + 4092, O_RDONLY, 0));
  show("stat bad buffer", syscall(SYS_newfstatat, AT_FDCWD, "/", bad, 0));
  show("uname", syscall(SYS_uname, bad));
  show("pipe2", syscall(SYS_pipe2, bad, 0));
  show("clock_gettime", syscall(SYS_clock_gettime, CLOCK_MONOTONIC, bad));
  show("getcwd", syscall(SYS_getcwd, bad, 100));
  show("poll", syscall(SYS_poll, bad, 1, 0));
  struct iovec v[2] = {{"abc", 3}, {bad, 4}};
  show("writev with a bad second", syscall(SYS_writev, fd[1], v, 2));
  show("writev bad vector", syscall(SYS_writev, fd[1], bad, 2));
  show("execve bad", syscall(SYS_execve, bad, NULL, NULL));
  char *args[] = {(char *)bad, NULL};
  show("execve bad argument", syscall(SYS_execve, getauxval(AT_EXECFN), args, NULL));
  show("read nothing at a bad place", syscall(SYS_read, fd[0], bad, 0));
  show("null write of nothing", syscall(SYS_write, fd[1], NULL, 0));
  mprotect(page, 4096, PROT_READ);
  if (write(fd[1], "x", 1) != 1) return 1;
  show("read into read-only", syscall(SYS_read, fd[0], page, 1));
  show("wait4 bad status", syscall(SYS_wait4, -1, bad, WNOHANG, NULL));
  return 0;
}
