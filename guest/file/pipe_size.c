// F_SETPIPE_SZ and F_GETPIPE_SZ: rounding to powers of two of pages, EBUSY when what is there would not fit, EPERM over
// /proc/sys/fs/pipe-max-size for who is not root, EINVAL, EBADF; the new size holds that much (pipe(7), pipe_set_size).
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SHOW(x)                                                                   \
  do {                                                                            \
    errno = 0;                                                                    \
    long r_ = (long)(x);                                                          \
    if (r_ < 0) printf("%s: %s\n", #x, strerrorname_np(errno));                   \
    else printf("%s: %ld\n", #x, r_);                                             \
  } while (0)

static long fill(int fd) {
  static char page[4096];
  long total = 0, n;
  while ((n = write(fd, page, sizeof page)) > 0) total += n;
  return total;
}

int main(void) {
  if (geteuid() == 0) {
    setgroups(0, NULL);
    uid_t uid = 40000 + getpid() % 10000;
    if (setresgid(uid, uid, uid) || setresuid(uid, uid, uid)) return 1;
  }
  int p[2];
  static char page[65536];
  if (pipe2(p, O_NONBLOCK)) return 1;
  SHOW(fcntl(p[0], F_GETPIPE_SZ));
  SHOW(fcntl(p[1], F_SETPIPE_SZ, 1));
  SHOW(fill(p[1]));
  SHOW(fcntl(p[1], F_SETPIPE_SZ, 4097));
  SHOW(fcntl(p[0], F_GETPIPE_SZ));
  SHOW(fill(p[1]));
  SHOW(fcntl(p[1], F_SETPIPE_SZ, 4096));
  SHOW(read(p[0], page, 4096));
  SHOW(fcntl(p[1], F_SETPIPE_SZ, 4096));
  SHOW(fcntl(p[0], F_SETPIPE_SZ, 100000));
  SHOW(fill(p[1]));
  SHOW(fcntl(p[1], F_SETPIPE_SZ, 65536));
  SHOW(read(p[0], page, 65536));
  SHOW(read(p[0], page, 1));
  SHOW(fcntl(p[1], F_SETPIPE_SZ, 65536));
  SHOW(fcntl(p[1], F_SETPIPE_SZ, 0));
  SHOW(read(p[0], page, 65536));
  SHOW(fcntl(p[1], F_SETPIPE_SZ, 0));
  SHOW(fcntl(p[1], F_SETPIPE_SZ, -1));
  SHOW(fcntl(p[1], F_SETPIPE_SZ, 0x80000001u));

  char text[32] = "";
  int fd = open("/proc/sys/fs/pipe-max-size", O_RDONLY);
  long max = read(fd, text, sizeof text - 1) > 0 ? atol(text) : -1;
  printf("most: %s\n", fcntl(p[1], F_SETPIPE_SZ, max) == max ? "ok" : strerrorname_np(errno));
  printf("one more: %s\n", fcntl(p[1], F_SETPIPE_SZ, max + 1) < 0 ? strerrorname_np(errno) : "ok");
  printf("still: %s\n", fcntl(p[1], F_GETPIPE_SZ) == max ? "most" : "another");
  SHOW(fcntl(fd, F_GETPIPE_SZ));
  SHOW(fcntl(fd, F_SETPIPE_SZ, 4096));
  return 0;
}
