// Named pipes (fifo(7)): open waits for the other side, nonblocking open for writing gives ENXIO, end of file when the
// writer leaves, several writers one after the other.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

int main(void) {
  char dir[] = "/tmp/guest-XXXXXX";
  if (!mkdtemp(dir) || chdir(dir)) return 1;
  if (mkfifo("f", 0600)) return 1;
  int r = mkfifo("f", 0600);
  printf("again: %d %s\n", r, strerrorname_np(errno));
  r = open("f", O_WRONLY | O_NONBLOCK);
  printf("no reader: %d %s\n", r, strerrorname_np(errno));
  int reader = open("f", O_RDONLY | O_NONBLOCK);
  printf("reader does not wait: %d\n", reader >= 0);
  char buf[32];
  printf("no writer, end of file: %ld\n", read(reader, buf, 10));
  int writer = open("f", O_WRONLY | O_NONBLOCK);
  r = read(reader, buf, 10);
  printf("writer, nothing there: %d %s\n", r, strerrorname_np(errno));
  long put = write(writer, "abc", 3), got = read(reader, buf, 10);
  printf("write %ld read %ld\n", put, got);
  close(writer), close(reader);
  fflush(stdout);
  for (int i = 0; i < 3; i++) {
    pid_t child = fork();
    if (child == 0) {
      int w = open("f", O_WRONLY);
      snprintf(buf, sizeof buf, "message %d", i);
      if (write(w, buf, strlen(buf)) < 0) _exit(1);
      _exit(0);
    }
    int fd = open("f", O_RDONLY);
    long n, total = 0;
    while ((n = read(fd, buf + total, sizeof buf - total)) > 0) total += n;
    printf("%.*s\n", (int)total, buf);
    close(fd);
    waitpid(child, NULL, 0);
  }
  int both = open("f", O_RDWR);
  put = write(both, "x", 1), got = read(both, buf, 5);
  printf("read-write does not wait: write %ld read %ld\n", put, got);
  unlink("f");
  if (chdir("/")) return 1;
  return rmdir(dir);
}
