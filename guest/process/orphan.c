// An orphan is given to the nearest subreaper (prctl(2) PR_SET_CHILD_SUBREAPER), which can wait for it; PR_SET_PDEATHSIG
// brings a signal when the parent ends.
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

int main(void) {
  int flag = -1;
  prctl(PR_SET_CHILD_SUBREAPER, 1);
  prctl(PR_GET_CHILD_SUBREAPER, &flag);
  printf("subreaper: %d\n", flag);
  fflush(stdout);
  pid_t me = getpid();
  int go[2], status;
  char c;
  if (pipe(go)) return 1;
  pid_t middle = fork();
  if (middle == 0) {
    pid_t parent = getpid();
    if (fork() == 0) {
      close(go[1]);
      // End of file comes when the parent is gone.
      int before = getppid() == parent || getppid() == me;
      long n = read(go[0], &c, 1);
      while (getppid() == parent) ;
      _exit(n == 0 && before && getppid() == me ? 21 : 22);
    }
    _exit(3);
  }
  close(go[1]);
  waitpid(middle, &status, 0);
  printf("middle: %d\n", WEXITSTATUS(status));
  pid_t orphan = wait(&status);
  printf("orphan: another one %d, status %d\n", orphan > 0 && orphan != middle, WEXITSTATUS(status));
  printf("nobody left: %d\n", wait(&status) < 0);

  int ready[2];
  if (pipe(ready)) return 1;
  middle = fork();
  if (middle == 0) {
    if (fork() == 0) {
      prctl(PR_SET_PDEATHSIG, SIGUSR1);
      if (write(ready[1], "r", 1) != 1) _exit(1);
      for (;;) pause();
    }
    if (read(ready[0], &c, 1) != 1) _exit(1);
    _exit(0);
  }
  waitpid(middle, &status, 0);
  orphan = wait(&status);
  printf("death signal: %d\n", WIFSIGNALED(status) ? WTERMSIG(status) : 0);
  return 0;
}
