// The textbook's use of a TAP interface: attach to the one that argv[1] names, and show the frames that come, as many as
// argv[2] says.
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

int main(int argc, char **argv) {
  struct ifreq r = {.ifr_flags = IFF_TAP | IFF_NO_PI};
  int fd = open("/dev/net/tun", O_RDWR);
  strncpy(r.ifr_name, argc > 1 ? argv[1] : "tap0", IFNAMSIZ - 1);
  if (fd < 0 || ioctl(fd, TUNSETIFF, &r) < 0) {
    perror(r.ifr_name);
    return 1;
  }
  for (int i = 0; i < (argc > 2 ? atoi(argv[2]) : 1); i++) {
    unsigned char b[2048];
    ssize_t n = read(fd, b, sizeof b);
    printf("%s: %zd bytes, type %02x%02x\n", r.ifr_name, n, b[12], b[13]);
  }
  return 0;
}
