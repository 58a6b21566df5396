// PIPE_BUF (pipe(7)): writes of up to 4096 bytes by several processes are never torn apart, and with O_NONBLOCK they go in whole or
// fail with EAGAIN; longer ones may be cut, and say where.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static char block[65536 + 4096];

static void put(int fd, size_t length) {
  long n = write(fd, block, length);
  printf("write %zu: %ld %s\n", length, n, n < 0 ? strerrorname_np(errno) : "");
}

static size_t readAll(int fd, size_t length) {
  size_t done = 0;
  for (long n; done < length && (n = read(fd, block + done, length - done)) > 0;) done += n;
  return done;
}

int main(void) {
  int p[2];
  if (pipe(p)) return 1;
  printf("PIPE_BUF %d %ld\n", PIPE_BUF, fpathconf(p[0], _PC_PIPE_BUF));
  for (int child = 0; child < 3; child++)
    if (fork() == 0) {
      memset(block, 'a' + child, PIPE_BUF);
      // Of odd sizes, so that they do not end where pages do.
      for (int i = 0; i < 40; i++)
        if (write(p[1], block, 3001) != 3001) _exit(1);
      _exit(0);
    }
  close(p[1]);
  int torn = 0, count[3] = {0};
  while (readAll(p[0], 3001) == 3001) {
    for (int i = 1; i < 3001; i++) torn += block[i] != block[0];
    count[block[0] - 'a']++;
  }
  printf("torn %d, blocks %d %d %d\n", torn, count[0], count[1], count[2]);
  while (wait(NULL) > 0);
  close(p[0]);

  if (pipe2(p, O_NONBLOCK)) return 1;
  for (int i = 0; i < 15; i++)
    if (write(p[1], block, 4096) != 4096) return 1;
  put(p[1], 4000);
  put(p[1], 97);
  put(p[1], 96);
  put(p[1], 1);
  put(p[1], 4096);
  put(p[1], 10000);
  if (read(p[0], block, 4096) != 4096) return 1;
  put(p[1], 5000);
  put(p[1], 5000);
  if (readAll(p[0], 2 * 4096) != 2 * 4096) return 1;
  put(p[1], 4096);
  put(p[1], 12289);
  put(p[1], 0);
  return 0;
}
