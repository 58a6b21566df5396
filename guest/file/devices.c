// /dev/null, /dev/zero, /dev/full, /dev/urandom (null(4), full(4), random(4)): reads, writes, seeks, terminals' ioctl gives
// ENOTTY.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

static void show(const char *what, long r) {
  int e = errno;
  if (r < 0) printf("%s: %s\n", what, strerrorname_np(e));
  else printf("%s: %ld\n", what, r);
}

int main(void) {
  char buf[100];
  int fd = open("/dev/null", O_RDWR);
  show("null: read", read(fd, buf, 10));
  show("null: write", write(fd, "abc", 3));
  show("null: seek", lseek(fd, 1000, SEEK_SET));
  show("null: truncate on open", open("/dev/null", O_WRONLY | O_TRUNC | O_CREAT, 0600) < 0 ? -1 : 0);
  struct termios t;
  show("null: tcgetattr", tcgetattr(fd, &t));
  struct winsize w;
  show("null: TIOCGWINSZ", ioctl(fd, TIOCGWINSZ, &w));
  show("null: ftruncate", ftruncate(fd, 0));
  fd = open("/dev/zero", O_RDWR);
  memset(buf, 1, sizeof buf);
  show("zero: read", read(fd, buf, 50));
  printf("%d %d %d\n", buf[0], buf[49], buf[50]);
  show("zero: write", write(fd, buf, 7));
  show("zero: pread", pread(fd, buf, 100, 12345));
  fd = open("/dev/full", O_RDWR);
  show("full: read", read(fd, buf, 5));
  show("full: write", write(fd, buf, 5));
  FILE *f = fopen("/dev/full", "w");
  fprintf(f, "buffered");
  show("full: fflush", fflush(f));
  fd = open("/dev/urandom", O_RDONLY);
  memset(buf, 0, sizeof buf);
  show("urandom: read", read(fd, buf, 64));
  int different = 0;
  for (int i = 1; i < 64; i++) different += buf[i] != buf[0];
  printf("random: %d\n", different > 30);
  int p[2];
  if (pipe(p)) return 1;
  show("pipe: tcgetattr", tcgetattr(p[0], &t));
  show("closed: tcgetattr", tcgetattr(77, &t));
  return 0;
}
