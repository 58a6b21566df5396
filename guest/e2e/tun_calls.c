// Calls on /dev/net/tun: making interfaces and attaching to them, flags and names, what is refused, frames with and without
// their headers (drivers/net/tun.c). Needs CAP_NET_ADMIN on a real Linux.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

static void show(const char *what, long r) {
  int e = errno;
  if (r < 0) printf("%s: %s\n", what, strerrorname_np(e));
  else printf("%s: %ld\n", what, r);
}
static long attach(int fd, const char *name, int flags, char *out) {
  struct ifreq r = {.ifr_flags = flags};
  strncpy(r.ifr_name, name, IFNAMSIZ - 1);
  long x = ioctl(fd, TUNSETIFF, &r);
  if (out) strcpy(out, r.ifr_name);
  return x;
}
static void get(const char *what, int fd) {
  struct ifreq r = {0};
  long x = ioctl(fd, TUNGETIFF, &r);
  if (x < 0) show(what, x);
  else printf("%s: %s, flags %#x\n", what, r.ifr_name, r.ifr_flags & 0xffff);
}
static void state(const char *what, int fd) {
  struct pollfd p = {fd, POLLIN | POLLOUT, 0};
  int r = poll(&p, 1, 0);
  printf("%s: %d, %#x\n", what, r, p.revents & ~POLLIN);
}
static int up(const char *name, int on) {
  struct ifreq r = {0};
  int s = socket(AF_INET, SOCK_DGRAM, 0);
  strcpy(r.ifr_name, name);
  ioctl(s, SIOCGIFFLAGS, &r);
  if (on) r.ifr_flags |= IFF_UP;
  else r.ifr_flags &= ~IFF_UP;
  int x = ioctl(s, SIOCSIFFLAGS, &r);
  close(s);
  return x;
}
static int there(const char *name) {
  struct ifreq r = {0};
  int s = socket(AF_INET, SOCK_DGRAM, 0);
  strcpy(r.ifr_name, name);
  int x = ioctl(s, SIOCGIFINDEX, &r);
  close(s);
  return x == 0;
}

int main(void) {
  char b[2000] = "", name[IFNAMSIZ];
  int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK), gd = open("/dev/net/tun", O_RDWR | O_NONBLOCK);
  unsigned features = 0;
  if (fd < 0) { perror("/dev/net/tun"); return 1; }
  show("features", ioctl(fd, TUNGETFEATURES, &features));
  printf("TUN, TAP, NO_PI: %d\n", (features & 0x1003) == 0x1003);
  puts("attached to nothing");
  show("read", read(fd, b, 100));
  show("write", write(fd, b, 100));
  show("persist", ioctl(fd, TUNSETPERSIST, 1));
  get("which", fd);
  state("poll", fd);
  show("no kind", attach(fd, "sbtest0", 0, NULL));
  show("lo", attach(fd, "lo", IFF_TAP, NULL));
  show("bad name", attach(fd, "a/b", IFF_TAP, NULL));
  show("bad pointer", ioctl(fd, TUNSETIFF, 8));
  puts("TAP");
  show("TAP", attach(fd, "sbtest0", IFF_TAP | IFF_NO_PI, name));
  puts(name);
  get("which", fd);
  show("again", attach(fd, "sbtest1", IFF_TAP, NULL));
  show("another program", attach(gd, "sbtest0", IFF_TAP, NULL));
  show("other kind", attach(gd, "sbtest0", IFF_TUN, NULL));
  show("must be new", attach(gd, "sbtest0", IFF_TAP | IFF_TUN_EXCL, NULL));
  show("pattern", attach(gd, "sbpat%d", IFF_TAP, name));
  puts(name);
  close(gd);
  printf("gone with its program: %d\n", !there("sbpat0"));
  state("down", fd);
  show("read", read(fd, b, 100));
  show("write while down", write(fd, b, 100));
  show("up", up("sbtest0", 1));
  state("up", fd);
  show("write", write(fd, b, 100));
  show("short frame", write(fd, b, 13));
  show("least frame", write(fd, b, 14));
  show("no bytes", write(fd, b, 0));
  show("bad pointer", write(fd, (void *)8, 100));
  show("link while up", ioctl(fd, TUNSETLINK, 1));
  struct ifreq r = {0};
  show("hardware address", ioctl(fd, SIOCGIFHWADDR, &r));
  printf("type %d, of its own: %d\n", r.ifr_hwaddr.sa_family, (r.ifr_hwaddr.sa_data[0] & 3) == 2);
  show("unknown", ioctl(fd, 0x5401, b));
  show("persist", ioctl(fd, TUNSETPERSIST, 1));
  get("which", fd);
  close(fd);
  printf("still there: %d\n", there("sbtest0"));
  fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK);
  show("attach", attach(fd, "sbtest0", IFF_TAP, NULL));
  get("which", fd);
  show("header alone", write(fd, b, 4));
  show("less than a header", write(fd, b, 3));
  show("with a header", write(fd, b, 18));
  show("persist no more", ioctl(fd, TUNSETPERSIST, 0));
  close(fd);
  printf("gone: %d\n", !there("sbtest0"));
  puts("TUN");
  fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK);
  show("TUN", attach(fd, "sbtun%d", IFF_TUN | IFF_NO_PI, name));
  puts(name);
  up(name, 1);
  memset(b, 0, sizeof b);
  show("no IP", write(fd, b, 40));
  b[0] = 0x45;
  show("IPv4", write(fd, b, 40));
  b[0] = 0x60;
  show("IPv6", write(fd, b, 40));
  close(fd);
  return 0;
}
