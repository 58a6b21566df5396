// Dup(2), dup2, dup3, fcntl F_DUPFD, F_GETFD, F_GETFL: close-on-exec is the descriptor's, status flags and position are the
// open file's; errors; close_range.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

static long show(const char *what, long r) {
  int e = errno;
  if (r < 0) printf("%s: %s\n", what, strerrorname_np(e));
  else printf("%s: %ld\n", what, r);
  return r;
}

int main(void) {
  int fd = open("/dev/null", O_RDWR);
  show("dup", dup(fd));
  show("dup2 to 10", dup2(fd, 10));
  show("dup2 to itself", dup2(fd, fd));
  show("dup2 closed to itself", dup2(50, 50));
  show("dup2 of closed", dup2(50, 11));
  show("dup2 to -1", dup2(fd, -1));
  show("dup2 too high", dup2(fd, 100000000));
  show("dup3", dup3(fd, 12, O_CLOEXEC));
  show("dup3 to itself", dup3(fd, fd, 0));
  show("dup3 bad flag", dup3(fd, 13, O_APPEND));
  printf("close-on-exec: %d %d %d\n", fcntl(fd, F_GETFD), fcntl(10, F_GETFD), fcntl(12, F_GETFD));
  show("F_SETFD", fcntl(10, F_SETFD, FD_CLOEXEC));
  printf("only that one: %d %d\n", fcntl(fd, F_GETFD), fcntl(10, F_GETFD));
  show("F_DUPFD from 20", fcntl(fd, F_DUPFD, 20));
  show("F_DUPFD from 20 again", fcntl(fd, F_DUPFD, 20));
  show("F_DUPFD_CLOEXEC", fcntl(fd, F_DUPFD_CLOEXEC, 0));
  printf("it is %d\n", fcntl(5, F_GETFD));
  show("F_DUPFD negative", fcntl(fd, F_DUPFD, -1));
  show("fcntl of closed", fcntl(99, F_GETFD));
  show("fcntl unknown", fcntl(fd, 9999));

  int p[2];
  if (pipe2(p, O_NONBLOCK | O_CLOEXEC)) return 1;
  printf("pipe2: flags %#x %#x, cloexec %d\n", fcntl(p[0], F_GETFL) & ~O_LARGEFILE, fcntl(p[1], F_GETFL) & ~O_LARGEFILE, fcntl(p[0], F_GETFD));
  int d = dup(p[0]);
  printf("dup: cloexec %d, nonblocking %d\n", fcntl(d, F_GETFD), !!(fcntl(d, F_GETFL) & O_NONBLOCK));
  fcntl(d, F_SETFL, 0);
  printf("cleared through the dup: %d\n", !!(fcntl(p[0], F_GETFL) & O_NONBLOCK));
  // The access mode and creation flags cannot be changed.
  fcntl(p[0], F_SETFL, O_RDWR | O_CREAT | O_NONBLOCK);
  printf("after F_SETFL: %#x\n", fcntl(p[0], F_GETFL) & ~O_LARGEFILE);
  int on = 0;
  show("FIONBIO", ioctl(p[0], FIONBIO, &on));
  printf("nonblocking %d\n", !!(fcntl(p[0], F_GETFL) & O_NONBLOCK));
  show("FIOCLEX", ioctl(d, FIOCLEX));
  printf("cloexec %d\n", fcntl(d, F_GETFD));
  if (write(p[1], "12345", 5) != 5) return 1;
  int n = 0;
  ioctl(p[0], FIONREAD, &n);
  printf("FIONREAD %d\n", n);
  char c;
  close(p[0]);
  show("the dup reads on", read(d, &c, 1));
  // Closing the target of dup2 is part of it: the pipe's last reader goes away.
  dup2(fd, d);
  show("isatty", isatty(fd) ? 1 : -1);
  show("close_range", close_range(10, 30, 0));
  show("10 is closed", fcntl(10, F_GETFD));
  show("close_range reversed", close_range(5, 4, 0));
  return 0;
}
