// Waiting for record locks: F_SETLKW goes on when the range is free, or with EINTR, or fails at once with EDEADLK when waiting
// would close a circle of two or three processes (fcntl(2), posix_locks_deadlock). Shared locks do not wait for each other.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

static int fd;

static int lock(int command, short type, long start, long length) {
  struct flock l = {.l_type = type, .l_whence = SEEK_SET, .l_start = start, .l_len = length};
  return fcntl(fd, command, &l);
}

static void attempt(const char *what, int r) {
  printf("%s: %s\n", what, r < 0 ? strerrorname_np(errno) : "ok");
}

static void sleeping(pid_t pid) {
  for (;;) {
    char path[64], text[512] = "";
    sprintf(path, "/proc/%d/stat", pid);
    int stat = open(path, O_RDONLY);
    if (read(stat, text, sizeof text - 1) < 0) exit(9);
    close(stat);
    char *state = strrchr(text, ')');
    if (state && state[2] == 'S') return;
    sched_yield();
  }
}

static void on_alarm(int sig) { (void)sig; }

/* A child that holds byte `own` and then waits for byte `other`. */
static pid_t holder(long own, long other, int ready) {
  pid_t pid = fork();
  if (pid == 0) {
    lock(F_SETLKW, F_WRLCK, own, 1);
    if (write(ready, "x", 1) != 1) _exit(2);
    _exit(lock(F_SETLKW, F_WRLCK, other, 1) ? 1 : 0);
  }
  return pid;
}

int main(void) {
  setvbuf(stdout, NULL, _IONBF, 0);
  char path[] = "/tmp/sb-lockwait-XXXXXX", byte;
  fd = mkstemp(path);
  unlink(path);
  int ready[2], status;
  if (pipe(ready)) return 1;

  lock(F_SETLK, F_WRLCK, 0, 100);
  pid_t pid = fork();
  if (pid == 0) {
    attempt("child at once", lock(F_SETLK, F_RDLCK, 50, 1));
    attempt("child waited", lock(F_SETLKW, F_RDLCK, 50, 1));
    _exit(0);
  }
  sleeping(pid);
  lock(F_SETLK, F_UNLCK, 0, 50);
  sleeping(pid);
  printf("half given up\n");
  lock(F_SETLK, F_RDLCK, 50, 50);
  waitpid(pid, &status, 0);
  printf("shared\n");
  lock(F_SETLK, F_UNLCK, 0, 0);

  // Two in a circle.
  lock(F_SETLK, F_WRLCK, 1, 1);
  pid = holder(2, 1, ready[1]);
  if (read(ready[0], &byte, 1) != 1) return 1;
  sleeping(pid);
  attempt("circle of two", lock(F_SETLKW, F_WRLCK, 2, 1));
  attempt("no wait, no circle", lock(F_SETLK, F_WRLCK, 2, 1));
  lock(F_SETLK, F_UNLCK, 1, 1);
  waitpid(pid, &status, 0);
  printf("other went on: %d\n", status);

  // Three.
  lock(F_SETLK, F_WRLCK, 1, 1);
  pid_t second = holder(2, 1, ready[1]);
  if (read(ready[0], &byte, 1) != 1) return 1;
  pid_t third = holder(3, 2, ready[1]);
  if (read(ready[0], &byte, 1) != 1) return 1;
  sleeping(second);
  sleeping(third);
  attempt("circle of three", lock(F_SETLKW, F_RDLCK, 3, 1));
  lock(F_SETLK, F_UNLCK, 0, 0);
  waitpid(second, &status, 0);
  printf("second %d\n", status);
  waitpid(third, &status, 0);
  printf("third %d\n", status);

  // Interrupted; and the lock of one who died is free.
  pid = fork();
  if (pid == 0) {
    lock(F_SETLK, F_WRLCK, 0, 0);
    if (write(ready[1], "x", 1) != 1) _exit(2);
    for (;;) pause();
  }
  if (read(ready[0], &byte, 1) != 1) return 1;
  struct sigaction act = {.sa_handler = on_alarm};
  sigaction(SIGALRM, &act, NULL);
  struct itimerval every = {{0, 5000}, {0, 5000}}, never = {0};
  setitimer(ITIMER_REAL, &every, NULL);
  attempt("interrupted", lock(F_SETLKW, F_WRLCK, 7, 1));
  setitimer(ITIMER_REAL, &never, NULL);
  kill(pid, SIGKILL);
  attempt("after the holder's death", lock(F_SETLKW, F_WRLCK, 7, 1));
  waitpid(pid, &status, 0);
  return 0;
}
