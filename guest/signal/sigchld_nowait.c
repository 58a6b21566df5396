// SIGCHLD with SIG_IGN or SA_NOCLDWAIT (sigaction(2)): children leave no zombie, wait blocks until the last is gone and
// then fails with ECHILD; SA_NOCLDWAIT with a handler still sends the signal. SA_NOCLDSTOP: none for stop and continue.
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static volatile int calls, last;
static void handler(int sig, siginfo_t *info, void *uc) {
  (void)sig, (void)uc;
  calls++;
  last = info->si_code;
}

static void children(const char *what) {
  calls = 0;
  fflush(stdout);
  for (int i = 0; i < 2; i++)
    if (fork() == 0) _exit(5);
  int status = -1;
  pid_t r;
  do r = wait(&status);
  while (r < 0 && errno == EINTR);
  printf("%s: wait %s %s, status %d, handler called %d\n", what, r < 0 ? "fails" : "gives a child", r < 0 ? strerrorname_np(errno) : "",
         status, calls > 0);
  while (wait(NULL) > 0 || errno == EINTR) ;
}

int main(void) {
  children("default");
  signal(SIGCHLD, SIG_IGN);
  children("SIG_IGN");
  struct sigaction sa = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO};
  sigaction(SIGCHLD, &sa, NULL);
  children("handler");
  sa.sa_flags = SA_SIGINFO | SA_NOCLDWAIT;
  sigaction(SIGCHLD, &sa, NULL);
  children("SA_NOCLDWAIT");
  sa.sa_flags = SA_NOCLDWAIT;
  sa.sa_handler = SIG_DFL;
  sigaction(SIGCHLD, &sa, NULL);
  children("SA_NOCLDWAIT, SIG_DFL");

  // A zombie made before stays to be waited for.
  signal(SIGCHLD, SIG_DFL);
  pid_t child = fork();
  if (child == 0) _exit(3);
  siginfo_t info;
  waitid(P_PID, child, &info, WEXITED | WNOWAIT);
  signal(SIGCHLD, SIG_IGN);
  int status;
  pid_t r = waitpid(child, &status, 0);
  printf("older zombie: %d, status %d\n", r == child, WEXITSTATUS(status));

  for (int nocldstop = 0; nocldstop < 2; nocldstop++) {
    sa = (struct sigaction){.sa_sigaction = handler, .sa_flags = SA_SIGINFO | SA_RESTART | (nocldstop ? SA_NOCLDSTOP : 0)};
    sigaction(SIGCHLD, &sa, NULL);
    calls = last = 0;
    fflush(stdout);
    child = fork();
    if (child == 0)
      for (;;) pause();
    // The wait status may be there before the signal is, so the signal is waited for by itself.
    sigset_t block, none;
    sigemptyset(&none);
    sigemptyset(&block);
    sigaddset(&block, SIGCHLD);
    sigprocmask(SIG_BLOCK, &block, NULL);
    kill(child, SIGSTOP);
    waitpid(child, &status, WUNTRACED);
    while (!nocldstop && last != CLD_STOPPED) sigsuspend(&none);
    kill(child, SIGCONT);
    waitpid(child, &status, WCONTINUED);
    while (!nocldstop && last != CLD_CONTINUED) sigsuspend(&none);
    kill(child, SIGKILL);
    while (last != CLD_KILLED) sigsuspend(&none);
    waitpid(child, &status, 0);
    printf("NOCLDSTOP %d: SIGCHLD came %d times, last for CLD_KILLED\n", nocldstop, calls);
    sigprocmask(SIG_SETMASK, &none, NULL);
  }
  return 0;
}
