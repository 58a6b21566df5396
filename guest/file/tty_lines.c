// Canonical input of a pseudo-terminal (termios(3), n_tty.c): editing keys and their echo, ends of lines and of files, what is
// not a line yet, switching to raw mode and back, output processing.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

static int m, s;

static void dump(const char *b, int n) {
  printf(" %d [", n);
  for (int i = 0; i < n; i++) printf(b[i] >= 32 && b[i] < 127 ? "%c" : "\\%03o", (unsigned char)b[i]);
  printf("]");
}
static int drain(int fd, char *b) {
  int n = 0, r;
  struct pollfd p = {fd, POLLIN, 0};
  while (poll(&p, 1, n == 0 ? 400 : 40) > 0 && (r = read(fd, b + n, 500)) > 0) n += r;
  return n;
}
/* Waits for something to read: a line at the terminal, or at the other end the echo of one that is not finished. */
static void wait_for(int fd) {
  struct pollfd p = {fd, POLLIN, 0};
  poll(&p, 1, 10000);
}
/* Types keys, shows the echo, and what can be read. */
static void type(const char *what, const char *keys, int length) {
  char b[1024];
  if (write(m, keys, length) != length) printf("short write ");
  printf("%s: echo", what);
  dump(b, drain(m, b));
  printf(", lines");
  int r;
  while ((r = read(s, b, sizeof b)) >= 0) dump(b, r);
  if (errno != EAGAIN) printf(" %s", strerrorname_np(errno));
  printf("\n");
}
#define TYPE(what, keys) type(what, keys, sizeof keys - 1)

static void change(tcflag_t *(*which)(struct termios *), tcflag_t set, tcflag_t clear) {
  struct termios t;
  tcgetattr(s, &t);
  *which(&t) = (*which(&t) & ~clear) | set;
  tcsetattr(s, TCSANOW, &t);
}
static tcflag_t *local(struct termios *t) { return &t->c_lflag; }
static tcflag_t *input(struct termios *t) { return &t->c_iflag; }
static tcflag_t *output(struct termios *t) { return &t->c_oflag; }

int main(void) {
  setvbuf(stdout, 0, _IONBF, 0);
  m = posix_openpt(O_RDWR | O_NOCTTY);
  char name[64];
  printf("before unlockpt: %d\n", ptsname_r(m, name, sizeof name));
  printf("open %d %s\n", open(name, O_RDWR | O_NOCTTY), strerrorname_np(errno));
  grantpt(m);
  unlockpt(m);
  s = open(name, O_RDWR | O_NOCTTY | O_NONBLOCK);
  struct termios t, old;
  tcgetattr(s, &old);
  t = old;
  printf("new: iflag %o oflag %o cflag %o lflag %o speed %o, cc", t.c_iflag, t.c_oflag, t.c_cflag, t.c_lflag, cfgetospeed(&t));
  for (int i = 0; i < 17; i++) printf(" %d", t.c_cc[i]);
  printf("\nmaster is a terminal %d, slave %d\n", isatty(m), isatty(s));
  TYPE("line", "hello\n");
  TYPE("return", "hello\r");
  TYPE("two", "one\ntwo\n");
  TYPE("unfinished", "abc");
  TYPE("finished", "def\n");
  TYPE("erase", "abX\177c\177\177\177\177d\n");
  TYPE("kill", "throw away\025keep\n");
  TYPE("word", "one two  three \027\027x\n");
  TYPE("controls", "a\001b\177\177c\n");
  TYPE("tab", "a\tb\177\177c\n");
  TYPE("literal", "a\026\003b\026\n\n");
  TYPE("reprint", "abc\022d\n");
  TYPE("end of file", "part\004\004rest\n");
  TYPE("only end of file", "\004");
  TYPE("nul and high", "a\0b\377\n");
  change(input, IUTF8, 0);
  TYPE("utf-8", "a\303\244\177b\n");
  change(local, 0, ECHOE | ECHOKE);
  TYPE("plain erase", "ab\177c\025d\n");
  change(local, ECHOPRT, 0);
  change(local, ECHOE, 0);
  TYPE("printed erase", "abc\177\177d\n");
  change(local, ECHOKE, ECHOPRT);
  change(local, 0, ECHOCTL);
  TYPE("no ECHOCTL", "a\001\177b\n");
  change(local, ECHONL, ECHO);
  TYPE("only newlines", "secret\n");
  change(local, ECHO | ECHOCTL, ECHONL);
  change(input, INLCR, ICRNL);
  TYPE("newline to return", "a\nb\rc\004\004");
  change(input, IGNCR, INLCR);
  TYPE("return ignored", "a\rb\n");
  change(input, ICRNL | ISTRIP, IGNCR);
  TYPE("stripped", "\341\342\n");
  change(input, 0, ISTRIP);
  tcgetattr(s, &t);
  t.c_cc[VEOL] = ';';
  tcsetattr(s, TCSANOW, &t);
  TYPE("another end of line", "a;b\n");
  // A short read leaves the rest of the line.
  char b[64];
  if (write(m, "abcdef\n", 7) != 7) return 1;
  wait_for(s);
  int n = 0;
  ioctl(s, FIONREAD, &n);
  printf("to read %d,", n);
  dump(b, read(s, b, 3));
  dump(b, read(s, b, 64));
  printf("\n");
  drain(m, b);
  // Unfinished input becomes readable in raw mode, and is unfinished again afterwards.
  if (write(m, "xyz", 3) != 3) return 1;
  wait_for(m);
  printf("canonical %ld", (long)read(s, b, 64));
  change(local, 0, ICANON);
  ioctl(s, FIONREAD, &n);
  printf(", raw %d", n);
  dump(b, read(s, b, 2));
  change(local, ICANON, 0);
  printf(", canonical %ld", (long)read(s, b, 64));
  if (write(m, "!\n", 2) != 2) return 1;
  wait_for(s);
  dump(b, read(s, b, 64));
  printf("\n");
  // Flushing.
  if (write(m, "gone\n", 5) != 5) return 1;
  wait_for(s);
  tcflush(s, TCIFLUSH);
  printf("flushed %ld %s\n", (long)read(s, b, 64), strerrorname_np(errno));
  drain(m, b);
  // Output.
  static const char text[] = "a\tb\nc\rd\n";
  struct { const char *what; tcflag_t flags; } modes[] = {
      {"ONLCR", OPOST | ONLCR}, {"raw", 0}, {"OCRNL", OPOST | OCRNL}, {"ONLRET", OPOST | ONLRET | OCRNL},
      {"ONOCR", OPOST | ONOCR}, {"XTABS", OPOST | XTABS}, {"OLCUC", OPOST | OLCUC}};
  for (unsigned i = 0; i < sizeof modes / sizeof *modes; i++) {
    change(output, modes[i].flags, ~0u);
    if (write(s, text, sizeof text - 1) != sizeof text - 1) return 1;
    printf("%s:", modes[i].what);
    char c[128];
    dump(c, drain(m, c));
    printf("\n");
  }
  change(output, OPOST | ONLCR, ~0u);
  // Flow control: output is held between ^S and ^Q.
  if (write(m, "\023", 1) != 1) return 1;
  usleep(200000);
  printf("held: %ld %s", (long)write(s, "x", 1), strerrorname_np(errno));
  struct pollfd p = {s, POLLOUT, 0};
  printf(", poll %d", poll(&p, 1, 0));
  if (write(m, "\021", 1) != 1) return 1;
  usleep(200000);
  printf(", released: %ld,", (long)write(s, "y", 1));
  char c[16];
  dump(c, drain(m, c));
  tcflow(s, TCOOFF);
  printf(", TCOOFF %ld", (long)write(s, "z", 1));
  tcflow(s, TCOON);
  printf(", TCOON %ld,", (long)write(s, "z", 1));
  dump(c, drain(m, c));
  printf("\n");
  // A line longer than there is room for can still be ended.
  char *longer = malloc(6000);
  memset(longer, 'x', 6000);
  change(local, 0, ECHO);
  for (int done = 0; done < 6000;) {
    int w = write(m, longer + done, 6000 - done);
    if (w > 0) done += w;
  }
  if (write(m, "\n", 1) != 1) return 1;
  wait_for(s);
  n = read(s, longer, 6000);
  printf("longest line %d, ends %d\n", n, longer[n - 1] == '\n');
  return 0;
}
