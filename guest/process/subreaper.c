// PR_SET_CHILD_SUBREAPER (prctl(2)): orphans below come to the nearest ancestor that is a subreaper, which gets SIGCHLD and reaps them; children
// do not inherit it, and exec keeps it.
#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static int is(void) {
  int value = -1;
  prctl(PR_GET_CHILD_SUBREAPER, &value);
  return value;
}

int main(void) {
  pid_t me = getpid();
  int ends[2];
  char byte;
  printf("at first %d, ", is());
  prctl(PR_SET_CHILD_SUBREAPER, 1);
  printf("set %d\n", is());
  fflush(stdout);
  sigset_t set;
  sigemptyset(&set), sigaddset(&set, SIGCHLD);
  sigprocmask(SIG_BLOCK, &set, NULL);
  pipe(ends);
  pid_t child = fork();
  if (child == 0) {
    printf("the child is %d\n", is());
    fflush(stdout);
    for (int i = 0; i < 2; i++) {
      if (fork() != 0) continue;
      close(ends[1]);
      /* Until the parent is gone. */
      read(ends[0], &byte, 1);
      _exit(getppid() == me ? 10 + i : 99);
    }
    /* One of them is a subreaper itself. */
    if (fork() == 0) {
      prctl(PR_SET_CHILD_SUBREAPER, 1);
      pid_t mine = getpid();
      if (fork() == 0) {
        if (fork() == 0) {
          while (getppid() != mine) usleep(1000);
          _exit(30);
        }
        _exit(29);
      }
      int first, second;
      wait(&first), wait(&second);
      _exit((WEXITSTATUS(first) == 29) + 2 * (WEXITSTATUS(second) == 30));
    }
    _exit(5);
  }
  siginfo_t info;
  int statuses = 0, sum = 0, own = -1;
  int status;
  pid_t pid;
  waitpid(child, &own, 0);
  close(ends[1]);
  while ((pid = wait(&status)) > 0) statuses++, sum += WEXITSTATUS(status);
  sigtimedwait(&set, &info, &(struct timespec){0});
  printf("own child %d; %d orphans, statuses together %d; SIGCHLD %d\n", WEXITSTATUS(own), statuses, sum, info.si_signo);
  return 0;
}
