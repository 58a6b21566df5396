// Sendfile(2) and copy_file_range(2): offsets given and not, the end, overlap, files to pipes until they are full, what may be
// the source and the target, O_APPEND, EINVAL, EBADF, ESPIPE, EISDIR, EFAULT.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <unistd.h>

#define SHOW(x)                                                                   \
  do {                                                                            \
    errno = 0;                                                                    \
    long r_ = (long)(x);                                                          \
    if (r_ < 0) printf("%s: %s\n", #x, strerrorname_np(errno));                   \
    else printf("%s: %ld\n", #x, r_);                                             \
  } while (0)

static void content(int fd) {
  char text[64] = "";
  long n = pread(fd, text, sizeof text - 1, 0);
  printf("  %ld '%s'\n", n, text);
}

int main(void) {
  signal(SIGPIPE, SIG_IGN);
  int a = open("/tmp", O_TMPFILE | O_RDWR, 0600), b = open("/tmp", O_TMPFILE | O_RDWR, 0600), p[2];
  if (write(a, "0123456789", 10) != 10 || pipe2(p, O_NONBLOCK)) return 1;

  off_t at = 3;
  SHOW(sendfile(b, a, &at, 4));
  printf("  offset %ld, position %ld, target %ld\n", (long)at, (long)lseek(a, 0, SEEK_CUR), (long)lseek(b, 0, SEEK_CUR));
  SHOW(sendfile(b, a, NULL, 4));
  lseek(a, 8, SEEK_SET);
  SHOW(sendfile(b, a, NULL, 100));
  printf("  position %ld\n", (long)lseek(a, 0, SEEK_CUR));
  content(b);
  at = 20;
  SHOW(sendfile(b, a, &at, 1));
  at = -1;
  SHOW(sendfile(b, a, &at, 1));
  SHOW(sendfile(b, a, (off_t *)8, 1));
  SHOW(sendfile(b, p[0], NULL, 1));
  at = 0;
  SHOW(sendfile(b, p[0], &at, 1));
  SHOW(sendfile(999, a, NULL, 1));
  SHOW(sendfile(b, 999, NULL, 1));
  int append = open("/tmp", O_TMPFILE | O_RDWR | O_APPEND, 0600), directory = open("/tmp", O_RDONLY);
  SHOW(sendfile(append, a, &at, 1));
  SHOW(sendfile(b, directory, NULL, 1));
  SHOW(sendfile(directory, a, &at, 1));
  SHOW(sendfile(b, a, &at, 0));
  at = 0;
  SHOW(sendfile(p[1], a, &at, 10));
  char text[16] = "";
  SHOW(read(p[0], text, sizeof text));
  printf("  '%s'\n", text);
  if (ftruncate(a, 200000)) return 1;
  at = 0;
  SHOW(sendfile(p[1], a, &at, 200000));
  printf("  offset %ld\n", (long)at);
  SHOW(sendfile(p[1], a, &at, 1));
  close(p[0]);
  SHOW(sendfile(p[1], a, &at, 1));

  if (ftruncate(a, 10)) return 1;
  loff_t from = 2, to = 20;
  SHOW(copy_file_range(a, &from, b, &to, 5, 0));
  printf("  from %ld, to %ld, size %ld\n", (long)from, (long)to, (long)lseek(b, 0, SEEK_END));
  lseek(a, 0, SEEK_SET);
  lseek(b, 0, SEEK_SET);
  SHOW(copy_file_range(a, NULL, b, NULL, 3, 0));
  printf("  positions %ld %ld\n", (long)lseek(a, 0, SEEK_CUR), (long)lseek(b, 0, SEEK_CUR));
  from = 10, to = 0;
  SHOW(copy_file_range(a, &from, b, &to, 5, 0));
  from = 0, to = 4;
  SHOW(copy_file_range(a, &from, a, &to, 5, 0));
  to = 5;
  SHOW(copy_file_range(a, &from, a, &to, 5, 0));
  content(a);
  SHOW(copy_file_range(a, NULL, b, NULL, 1, 1));
  SHOW(copy_file_range(a, NULL, append, NULL, 1, 0));
  SHOW(copy_file_range(a, NULL, p[1], NULL, 1, 0));
  SHOW(copy_file_range(directory, NULL, b, NULL, 1, 0));
  SHOW(copy_file_range(999, NULL, b, NULL, 1, 0));
  SHOW(copy_file_range(a, (loff_t *)8, b, NULL, 1, 0));
  from = -1;
  SHOW(copy_file_range(a, &from, b, NULL, 1, 0));
  return 0;
}
