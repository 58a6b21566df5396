// Vhangup(2) and TIOCVHANGUP: the terminal of the session hangs up. Its leader alone gets SIGHUP and SIGCONT, open files of the
// terminal are dead, others opened later are not, the session has no terminal; without one nothing happens, and only root may
// (__tty_hangup, tty_vhangup_self of drivers/tty/tty_io.c).
// capabilities: sys_admin
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

static volatile sig_atomic_t hups, conts;
static void onSignal(int signo) {
  if (signo == SIGHUP) hups++;
  else conts++;
}
static const char *outcome(long result) { return result < 0 ? strerrorname_np(errno) : "0"; }

static int master, slave;
static void make(void) {
  master = open("/dev/ptmx", O_RDWR | O_NOCTTY);
  unlockpt(master);
}

static void hang_up(int by_ioctl) {
  fflush(stdout);
  make();
  if (fork() == 0) {
    int ready[2], go[2];
    char byte;
    setsid();
    slave = open(ptsname(master), O_RDWR);
    pipe(ready), pipe(go);
    hups = conts = 0;
    const pid_t member = fork();
    if (member == 0) {
      write(ready[1], "x", 1);
      read(go[0], &byte, 1);
      printf("  member: SIGHUP %d, SIGCONT %d, terminal %s\n", hups, conts, outcome(open("/dev/tty", O_RDWR)));
      fflush(stdout);
      _exit(0);
    }
    read(ready[0], &byte, 1);
    printf("%s: %s\n", by_ioctl ? "TIOCVHANGUP" : "vhangup", outcome(by_ioctl ? ioctl(slave, TIOCVHANGUP) : vhangup()));
    printf("  leader: SIGHUP %d, SIGCONT %d, terminal %s", hups, conts, outcome(open("/dev/tty", O_RDWR)));
    struct pollfd polled = {slave, POLLIN | POLLOUT, 0};
    poll(&polled, 1, 0);
    printf(", read %s", outcome(read(slave, &byte, 1)));
    printf(", write %s", outcome(write(slave, "x", 1)));
    printf(", poll %#x", polled.revents);
    printf(", settings %s", outcome(ioctl(slave, TIOCGWINSZ, &(struct winsize){0})));
    const int again = open(ptsname(master), O_RDWR | O_NOCTTY);
    printf(", opened again %s", outcome(again));
    printf(", write %s", outcome(write(again, "y", 1)));
    printf(", session %s\n", outcome(ioctl(master, TIOCGSID, &(int){0})));
    fflush(stdout);
    write(go[1], "x", 1);
    waitpid(member, NULL, 0);
    printf("  once more: %s\n", outcome(vhangup()));
    fflush(stdout);
    _exit(0);
  }
  wait(NULL);
  close(master);
}

int main(void) {
  signal(SIGHUP, onSignal), signal(SIGCONT, onSignal);
  hang_up(0);
  hang_up(1);
  fflush(stdout);
  if (fork() == 0) {
    setsid();
    setresuid(1000, 1000, 1000);
    printf("as a user: %s\n", outcome(vhangup()));
    fflush(stdout);
    _exit(0);
  }
  wait(NULL);
  return 0;
}
