// Shared and exclusive flock(2), of open files rather than of processes: dup and fork share one, another open(2) does not.
// Changing the kind gives the old one up first; LOCK_NB, EINTR, release by the last close.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#define SHOW(x) (printf("%s: ", #x), errno = 0, printf("%s\n", (x) < 0 ? strerrorname_np(errno) : "ok"))

static void on_alarm(int sig) { (void)sig; }

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
  setvbuf(stdout, NULL, _IONBF, 0);
  char path[] = "/tmp/sb-flock-XXXXXX";
  int a = mkstemp(path), b = open(path, O_RDONLY), c = open(path, O_WRONLY), copy = dup(a);

  SHOW(flock(a, LOCK_SH | LOCK_NB));
  SHOW(flock(b, LOCK_SH | LOCK_NB));
  SHOW(flock(c, LOCK_EX | LOCK_NB));
  SHOW(flock(a, LOCK_EX | LOCK_NB));
  SHOW(flock(b, LOCK_EX | LOCK_NB));
  SHOW(flock(a, LOCK_SH | LOCK_NB));
  SHOW(flock(b, LOCK_UN));
  SHOW(flock(b, LOCK_UN));
  SHOW(flock(a, LOCK_EX | LOCK_NB));
  SHOW(flock(copy, LOCK_EX | LOCK_NB));
  SHOW(flock(copy, LOCK_SH));
  SHOW(flock(b, LOCK_SH | LOCK_NB));
  SHOW(flock(copy, LOCK_UN));
  SHOW(flock(b, LOCK_EX | LOCK_NB));
  SHOW(flock(b, LOCK_UN));

  SHOW(flock(a, 0));
  SHOW(flock(a, LOCK_SH | LOCK_EX));
  SHOW(flock(a, LOCK_NB));
  SHOW(flock(999, LOCK_SH));
  SHOW(flock(open(path, O_PATH), LOCK_SH));
  int ends[2];
  if (pipe(ends)) return 1;
  SHOW(flock(ends[0], LOCK_EX));
  SHOW(flock(ends[1], LOCK_EX | LOCK_NB));
  int dir = open("/tmp", O_RDONLY | O_DIRECTORY);
  SHOW(flock(dir, LOCK_SH | LOCK_NB));
  close(dir);

  SHOW(flock(a, LOCK_EX));
  if (fork() == 0) {
    printf("child\n");
    SHOW(flock(a, LOCK_EX | LOCK_NB));
    SHOW(flock(b, LOCK_SH | LOCK_NB));
    SHOW(flock(a, LOCK_UN));
    _exit(0);
  }
  wait(NULL);
  SHOW(flock(b, LOCK_EX | LOCK_NB));
  SHOW(flock(b, LOCK_UN));

  SHOW(flock(a, LOCK_EX));
  SHOW(close(a));
  SHOW(flock(b, LOCK_SH | LOCK_NB));
  SHOW(close(copy));
  SHOW(flock(b, LOCK_SH | LOCK_NB));

  pid_t pid = fork();
  if (pid == 0) {
    int d = open(path, O_RDWR);
    SHOW(flock(d, LOCK_EX));
    _exit(0);
  }
  sleeping(pid);
  printf("not yet, ");
  flock(b, LOCK_UN);
  waitpid(pid, NULL, 0);

  SHOW(flock(b, LOCK_EX));
  struct sigaction act = {.sa_handler = on_alarm};
  sigaction(SIGALRM, &act, NULL);
  struct itimerval every = {{0, 5000}, {0, 5000}}, never = {0};
  setitimer(ITIMER_REAL, &every, NULL);
  SHOW(flock(c, LOCK_SH));
  setitimer(ITIMER_REAL, &never, NULL);
  struct flock record = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
  SHOW(fcntl(c, F_SETLK, &record));
  unlink(path);
  return 0;
}
