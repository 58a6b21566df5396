// Hang-up of a terminal (tty_io.c, tty_jobctrl.c): the master is closed, the session leader ends or gives its terminal up. Who gets
// SIGHUP and SIGCONT with which siginfo, what the calls of each then return; and TIOCSIG and TIOCSTI (ioctl_tty(2), pty_signal).
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

enum { LEADER, FORE, BACK, ROLES };
static const char *const names[] = {"leader", "foreground", "background"};
static int master, slave, commands[ROLES][2], replies[ROLES][2];
static char name[64], text[512];
static volatile int notes;
static pid_t *pids;
static volatile int *busy;

static void note(int sig, siginfo_t *info, void *context) {
  (void)context;
  int length = strlen(text);
  notes++;
  snprintf(text + length, sizeof text - length, " %s(%s%s)", sigabbrev_np(sig), info->si_code == SI_KERNEL ? "SI_KERNEL" : "SI_USER",
           info->si_pid == 0 ? "" : ", a pid");
}

static const char *error(long r) {
  static char number[32];
  if (r < 0) return strerrorname_np(errno);
  sprintf(number, "%ld", r);
  return number;
}

/* A process of the session: does what it is told, and says what came of it; `u` and `U` wait for signals. */
static void obey(int role) {
  char c, b[16], answer[600];
  struct sigaction action = {.sa_sigaction = note, .sa_flags = SA_SIGINFO | SA_RESTART};
  sigfillset(&action.sa_mask);
  static const int noted[] = {SIGHUP, SIGCONT, SIGINT, SIGQUIT, SIGTSTP, SIGWINCH, SIGUSR1};
  for (unsigned i = 0; i < sizeof noted / sizeof *noted; i++) sigaction(noted[i], &action, NULL);
  struct pollfd p = {slave, POLLIN | POLLOUT, 0};
  struct termios t;
  while (read(commands[role][0], &c, 1) == 1) {
    long r = 0;
    switch (c) {
      case 'l': break;
      case 'u': while (notes < 1) usleep(500); break;
      case 'U': while (notes < 2) usleep(500); break;
      case 'R': *busy = 1; // fall through
      case 'r': r = read(slave, b, sizeof b); break;
      case 'w': r = write(slave, "x", 1); break;
      case 'p': r = poll(&p, 1, 0) < 0 ? -1 : p.revents; break;
      case 'g': r = tcgetpgrp(slave) < 0 ? -1 : 0; break;
      case 's': r = tcsetpgrp(slave, getpgrp()); break;
      case 'o': if ((r = open("/dev/tty", O_RDWR)) >= 0) close(r), r = 0; break;
      case 'O': if ((r = open(name, O_RDWR)) >= 0) close(r), r = 0; break;
      case 'a': r = tcgetattr(slave, &t); break;
      case 'n': r = ioctl(slave, TIOCNOTTY); break;
      case 'c': close(slave); break;
      case 'k': r = ioctl(slave, TIOCSTI, "k"); break;
      case '3': r = ioctl(slave, TIOCSTI, "\003"); break;
      case '\n': r = ioctl(slave, TIOCSTI, "\n"); break;
      case 'S': r = ioctl(slave, TIOCSIG, SIGINT); break;
      case 'x': _exit(0);
    }
    int n = snprintf(answer, sizeof answer, "%s%s\n", strchr("luU", c) ? "" : error(r), text);
    text[0] = notes = 0;
    if (write(replies[role][1], answer, n) != n) _exit(9);
  }
  _exit(1);
}

static void reply(int role) {
  char c;
  while (read(replies[role][0], &c, 1) == 1 && c != '\n') putchar(c);
}
static void tell(int role, const char *what) {
  printf("  %s", names[role]);
  for (; *what; what++) {
    if (!strchr("luU", *what)) printf(" %c:", *what == '\n' ? 'j' : *what);
    fflush(stdout);
    if (write(commands[role][1], what, 1) != 1) _exit(8);
    reply(role);
  }
  printf("\n");
}
static void logs(int from) { for (int role = from; role < ROLES; role++) tell(role, "l"); }

static char state(pid_t pid) {
  char path[64], line[256] = "", *at;
  sprintf(path, "/proc/%d/stat", pid);
  FILE *f = fopen(path, "r");
  if (f == NULL) return '?';
  if (fgets(line, sizeof line, f) == NULL) line[0] = 0;
  fclose(f);
  return (at = strrchr(line, ')')) ? at[2] : '?';
}
static void until(int role, char wanted) { while (state(pids[role]) != wanted) usleep(1000); }

static void member(int role) {
  pid_t pid = fork();
  if (pid == 0) obey(role);
  pids[role] = pid;
  setpgid(pid, pid);
}

static void start(const char *title) {
  printf("%s\n", title);
  fflush(stdout);
  *busy = 0;
  for (int role = 0; role < ROLES; role++) if (pipe(commands[role]) || pipe(replies[role])) _exit(7);
  master = posix_openpt(O_RDWR | O_NOCTTY);
  grantpt(master), unlockpt(master);
  ptsname_r(master, name, sizeof name);
  pid_t pid = fork();
  if (pid == 0) {
    close(master);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    setsid();
    slave = open(name, O_RDWR);
    signal(SIGTTOU, SIG_IGN);
    struct termios t;
    tcgetattr(slave, &t);
    t.c_lflag &= ~ECHO;
    tcsetattr(slave, TCSANOW, &t);
    member(FORE), member(BACK);
    tcsetpgrp(slave, pids[FORE]);
    obey(LEADER);
  }
  pids[LEADER] = pid;
  logs(LEADER);
}
static void end(void) {
  for (int role = 0; role < ROLES; role++) {
    if (pids[role] > 0) kill(pids[role], SIGKILL);
    close(commands[role][0]), close(commands[role][1]), close(replies[role][0]), close(replies[role][1]);
  }
  while (wait(NULL) > 0) continue;
  close(master);
}
static void leader_ends(void) {
  if (write(commands[LEADER][1], "x", 1) != 1) _exit(8);
  waitpid(pids[LEADER], NULL, 0);
  pids[LEADER] = 0;
  printf("  leader ended\n");
}

int main(void) {
  pids = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  busy = (int *)(pids + ROLES);
  prctl(PR_SET_CHILD_SUBREAPER, 1);
  signal(SIGPIPE, SIG_IGN);

  start("the master is closed");
  close(master);
  logs(LEADER);
  tell(LEADER, "rwpgsoOa");
  tell(FORE, "rwpgsoOa");
  leader_ends();
  logs(FORE);
  end();

  start("the master is closed while they read");
  if (write(commands[FORE][1], "R", 1) != 1) return 1;
  while (!*busy) usleep(1000);
  until(FORE, 'S');
  close(master);
  printf("  foreground R:");
  reply(FORE);
  printf("\n");
  tell(LEADER, "l");
  tell(FORE, "rr");
  end();

  start("the master is closed, all are stopped");
  for (int role = 0; role < ROLES; role++) kill(pids[role], SIGSTOP), until(role, 'T');
  close(master);
  until(LEADER, 'S');
  printf("  leader runs, foreground %c, background %c\n", state(pids[FORE]), state(pids[BACK]));
  tell(LEADER, "l");
  leader_ends();
  until(FORE, 'S');
  printf("  foreground runs\n");
  logs(FORE);
  end();

  start("the leader ends");
  leader_ends();
  logs(FORE);
  tell(FORE, "owpg");
  if (write(master, "hello\n", 6) != 6) return 1;
  tell(FORE, "ra");
  tell(BACK, "ow");
  end();

  start("the leader gives the terminal up");
  tell(LEADER, "nno");
  logs(FORE);
  tell(FORE, "og");
  leader_ends();
  logs(FORE);
  end();

  start("others give the terminal up");
  tell(FORE, "no");
  tell(BACK, "no");
  tell(LEADER, "og");
  if (write(master, "\003", 1) != 1) return 1;
  tell(FORE, "u");
  logs(LEADER);
  tell(LEADER, "s");
  if (write(master, "\003", 1) != 1) return 1;
  tell(LEADER, "u");
  logs(LEADER);
  leader_ends();
  logs(FORE);
  end();

  start("signals by request");
  static const int wanted[] = {SIGINT, SIGQUIT, SIGTSTP, SIGHUP, SIGUSR1, SIGKILL, SIGWINCH, SIGCONT, 0, -1, 64, 65};
  for (unsigned i = 0; i < sizeof wanted / sizeof *wanted; i++) {
    printf(" %d: %s", wanted[i], error(ioctl(master, TIOCSIG, wanted[i])));
    tell(FORE, "l");
  }
  tell(LEADER, "S");
  tell(BACK, "S");
  tell(FORE, "S");
  printf("keys by request\n");
  tell(LEADER, "kk\n");
  tell(FORE, "r");
  tell(LEADER, "3");
  logs(FORE);
  tell(FORE, "3");
  if (write(master, "\034\032", 2) != 2) return 1;
  tell(FORE, "U");
  logs(LEADER);
  struct winsize size = {7, 8, 9, 10};
  ioctl(master, TIOCSWINSZ, &size);
  logs(LEADER);
  end();
  return 0;
}
