// Opening a pipe again through /proc/self/fd never waits for the other end, unlike a FIFO (fifo(7); fifo_open of fs/pipe.c,
// is_pipe): a reader whose writers are gone finds what is left and then the end, also with poll.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const char *link_of(int fd) {
  static char path[32];
  snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
  return path;
}

static void report(const char *what, long result) {
  if (result < 0) printf("%s: %s\n", what, strerrorname_np(errno));
  else printf("%s: %ld\n", what, result);
}

int main(void) {
  int fd[2];
  char buf[16];
  struct pollfd poller = {.events = POLLIN};

  signal(SIGPIPE, SIG_IGN);
  pipe(fd);
  write(fd[1], "left", 4);
  close(fd[1]);
  int again = open(link_of(fd[0]), O_RDONLY);
  printf("reader without writers: %s\n", again >= 0 ? "open" : strerrorname_np(errno));
  report("read", read(again, buf, sizeof buf));
  report("at the end", read(again, buf, sizeof buf));
  int idle = open(link_of(fd[0]), O_RDONLY | O_NONBLOCK);
  poller.fd = idle;
  printf("poll %d", poll(&poller, 1, 0));
  printf(" events %#x\n", poller.revents);

  int writer = open(link_of(fd[0]), O_WRONLY);
  report("a writer comes back", write(writer, "more", 4));
  report("and is read", read(again, buf, sizeof buf));
  report("both ends", open(link_of(fd[0]), O_RDWR) >= 0);
  close(idle);
  close(again);

  pipe(fd);
  close(fd[0]);
  writer = open(link_of(fd[1]), O_WRONLY | O_NONBLOCK);
  printf("writer without readers: %s\n", writer >= 0 ? "open" : strerrorname_np(errno));
  report("write", write(writer, "x", 1));
  report("a reader of it", open(link_of(fd[1]), O_RDONLY) >= 0);
  report("write again", write(writer, "x", 1));
  return 0;
}
