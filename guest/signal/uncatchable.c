// SIGKILL and SIGSTOP cannot be caught, blocked or ignored; SIGKILL also ends a stopped process, and one that blocks
// everything or sleeps in a system call.
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static void handler(int sig) { (void)sig; }

static void show(const char *what, pid_t child) {
  int status;
  waitpid(child, &status, WUNTRACED);
  printf("%s: %s %d\n", what, WIFSTOPPED(status) ? "stopped by" : WIFSIGNALED(status) ? "killed by" : "exit",
         WIFSTOPPED(status) ? WSTOPSIG(status) : WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
}

static pid_t sleeper(void) {
  fflush(stdout);
  pid_t child = fork();
  if (child == 0) {
    sigset_t all;
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, NULL);
    for (;;) pause();
  }
  return child;
}

int main(void) {
  int sigs[] = {SIGKILL, SIGSTOP};
  for (int i = 0; i < 2; i++) {
    struct sigaction sa = {.sa_handler = handler};
    int r = sigaction(sigs[i], &sa, NULL);
    printf("catch %d: %d %s\n", sigs[i], r, strerrorname_np(errno));
    sa.sa_handler = SIG_IGN;
    r = sigaction(sigs[i], &sa, NULL);
    printf("ignore %d: %d %s\n", sigs[i], r, strerrorname_np(errno));
    sa.sa_handler = SIG_DFL;
    r = sigaction(sigs[i], &sa, NULL);
    printf("default %d: %d %s\n", sigs[i], r, strerrorname_np(errno));
  }
  pid_t child = sleeper();
  kill(child, SIGSTOP);
  show("STOP, all blocked", child);
  kill(child, SIGTERM);  // Blocked and pending for ever.
  kill(child, SIGKILL);
  show("KILL while stopped", child);
  child = sleeper();
  kill(child, SIGKILL);
  show("KILL, all blocked", child);

  // What is sent to a stopped process waits until it continues; SIGKILL does not.
  fflush(stdout);
  int fd[2];
  if (pipe(fd)) return 1;
  child = fork();
  if (child == 0) {
    signal(SIGTERM, SIG_DFL);
    for (;;) pause();
  }
  kill(child, SIGSTOP);
  show("STOP", child);
  kill(child, SIGTERM);
  int status;
  usleep(2000);
  printf("still stopped: %d\n", waitpid(child, &status, WNOHANG));
  kill(child, SIGCONT);
  show("CONT", child);
  return 0;
}
