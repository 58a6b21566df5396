// SA_RESETHAND: the action is SIG_DFL again once the handler is called, its flags and mask stay (get_signal only stores
// SIG_DFL); SA_NODEFER is not implied, unlike System V's signal().
#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

static int calls;
static void handler(int sig) {
  struct sigaction now;
  sigset_t mask;
  sigaction(sig, NULL, &now);
  sigprocmask(SIG_BLOCK, NULL, &mask);
  printf("in handler: call %d, action %s, flags %#x, self blocked %d\n", ++calls, now.sa_handler == SIG_DFL ? "SIG_DFL" : "handler",
         now.sa_flags & ~0x4000000, sigismember(&mask, sig));
}

int main(void) {
  struct sigaction sa = {.sa_handler = handler, .sa_flags = SA_RESETHAND | SA_RESTART};
  sigaddset(&sa.sa_mask, SIGHUP);
  sigaction(SIGUSR1, &sa, NULL);
  raise(SIGUSR1);
  struct sigaction now;
  sigaction(SIGUSR1, NULL, &now);
  printf("after: %s flags %#x HUP in mask %d\n", now.sa_handler == SIG_DFL ? "SIG_DFL" : "handler", now.sa_flags & ~0x4000000,
         sigismember(&now.sa_mask, SIGHUP));
  fflush(stdout);
  pid_t child = fork();
  if (child == 0) {
    raise(SIGUSR1);
    _exit(1);
  }
  int status;
  waitpid(child, &status, 0);
  printf("second one kills: %d\n", WTERMSIG(status));

  // Two queued real-time signals: the first resets, the second kills.
  sa.sa_flags = SA_RESETHAND;
  sigaction(40, &sa, NULL);
  fflush(stdout);
  child = fork();
  if (child == 0) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, 40);
    sigprocmask(SIG_BLOCK, &set, NULL);
    raise(40);
    raise(40);
    sigprocmask(SIG_UNBLOCK, &set, NULL);
    _exit(1);
  }
  waitpid(child, &status, 0);
  printf("queued: killed by %d\n", WTERMSIG(status));
  return 0;
}
