// TIOCSWINSZ (ioctl_tty(2)): a new size of a terminal is SIGWINCH for its foreground process group, from either end; the same size
// once more is not, and a background group hears nothing.
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

static volatile int count;
static void on_winch(int signo, siginfo_t *info, void *context) {
  (void)context;
  count++;
  printf("signal %d, code %#x\n", signo, info->si_code);
}

static void resize(int fd, int rows, int columns) {
  struct winsize size = {rows, columns, 0, 0}, now;
  count = 0;
  int result = ioctl(fd, TIOCSWINSZ, &size);
  ioctl(fd, TIOCGWINSZ, &now);
  printf("%dx%d: %d, now %dx%d, %d signals\n", rows, columns, result, now.ws_row, now.ws_col, count);
}

int main(void) {
  setvbuf(stdout, NULL, _IOLBF, 0);
  int master = posix_openpt(O_RDWR | O_NOCTTY);
  grantpt(master), unlockpt(master);
  char *name = ptsname(master);
  pid_t child = fork();
  if (child == 0) {
    struct sigaction sa = {.sa_sigaction = on_winch, .sa_flags = SA_SIGINFO};
    sigaction(SIGWINCH, &sa, NULL);
    setsid();
    int tty = open(name, O_RDWR);
    resize(tty, 24, 80);
    resize(tty, 24, 80);
    resize(tty, 25, 80);
    resize(master, 25, 81);
    resize(master, 25, 81);
    /* Another group is in the foreground. */
    pid_t front = fork();
    if (front == 0) {
      setpgid(0, 0);
      sigset_t set;
      int signo;
      sigemptyset(&set), sigaddset(&set, SIGWINCH), sigaddset(&set, SIGTTOU);
      sigprocmask(SIG_BLOCK, &set, NULL);
      tcsetpgrp(tty, getpid());
      sigdelset(&set, SIGTTOU);
      resize(tty, 30, 90);
      sigwait(&set, &signo);
      printf("the foreground has %d\n", signo);
      _exit(0);
    }
    count = 0;
    waitpid(front, NULL, 0);
    printf("the background has had %d\n", count);
    _exit(0);
  }
  int status;
  waitpid(child, &status, 0);
  printf("status %#x\n", status);
  return 0;
}
