// sendmsg, recvmsg, sendmmsg and recvmmsg: vectors, flags, names and lengths, what is refused, time limits, MSG_WAITALL,
// SO_RCVLOWAT and SO_PEEK_OFF (send(2), recv(2), recvmmsg(2), socket(7)).
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void show(const char *what, long r) {
  int e = errno;
  if (r < 0) printf("%s: %s\n", what, strerrorname_np(e));
  else printf("%s: %ld\n", what, r);
  fflush(stdout);
}

static void several(int type) {
  int s[2];
  char in[5][8] = {"", "", "", "", ""}, *text[] = {"one", "two", "three", "four", "five"};
  struct iovec out[5], got[5];
  struct mmsghdr o[5], g[5];
  memset(o, 0, sizeof o);
  memset(g, 0, sizeof g);
  for (int i = 0; i < 5; i++) {
    out[i] = (struct iovec){text[i], strlen(text[i])};
    got[i] = (struct iovec){in[i], 4};
    o[i].msg_hdr.msg_iov = &out[i];
    g[i].msg_hdr.msg_iov = &got[i];
    o[i].msg_hdr.msg_iovlen = g[i].msg_hdr.msg_iovlen = 1;
  }
  socketpair(AF_UNIX, type, 0, s);
  show("sendmmsg", sendmmsg(s[0], o, 5, 0));
  printf("%u %u %u %u %u\n", o[0].msg_len, o[1].msg_len, o[2].msg_len, o[3].msg_len, o[4].msg_len);
  show("recvmmsg of two", recvmmsg(s[1], g, 2, 0, NULL));
  show("wait for one", recvmmsg(s[1], g + 2, 3, MSG_WAITFORONE, NULL));
  for (int i = 0; i < 5; i++) printf("%.4s %u %#x\n", in[i], g[i].msg_len, g[i].msg_hdr.msg_flags);
  show("none", recvmmsg(s[1], g, 2, MSG_DONTWAIT, NULL));
  while (recv(s[1], in[0], 8, MSG_DONTWAIT) > 0) {}
  show("none of none", recvmmsg(s[1], g, 0, 0, NULL));
  struct timespec t = {0, -1};
  show("bad time", recvmmsg(s[1], g, 2, MSG_DONTWAIT, &t));
  t = (struct timespec){0, 0};
  sendmmsg(s[0], o, 3, 0);
  show("time over after one", recvmmsg(s[1], g, 3, 0, &t));
  printf("%ld %ld\n", (long)t.tv_sec, t.tv_nsec);
  o[1].msg_hdr.msg_iov = (void *)8;
  show("fault in the second", sendmmsg(s[0], o, 3, 0));
  o[0].msg_hdr.msg_iov = (void *)8;
  show("fault in the first", sendmmsg(s[0], o, 3, 0));
  show("bad pointer", sendmmsg(s[0], (void *)8, 3, 0));
  o[0].msg_hdr.msg_iov = &out[0];
  o[0].msg_hdr.msg_iovlen = 1025;
  show("too many parts", sendmmsg(s[0], o, 1, 0));
  close(s[0]);
  close(s[1]);
}

int main(void) {
  int s[2];
  char b[16] = "", name[16];
  struct iovec part[3] = {{"ab", 2}, {"", 0}, {"cde", 3}};
  struct msghdr m = {.msg_iov = part, .msg_iovlen = 3};
  socketpair(AF_UNIX, SOCK_DGRAM, 0, s);
  show("vector", sendmsg(s[0], &m, 0));
  struct iovec in[2] = {{b, 1}, {b + 4, 2}};
  struct msghdr r = {.msg_name = name, .msg_namelen = 16, .msg_iov = in, .msg_iovlen = 2, .msg_flags = -1};
  show("recv", recvmsg(s[1], &r, 0));
  printf("%c%c%c flags %#x namelen %u controllen %zu\n", b[0], b[4], b[5], r.msg_flags, r.msg_namelen, (size_t)r.msg_controllen);
  sendmsg(s[0], &m, 0);
  show("whole length", recvmsg(s[1], &r, MSG_TRUNC));
  sendmsg(s[0], &m, 0);
  show("cloexec flag stays", recvmsg(s[1], &r, MSG_CMSG_CLOEXEC));
  printf("%#x\n", r.msg_flags);
  m.msg_iovlen = 1025;
  show("too many parts", sendmsg(s[0], &m, 0));
  m.msg_iovlen = 1;
  m.msg_name = name;
  m.msg_namelen = -1;
  show("negative length", sendmsg(s[0], &m, 0));
  m.msg_namelen = 1000;
  memset(name, 0, sizeof name);
  show("long name", sendmsg(s[0], &m, 0));
  m.msg_name = NULL;
  show("no name, some length", sendmsg(s[0], &m, 0));
  show("no message", sendmsg(s[0], NULL, 0));
  show("compat flag", sendmsg(s[0], &m, 0x80000000));
  show("address of no length", sendto(s[0], "x", 1, 0, (void *)name, 0));
  show("negative address", sendto(s[0], "x", 1, 0, (void *)name, -1));
  show("kernel address", sendto(s[0], (void *)0xffff800000000000, 1, 0, NULL, 0));
  close(s[0]);
  close(s[1]);

  puts("several datagrams");
  several(SOCK_DGRAM);
  puts("several of a stream");
  several(SOCK_STREAM);
  puts("several packets");
  several(SOCK_SEQPACKET);

  puts("all or nothing");
  socketpair(AF_UNIX, SOCK_STREAM, 0, s);
  if (fork() == 0) {
    for (int i = 0; i < 5; i++) {
      send(s[0], "ab", 2, 0);
      struct timespec t = {0, 2000000};
      nanosleep(&t, NULL);
    }
    _exit(0);
  }
  show("wait for all", recv(s[1], b, 7, MSG_WAITALL));
  printf("%.7s\n", b);
  wait(NULL);
  show("the rest", recv(s[1], b, 16, MSG_DONTWAIT));
  int four = 4;
  show("low mark", setsockopt(s[1], SOL_SOCKET, SO_RCVLOWAT, &four, sizeof four));
  if (fork() == 0) {
    for (int i = 0; i < 3; i++) {
      send(s[0], "xyz", 3, 0);
      struct timespec t = {0, 2000000};
      nanosleep(&t, NULL);
    }
    _exit(0);
  }
  long got = recv(s[1], b, 16, 0);
  show("at least four", got >= 4);
  wait(NULL);
  while (recv(s[1], b, 16, MSG_DONTWAIT) > 0) {}
  send(s[0], "short", 5, 0);
  close(s[0]);
  show("wait for all until the end", recv(s[1], b, 16, MSG_WAITALL));
  show("end", recv(s[1], b, 16, MSG_WAITALL));
  close(s[1]);

  puts("limits of time");
  socketpair(AF_UNIX, SOCK_STREAM, 0, s);
  struct timeval tv = {0, 30000}, back;
  socklen_t l = sizeof back;
  struct timespec t0, t1;
  show("limit", setsockopt(s[1], SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof tv));
  show("its value", getsockopt(s[1], SOL_SOCKET, SO_RCVTIMEO, &back, &l));
  printf("%ld %d %u\n", (long)back.tv_sec, back.tv_usec >= 30000 && back.tv_usec < 40000, l);
  clock_gettime(CLOCK_MONOTONIC, &t0);
  show("recv", recv(s[1], b, 1, 0));
  clock_gettime(CLOCK_MONOTONIC, &t1);
  show("it took long enough", (t1.tv_sec - t0.tv_sec) * 1000000000 + t1.tv_nsec - t0.tv_nsec >= 30000000);
  send(s[0], "ab", 2, 0);
  show("some at the limit", recv(s[1], b, 8, MSG_WAITALL));
  tv = (struct timeval){0, 1000000};
  show("bad limit", setsockopt(s[1], SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof tv));
  tv = (struct timeval){-1, 0};
  show("negative", setsockopt(s[1], SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof tv));
  show("short", setsockopt(s[1], SOL_SOCKET, SO_RCVTIMEO, &tv, 8));

  puts("peeking on");
  int zero = 0;
  tv = (struct timeval){0, 0};
  setsockopt(s[1], SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof tv);
  show("peek offset", setsockopt(s[1], SOL_SOCKET, SO_PEEK_OFF, &zero, sizeof zero));
  send(s[0], "abcdef", 6, 0);
  send(s[0], "ghij", 4, 0);
  for (int i = 0; i < 3; i++) {
    memset(b, 0, sizeof b);
    show("peek", recv(s[1], b, 4, MSG_PEEK | MSG_DONTWAIT));
    puts(b);
  }
  memset(b, 0, sizeof b);
  show("recv", recv(s[1], b, 3, 0));
  puts(b);
  memset(b, 0, sizeof b);
  show("peek", recv(s[1], b, 16, MSG_PEEK | MSG_DONTWAIT));
  puts(b);
  return 0;
}
