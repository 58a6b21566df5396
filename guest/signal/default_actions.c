// Default action of each of the 64 signals (signal(7)): terminate, ignore, stop. A child with SIG_DFL raises it; the
// parent reads the wait status.
#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

int main(void) {
  for (int sig = 1; sig <= 64; sig++) {
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
      // A group of its own below a parent in the same session is not orphaned, so that it can be stopped.
      setpgid(0, 0);
      syscall(SYS_kill, getpid(), sig);
      _exit(7);
    }
    int status;
    waitpid(child, &status, WUNTRACED);
    if (WIFSTOPPED(status)) {
      printf("%d: stopped by %d", sig, WSTOPSIG(status));
      kill(child, SIGCONT);
      waitpid(child, &status, 0);
      printf(", then ");
    } else {
      printf("%d: ", sig);
    }
    if (WIFSIGNALED(status)) {
      printf("killed by %d core %d raw %#x\n", WTERMSIG(status), !!WCOREDUMP(status), status);
    } else {
      printf("exit %d raw %#x\n", WEXITSTATUS(status), status);
    }
  }
  return 0;
}
