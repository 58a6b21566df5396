// Interfaces of /dev/net/tun with IFF_VNET_HDR and IFF_MULTI_QUEUE: sizes of headers, offloads, what a header may say, several programs behind one interface; tuntap.rst.
// capabilities: net_admin
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <linux/virtio_net.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>
static void show(const char *what, long r) {
  if (r == -1 && errno) printf("%s: %s\n", what, strerrorname_np(errno));
  else printf("%s: %ld\n", what, r);
}
#define SHOW(call) (errno = 0, show(#call, call))
static int att(const char*n, int fl) {
  int fd=open("/dev/net/tun", O_RDWR|O_NONBLOCK);
  struct ifreq r;
  memset(&r, 0, sizeof r);
  strcpy(r.ifr_name, n);
  r.ifr_flags=fl;
  errno=0;
  int e=ioctl(fd, TUNSETIFF, &r);
  printf("att %x: %d %s\n", fl, e, errno?strerrorname_np(errno):"");
  if(e) {
    close(fd);
    return -1;
  }
  struct ifreq g;
  memset(&g, 0, sizeof g);
  ioctl(fd, TUNGETIFF, &g);
  printf("  flags %x\n", g.ifr_flags&0xffff);
  return fd;
}

/** Names of this run alone. */
static char tap[IFNAMSIZ], many[IFNAMSIZ], tun[IFNAMSIZ];
int main() {
  setvbuf(stdout, 0, _IOLBF, 0);
  sprintf(tap, "sbt%d", getpid()%1000000);
  sprintf(many, "sbm%d", getpid()%1000000);
  sprintf(tun, "sbu%d", getpid()%1000000);
  unsigned f=0;
  int fd=open("/dev/net/tun", O_RDWR);
  SHOW(ioctl(fd, TUNGETFEATURES, &f));
  printf("%x\n", f&~(IFF_NAPI|IFF_NAPI_FRAGS|0x40));
  close(fd);
  int a=att(tap, IFF_TAP|IFF_NO_PI|IFF_VNET_HDR);
  int h=0;
  SHOW(ioctl(a, TUNGETVNETHDRSZ, &h));
  printf("%d\n", h);
  h=12;
  SHOW(ioctl(a, TUNSETVNETHDRSZ, &h));
  h=9;
  SHOW(ioctl(a, TUNSETVNETHDRSZ, &h));
  SHOW(ioctl(a, TUNGETVNETHDRSZ, &h));
  printf("%d\n", h);
  h=10;
  SHOW(ioctl(a, TUNSETVNETHDRSZ, &h));
  SHOW(ioctl(a, TUNSETOFFLOAD, TUN_F_CSUM));
  SHOW(ioctl(a, TUNSETOFFLOAD, TUN_F_CSUM|TUN_F_TSO4|TUN_F_TSO6|TUN_F_UFO));
  SHOW(ioctl(a, TUNSETOFFLOAD, TUN_F_TSO4));
  SHOW(ioctl(a, TUNSETOFFLOAD, 0x100));
  int le=5;
  SHOW(ioctl(a, TUNGETVNETLE, &le));
  printf("%d\n", le);
  le=1;
  SHOW(ioctl(a, TUNSETVNETLE, &le));
  SHOW(ioctl(a, TUNGETVNETBE, &le));
  int s=socket(AF_INET, SOCK_DGRAM, 0);
  struct ifreq r;
  memset(&r, 0, sizeof r);
  strcpy(r.ifr_name, tap);
  ioctl(s, SIOCGIFFLAGS, &r);
  r.ifr_flags|=IFF_UP;
  SHOW(ioctl(s, SIOCSIFFLAGS, &r));
  unsigned char b[200];
  memset(b, 0, 200);
  memset(b+10, 0xff, 6);
  memset(b+16, 2, 6);
  b[22]=0x88;
  b[23]=0xb5;
  SHOW(write(a, b, 10));
  SHOW(write(a, b, 9));
  SHOW(write(a, b, 23));
  SHOW(write(a, b, 24));
  SHOW(write(a, b, 60));
  struct virtio_net_hdr*v=(void*)b;
  v->flags=1;
  v->csum_start=14;
  v->csum_offset=2;
  v->hdr_len=0;
  SHOW(write(a, b, 60));
  v->csum_start=100;
  SHOW(write(a, b, 60));
  v->csum_start=14;
  v->hdr_len=100;
  SHOW(write(a, b, 60));
  v->hdr_len=0;
  v->flags=0;
  v->gso_type=77;
  SHOW(write(a, b, 60));
  v->gso_type=1;
  v->gso_size=0;
  SHOW(write(a, b, 60));
  v->gso_type=0;
  SHOW(write(a, b, 60));
  SHOW(att(tap, IFF_TAP|IFF_NO_PI|IFF_MULTI_QUEUE));
  SHOW(ioctl(a, TUNSETQUEUE, &r));
  close(a);
  int m=att(many, IFF_TAP|IFF_NO_PI|IFF_MULTI_QUEUE), n=att(many, IFF_TAP|IFF_NO_PI|IFF_MULTI_QUEUE);
  att(many, IFF_TAP|IFF_NO_PI);
  att(many, IFF_TUN|IFF_NO_PI|IFF_MULTI_QUEUE);
  int o=att(many, IFF_TAP|IFF_NO_PI|IFF_MULTI_QUEUE|IFF_VNET_HDR);
  memset(&r, 0, sizeof r);
  r.ifr_flags=IFF_DETACH_QUEUE;
  SHOW(ioctl(n, TUNSETQUEUE, &r));
  SHOW(ioctl(n, TUNSETQUEUE, &r));
  struct pollfd p={n, POLLIN|POLLOUT};
  poll(&p, 1, 0);
  printf("%x\n", p.revents);
  SHOW(read(n, b, 100));
  SHOW(write(n, b, 60));
  r.ifr_flags=IFF_ATTACH_QUEUE;
  SHOW(ioctl(n, TUNSETQUEUE, &r));
  SHOW(ioctl(n, TUNSETQUEUE, &r));
  r.ifr_flags=0;
  SHOW(ioctl(n, TUNSETQUEUE, &r));
  close(m);
  SHOW(read(n, b, 100));
  struct ifreq g;
  memset(&g, 0, sizeof g);
  SHOW(ioctl(n, TUNGETIFF, &g));
  printf("%x\n", g.ifr_flags&0xffff);
  close(n);
  close(o);
  int t=att(tun, IFF_TUN|IFF_VNET_HDR);
  h=0;
  SHOW(ioctl(t, TUNGETVNETHDRSZ, &h));
  printf("%d\n", h);
  memset(&r, 0, sizeof r);
  strcpy(r.ifr_name, tun);
  ioctl(s, SIOCGIFFLAGS, &r);
  r.ifr_flags|=IFF_UP;
  SHOW(ioctl(s, SIOCSIFFLAGS, &r));
  memset(b, 0, 200);
  b[2]=8;
  b[14]=0x45;
  SHOW(write(t, b, 13));
  SHOW(write(t, b, 14));
  SHOW(write(t, b, 50));
  b[14]=0;
  SHOW(write(t, b, 50));
  memset(&g, 0, sizeof g);
  SHOW(ioctl(s, SIOCGIFFLAGS, &r));
  close(t);
}
