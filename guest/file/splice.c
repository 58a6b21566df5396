// Splice(2): from pipe to pipe, from a file and into one with and without offsets, what is in the way (EAGAIN, EPIPE with SIGPIPE),
// the end (0), and every refusal: EINVAL, ESPIPE, EBADF (fs/splice.c: do_splice).
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define SHOW(x)                                                                   \
  do {                                                                            \
    errno = 0;                                                                    \
    long r_ = (long)(x);                                                          \
    if (r_ < 0) printf("%s: %s\n", #x, strerrorname_np(errno));                   \
    else printf("%s: %ld\n", #x, r_);                                             \
  } while (0)

static int in[2], out[2];
static volatile int broken;

static void on_pipe(int sig) {
  (void)sig;
  broken++;
}

static void left(const char *what, int fd) {
  int n = -1;
  ioctl(fd, FIONREAD, &n);
  printf("  %s has %d\n", what, n);
}

static void show(int fd) {
  char text[64];
  long n = read(fd, text, sizeof text);
  printf("  '%.*s'\n", (int)(n > 0 ? n : 0), text);
}

static void put(int fd, const char *text) {
  if (write(fd, text, strlen(text)) < 0) perror("write");
}

int main(void) {
  signal(SIGPIPE, on_pipe);
  char path[] = "/tmp/sb-splice-XXXXXX";
  int file = mkstemp(path);
  unlink(path);
  put(file, "0123456789abcdef");
  if (pipe(in) || pipe(out)) return 1;

  put(in[1], "hello world");
  SHOW(splice(in[0], NULL, out[1], NULL, 5, 0));
  left("source", in[0]);
  SHOW(splice(in[0], NULL, out[1], NULL, 100, SPLICE_F_MOVE));
  show(out[0]);
  SHOW(splice(in[0], NULL, out[1], NULL, 100, SPLICE_F_NONBLOCK));
  SHOW(splice(in[0], NULL, out[1], NULL, 0, 0));

  loff_t at = 4;
  SHOW(splice(file, &at, out[1], NULL, 6, 0));
  printf("  offset %ld, position %ld\n", (long)at, (long)lseek(file, 0, SEEK_CUR));
  show(out[0]);
  lseek(file, 12, SEEK_SET);
  SHOW(splice(file, NULL, out[1], NULL, 100, 0));
  SHOW(splice(file, NULL, out[1], NULL, 100, 0));
  show(out[0]);
  put(in[1], "WXYZ");
  at = 2;
  SHOW(splice(in[0], NULL, file, &at, 3, 0));
  printf("  offset %ld\n", (long)at);
  lseek(file, 0, SEEK_END);
  SHOW(splice(in[0], NULL, file, NULL, 100, 0));
  at = 0;
  SHOW(splice(file, &at, out[1], NULL, 100, 0));
  show(out[0]);

  at = 0;
  SHOW(splice(in[0], &at, out[1], NULL, 1, 0));
  SHOW(splice(in[0], NULL, out[1], &at, 1, 0));
  SHOW(splice(file, NULL, file, NULL, 1, 0));
  SHOW(splice(in[0], NULL, in[1], NULL, 1, 0));
  SHOW(splice(in[1], NULL, out[1], NULL, 1, 0));
  SHOW(splice(in[0], NULL, out[0], NULL, 1, 0));
  SHOW(splice(999, NULL, out[1], NULL, 1, 0));
  SHOW(splice(in[0], NULL, out[1], NULL, 1, 16));
  SHOW(splice(999, NULL, out[1], NULL, 0, 0));
  at = -1;
  SHOW(splice(file, &at, out[1], NULL, 1, 0));
  SHOW(splice(file, (loff_t *)8, out[1], NULL, 1, 0));
  int append = open("/tmp", O_TMPFILE | O_RDWR | O_APPEND, 0600);
  put(in[1], "x");
  SHOW(splice(in[0], NULL, append, NULL, 1, 0));
  left("source", in[0]);
  int directory = open("/tmp", O_RDONLY);
  SHOW(splice(directory, NULL, out[1], NULL, 1, 0));
  int null = open("/dev/null", O_RDWR), zero = open("/dev/zero", O_RDWR);
  SHOW(splice(in[0], NULL, null, NULL, 100, 0));
  SHOW(splice(zero, NULL, out[1], NULL, 5000, 0));
  left("target", out[0]);
  SHOW(splice(out[0], NULL, zero, NULL, 10000, 0));

  // A full pipe takes sixteen pages and no more.
  SHOW(splice(zero, NULL, out[1], NULL, 100000, 0));
  SHOW(splice(zero, NULL, out[1], NULL, 1, SPLICE_F_NONBLOCK));
  put(in[1], "y");
  fcntl(out[1], F_SETFL, O_NONBLOCK);
  SHOW(splice(in[0], NULL, out[1], NULL, 1, 0));
  left("source", in[0]);
  close(out[0]);
  SHOW(splice(in[0], NULL, out[1], NULL, 1, 0));
  SHOW(splice(zero, NULL, out[1], NULL, 1, 0));
  printf("SIGPIPE %d times\n", broken);
  close(in[1]);
  int other[2];
  if (pipe(other)) return 1;
  SHOW(splice(in[0], NULL, other[1], NULL, 100, 0));
  SHOW(splice(in[0], NULL, other[1], NULL, 100, 0));
  SHOW(splice(in[0], NULL, null, NULL, 100, 0));
  return 0;
}
