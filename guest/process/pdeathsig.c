// PR_SET_PDEATHSIG (prctl(2)): the signal a process gets when its parent, that is the thread that made it, ends: with which siginfo, that
// children of its own do not inherit it, and that exec of an ordinary program keeps it.
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static int ends[2];

static int get(void) {
  int signo = -1;
  prctl(PR_GET_PDEATHSIG, &signo);
  return signo;
}

static void child(pid_t parent) {
  siginfo_t info;
  sigset_t set;
  sigemptyset(&set), sigaddset(&set, SIGUSR1);
  sigprocmask(SIG_BLOCK, &set, NULL);
  printf("at birth %d\n", get());
  printf("invalid: %d", prctl(PR_SET_PDEATHSIG, 65));
  printf(" errno %d; ", errno);
  printf("set: %d, now %d\n", prctl(PR_SET_PDEATHSIG, SIGUSR1), get());
  fflush(stdout);
  pid_t grandchild = fork();
  if (grandchild == 0) {
    printf("a grandchild has %d\n", get());
    fflush(stdout);
    _exit(0);
  }
  waitpid(grandchild, NULL, 0);
  write(ends[1], "x", 1);
  sigwaitinfo(&set, &info);
  printf("signal %d, code %d, from my parent: %d, which is another now: %d\n", info.si_signo, info.si_code, info.si_pid == parent,
         getppid() != parent);
  fflush(stdout);
  char *arguments[] = {(char *)getauxval(AT_EXECFN), "again", NULL};
  execv(arguments[0], arguments);
}

int main(int argc, char **argv) {
  (void)argv;
  if (argc > 1) {
    printf("after exec %d\n", get());
    return 0;
  }
  int done[2];
  char byte;
  pipe(ends);
  pipe(done);
  if (fork() == 0) {
    pid_t me = getpid();
    close(done[0]);
    if (fork() == 0) child(me);
    read(ends[0], &byte, 1);
    _exit(0);
  }
  close(done[1]);
  wait(NULL);
  /* Ends when the grandchild is gone. */
  read(done[0], &byte, 1);
  return 0;
}
