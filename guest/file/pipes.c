// Pipe(7): capacity 65536, atomic writes up to PIPE_BUF, nonblocking EAGAIN and partial writes, end of file, order of bytes,
// F_SETPIPE_SZ rounding, blocking hand-over between processes.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static char buf[200000];
static long show(const char *what, long r) {
  int e = errno;
  if (r < 0) printf("%s: %s\n", what, strerrorname_np(e));
  else printf("%s: %ld\n", what, r);
  return r;
}

int main(void) {
  int p[2];
  show("pipe2 bad flag", pipe2(p, O_APPEND));
  if (pipe2(p, O_NONBLOCK)) return 1;
  show("capacity", fcntl(p[0], F_GETPIPE_SZ));
  show("read empty", read(p[0], buf, 10));
  show("write 100000", write(p[1], buf, 100000));
  show("write to full", write(p[1], buf, 1));
  show("read 4096", read(p[0], buf, 4096));
  show("atomic 4097 does what fits", write(p[1], buf, 4097));
  show("read 10", read(p[0], buf, 10));
  // 4096 bytes would not fit into one page's worth of room: all or nothing.
  show("atomic write", write(p[1], buf, 4096));
  show("read all", read(p[0], buf, sizeof buf));
  show("read again", read(p[0], buf, sizeof buf));
  for (int i = 0; i < 10; i++)
    if (write(p[1], "abc", 3) != 3) return 1;
  show("small writes come as one", read(p[0], buf, 100));
  show("write wrong end", write(p[0], "x", 1));
  show("read wrong end", read(p[1], buf, 1));
  show("set size 5000", fcntl(p[1], F_SETPIPE_SZ, 5000));
  show("size", fcntl(p[0], F_GETPIPE_SZ));
  show("write 100000", write(p[1], buf, 100000));
  show("shrink below contents", fcntl(p[1], F_SETPIPE_SZ, 4096));
  show("grow", fcntl(p[1], F_SETPIPE_SZ, 65536));
  close(p[1]);
  show("left after close", read(p[0], buf, sizeof buf));
  show("end of file", read(p[0], buf, sizeof buf));
  close(p[0]);

  // 300000 bytes through a pipe in odd pieces, both ends blocking.
  if (pipe(p)) return 1;
  fflush(stdout);
  pid_t child = fork();
  if (child == 0) {
    close(p[0]);
    unsigned x = 1;
    long sent = 0;
    while (sent < 300000) {
      x = x * 1103515245 + 12345;
      long n = x % 9999 + 1;
      if (n > 300000 - sent) n = 300000 - sent;
      for (long i = 0; i < n; i++) buf[i] = (sent + i) * 7;
      if (write(p[1], buf, n) != n) _exit(1);
      sent += n;
    }
    _exit(0);
  }
  close(p[1]);
  long total = 0, wrong = 0, n;
  while ((n = read(p[0], buf, 7777)) > 0) {
    for (long i = 0; i < n; i++) wrong += buf[i] != (char)((total + i) * 7);
    total += n;
  }
  int status;
  waitpid(child, &status, 0);
  printf("received %ld, wrong %ld, writer %d, end %ld\n", total, wrong, WEXITSTATUS(status), n);

  // Many writers: pieces of PIPE_BUF at most are never mixed.
  if (pipe(p)) return 1;
  for (int w = 0; w < 4; w++)
    if (fork() == 0) {
      memset(buf, 'a' + w, PIPE_BUF);
      for (int i = 0; i < 16; i++)
        if (write(p[1], buf, 500) != 500) _exit(1);
      _exit(0);
    }
  close(p[1]);
  int mixed = 0, count[4] = {0};
  for (;;) {
    long got = 0;
    while (got < 500 && (n = read(p[0], buf + got, 500 - got)) > 0) got += n;
    if (got < 500) break;
    for (int i = 1; i < 500; i++) mixed += buf[i] != buf[0];
    count[buf[0] - 'a']++;
  }
  while (wait(NULL) > 0) ;
  printf("pieces %d %d %d %d, mixed %d\n", count[0], count[1], count[2], count[3], mixed);
  return 0;
}
