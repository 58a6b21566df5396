// Job control on a pseudo-terminal (setsid(2), tcsetpgrp(3), tty_jobctrl.c): keys that send signals, background reads and
// writes, orphans, losing the terminal, hang-up.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

static int m, out[2];
static char name[64];
static const char *result(long r) {
  static char text[32];
  if (r == -1) return strerrorname_np(errno);
  sprintf(text, "%ld", r);
  return text;
}
static void say(const char *format, const char *a) {
  char line[200];
  int n = snprintf(line, sizeof line, format, a);
  if (write(out[1], line, n) != n) _exit(9);
}
static void handler(int sig) {
  char text[64];
  snprintf(text, sizeof text, "  signal %s\n", sigabbrev_np(sig));
  if (write(out[1], text, strlen(text)) < 0) _exit(9);
}
static void line(void) {
  char c;
  do {
    if (read(out[0], &c, 1) != 1) {
      printf("  (closed)\n");
      return;
    }
    putchar(c);
  } while (c != '\n');
}
static void key(const char *keys) {
  if (write(m, keys, strlen(keys)) < 0) perror("write");
}
static const char *state(int status) {
  static char text[64];
  if (WIFSTOPPED(status)) sprintf(text, "stopped by %s", sigabbrev_np(WSTOPSIG(status)));
  else if (WIFSIGNALED(status)) sprintf(text, "killed by %s", sigabbrev_np(WTERMSIG(status)));
  else sprintf(text, "exit %d", WEXITSTATUS(status));
  return text;
}

/* The session's leader: a shell of sorts, told what to do by numbers. */
static void leader(void) {
  say("leader: setsid %s\n", setsid() == getpid() ? "ok" : "no");
  say("leader: /dev/tty before %s\n", result(open("/dev/tty", O_RDWR)));
  int s = open(name, O_RDWR);
  say("leader: opened, foreground is mine %s\n", tcgetpgrp(s) == getpgrp() ? "yes" : "no");
  say("leader: session %s\n", tcgetsid(s) == getsid(0) ? "mine" : "another");
  say("leader: /dev/tty now %s\n", open("/dev/tty", O_RDWR) > 0 ? "ok" : "no");
  signal(SIGTTOU, SIG_IGN);
  struct sigaction sa = {.sa_handler = handler, .sa_flags = SA_RESTART};
  sigaction(SIGHUP, &sa, 0);
  sigaction(SIGWINCH, &sa, 0);

  // A foreground job gets the signals of the keys.
  pid_t job = fork();
  int status;
  if (job == 0) {
    setpgid(0, 0);
    tcsetpgrp(s, getpid());
    sigaction(SIGINT, &sa, 0);
    say("job: ready%s\n", "");
    char b[64];
    for (int i = 0; i < 2; i++) {
      int n = read(s, b, sizeof b);
      b[n > 0 ? n - 1 : 0] = 0;
      say("job: read %s\n", b);
    }
    for (;;) pause();
  }
  setpgid(job, job);
  waitpid(job, &status, WUNTRACED);
  say("leader: job %s\n", state(status));
  tcsetpgrp(s, getpgrp());
  kill(-job, SIGCONT);
  say("leader: continued%s\n", "");
  tcsetpgrp(s, job);
  waitpid(job, &status, WUNTRACED);
  say("leader: job %s\n", state(status));
  tcsetpgrp(s, getpgrp());

  // Background jobs.
  job = fork();
  if (job == 0) {
    setpgid(0, 0);
    signal(SIGTTOU, SIG_DFL);
    char b[8];
    say("job: background read %s\n", result(read(s, b, 1)));
    _exit(1);
  }
  setpgid(job, job);
  waitpid(job, &status, WUNTRACED);
  say("leader: job %s\n", state(status));
  kill(job, SIGKILL);
  waitpid(job, &status, 0);
  job = fork();
  if (job == 0) {
    setpgid(0, 0);
    signal(SIGTTIN, SIG_IGN);
    char b[8];
    say("job: ignoring: %s\n", result(read(s, b, 1)));
    signal(SIGTTOU, SIG_DFL);
    say("job: writing is allowed: %s\n", result(write(s, "bg\n", 3)));
    struct termios t;
    tcgetattr(s, &t);
    t.c_lflag |= TOSTOP;
    tcsetattr(s, TCSANOW, &t);
    _exit(2);
  }
  setpgid(job, job);
  waitpid(job, &status, WUNTRACED);
  say("leader: job %s\n", state(status));
  struct termios t;
  tcgetattr(s, &t);
  say("leader: settings %s\n", t.c_lflag & TOSTOP ? "changed" : "unchanged");
  t.c_lflag |= TOSTOP;
  tcsetattr(s, TCSANOW, &t);
  kill(job, SIGKILL);
  waitpid(job, &status, 0);
  job = fork();
  if (job == 0) {
    setpgid(0, 0);
    signal(SIGTTOU, SIG_DFL);
    if (write(s, "x", 1) < 0) _exit(4);
    _exit(3);
  }
  setpgid(job, job);
  waitpid(job, &status, WUNTRACED);
  say("leader: with TOSTOP the job is %s\n", state(status));
  kill(job, SIGKILL);
  waitpid(job, &status, 0);
  // An orphaned group is not stopped.
  int go[2], done[2];
  if (pipe(go) || pipe(done)) _exit(9);
  job = fork();
  if (job == 0) {
    pid_t grandchild = fork();
    if (grandchild == 0) {
      setpgid(0, 0);
      char b[8];
      if (read(go[0], b, 1) != 1) _exit(9);
      say("orphan: read %s\n", result(read(s, b, 1)));
      _exit(write(done[1], "x", 1) != 1);
    }
    setpgid(grandchild, grandchild);
    _exit(0);
  }
  waitpid(job, &status, 0);
  char byte;
  if (write(go[1], "x", 1) != 1 || read(done[0], &byte, 1) != 1) _exit(9);
  // Others' requests.
  say("leader: foreground of no group %s\n", result(tcsetpgrp(s, 999999)));
  say("leader: foreground of another session %s\n", result(tcsetpgrp(s, getppid())));
  struct winsize w = {11, 22, 0, 0};
  ioctl(s, TIOCSWINSZ, &w);
  say("leader: simulated key %s\n", result(ioctl(s, TIOCSTI, "k")));
  char b[16];
  ioctl(s, TIOCSTI, "\n");
  long n = read(s, b, sizeof b);
  b[n > 0 ? n - 1 : 0] = 0;
  say("leader: read [%s]\n", b);
  say("leader: waits%s\n", "");
  // The master is closed: SIGHUP, and the file is dead.
  n = read(s, b, 1);
  say("leader: read %s\n", result(n));
  say("leader: write %s\n", result(write(s, "x", 1)));
  say("leader: /dev/tty %s\n", result(open("/dev/tty", O_RDWR)));
  _exit(0);
}

int main(void) {
  setvbuf(stdout, 0, _IONBF, 0);
  if (pipe(out)) return 1;
  m = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
  grantpt(m);
  unlockpt(m);
  ptsname_r(m, name, sizeof name);
  pid_t pid = fork();
  if (pid == 0) {
    close(m);
    leader();
  }
  for (int i = 0; i < 6; i++) line();
  key("one\n");
  line();
  key("\003");
  line();
  key("two\n");
  line();
  key("\032");
  for (int i = 0; i < 2; i++) line();
  usleep(50000);
  key("\034");
  for (int i = 0; i < 8; i++) line();
  for (int i = 0; i < 6; i++) line();
  usleep(20000);
  close(m);
  for (int i = 0; i < 4; i++) line();
  int status;
  waitpid(pid, &status, 0);
  printf("leader %s\n", state(status));
  return 0;
}
