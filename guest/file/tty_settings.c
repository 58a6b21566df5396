// Settings of a pseudo-terminal in the three structs that ioctl_tty(2) has for them: what each gives and takes, speeds by number
// and by name, what a pseudo-terminal keeps as it is, locked bits and characters (TIOCSLCKTRMIOS), TIOCSSOFTCAR, flushing
// sets, packet mode with EXTPROC, the order of TIOCSPGRP's errors (tty_ioctl.c, tty_baudrate.c, pty_set_termios).
// capabilities: sys_admin
#define _GNU_SOURCE
#include <asm/ioctls.h>
#include <asm/termbits.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

int ioctl(int, unsigned long, ...);
enum { NCC = 8 };
struct termio {
  unsigned short c_iflag, c_oflag, c_cflag, c_lflag;
  unsigned char c_line, c_cc[NCC];
};

static int master, slave;
static const char *outcome(int result) { return result < 0 ? strerrorname_np(errno) : "0"; }
static void make(void) {
  master = open("/dev/ptmx", O_RDWR | O_NOCTTY);
  unlockpt(master);
  slave = open(ptsname(master), O_RDWR | O_NOCTTY);
}
static void drop(void) { close(master), close(slave); }

static void keys(const unsigned char *keys, int count) {
  for (int i = 0; i < count; i++) printf("%02x", keys[i]);
  printf("\n");
}
static void show(const char *what) {
  struct termios2 now;
  ioctl(slave, TCGETS2, &now);
  printf("%s: i %x o %x c %x l %x line %u speeds %u %u keys ", what, now.c_iflag, now.c_oflag, now.c_cflag, now.c_lflag,
         now.c_line, now.c_ispeed, now.c_ospeed);
  keys(now.c_cc, NCCS);
}

static void forms(void) {
  make();
  show("new");
  struct termio old;
  memset(&old, 0x5a, sizeof old);
  ioctl(slave, TCGETA, &old);
  printf("termio: i %x o %x c %x l %x line %u keys ", old.c_iflag, old.c_oflag, old.c_cflag, old.c_lflag, old.c_line);
  keys(old.c_cc, NCC);
  struct termios wide;
  ioctl(slave, TCGETS, &wide);
  wide.c_iflag |= 0x12340000, wide.c_oflag |= 0x23450000, wide.c_lflag |= 0x34560000, wide.c_cflag |= 0xff000000;
  wide.c_cc[17] = 7, wide.c_cc[18] = 8;
  printf("unknown bits %s\n", outcome(ioctl(slave, TCSETS, &wide)));
  show("kept");
  old.c_iflag = 0x7bcd, old.c_oflag = 5, old.c_cflag = B9600 | CS5 | PARENB | CLOCAL, old.c_lflag = 0x0a30;
  old.c_line = 3;
  for (int i = 0; i < NCC; i++) old.c_cc[i] = 'a' + i;
  printf("termio %s", outcome(ioctl(slave, TCSETA, &old)));
  printf(", waiting %s", outcome(ioctl(slave, TCSETAW, &old)));
  printf(", flushing %s\n", outcome(ioctl(slave, TCSETAF, &old)));
  show("lower halves");
  ioctl(master, TCGETS, &wide);
  printf("by its master: c %x\n", wide.c_cflag);
  drop();
}

static void speeds(void) {
  static const unsigned each[] = {B0,      B50,     B134,    B19200,         B38400,  B57600,  B115200, B4000000, 0x1010,
                                  BOTHER,  0x100f,  B9600 | (B1200 << IBSHIFT), B9600 | (BOTHER << IBSHIFT),
                                  B9600 | (0x1010 << IBSHIFT), BOTHER | (B300 << IBSHIFT)};
  make();
  for (unsigned i = 0; i < sizeof each / sizeof *each; i++) {
    struct termios2 now;
    ioctl(slave, TCGETS2, &now);
    now.c_cflag = (now.c_cflag & ~(CBAUD | (CBAUD << IBSHIFT))) | each[i];
    now.c_ispeed = 12345, now.c_ospeed = 67890;
    const int set = ioctl(slave, TCSETS2, &now);
    ioctl(slave, TCGETS2, &now);
    printf("speed %x: %s, %x %u %u", each[i], outcome(set), now.c_cflag, now.c_ispeed, now.c_ospeed);
    /* The usual struct has no numbers: those of before stay where they count. */
    struct termios usual;
    ioctl(slave, TCGETS, &usual);
    usual.c_cflag = (usual.c_cflag & ~(CBAUD | (CBAUD << IBSHIFT))) | BOTHER;
    ioctl(slave, TCSETS, &usual);
    ioctl(slave, TCGETS2, &now);
    printf(", by TCSETS %u %u\n", now.c_ispeed, now.c_ospeed);
  }
  drop();
}

static void locks(void) {
  make();
  struct termios locked, wanted;
  memset(&locked, 0x77, sizeof locked);
  printf("locked: %s", outcome(ioctl(slave, TIOCGLCKTRMIOS, &locked)));
  printf(" %x %x %x %x %u ", locked.c_iflag, locked.c_oflag, locked.c_cflag, locked.c_lflag, locked.c_line);
  keys(locked.c_cc, NCCS);
  locked.c_iflag = ICRNL, locked.c_oflag = 0xffffffff, locked.c_cflag = HUPCL | CLOCAL, locked.c_lflag = ECHO | ISIG;
  locked.c_line = 1, locked.c_cc[0] = 1, locked.c_cc[18] = 255;
  printf("lock: %s\n", outcome(ioctl(master, TIOCSLCKTRMIOS, &locked)));
  memset(&wanted, 0, sizeof wanted);
  wanted.c_line = 9, wanted.c_cflag = 0xffffffff;
  memset(wanted.c_cc, 'x', sizeof wanted.c_cc);
  printf("set: %s\n", outcome(ioctl(slave, TCSETS, &wanted)));
  show("with locks");
  memset(&locked, 0, sizeof locked);
  ioctl(slave, TIOCSLCKTRMIOS, &locked);
  ioctl(slave, TCSETS, &wanted);
  show("without");
  int on = 1;
  printf("carrier: %s", outcome(ioctl(slave, TIOCSSOFTCAR, &on)));
  on = 99;
  ioctl(slave, TIOCGSOFTCAR, &on);
  printf(" %d", on);
  on = 0;
  ioctl(slave, TIOCSSOFTCAR, &on);
  ioctl(slave, TIOCGSOFTCAR, &on);
  printf(" %d\n", on);
  show("then");
  fflush(stdout);
  const pid_t child = fork();
  if (child == 0) {
    setresuid(1000, 1000, 1000);
    printf("as a user: get %s", outcome(ioctl(slave, TIOCGLCKTRMIOS, &locked)));
    printf(", lock %s, console %s\n", outcome(ioctl(slave, TIOCSLCKTRMIOS, &locked)), outcome(ioctl(slave, TIOCCONS)));
    fflush(stdout);
    _exit(0);
  }
  waitpid(child, NULL, 0);
  drop();
}

static void flushes(void) {
  static const struct {
    const char *what;
    unsigned long get, set;
  } each[] = {{"TCSETS", TCGETS, TCSETS},    {"TCSETSW", TCGETS, TCSETSW},    {"TCSETSF", TCGETS, TCSETSF},
              {"TCSETA", TCGETA, TCSETA},    {"TCSETAW", TCGETA, TCSETAW},    {"TCSETAF", TCGETA, TCSETAF},
              {"TCSETS2", TCGETS2, TCSETS2}, {"TCSETSW2", TCGETS2, TCSETSW2}, {"TCSETSF2", TCGETS2, TCSETSF2}};
  for (unsigned i = 0; i < sizeof each / sizeof *each; i++) {
    char settings[64];
    int left = -1;
    make();
    write(master, "line\n", 5);
    while (ioctl(slave, FIONREAD, &left) == 0 && left != 5) usleep(100);
    ioctl(slave, each[i].get, settings);
    const int set = ioctl(slave, each[i].set, settings);
    ioctl(slave, FIONREAD, &left);
    printf("%s: %s, %d left\n", each[i].what, outcome(set), left);
    drop();
  }
}

static void packets(void) {
  make();
  struct termios now;
  unsigned char byte[8];
  int on = 1;
  ioctl(master, TIOCPKT, &on);
  fcntl(master, F_SETFL, O_NONBLOCK);
  static const unsigned changes[][2] = {{0, EXTPROC}, {0, EXTPROC}, {IXON, EXTPROC}, {IXON, 0}, {IXON, 0}};
  for (unsigned i = 0; i < sizeof changes / sizeof *changes; i++) {
    ioctl(slave, TCGETS, &now);
    now.c_iflag = (now.c_iflag & ~IXON) | (IXON & ~changes[i][0]);
    now.c_lflag = (now.c_lflag & ~EXTPROC) | changes[i][1];
    ioctl(slave, TCSETS, &now);
    const int got = read(master, byte, sizeof byte);
    printf("packet: %s %d\n", got < 0 ? strerrorname_np(errno) : "read", got > 0 ? byte[0] : -1);
  }
  drop();
}

/* On one's own terminal and on another's. */
static void groups(void) {
  make();
  fflush(stdout);
  const pid_t child = fork();
  if (child == 0) {
    pid_t group = -5, none = 1 << 21, mine;
    setsid();
    printf("not mine: negative %s", outcome(ioctl(slave, TIOCSPGRP, &group)));
    printf(", unknown %s, bad %s", outcome(ioctl(slave, TIOCSPGRP, &none)), outcome(ioctl(slave, TIOCSPGRP, 8)));
    printf(", get %s, session %s\n", outcome(ioctl(slave, TIOCGPGRP, &mine)), outcome(ioctl(slave, TIOCGSID, &mine)));
    printf("take %s", outcome(ioctl(slave, TIOCSCTTY, 0)));
    printf(", negative %s", outcome(ioctl(slave, TIOCSPGRP, &group)));
    printf(", unknown %s, bad %s", outcome(ioctl(slave, TIOCSPGRP, &none)), outcome(ioctl(slave, TIOCSPGRP, 8)));
    group = getppid();
    printf(", another session's %s", outcome(ioctl(slave, TIOCSPGRP, &group)));
    group = getpid();
    printf(", mine %s", outcome(ioctl(slave, TIOCSPGRP, &group)));
    printf(", by the master %s", outcome(ioctl(master, TIOCSPGRP, &group)));
    ioctl(master, TIOCGPGRP, &mine);
    printf(" %d", mine == getpid());
    printf(", session %s", outcome(ioctl(master, TIOCGSID, &mine)));
    printf(" %d\n", mine == getpid());
    fflush(stdout);
    _exit(0);
  }
  waitpid(child, NULL, 0);
  drop();
}

/* The last descriptor goes: the session keeps its terminal as long as there is the master. */
static void closed(void) {
  make();
  close(slave);
  fflush(stdout);
  const pid_t child = fork();
  if (child == 0) {
    pid_t id;
    setsid();
    const char *path = ptsname(master);
    slave = open(path, O_RDWR);
    const int by_name = open("/dev/tty", O_RDWR);
    printf("controlling: %s, session %s", outcome(by_name), outcome(ioctl(slave, TIOCGSID, &id)));
    const int other = dup(slave);
    close(slave), close(by_name);
    printf(", one left: %s", outcome(slave = open("/dev/tty", O_RDWR)));
    close(other), close(slave);
    printf(", none: %s", outcome(open("/dev/tty", O_RDWR)));
    printf(", by the master %s %d", outcome(ioctl(master, TIOCGSID, &id)), id == getpid());
    slave = open(path, O_RDWR);
    printf(", opened again: %s", outcome(open("/dev/tty", O_RDWR)));
    printf(", taken %s", outcome(ioctl(slave, TIOCSCTTY, 0)));
    printf(", %s\n", outcome(open("/dev/tty", O_RDWR)));
    fflush(stdout);
    _exit(0);
  }
  waitpid(child, NULL, 0);
  close(master);
  /* A master is a terminal too. */
  if (fork() == 0) {
    setsid();
    make();
    pid_t id = 0;
    printf("a master: %s", outcome(ioctl(master, TIOCSCTTY, 0)));
    ioctl(slave, TIOCGSID, &id);
    printf(" %d", id == getpid());
    printf(", its slave %s", outcome(ioctl(slave, TIOCSCTTY, 0)));
    drop();
    make();
    printf(", closed, another %s\n", outcome(ioctl(slave, TIOCSCTTY, 0)));
    fflush(stdout);
    _exit(0);
  }
  wait(NULL);
}

int main(void) {
  signal(SIGHUP, SIG_IGN);
  forms();
  speeds();
  locks();
  flushes();
  packets();
  groups();
  closed();
  return 0;
}
