// Signals that come to sleepers on a pipe: a read that has nothing is EINTR or goes on with SA_RESTART, a write that moved a part
// tells how much, one that moved nothing is EINTR; a FIFO's open is interrupted, too (signal(7)).
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

static char block[200000];
static volatile int handled;
static int writer = -1;

static void on_alarm(int sig) {
  (void)sig;
  // The third ends a sleep that is restarted.
  if (++handled == 3 && writer >= 0 && write(writer, "late", 4) != 4) _exit(9);
}

static void timer(int on, int flags) {
  struct sigaction act = {.sa_handler = on_alarm, .sa_flags = flags};
  sigaction(SIGALRM, &act, NULL);
  struct itimerval every = {{0, 4000 * on}, {0, 4000 * on}};
  handled = 0;
  setitimer(ITIMER_REAL, &every, NULL);
}

static void show(const char *what, long r) {
  printf("%s: %ld %s, handlers %s\n", what, r, r < 0 ? strerrorname_np(errno) : "", handled ? "ran" : "did not run");
}

int main(void) {
  int p[2];
  if (pipe(p)) return 1;
  timer(1, 0);
  show("read of nothing", read(p[0], block, 10));
  writer = p[1];
  timer(1, SA_RESTART);
  show("read, restarted", read(p[0], block, 10));
  writer = -1;
  timer(1, 0);
  show("long write, cut", write(p[1], block, sizeof block));
  timer(1, 0);
  show("write to a full pipe", write(p[1], block, 1));
  timer(0, 0);
  if (read(p[0], block, 8192) != 8192) return 1;
  // A part is moved: it is not restarted, whatever the flag.
  timer(1, SA_RESTART);
  show("long write, cut in spite of SA_RESTART", write(p[1], block, 20000));
  timer(0, 0);
  char path[] = "/tmp/sb-interrupt-XXXXXX";
  if (!mkdtemp(path) || chdir(path) || mkfifo("fifo", 0600)) return 1;
  timer(1, 0);
  show("open to read", open("fifo", O_RDONLY));
  timer(1, 0);
  show("open to write", open("fifo", O_WRONLY));
  timer(0, 0);
  int fd = open("fifo", O_WRONLY | O_NONBLOCK);
  printf("nobody is left: %s\n", fd < 0 ? strerrorname_np(errno) : "open");
  unlink("fifo");
  return chdir("/") || rmdir(path);
}
