// Vfork(2): the child shares the parent's memory, which waits until the child execs or exits; failed exec falls back to
// _exit; posix_spawn on top of it passes arguments, descriptors and errors.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

int main(int argc, char **argv) {
  const char *exe = (char *)getauxval(AT_EXECFN);
  if (argc > 1) {
    printf("spawned with %s, stdin says '", argv[1]);
    char c;
    while (read(0, &c, 1) == 1) putchar(c);
    sigset_t mask;
    sigprocmask(SIG_BLOCK, NULL, &mask);
    printf("', USR1 blocked %d\n", sigismember(&mask, SIGUSR1));
    return 31;
  }
  volatile int shared = 1;
  pid_t child = vfork();
  if (child == 0) {
    shared = 2;
    _exit(5);
  }
  int status;
  printf("the child's write is ours: %d\n", shared);
  waitpid(child, &status, 0);
  printf("status %d\n", WEXITSTATUS(status));

  volatile int error = 0;
  child = vfork();
  if (child == 0) {
    execl("/nonexistent", "x", NULL);
    error = errno;
    _exit(127);
  }
  waitpid(child, &status, 0);
  printf("failed exec: %s, status %d\n", strerrorname_np(error), WEXITSTATUS(status));

  int fd[2];
  if (pipe(fd) || write(fd[1], "hello", 5) != 5) return 1;
  fflush(stdout);
  child = vfork();
  if (child == 0) {
    dup2(fd[0], 0);
    close(fd[0]);
    close(fd[1]);
    execl(exe, "x", "exec", NULL);
    _exit(127);
  }
  close(fd[0]);
  close(fd[1]);
  waitpid(child, &status, 0);
  printf("status %d\n", WEXITSTATUS(status));

  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attr;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  posix_spawnattr_init(&attr);
  sigset_t mask;
  sigemptyset(&mask);
  sigaddset(&mask, SIGUSR1);
  posix_spawnattr_setsigmask(&attr, &mask);
  posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP);
  char *args[] = {"x", "posix_spawn", NULL};
  fflush(stdout);
  int r = posix_spawn(&child, exe, &actions, &attr, args, environ);
  waitpid(child, &status, 0);
  printf("posix_spawn: %d, status %d\n", r, WEXITSTATUS(status));
  r = posix_spawn(&child, "/nonexistent", NULL, NULL, args, environ);
  printf("posix_spawn of nothing: %s\n", strerrorname_np(r));
  return 0;
}
