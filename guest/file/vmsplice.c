// Vmsplice(2): pages of the process become pipe buffers, so that later stores are seen by the reader; gathered pieces, reading
// into memory, a full pipe, EFAULT, EBADF, EINVAL (fs/splice.c: vmsplice_to_pipe, vmsplice_to_user).
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

#define SHOW(x)                                                                   \
  do {                                                                            \
    errno = 0;                                                                    \
    long r_ = (long)(x);                                                          \
    if (r_ < 0) printf("%s: %s\n", #x, strerrorname_np(errno));                   \
    else printf("%s: %ld\n", #x, r_);                                             \
  } while (0)

static void left(int fd) {
  int n = -1;
  ioctl(fd, FIONREAD, &n);
  printf("  %d bytes\n", n);
}

int main(void) {
  int ends[2];
  if (pipe(ends)) return 1;
  char *m = mmap(NULL, 40 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), text[64] = "";
  memcpy(m, "lent bytes", 10);
  memcpy(m + 4090, "across pages", 12);
  struct iovec v[2] = {{m, 10}, {m + 4090, 12}};
  SHOW(vmsplice(ends[1], v, 2, 0));
  left(ends[0]);
  memcpy(m, "LENT", 4);
  m[4096] = '*';
  SHOW(read(ends[0], text, sizeof text));
  printf("  '%s'\n", text);

  // What was written after is not added to the process's own page.
  SHOW(vmsplice(ends[1], v, 1, 0));
  if (write(ends[1], "more", 4) != 4) return 1;
  printf("  page: '%.14s'\n", m);
  memset(text, 0, sizeof text);
  struct iovec sink[2] = {{text, 3}, {text + 8, 40}};
  SHOW(vmsplice(ends[0], sink, 2, 0));
  printf("  '%s' '%s'\n", text, text + 8);
  SHOW(vmsplice(ends[0], sink, 2, SPLICE_F_NONBLOCK));

  struct iovec all = {m, 40 * 4096};
  SHOW(vmsplice(ends[1], &all, 1, SPLICE_F_GIFT));
  left(ends[0]);
  SHOW(vmsplice(ends[1], &all, 1, SPLICE_F_NONBLOCK));
  SHOW(read(ends[0], m, 40 * 4096));

  struct iovec none = {m, 0}, bad = {(void *)8, 4};
  SHOW(vmsplice(ends[1], &none, 1, 0));
  SHOW(vmsplice(ends[1], v, 0, 0));
  SHOW(vmsplice(ends[1], &bad, 1, 0));
  munmap(m + 20 * 4096, 4096);
  struct iovec half = {m + 18 * 4096, 3 * 4096};
  SHOW(vmsplice(ends[1], &half, 1, 0));
  SHOW(vmsplice(ends[1], v, -1, 0));
  SHOW(vmsplice(ends[1], v, 1025, 0));
  SHOW(vmsplice(ends[1], v, 1, 32));
  SHOW(vmsplice(999, v, 1, 0));
  int null = open("/dev/null", O_RDWR);
  SHOW(vmsplice(null, v, 1, 0));
  close(ends[1]);
  left(ends[0]);
  struct iovec big = {m, 16 * 4096};
  SHOW(vmsplice(ends[0], &big, 1, 0));
  SHOW(vmsplice(ends[0], &big, 1, 0));
  return 0;
}
