// Processes at the other end of AF_UNIX sockets: SO_PEERPIDFD, SO_PASSPIDFD with SCM_PIDFD, and SO_PASSRIGHTS, which keeps descriptors out; unix(7).
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef SO_PASSPIDFD
#define SO_PASSPIDFD 76
#define SO_PEERPIDFD 77
#endif
#define PASSRIGHTS 83
#define PIDFD 4

static void show(const char *what, long r) {
  if (r == -1) printf("%s: %s\n", what, strerrorname_np(errno));
  else printf("%s: %ld\n", what, r);
}
#define SHOW(call) show(#call, call)

/** The number in /proc/self/fdinfo/FD's Pid line. */
static int pid_of(int fd) {
  char path[64], line[100];
  int pid = -2;
  sprintf(path, "/proc/self/fdinfo/%d", fd);
  FILE *file = fopen(path, "r");
  while (file && fgets(line, sizeof line, file)) sscanf(line, "Pid: %d", &pid);
  if (file) fclose(file);
  return pid;
}

static int peer(int fd) {
  int pidfd = -1;
  socklen_t length = sizeof pidfd;
  if (getsockopt(fd, SOL_SOCKET, SO_PEERPIDFD, &pidfd, &length)) {
    printf("SO_PEERPIDFD: %s\n", strerrorname_np(errno));
    return -1;
  }
  return pidfd;
}

static int set(int fd, int option, int value) { return setsockopt(fd, SOL_SOCKET, option, &value, sizeof value); }
static int get(int fd, int option) {
  int value = -1;
  socklen_t length = sizeof value;
  return getsockopt(fd, SOL_SOCKET, option, &value, &length) ? -errno : value;
}

static int received = -1;
static void receive(int fd, size_t room, const char *what) {
  char byte[10], control[200];
  struct iovec iov = {byte, sizeof byte};
  struct msghdr message = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = control, .msg_controllen = room};
  ssize_t r = recvmsg(fd, &message, 0);
  printf("%s: %zd flags %x", what, r, message.msg_flags);
  received = -1;
  for (struct cmsghdr *c = CMSG_FIRSTHDR(&message); c; c = CMSG_NXTHDR(&message, c)) {
    int first;
    memcpy(&first, CMSG_DATA(c), sizeof first);
    printf(" [%d %d, %zu bytes]", c->cmsg_level, c->cmsg_type, c->cmsg_len - CMSG_LEN(0));
    if (c->cmsg_type == PIDFD) received = first;
  }
  printf("\n");
}

static int pass(int fd, int what) {
  char control[CMSG_SPACE(sizeof what)] = {0};
  struct iovec iov = {"f", 1};
  struct msghdr message = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
  struct cmsghdr *c = CMSG_FIRSTHDR(&message);
  c->cmsg_level = SOL_SOCKET;
  c->cmsg_type = SCM_RIGHTS;
  c->cmsg_len = CMSG_LEN(sizeof what);
  memcpy(CMSG_DATA(c), &what, sizeof what);
  return sendmsg(fd, &message, 0);
}

int main(void) {
  setvbuf(stdout, NULL, _IOLBF, 0);
  int pair[2];
  socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
  int fd = peer(pair[0]);
  printf("of a pair: it is me %d, cloexec\n", pid_of(fd) == getpid());
  close(fd);
  int lonely = socket(AF_UNIX, SOCK_DGRAM, 0);
  peer(lonely);
  int inet = socket(AF_INET, SOCK_DGRAM, 0);
  peer(inet);
  SHOW(set(inet, SO_PASSPIDFD, 1));
  printf("defaults: %d %d\n", get(pair[0], SO_PASSPIDFD), get(pair[0], PASSRIGHTS));

  // A server and its client.
  struct sockaddr_un name = {AF_UNIX, ""};
  int length = sprintf(name.sun_path + 1, "pidfd-%d", getpid()) + 1 + offsetof(struct sockaddr_un, sun_path);
  int server = socket(AF_UNIX, SOCK_STREAM, 0);
  bind(server, (void *)&name, length);
  listen(server, 1);
  fd = peer(server);
  printf("listening: it is me %d\n", pid_of(fd) == getpid());
  close(fd);
  set(server, SO_PASSPIDFD, 1);
  pid_t child = fork();
  if (child == 0) {
    int client = socket(AF_UNIX, SOCK_STREAM, 0);
    connect(client, (void *)&name, length);
    write(client, "a", 1);
    char byte;
    read(client, &byte, 1);
    printf("client's peer is its parent %d\n", pid_of(peer(client)) == getppid());
    write(client, "b", 1);
    _exit(7);
  }
  int client = accept(server, NULL, NULL);
  printf("inherited from the listener: %d\n", get(client, SO_PASSPIDFD));
  fd = peer(client);
  printf("server's peer is the child %d\n", pid_of(fd) == child);
  receive(client, 100, "message");
  printf("from the child %d\n", pid_of(received) == child);
  close(received);
  struct pollfd poll_fd = {fd, POLLIN, 0};
  printf("before its end: %d\n", poll(&poll_fd, 1, 0));
  write(client, "x", 1);
  printf("after it: %d\n", poll(&poll_fd, 1, -1));
  siginfo_t info = {0};
  waitid(P_PIDFD, fd, &info, WEXITED);
  printf("exit %d\n", info.si_status);
  printf("reaped: %d\n", pid_of(fd));
  close(fd);

  // Credentials and descriptors beside it; little room.
  set(pair[1], SO_PASSPIDFD, 1);
  set(pair[1], SO_PASSCRED, 1);
  write(pair[0], "1", 1);
  receive(pair[1], 200, "both");
  close(received);
  pass(pair[0], lonely);
  receive(pair[1], 200, "all");
  close(received);
  for (int room = 0; room <= 80; room += 8) {
    write(pair[0], "1", 1);
    char what[20];
    sprintf(what, "room %d", room);
    receive(pair[1], room, what);
    if (received >= 0) close(received);
  }

  // No descriptors, please.
  SHOW(set(pair[1], PASSRIGHTS, 0));
  printf("now %d\n", get(pair[1], PASSRIGHTS));
  SHOW(pass(pair[0], lonely));
  SHOW(pass(pair[1], lonely));
  SHOW(set(pair[1], PASSRIGHTS, 1));
  SHOW(pass(pair[0], lonely));
  int datagrams[2];
  socketpair(AF_UNIX, SOCK_DGRAM, 0, datagrams);
  SHOW(set(datagrams[1], PASSRIGHTS, 0));
  SHOW(pass(datagrams[0], lonely));
  set(datagrams[1], SO_PASSPIDFD, 1);
  write(datagrams[0], "d", 1);
  receive(datagrams[1], 100, "datagram");
  printf("from me %d\n", pid_of(received) == getpid());
  return 0;
}
