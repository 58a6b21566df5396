// Programs that speak Ethernet to each other over TAP interfaces: each reads frames, one blocked in read(2), and a signal
// ends or restarts that read.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static volatile int alarms;
static void on_alarm(int sig) { (void)sig; alarms++; }

static int tap(const char *name, int flags) {
  struct ifreq r = {.ifr_flags = flags};
  int fd = open("/dev/net/tun", O_RDWR), s = socket(AF_INET, SOCK_DGRAM, 0);
  strcpy(r.ifr_name, name);
  if (ioctl(fd, TUNSETIFF, &r)) perror("TUNSETIFF");
  ioctl(s, SIOCGIFFLAGS, &r);
  r.ifr_flags |= IFF_UP;
  if (ioctl(s, SIOCSIFFLAGS, &r)) perror("SIOCSIFFLAGS");
  close(s);
  return fd;
}
static void frame(char *b, int to, int from, const char *text) {
  memset(b, 0, 64);
  b[0] = to == 0xff ? 0xff : 2;
  memset(b + 1, to, 5);
  b[6] = 2;
  memset(b + 7, from, 5);
  b[12] = 0x08;
  strcpy(b + 14, text);
}

int main(void) {
  char b[2000];
  int a = tap("tap0", IFF_TAP | IFF_NO_PI), c = tap("tap1", IFF_TAP), d = tap("tap2", IFF_TAP | IFF_NO_PI), t[2];
  setvbuf(stdout, NULL, _IOLBF, 0);
  frame(b, 0xff, 1, "to all");
  printf("broadcast: %zd\n", write(a, b, 60));
  memset(b, 0, sizeof b);
  ssize_t n = read(c, b, sizeof b);
  printf("with a header: %zd, protocol %02x%02x, \"%s\"\n", n, b[2], b[3], b + 4 + 14);
  n = read(d, b, 20);
  printf("cut: %zd\n", n);
  n = 0;
  memset(b, 0, 4);
  frame(b + 4, 1, 2, "answer");
  printf("answer: %zd\n", write(c, b, 64));
  n = read(a, b, sizeof b);
  printf("the one who asked: %zd, \"%s\"\n", n, b + 14);
  fcntl(d, F_SETFL, O_NONBLOCK);
  n = read(d, b, sizeof b);
  printf("the third hears nothing: %s\n", n < 0 ? strerrorname_np(errno) : "a frame");
  fcntl(d, F_SETFL, 0);

  if (fork() == 0) {
    for (int i = 0; i < 3; i++) {
      n = read(d, b, sizeof b);
      printf("child got %zd: \"%s\"\n", n, b + 14);
      frame(b, 1, 3, i < 2 ? "more, please" : "enough");
      write(d, b, 60);
    }
    _exit(0);
  }
  for (int i = 0; i < 3; i++) {
    frame(b, i == 0 ? 0xff : 3, 1, "have one");
    write(a, b, 60);
    n = read(a, b, sizeof b);
    printf("parent got %zd: \"%s\"\n", n, b + 14);
  }
  wait(NULL);

  struct sigaction sa = {.sa_handler = on_alarm};
  sigaction(SIGALRM, &sa, NULL);
  ualarm(1000, 0);
  n = read(a, b, sizeof b);
  printf("interrupted: %s, %d alarm\n", n < 0 ? strerrorname_np(errno) : "a frame", alarms);
  sa.sa_flags = SA_RESTART;
  sigaction(SIGALRM, &sa, NULL);
  pid_t child = fork();
  if (child == 0) {
    usleep(20000);
    frame(b, 0xff, 3, "late");
    write(d, b, 60);
    _exit(0);
  }
  ualarm(1000, 0);
  n = read(a, b, sizeof b);
  printf("restarted: %zd, \"%s\", %d alarms\n", n, b + 14, alarms);
  wait(NULL);
  t[0] = tap("tun0", IFF_TUN | IFF_NO_PI);
  t[1] = tap("tun1", IFF_TUN);
  memset(b, 0x45, 40);
  write(t[0], b, 40);
  n = read(t[1], b, sizeof b);
  printf("packet: %zd, protocol %02x%02x\n", n, b[2], b[3]);
  return 0;
}
