// Locks of open files (F_OFD_SETLK): two opens of one process are in each other's way, dup and fork share them, no other close
// gives them up, l_pid must be zero and is shown as -1, no deadlock is looked for; they meet record locks of processes (fcntl(2)).
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static int lock(int fd, int command, short type, long start, long length) {
  struct flock l = {.l_type = type, .l_whence = SEEK_SET, .l_start = start, .l_len = length};
  return fcntl(fd, command, &l);
}

static void attempt(const char *what, int r) { printf("%s: %s\n", what, r < 0 ? strerrorname_np(errno) : "ok"); }

static void ask(int fd, int command, short type, long start, long length) {
  struct flock l = {.l_type = type, .l_whence = SEEK_SET, .l_start = start, .l_len = length};
  int r = fcntl(fd, command, &l);
  if (r < 0) printf("ask: %s\n", strerrorname_np(errno));
  else if (l.l_type == F_UNLCK) printf("ask: free\n");
  else
    printf("ask: %s [%ld+%ld] %s\n", l.l_type == F_WRLCK ? "write" : "read", (long)l.l_start, (long)l.l_len,
           l.l_pid == -1 ? "of an open file" : l.l_pid == getpid() ? "mine" : "another's");
}

int main(void) {
  setvbuf(stdout, NULL, _IONBF, 0);
  char path[] = "/tmp/sb-ofd-XXXXXX";
  int a = mkstemp(path), b = open(path, O_RDWR), c = open(path, O_RDONLY);

  attempt("a takes", lock(a, F_OFD_SETLK, F_WRLCK, 0, 10));
  attempt("b cannot", lock(b, F_OFD_SETLK, F_RDLCK, 5, 1));
  attempt("b beyond", lock(b, F_OFD_SETLK, F_RDLCK, 10, 10));
  attempt("c too", lock(c, F_OFD_SETLK, F_RDLCK, 15, 10));
  attempt("c cannot write", lock(c, F_OFD_SETLK, F_WRLCK, 100, 1));
  ask(b, F_OFD_GETLK, F_WRLCK, 0, 0);
  ask(a, F_OFD_GETLK, F_WRLCK, 0, 0);
  ask(a, F_GETLK, F_WRLCK, 0, 1);
  ask(c, F_OFD_GETLK, F_UNLCK, 0, 0);
  attempt("the process cannot", lock(a, F_SETLK, F_WRLCK, 0, 1));
  attempt("the process can", lock(a, F_SETLK, F_WRLCK, 50, 1));
  ask(a, F_OFD_GETLK, F_RDLCK, 40, 20);

  struct flock l = {.l_type = F_RDLCK, .l_whence = SEEK_SET, .l_start = 200, .l_len = 1, .l_pid = 1};
  attempt("with a pid", fcntl(a, F_OFD_SETLK, &l));
  attempt("get with a pid", fcntl(a, F_OFD_GETLK, &l));

  int copy = dup(a);
  close(copy);
  close(open(path, O_RDONLY));
  ask(b, F_OFD_GETLK, F_WRLCK, 0, 5);
  ask(b, F_OFD_GETLK, F_WRLCK, 50, 1);

  if (fork() == 0) {
    attempt("child shares", lock(a, F_OFD_SETLK, F_WRLCK, 0, 10));
    attempt("child gives up half", lock(a, F_OFD_SETLK, F_UNLCK, 0, 5));
    close(a);
    _exit(0);
  }
  wait(NULL);
  ask(b, F_OFD_GETLK, F_WRLCK, 0, 10);
  close(a);
  ask(b, F_OFD_GETLK, F_WRLCK, 0, 10);

  // A child waits with F_OFD_SETLKW until the parent's last descriptor goes.
  int ready[2];
  if (pipe(ready)) return 1;
  a = open(path, O_RDWR | O_CLOEXEC);
  lock(a, F_OFD_SETLK, F_WRLCK, 1000, 1);
  pid_t pid = fork();
  if (pid == 0) {
    close(a);
    int d = open(path, O_RDWR);
    if (write(ready[1], "x", 1) != 1) _exit(2);
    attempt("child waited", lock(d, F_OFD_SETLKW, F_WRLCK, 1000, 1));
    _exit(0);
  }
  char byte;
  if (read(ready[0], &byte, 1) != 1) return 1;
  close(a);
  waitpid(pid, NULL, 0);
  unlink(path);
  return 0;
}
