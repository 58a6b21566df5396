// Lseek(2), holes, pread, pwrite, readv, writev, ftruncate, truncate: positions shared by dup and fork but not by a second
// open, reads of holes are zero, errors, SEEK_DATA and SEEK_HOLE at the ends.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

static void show(const char *what, long r) {
  int e = errno;
  if (r < 0) printf("%s: %s\n", what, strerrorname_np(e));
  else printf("%s: %ld\n", what, r);
}

int main(void) {
  char name[] = "/tmp/guest-XXXXXX";
  int fd = mkstemp(name);
  show("write", write(fd, "start", 5));
  show("beyond the end", lseek(fd, 100000, SEEK_SET));
  struct stat st;
  fstat(fd, &st);
  printf("size unchanged %ld\n", (long)st.st_size);
  show("write there", write(fd, "end", 3));
  show("end", lseek(fd, 0, SEEK_END));
  show("relative", lseek(fd, -8, SEEK_CUR));
  char buf[64];
  memset(buf, 'x', sizeof buf);
  show("read over the hole's end", read(fd, buf, 20));
  printf("%d %d %c%c%c\n", buf[0], buf[4], buf[5], buf[6], buf[7]);
  show("at the end", read(fd, buf, 20));
  show("before the start", lseek(fd, -1, SEEK_SET));
  show("bad whence", lseek(fd, 0, 99));
  show("far out", lseek(fd, 1ll << 40, SEEK_SET) == 1ll << 40 ? 0 : -1);
  show("read there", read(fd, buf, 1));
  lseek(fd, 2, SEEK_SET);
  show("pread", pread(fd, buf, 3, 0));
  show("pwrite", pwrite(fd, "XY", 2, 99999));
  show("position untouched", lseek(fd, 0, SEEK_CUR));
  show("pread negative", pread(fd, buf, 1, -1));
  show("pread at the end", pread(fd, buf, 1, 100003));

  int same = dup(fd), other = open(name, O_RDWR);
  lseek(same, 50, SEEK_SET);
  printf("dup shares the position %ld, open does not %ld\n", (long)lseek(fd, 0, SEEK_CUR), (long)lseek(other, 0, SEEK_CUR));
  fflush(stdout);
  pid_t child = fork();
  if (child == 0) {
    lseek(fd, 7, SEEK_CUR);
    lseek(other, 9, SEEK_SET);
    _exit(0);
  }
  waitpid(child, NULL, 0);
  printf("after the child: %ld %ld\n", (long)lseek(fd, 0, SEEK_CUR), (long)lseek(other, 0, SEEK_CUR));

  struct iovec v[3] = {{"one", 3}, {"", 0}, {"three", 5}};
  lseek(fd, 0, SEEK_SET);
  show("writev", writev(fd, v, 3));
  char a[4] = "", b[8] = "";
  struct iovec r[2] = {{a, 3}, {b, 7}};
  show("preadv", preadv(fd, r, 2, 0));
  printf("%s|%.5s|%d\n", a, b, b[5]);
  show("writev with 0 vectors", writev(fd, v, 0));
  show("writev with -1 vectors", syscall(SYS_writev, fd, v, -1));
  show("writev with 1025", syscall(SYS_writev, fd, v, 1025));
  struct iovec too[2] = {{buf, 1ul << 63}, {buf, 1}};
  show("writev of too much", writev(fd, too, 2));
  show("pwritev", pwritev(fd, v, 3, 10));

  show("ftruncate", ftruncate(fd, 4));
  show("size", lseek(fd, 0, SEEK_END));
  show("grow", truncate(name, 10));
  show("pread", pread(fd, buf, 64, 0));
  printf("%.4s %d %d\n", buf, buf[4], buf[9]);
  show("truncate negative", ftruncate(fd, -1));
  int ro = open(name, O_RDONLY);
  show("truncate read-only", ftruncate(ro, 1));
  show("truncate directory", truncate("/tmp", 1));
  show("SEEK_DATA", lseek(fd, 0, SEEK_DATA));
  show("SEEK_HOLE", lseek(fd, 0, SEEK_HOLE));
  show("SEEK_DATA at the end", lseek(fd, 10, SEEK_DATA));
  int p[2];
  if (pipe(p)) return 1;
  show("seek a pipe", lseek(p[0], 0, SEEK_CUR));
  show("pread a pipe", pread(p[0], buf, 1, 0));
  show("truncate a pipe", ftruncate(p[1], 0));
  unlink(name);
  show("unlinked file still works", write(fd, "x", 1));
  fstat(fd, &st);
  printf("links %ld\n", (long)st.st_nlink);
  return 0;
}
