// Counters as files (eventfd(2)): reads and writes, EFD_SEMAPHORE, the maximum, blocking, poll, errors.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *result(long r) {
  static char text[32];
  if (r == -1) return strerrorname_np(errno);
  sprintf(text, "%ld", r);
  return text;
}
static void get(int fd, const char *what) {
  uint64_t n = 0;
  const char *r = result(read(fd, &n, 8));
  printf("%s: %s %lu\n", what, r, n);
}
static void put(int fd, uint64_t n) { printf("write %lx: %s\n", n, result(write(fd, &n, 8))); }
static void events(int fd) {
  struct pollfd p = {fd, POLLIN | POLLOUT, 0};
  poll(&p, 1, 0);
  printf("events %x\n", p.revents);
}

int main(void) {
  setvbuf(stdout, 0, _IONBF, 0);
  int fd = eventfd(3, EFD_NONBLOCK | EFD_CLOEXEC);
  char path[64], link[64] = "";
  sprintf(path, "/proc/self/fd/%d", fd);
  printf("%d %s, flags %x, cloexec %d\n", readlink(path, link, 63) > 0, link, fcntl(fd, F_GETFL), fcntl(fd, F_GETFD));
  struct stat st;
  fstat(fd, &st);
  printf("mode %o size %ld\n", st.st_mode, (long)st.st_size);
  events(fd);
  get(fd, "first");
  events(fd);
  get(fd, "empty");
  put(fd, 5);
  put(fd, 7);
  get(fd, "sum");
  put(fd, -1);
  put(fd, -2);
  events(fd);
  put(fd, 1);
  put(fd, 0);
  get(fd, "maximum");
  uint64_t n = 1;
  printf("short read %s", result(read(fd, &n, 7)));
  printf(", short write %s", result(write(fd, &n, 4)));
  printf(", long write %s", result(write(fd, (uint64_t[]){2, 3}, 16)));
  printf(", seek %s", result(lseek(fd, 0, SEEK_SET)));
  printf(", pread %s\n", result(pread(fd, &n, 8, 0)));
  get(fd, "of the long write");
  int s = eventfd(2, EFD_SEMAPHORE | EFD_NONBLOCK);
  get(s, "semaphore");
  get(s, "semaphore");
  get(s, "semaphore");
  // Blocking, both ways.
  int b = eventfd(0, 0);
  if (fork() == 0) {
    get(b, "child reads");
    put(b, -2);
    uint64_t nine = 9;
    _exit(write(b, &nine, 8) != 8);
  }
  struct pollfd p = {b, POLLOUT, 0};
  put(b, 4);
  do poll(&p, 1, 1);
  while (p.revents & POLLOUT);
  printf("full\n");
  get(b, "parent reads");
  wait(0);
  get(b, "what the child wrote");
  printf("bad flags %s\n", result(eventfd(0, 2)));
  return 0;
}
