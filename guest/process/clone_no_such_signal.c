// The call clone(2) takes the low byte of its flags as the signal for the parent without looking at it (only clone3 checks); when the
// child ends and it is not a signal, none is sent: do_notify_parent in kernel/signal.c, `valid_signal(sig)`.
#define _GNU_SOURCE
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static int signals;
static void count(int signo) {
  (void)signo;
  signals++;
}

int main(void) {
  struct sigaction action = {.sa_handler = count};
  sigaction(SIGCHLD, &action, 0);
  const int exit_signals[] = {0, 64, 65, 66, 127, 128, 255};
  for (unsigned i = 0; i < sizeof exit_signals / sizeof *exit_signals; i++) {
    const int signo = exit_signals[i];
    if (signo == 64) sigaction(64, &action, 0);
    signals = 0;
    long pid = syscall(SYS_clone, signo, 0, 0, 0, 0);
    if (pid == 0) _exit(3);
    int status, plain = waitpid(pid, &status, 0), why = errno;
    int waited = waitpid(pid, &status, __WALL);
    printf("%d: clone %d, wait %s, __WALL %d, status %x, %d signals\n", signo, pid > 0, plain == -1 && why == ECHILD ? "ECHILD" : "found",
           waited == pid, status, signals);
  }
  return 0;
}
