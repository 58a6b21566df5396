// Socket calls on descriptors that are none (socket(2), ENOTSOCK), and types and families which do not exist.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static void show(const char *what, long r) {
  int e = errno;
  if (r < 0) printf("%s: %s\n", what, strerrorname_np(e));
  else printf("%s: %ld\n", what, r);
}

int main(void) {
  char buf[8] = "";
  struct sockaddr address = {0};
  socklen_t length = sizeof address;
  int on = 1;
  struct iovec part = {buf, sizeof buf};
  struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
  struct mmsghdr several = {.msg_hdr = message};
  int fds[] = {open("/dev/null", O_RDWR), open("/", O_PATH), 1000};
  const char *names[] = {"a device", "O_PATH", "no descriptor"};

  for (int i = 0; i < 3; i++) {
    int fd = fds[i];
    printf("%s\n", names[i]);
    show("connect", connect(fd, &address, sizeof address));
    show("accept", accept(fd, &address, &length));
    show("accept4", accept4(fd, &address, &length, SOCK_CLOEXEC));
    show("accept4 with bad flags", accept4(fd, &address, &length, 1));
    show("send", send(fd, buf, 1, 0));
    show("recv", recv(fd, buf, 1, 0));
    show("sendmsg", sendmsg(fd, &message, 0));
    show("recvmsg", recvmsg(fd, &message, 0));
    show("shutdown", shutdown(fd, SHUT_RD));
    show("bind", bind(fd, &address, sizeof address));
    show("listen", listen(fd, 1));
    show("getsockname", getsockname(fd, &address, &length));
    show("getpeername", getpeername(fd, &address, &length));
    show("setsockopt", setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on));
    show("getsockopt", getsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, &length));
    show("recvmmsg", recvmmsg(fd, &several, 1, 0, NULL));
    show("sendmmsg", sendmmsg(fd, &several, 1, 0));
  }
  show("family 500", socket(500, SOCK_STREAM, 0));
  show("family -1", socket(-1, SOCK_STREAM, 0));
  show("type 15", socket(AF_UNIX, 15, 0));
  show("unknown flag", socket(AF_UNIX, SOCK_STREAM | 0x100, 0));
  show("pair of family 500", socketpair(500, SOCK_STREAM, 0, fds));
  show("pair of type 11", socketpair(AF_UNIX, 11, 0, fds));
  return 0;
}
