// What can be asked of network interfaces: getifaddrs(3) over netlink, if_nametoindex(3), SIOCGIF* of lo, and netlink itself
// (netdevice(7), netlink(7), rtnetlink(7)).
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <ifaddrs.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
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
static void address(const char *what, struct sockaddr *a) {
  char b[64] = "";
  if (a == NULL) return;
  if (a->sa_family == AF_INET) inet_ntop(AF_INET, &((struct sockaddr_in *)a)->sin_addr, b, 64);
  if (a->sa_family == AF_INET6) inet_ntop(AF_INET6, &((struct sockaddr_in6 *)a)->sin6_addr, b, 64);
  printf("  %s: family %d %s\n", what, a->sa_family, b);
}

int main(void) {
  struct ifaddrs *all;
  show("getifaddrs", getifaddrs(&all));
  for (struct ifaddrs *i = all; i; i = i->ifa_next) {
    if (strcmp(i->ifa_name, "lo")) continue;
    printf("lo, flags %#x\n", i->ifa_flags & ~IFF_PROMISC);
    address("address", i->ifa_addr);
    address("mask", i->ifa_netmask);
  }
  freeifaddrs(all);
  printf("lo is %u\n", if_nametoindex("lo"));
  char name[IF_NAMESIZE] = "";
  printf("1 is %s\n", if_indextoname(1, name) ? name : "none");
  show("no such name", if_nametoindex("signalbox-none") ? 0 : -1);

  int fds[] = {socket(AF_INET, SOCK_DGRAM, 0), socket(AF_INET, SOCK_STREAM, 0), socket(AF_INET6, SOCK_DGRAM, 0)};
  for (int k = 0; k < 3; k++) {
    struct ifreq r = {.ifr_name = "lo"};
    int fd = fds[k];
    show("SIOCGIFFLAGS", ioctl(fd, SIOCGIFFLAGS, &r));
    printf("  %#x\n", r.ifr_flags & ~IFF_PROMISC);
    if (k < 2) {
      show("SIOCGIFADDR", ioctl(fd, SIOCGIFADDR, &r));
      address("address", &r.ifr_addr);
      show("SIOCGIFNETMASK", ioctl(fd, SIOCGIFNETMASK, &r));
      address("mask", &r.ifr_netmask);
    }
    show("SIOCGIFMTU", ioctl(fd, SIOCGIFMTU, &r));
    printf("  %d\n", r.ifr_mtu);
    show("SIOCGIFINDEX", ioctl(fd, SIOCGIFINDEX, &r));
    printf("  %d\n", r.ifr_ifindex);
    show("SIOCGIFHWADDR", ioctl(fd, SIOCGIFHWADDR, &r));
    printf("  type %d, %02x %02x\n", r.ifr_hwaddr.sa_family, r.ifr_hwaddr.sa_data[0], r.ifr_hwaddr.sa_data[5]);
    strcpy(r.ifr_name, "signalbox-none");
    show("no such name", ioctl(fd, SIOCGIFFLAGS, &r));
    show("bad pointer", ioctl(fd, SIOCGIFFLAGS, 8));
  }
  struct ifreq list[16];
  struct ifconf c = {.ifc_len = sizeof list, .ifc_req = list};
  show("SIOCGIFCONF", ioctl(fds[0], SIOCGIFCONF, &c));
  for (int i = 0; i < c.ifc_len / (int)sizeof *list; i++) {
    if (!strcmp(list[i].ifr_name, "lo")) address("lo", &list[i].ifr_addr);
  }
  show("no terminal", ioctl(fds[0], 0x5401, list));

  puts("netlink");
  int n = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE), m = socket(AF_NETLINK, SOCK_DGRAM, NETLINK_ROUTE);
  struct sockaddr_nl a = {.nl_family = AF_NETLINK}, b;
  socklen_t l = sizeof b;
  show("short", bind(n, (void *)&a, 8));
  show("bind", bind(n, (void *)&a, sizeof a));
  getsockname(n, (void *)&b, &l);
  printf("port is the process: %d\n", b.nl_pid == (unsigned)getpid());
  bind(m, (void *)&a, sizeof a);
  getsockname(m, (void *)&b, &l);
  printf("another's is not: %d\n", b.nl_pid != (unsigned)getpid() && b.nl_pid != 0);
  struct { struct nlmsghdr h; struct ifaddrmsg i; } q = {{sizeof q, RTM_GETADDR, NLM_F_REQUEST | NLM_F_DUMP, 77, 0}, {.ifa_family = AF_INET}};
  show("ask", send(n, &q, sizeof q, 0));
  char buf[16384];
  int done = 0, lo = 0;
  while (!done) {
    l = sizeof b;
    long r = recvfrom(n, buf, sizeof buf, 0, (void *)&b, &l);
    if (r < 0) { show("recv", r); break; }
    if (b.nl_pid != 0 || l != sizeof b) puts("from a stranger");
    for (struct nlmsghdr *h = (void *)buf; NLMSG_OK(h, r); h = NLMSG_NEXT(h, r)) {
      if (h->nlmsg_seq != 77 || h->nlmsg_pid != (unsigned)getpid()) puts("not for us");
      if (h->nlmsg_type == NLMSG_DONE) { done = 1; break; }
      struct ifaddrmsg *i = NLMSG_DATA(h);
      if (h->nlmsg_type != RTM_NEWADDR || i->ifa_index != 1) continue;
      lo++;
      printf("lo: family %d, prefix %d, scope %d, flags %#x\n", i->ifa_family, i->ifa_prefixlen, i->ifa_scope, i->ifa_flags);
    }
  }
  printf("%d of lo\n", lo);
  show("none left", recv(n, buf, sizeof buf, MSG_DONTWAIT));
  show("protocol", socket(AF_NETLINK, SOCK_RAW, 99));
  show("type", socket(AF_NETLINK, SOCK_STREAM, 0));
  show("listen", listen(n, 1));
  show("to a stranger", sendto(n, &q, sizeof q, 0, (void *)&(struct sockaddr_nl){.nl_family = AF_NETLINK, .nl_pid = 4000000}, sizeof a));
  return 0;
}
