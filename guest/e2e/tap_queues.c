// Frames with IFF_VNET_HDR, whose sums the header asks for, to an interface with several queues: each flow keeps to one.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <linux/virtio_net.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define HEADER sizeof(struct virtio_net_hdr)

static int tap(const char *name, int flags) {
  struct ifreq r = {.ifr_flags = flags};
  int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK), s = socket(AF_INET, SOCK_DGRAM, 0);
  strcpy(r.ifr_name, name);
  if (ioctl(fd, TUNSETIFF, &r)) perror("TUNSETIFF");
  ioctl(s, SIOCGIFFLAGS, &r);
  r.ifr_flags |= IFF_UP;
  if (ioctl(s, SIOCSIFFLAGS, &r)) perror("SIOCSIFFLAGS");
  close(s);
  return fd;
}

int main(void) {
  unsigned char out[HEADER + 64] = {0}, in[2][200];
  int a = tap("tap0", IFF_TAP | IFF_NO_PI | IFF_VNET_HDR), q[2];
  for (int i = 0; i < 2; i++) q[i] = tap("tap1", IFF_TAP | IFF_NO_PI | IFF_VNET_HDR | IFF_MULTI_QUEUE);
  struct virtio_net_hdr *header = (void *)out;
  unsigned char *frame = out + HEADER;
  memset(frame, 0xff, 6);
  frame[12] = 8;
  header->flags = VIRTIO_NET_HDR_F_NEEDS_CSUM;
  header->csum_start = 34;
  header->csum_offset = 6;
  for (int i = 34; i < 60; i++) frame[i] = i;
  frame[40] = frame[41] = 0;
  if (write(a, out, HEADER + 60) != HEADER + 60) perror("write");
  for (int i = 0; i < 2; i++) {
    ssize_t n = read(q[i], in[i], sizeof in[i]);
    if (n < 0) continue;
    unsigned sum = 0;
    for (int k = 34; k < 60; k += 2) sum += in[i][HEADER + k] << 8 | in[i][HEADER + k + 1];
    while (sum >> 16) sum = (sum & 0xffff) + (sum >> 16);
    printf("%zd bytes, flags %d, the sum is %s\n", n, in[i][0], sum == 0xffff ? "right" : "wrong");
  }
  header->flags = 0;
  int kept = 1, used = 0;
  for (int flow = 0; flow < 16; flow++) {
    int mine = -1;
    frame[30] = flow;
    for (int times = 0; times < 3; times++) {
      if (write(a, out, HEADER + 60) < 0) perror("write");
      for (int i = 0; i < 2; i++) {
        if (read(q[i], in[i], sizeof in[i]) < 0) continue;
        kept &= mine < 0 || mine == i;
        mine = i;
        used |= 1 << i;
      }
    }
  }
  printf("each flow keeps to its queue: %s; queues used: %d\n", kept ? "yes" : "no", used);
  struct ifreq r = {.ifr_flags = IFF_DETACH_QUEUE};
  ioctl(q[0], TUNSETQUEUE, &r);
  int got[2] = {0};
  for (int flow = 0; flow < 16; flow++) {
    frame[30] = flow;
    if (write(a, out, HEADER + 60) < 0) perror("write");
    for (int i = 0; i < 2; i++) got[i] += read(q[i], in[i], sizeof in[i]) > 0;
  }
  printf("after one left: %d and %d\n", got[0], got[1]);
  return 0;
}
