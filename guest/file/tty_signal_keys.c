// What a key that sends a signal drops (n_tty.c, isig): what was typed before it and its echo, not what follows in the same write, nor
// what a program wrote; NOFLSH, packet mode's report of it, and tcflush(3) beside it.
#define _GNU_SOURCE
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

static int m, s;

static void show(const char *b, int n) {
  for (int i = 0; i < n; i++) {
    if (b[i] == '\n') printf("\\n");
    else if (b[i] == '\r') printf("\\r");
    else if (b[i] < 32) printf("<%d>", b[i]);
    else putchar(b[i]);
  }
}
/* Reads and shows lines until one holds `!`. */
static void until_mark(const char *what, int fd) {
  char b[256];
  int n;
  printf("  %s:", what);
  do {
    n = read(fd, b, sizeof b);
    if (n <= 0) break;
    printf(" [");
    show(b, n);
    printf("]");
  } while (!memchr(b, '!', n));
  printf("\n");
}
/* The master may get its bytes in pieces: up to and with the end of the line that has the mark. */
static void echoes(void) {
  char b[512];
  int n = 0;
  do {
    int r = read(m, b + n, 1);
    if (r <= 0) break;
    n += r;
  } while ((b[n - 1] != '\n' && b[n - 1] != 'J') || !memchr(b, '!', n));
  printf("  master: [");
  show(b, n);
  printf("]\n");
}
static void type(const char *keys) {
  if (write(m, keys, strlen(keys)) < 0) _exit(9);
}
static struct termios pair(void) {
  struct termios t;
  m = posix_openpt(O_RDWR | O_NOCTTY);
  grantpt(m), unlockpt(m);
  s = open(ptsname(m), O_RDWR | O_NOCTTY);
  tcgetattr(s, &t);
  return t;
}
static void end(void) { close(s), close(m); }

/* What the master is told in packet mode, without the data. */
static void packet(const char *what) {
  char b[256];
  int status = 0;
  struct pollfd p = {m, POLLIN, 0};
  while (poll(&p, 1, 0) > 0 && read(m, b, sizeof b) > 0) status |= b[0];
  printf("  packet after %s: %d\n", what, status);
}

int main(void) {
  setvbuf(stdout, NULL, _IONBF, 0);
  static const char *const keys[] = {"x\003rest\nmore!\n", "a\003b\034c\032d!\n", "\003\003!\n", "abc\177\003d\026\003e!\n", "one\ntwo\003three!\n", "\tx\003\ty!\n"};
  for (int flags = 0; flags < 4; flags++) {
    printf("%s%s\n", flags & 1 ? "NOFLSH" : "flush", flags & 2 ? ", raw" : "");
    for (unsigned i = 0; i < sizeof keys / sizeof *keys; i++) {
      struct termios t = pair();
      if (flags & 1) t.c_lflag |= NOFLSH;
      if (flags & 2) t.c_lflag &= ~ICANON;
      tcsetattr(s, TCSANOW, &t);
      type(keys[i]);
      echoes();
      until_mark("slave", s);
      end();
    }
  }
  // A line that waits, and what a program has written.
  pair();
  if (write(s, "out!\n", 5) != 5) return 1;
  type("line!\n");
  echoes();
  echoes();
  if (write(s, "kept!\n", 6) != 6) return 1;
  struct pollfd p = {m, POLLIN, 0};
  poll(&p, 1, -1);
  type("\003next!\n");
  echoes();
  echoes();
  until_mark("slave", s);
  end();
  // Echo waits as output does.
  pair();
  type("\023held!\n");
  until_mark("slave", s);
  p = (struct pollfd){m, POLLIN, 0};
  printf("  stopped, the master has echo: %d\n", poll(&p, 1, 0));
  type("\021");
  echoes();
  type("\023gone!\003after!\n");
  echoes();
  until_mark("slave", s);
  end();
  // Packet mode.
  pair();
  int on = 1;
  ioctl(m, TIOCPKT, &on);
  type("a\003!\n");
  until_mark("slave", s);
  packet("a key");
  tcflush(s, TCIFLUSH);
  packet("TCIFLUSH");
  tcflush(s, TCOFLUSH);
  packet("TCOFLUSH");
  tcflush(s, TCIOFLUSH);
  packet("TCIOFLUSH");
  end();
  return 0;
}
