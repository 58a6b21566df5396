// Tee(2): what is in one pipe appears in another and stays; a copy is not added to by later writes; sleeping until there is
// something, EAGAIN, EPIPE, EINVAL, and a copy of a packet (fs/splice.c: link_pipe).
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define SHOW(x)                                                                   \
  do {                                                                            \
    errno = 0;                                                                    \
    long r_ = (long)(x);                                                          \
    if (r_ < 0) printf("%s: %s\n", #x, strerrorname_np(errno));                   \
    else printf("%s: %ld\n", #x, r_);                                             \
  } while (0)

static void show(const char *what, int fd) {
  char text[64];
  fcntl(fd, F_SETFL, O_NONBLOCK);
  long n = read(fd, text, sizeof text);
  printf("  %s: %ld '%.*s'\n", what, n, (int)(n > 0 ? n : 0), text);
  fcntl(fd, F_SETFL, 0);
}

static void put(int fd, const char *text) {
  if (write(fd, text, strlen(text)) < 0) perror("write");
}

static void sleeping(pid_t pid) {
  for (;;) {
    char path[64], text[512] = "";
    sprintf(path, "/proc/%d/stat", pid);
    int fd = open(path, O_RDONLY);
    if (read(fd, text, sizeof text - 1) < 0) exit(9);
    close(fd);
    char *state = strrchr(text, ')');
    if (state && state[2] == 'S') return;
    sched_yield();
  }
}

int main(void) {
  signal(SIGPIPE, SIG_IGN);
  int in[2], out[2];
  if (pipe(in) || pipe(out)) return 1;
  put(in[1], "first ");
  put(in[1], "second");
  SHOW(tee(in[0], out[1], 8, 0));
  put(out[1], "+");
  put(in[1], " third");
  show("copy", out[0]);
  SHOW(tee(in[0], out[1], 100, 0));
  show("copy", out[0]);
  SHOW(tee(in[0], out[1], 0, 0));
  show("source", in[0]);
  SHOW(tee(in[0], out[1], 1, SPLICE_F_NONBLOCK));
  SHOW(tee(in[0], in[1], 1, 0));
  SHOW(tee(in[1], out[1], 1, 0));
  SHOW(tee(in[0], open("/dev/null", O_WRONLY), 1, 0));
  SHOW(tee(999, out[1], 1, 0));
  SHOW(tee(in[0], out[1], 1, 64));

  // Copies count as buffers of their own: sixteen fill the pipe.
  put(in[1], "a");
  for (int i = 0; i < 16; i++)
    if (tee(in[0], out[1], 1, 0) != 1) printf("tee %d failed\n", i);
  SHOW(tee(in[0], out[1], 1, SPLICE_F_NONBLOCK));
  show("copies", out[0]);
  show("source", in[0]);

  fflush(stdout);
  pid_t pid = fork();
  if (pid == 0) {
    SHOW(tee(in[0], out[1], 10, 0));
    fflush(stdout);
    _exit(0);
  }
  sleeping(pid);
  put(in[1], "awake");
  waitpid(pid, NULL, 0);
  show("copy", out[0]);

  int packets[2];
  if (pipe2(packets, O_DIRECT)) return 1;
  put(packets[1], "one");
  put(packets[1], "two");
  SHOW(tee(packets[0], out[1], 100, 0));
  show("packet", out[0]);
  show("packet", out[0]);
  show("original", packets[0]);
  show("original", packets[0]);

  close(out[0]);
  SHOW(tee(in[0], out[1], 1, 0));
  int empty[2], spare[2];
  if (pipe(empty) || pipe(spare)) return 1;
  close(empty[1]);
  SHOW(tee(empty[0], spare[1], 1, 0));
  return 0;
}
