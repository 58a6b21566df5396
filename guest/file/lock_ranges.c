// Record locks of fcntl(2) by byte ranges: what another process finds with F_GETLK after locks were joined, split, changed and
// partly removed; l_whence, negative lengths, EOVERFLOW, EINVAL, EBADF (fs/locks.c: posix_lock_inode, flock64_to_posix_lock).
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static int fd;

static int set(short type, short whence, long start, long length) {
  struct flock l = {.l_type = type, .l_whence = whence, .l_start = start, .l_len = length};
  return fcntl(fd, F_SETLK, &l);
}

static void show(const char *when) {
  fflush(stdout);
  pid_t parent = getpid();
  if (fork() == 0) {
    printf("%s:", when);
    long at = 0;
    for (;;) {
      struct flock l = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = at, .l_len = 0};
      if (fcntl(fd, F_GETLK, &l) || l.l_type == F_UNLCK) break;
      printf(" %c[%ld+%ld]%s", l.l_type == F_WRLCK ? 'W' : 'R', (long)l.l_start, (long)l.l_len, l.l_pid == parent ? "" : "?");
      if (l.l_len == 0) break;
      at = l.l_start + l.l_len;
    }
    printf("\n");
    fflush(stdout);
    _exit(0);
  }
  wait(NULL);
}

static void attempt(const char *what, int r) { printf("%s: %s\n", what, r < 0 ? strerrorname_np(errno) : "ok"); }

int main(void) {
  char path[] = "/tmp/sb-ranges-XXXXXX";
  fd = mkstemp(path);
  if (ftruncate(fd, 1000)) return 1;

  set(F_WRLCK, SEEK_SET, 100, 50);
  show("one");
  set(F_WRLCK, SEEK_SET, 150, 50);
  show("joined");
  set(F_UNLCK, SEEK_SET, 120, 10);
  show("hole");
  set(F_RDLCK, SEEK_SET, 140, 20);
  show("changed inside");
  set(F_RDLCK, SEEK_SET, 110, 60);
  show("over all");
  set(F_WRLCK, SEEK_SET, 90, 200);
  show("covered");
  set(F_UNLCK, SEEK_SET, 0, 0);
  show("none");

  set(F_RDLCK, SEEK_END, -100, 50);
  lseek(fd, 500, SEEK_SET);
  set(F_WRLCK, SEEK_CUR, 10, -20);
  show("from end and position");
  set(F_RDLCK, SEEK_SET, 2000, 0);
  show("to the end");
  set(F_UNLCK, SEEK_SET, 3000, 10);
  show("hole far out");
  set(F_UNLCK, SEEK_SET, 0, 0);

  attempt("last byte", set(F_WRLCK, SEEK_SET, LLONG_MAX, 1));
  show("last byte");
  attempt("last two, the second too many", set(F_WRLCK, SEEK_SET, LLONG_MAX, 2));
  attempt("past the position", set(F_WRLCK, SEEK_CUR, LLONG_MAX, 1));
  attempt("before the start", set(F_WRLCK, SEEK_SET, -1, 1));
  attempt("backwards past the start", set(F_WRLCK, SEEK_SET, 5, -6));
  attempt("backwards to the start", set(F_WRLCK, SEEK_SET, 5, -5));
  show("first five");
  attempt("whence 3", set(F_WRLCK, 3, 0, 1));
  attempt("type 7", set(7, SEEK_SET, 0, 1));
  set(F_UNLCK, SEEK_SET, 0, 0);

  struct flock l = {.l_type = F_UNLCK, .l_whence = SEEK_SET};
  attempt("get unlocked", fcntl(fd, F_GETLK, &l));
  attempt("bad address", fcntl(fd, F_SETLK, (void *)8));
  attempt("bad descriptor", fcntl(999, F_SETLK, &l));
  int in = open(path, O_RDONLY), out = open(path, O_WRONLY);
  l.l_type = F_WRLCK;
  attempt("write lock, read only", fcntl(in, F_SETLK, &l));
  attempt("ask about it", fcntl(in, F_GETLK, &l));
  printf("type %d\n", l.l_type == F_UNLCK);
  l.l_type = F_RDLCK;
  attempt("read lock, write only", fcntl(out, F_SETLK, &l));

  // Any close of the file by the process gives all up; a child has none of them.
  set(F_WRLCK, SEEK_SET, 0, 10);
  close(out);
  show("another descriptor closed");
  set(F_WRLCK, SEEK_SET, 0, 10);
  fflush(stdout);
  if (fork() == 0) {
    attempt("child", set(F_RDLCK, SEEK_SET, 0, 1));
    attempt("child beyond", set(F_RDLCK, SEEK_SET, 10, 1));
    close(fd);
    close(in);
    fflush(stdout);
    _exit(0);
  }
  wait(NULL);
  show("child closed");
  unlink(path);
  return 0;
}
