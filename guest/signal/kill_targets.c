// Kill(2): who is meant by pid > 0, 0 and < -1, signal 0 as a test, zombies count as existing, errors ESRCH and EINVAL;
// kill(0) also reaches the sender.
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static volatile int calls;
static void handler(int sig) {
  (void)sig;
  calls++;
}

static void show(const char *what, long r) {
  int e = errno;
  printf("%s: %s\n", what, r ? strerrorname_np(e) : "ok");
}

static pid_t member(pid_t group, int ready) {
  fflush(stdout);
  pid_t child = fork();
  if (child == 0) {
    setpgid(0, group);
    if (write(ready, "r", 1) != 1) _exit(9);
    for (;;) pause();
  }
  setpgid(child, group);
  return child;
}

int main(void) {
  int ready[2];
  char c;
  if (pipe(ready)) return 1;
  signal(SIGUSR1, handler);
  show("self, 0", kill(getpid(), 0));
  show("self, USR1", kill(getpid(), SIGUSR1));
  show("own group, USR1", kill(0, SIGUSR1));
  show("own group by number", kill(-getpgrp(), SIGUSR1));
  printf("calls %d\n", calls);
  show("signal 65", kill(getpid(), 65));
  show("signal -1", kill(getpid(), -1));
  show("no such process", kill(0x3fffffff, SIGUSR1));
  show("no such process, bad signal", kill(0x3fffffff, 99));
  show("no such group", kill(-0x3fffffff, 0));
  show("INT_MIN", syscall(SYS_kill, (int)0x80000000, 0));

  pid_t a = member(0, ready[1]), b = member(a, ready[1]);
  for (int i = 0; i < 2; i++)
    if (read(ready[0], &c, 1) != 1) return 1;
  printf("group of both: %d %d\n", getpgid(a) == a, getpgid(b) == a);
  show("kill group, 0", kill(-a, 0));
  show("kill group, TERM", kill(-a, SIGTERM));
  siginfo_t info;
  waitid(P_PID, a, &info, WEXITED | WNOWAIT);
  show("zombie, 0", kill(a, 0));
  show("zombie, TERM", kill(a, SIGTERM));
  int sa, sb;
  waitpid(a, &sa, 0);
  waitpid(b, &sb, 0);
  printf("both killed: %d %d\n", WTERMSIG(sa), WTERMSIG(sb));
  show("reaped", kill(a, 0));
  show("empty group", kill(-a, 0));
  printf("we were not meant: calls %d\n", calls);

  // Kill(0) sends to every member of the group, ourselves included.
  fflush(stdout);
  pid_t leader = fork();
  if (leader == 0) {
    setpgid(0, 0);
    calls = 0;
    // Blocked, so that the child cannot take the signal between its test and its sleep.
    sigset_t usr1, none;
    sigemptyset(&none);
    sigemptyset(&usr1);
    sigaddset(&usr1, SIGUSR1);
    sigprocmask(SIG_BLOCK, &usr1, NULL);
    pid_t child = fork();
    if (child == 0) {
      while (!calls) sigsuspend(&none);
      _exit(3);
    }
    kill(0, SIGUSR1);
    sigprocmask(SIG_UNBLOCK, &usr1, NULL);
    int status;
    while (waitpid(child, &status, 0) < 0) ;
    _exit(calls == 1 && WEXITSTATUS(status) == 3 ? 0 : 1);
  }
  waitpid(leader, &sa, 0);
  printf("kill(0): %d\n", WEXITSTATUS(sa));
  return 0;
}
