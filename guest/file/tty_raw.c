// Raw terminals (termios(3)): VMIN and VTIME in all combinations, poll, non-blocking; packet mode, window size, the other end
// closed, requests that are refused.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

static int m, s;
static char name[64];
static const char *result(long r) {
  static char text[32];
  if (r == -1) return strerrorname_np(errno);
  sprintf(text, "%ld", r);
  return text;
}
static void raw(int min, int time) {
  struct termios t;
  tcgetattr(s, &t);
  cfmakeraw(&t);
  t.c_cc[VMIN] = min;
  t.c_cc[VTIME] = time;
  tcsetattr(s, TCSAFLUSH, &t);
}
static long milliseconds(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}
/* Types pieces with pauses from a child, and reads. */
static void timed(const char *what, int min, int time, const char *pieces, int size, int least) {
  raw(min, time);
  pid_t pid = fork();
  if (pid == 0) {
    for (const char *p = pieces; *p; p++) {
      if (*p == ' ') usleep(20000);
      else if (*p == '~') usleep(300000);
      else if (write(m, p, 1) != 1) _exit(1);
    }
    _exit(0);
  }
  char b[64];
  printf("%s:", what);
  long start = milliseconds();
  long r = read(s, b, size);
  long took = milliseconds() - start;
  printf(" %ld [%.*s], waited for it %d\n", r, (int)r, b, took >= least);
  waitpid(pid, 0, 0);
}

int main(void) {
  setvbuf(stdout, 0, _IONBF, 0);
  m = posix_openpt(O_RDWR | O_NOCTTY);
  grantpt(m);
  unlockpt(m);
  ptsname_r(m, name, sizeof name);
  s = open(name, O_RDWR | O_NOCTTY);
  struct stat st;
  stat(name, &st);
  printf("slave: mode %o of 600, major %d, mine %d, dev of descriptor the same %d\n", st.st_mode & 0600, (int)(st.st_rdev >> 8), st.st_uid == getuid(),
         st.st_rdev == ({ struct stat f; fstat(s, &f); f.st_rdev; }));
  timed("at least one", 1, 0, " a", 10, 15);
  timed("at least three", 3, 0, " a b c", 10, 50);
  timed("no more than asked", 9, 0, " a b c", 2, 35);
  // The third comes later, in a thread of the kernel's.
  char rest;
  read(s, &rest, 1);
  timed("nothing to wait for", 0, 0, "", 10, 0);
  timed("a time for the first", 0, 1, "", 10, 99);
  timed("the first in time", 0, 9, " a", 10, 15);
  timed("time between bytes", 5, 2, " ab~~~", 10, 200);
  timed("enough before the time", 2, 9, " a b", 10, 35);
  raw(3, 0);
  struct pollfd p = {s, POLLIN | POLLOUT, 0};
  if (write(m, "ab", 2) != 2) return 1;
  usleep(30000);
  printf("poll with two of three %d %x", poll(&p, 1, 0), p.revents);
  if (write(m, "c", 1) != 1) return 1;
  usleep(30000);
  poll(&p, 1, 0);
  printf(", with three %x\n", p.revents);
  raw(1, 0);
  fcntl(s, F_SETFL, O_NONBLOCK);
  char b[256];
  printf("non-blocking %s\n", result(read(s, b, 10)));
  // The window.
  struct winsize w = {0};
  ioctl(s, TIOCGWINSZ, &w);
  printf("window %d %d", w.ws_row, w.ws_col);
  w = (struct winsize){30, 90, 1, 2};
  printf(" set %s", result(ioctl(m, TIOCSWINSZ, &w)));
  memset(&w, 0, sizeof w);
  ioctl(s, TIOCGWINSZ, &w);
  printf(" %d %d %d %d\n", w.ws_row, w.ws_col, w.ws_xpixel, w.ws_ypixel);
  // Settings asked of the master are the slave's.
  struct termios t;
  tcgetattr(m, &t);
  printf("master shows raw %d\n", !(t.c_lflag & ICANON));
  // Packet mode.
  int on = 1;
  printf("packet mode %s", result(ioctl(m, TIOCPKT, &on)));
  if (write(s, "data", 4) != 4) return 1;
  long r = read(m, b, sizeof b);
  printf(": %ld %d %.*s", r, b[0], (int)r - 1, b + 1);
  tcflush(s, TCIFLUSH);
  r = read(m, b, sizeof b);
  printf(", flush %ld %d", r, b[0]);
  tcflow(s, TCOOFF);
  r = read(m, b, sizeof b);
  printf(", stop %ld %d", r, b[0]);
  tcflow(s, TCOON);
  r = read(m, b, sizeof b);
  printf(", start %ld %d", r, b[0]);
  tcgetattr(s, &t);
  t.c_iflag |= IXON;
  tcsetattr(s, TCSANOW, &t);
  r = read(m, b, sizeof b);
  printf(", keys %ld %d\n", r, b[0]);
  on = 0;
  ioctl(m, TIOCPKT, &on);
  // The other end.
  int locked = -1, n = -1;
  printf("lock %s", result(ioctl(m, TIOCGPTLCK, &locked)));
  printf(" %d, number %s", locked, result(ioctl(m, TIOCGPTN, &n)));
  printf(" %d\n", atoi(name + 9) == n);
  int peer = ioctl(m, TIOCGPTPEER, O_RDWR | O_NOCTTY);
  printf("peer %d\n", peer > 0 && isatty(peer));
  close(peer);
  if (write(s, "last words", 10) != 10) return 1;
  close(s);
  struct pollfd q = {m, POLLIN, 0};
  poll(&q, 1, -1);
  printf("slave closed: poll %x", q.revents);
  r = read(m, b, sizeof b);
  printf(", read %ld, then %s", r, result(read(m, b, sizeof b)));
  poll(&q, 1, 0);
  printf(", poll %x", q.revents);
  printf(", write %s\n", result(write(m, "x", 1)));
  s = open(name, O_RDWR | O_NOCTTY | O_NONBLOCK);
  q.revents = 0;
  poll(&q, 1, 0);
  printf("opened again: %d, poll %x\n", s > 0, q.revents);
  close(m);
  p.fd = s;
  poll(&p, 1, 0);
  printf("master closed: poll %x, read %s", p.revents, result(read(s, b, 10)));
  printf(", write %s", result(write(s, "x", 1)));
  printf(", settings %s", result(tcgetattr(s, &t)));
  printf(", name %s\n", result(open(name, O_RDWR)));
  // Refused.
  m = posix_openpt(O_RDWR);
  printf("master as the controlling terminal %s", result(ioctl(m, TIOCSCTTY, 0)) != 0 ? "asked" : "");
  printf(", no foreground %s", result(tcgetpgrp(0)));
  int fd = open("/dev/null", O_RDWR);
  printf(", not a terminal %s", result(tcgetattr(fd, &t)));
  printf(", bad discipline %s", result(ioctl(m, TIOCSETD, &(int){77})));
  printf(", bad flush %s\n", result(tcflush(m, 9)));
  return 0;
}
