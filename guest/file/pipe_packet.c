// Packets (pipe2(2), O_DIRECT): each write is read by one read, whose excess is lost; writes over PIPE_BUF are split; the flag
// belongs to the writing end and can be set and cleared by F_SETFL; packets and bytes in one pipe; FIONREAD, poll.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

static char buffer[16384];

static void take(int fd, size_t length) {
  long n = read(fd, buffer, length);
  if (n < 0) printf("read %zu: %s\n", length, strerrorname_np(errno));
  else printf("read %zu: %ld '%.*s'\n", length, n, n > 20 ? 0 : (int)n, buffer);
}

static void put(int fd, size_t length, char c) {
  memset(buffer, c, length);
  printf("write %zu: %ld\n", length, (long)write(fd, buffer, length));
}

int main(void) {
  int p[2], n;
  if (pipe2(p, O_DIRECT | O_NONBLOCK)) return 1;
  printf("flags %d %d\n", (fcntl(p[0], F_GETFL) & O_DIRECT) != 0, (fcntl(p[1], F_GETFL) & O_DIRECT) != 0);
  put(p[1], 3, 'a');
  put(p[1], 5, 'b');
  put(p[1], 0, 'c');
  put(p[1], 2, 'd');
  ioctl(p[0], FIONREAD, &n);
  printf("FIONREAD %d\n", n);
  take(p[0], 100);
  take(p[0], 2);
  take(p[0], 100);
  take(p[0], 100);
  put(p[1], 10000, 'e');
  take(p[0], 16384);
  take(p[0], 16384);
  take(p[0], 16384);
  for (int i = 0; i < 17; i++)
    if (write(p[1], "x", 1) != 1) printf("full after %d: %s\n", i, strerrorname_np(errno));
  struct pollfd w = {.fd = p[1], .events = POLLOUT};
  printf("poll %d\n", poll(&w, 1, 0));
  take(p[0], 100);
  printf("poll %d\n", poll(&w, 1, 0));
  for (int i = 0; i < 15; i++) n = read(p[0], buffer, 100);

  // Bytes after a packet are no part of it; bytes before do not join.
  put(p[1], 3, 'f');
  fcntl(p[1], F_SETFL, O_NONBLOCK);
  put(p[1], 3, 'g');
  put(p[1], 3, 'h');
  fcntl(p[1], F_SETFL, O_NONBLOCK | O_DIRECT);
  put(p[1], 3, 'i');
  take(p[0], 100);
  take(p[0], 4);
  take(p[0], 4);
  take(p[0], 4);
  take(p[0], 4);
  return 0;
}
