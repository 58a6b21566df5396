// SIGCHLD carries how the child changed state: CLD_EXITED with the status, CLD_KILLED with the signal, CLD_STOPPED,
// CLD_CONTINUED; si_pid is the child, si_uid its user (do_notify_parent and do_notify_parent_cldstop).
#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static siginfo_t got;

static void handler(int sig, siginfo_t *info, void *uc) {
  (void)sig, (void)uc;
  got = *info;
}

static sigset_t waiting;

static void show(pid_t child, const char *how) {
  sigsuspend(&waiting);
  static const char *const names[] = {"?", "EXITED", "KILLED", "DUMPED", "TRAPPED", "STOPPED", "CONTINUED"};
  printf("%-9s signo=%s code=CLD_%s pid=%s uid=%s status=%d\n", how, got.si_signo == SIGCHLD ? "SIGCHLD" : "?",
         names[got.si_code], got.si_pid == child ? "child" : "?", got.si_uid == getuid() ? "self" : "?", got.si_status);
}

static pid_t start(int exits) {
  fflush(stdout);
  pid_t child = fork();
  if (child == 0) {
    sigprocmask(SIG_SETMASK, &waiting, NULL);
    if (exits >= 0) _exit(exits);
    for (;;) pause();
  }
  return child;
}

int main(void) {
  struct sigaction sa = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO};
  sigaction(SIGCHLD, &sa, NULL);
  sigset_t block;
  sigemptyset(&block);
  sigaddset(&block, SIGCHLD);
  sigprocmask(SIG_BLOCK, &block, &waiting);

  pid_t child = start(0);
  show(child, "exit 0");
  waitpid(child, NULL, 0);
  child = start(250);
  show(child, "exit 250");
  waitpid(child, NULL, 0);

  child = start(-1);
  kill(child, SIGSTOP);
  show(child, "SIGSTOP");
  kill(child, SIGCONT);
  show(child, "SIGCONT");
  kill(child, SIGTSTP);  // The child shares our orphaned process group, so this one is dropped.
  kill(child, SIGTERM);
  show(child, "SIGTERM");
  waitpid(child, NULL, 0);

  child = start(-1);
  kill(child, SIGKILL);
  show(child, "SIGKILL");
  waitpid(child, NULL, 0);
  child = start(-1);
  kill(child, 63);
  show(child, "signal 63");
  waitpid(child, NULL, 0);
  return 0;
}
