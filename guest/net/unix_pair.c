// AF_UNIX pairs of all types: bytes and packets, peeking, truncation, half and full close, SIGPIPE, what poll says at
// every step (socketpair(2), send(2), recv(2), shutdown(2), unix(7)).
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

static int pipes;
static void on_pipe(int sig) { (void)sig; pipes++; }

static void show(const char *what, long r) {
  int e = errno;
  if (r < 0) printf("  %s: %s", what, strerrorname_np(e));
  else printf("  %s: %ld", what, r);
  printf(pipes ? " with SIGPIPE\n" : "\n");
  pipes = 0;
}

static void state(const char *who, int fd) {
  struct pollfd p = {fd, POLLIN | POLLOUT | POLLPRI | POLLRDHUP | POLLRDNORM | POLLWRNORM | POLLRDBAND | POLLWRBAND, 0};
  poll(&p, 1, 0);
  int n = -1;
  ioctl(fd, FIONREAD, &n);
  printf("  %s:%s%s%s%s%s%s%s%s%s%s, %d to read\n", who, p.revents & POLLIN ? " IN" : "", p.revents & POLLPRI ? " PRI" : "",
         p.revents & POLLOUT ? " OUT" : "", p.revents & POLLERR ? " ERR" : "", p.revents & POLLHUP ? " HUP" : "",
         p.revents & POLLRDHUP ? " RDHUP" : "", p.revents & POLLRDNORM ? " RDNORM" : "",
         p.revents & POLLWRNORM ? " WRNORM" : "", p.revents & POLLRDBAND ? " RDBAND" : "",
         p.revents & POLLWRBAND ? " WRBAND" : "", n);
}

static void data(const char *what, int fd, int flags, size_t size) {
  char b[64] = "";
  long r = recv(fd, b, size, flags);
  show(what, r);
  if (r > 0 && r < 64) printf("    \"%.*s\"\n", (int)(r < (long)size ? r : (long)size), b);
}

static void with(int type) {
  int s[2], v, w[2];
  struct stat st;
  char link[64] = "";
  show("pair", socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, s));
  show("cloexec", fcntl(s[0], F_GETFD));
  show("flags", fcntl(s[0], F_GETFL) & (O_ACCMODE | O_NONBLOCK));
  fstat(s[0], &st);
  printf("  mode %o, size %ld, links %ld\n", st.st_mode, (long)st.st_size, (long)st.st_nlink);
  char path[64];
  snprintf(path, sizeof path, "/proc/self/fd/%d", s[0]);
  v = readlink(path, link, 63);
  char expect[64];
  snprintf(expect, sizeof expect, "socket:[%lu]", (unsigned long)st.st_ino);
  printf("  link is %s\n", v > 0 && !strcmp(link, expect) ? "socket:[its inode]" : link);
  show("opening it", open(path, O_RDWR));
  show("seek", lseek(s[0], 0, SEEK_CUR));
  show("pread", pread(s[0], path, 1, 0));
  state("new", s[0]);
  show("send", send(s[0], "hello", 5, 0));
  show("write", write(s[0], " world", 6));
  struct iovec iov[2] = {{"!", 1}, {"??", 2}};
  show("writev", writev(s[0], iov, 2));
  show("no bytes", write(s[0], "", 0));
  state("reader", s[1]);
  data("peek", s[1], MSG_PEEK, 3);
  data("peek, all of it", s[1], MSG_PEEK | MSG_TRUNC, 3);
  data("recv", s[1], 0, 3);
  data("recv", s[1], 0, 60);
  data("recv", s[1], MSG_DONTWAIT, 60);
  data("recv", s[1], MSG_DONTWAIT, 60);
  data("recv", s[1], MSG_DONTWAIT, 60);
  state("reader", s[1]);
  data("out of band", s[1], MSG_OOB | MSG_DONTWAIT, 1);
  show("bad pointer in", send(s[0], (void *)8, 4, 0));
  send(s[0], "lost?", 5, 0);
  show("bad pointer out", recv(s[1], (void *)8, 4, 0));
  data("after it", s[1], MSG_DONTWAIT, 60);

  puts(" half closed");
  send(s[0], "last", 4, 0);
  show("shutdown", shutdown(s[0], SHUT_WR));
  state("writer", s[0]);
  state("reader", s[1]);
  show("send", send(s[0], "x", 1, 0));
  show("send quietly", send(s[0], "x", 1, MSG_NOSIGNAL));
  data("recv", s[1], 0, 60);
  data("end", s[1], type == SOCK_DGRAM ? MSG_DONTWAIT : 0, 60);
  data("end, not waiting", s[1], MSG_DONTWAIT, 60);
  show("back", send(s[1], "back", 4, 0));
  data("recv", s[0], 0, 60);
  show("shutdown other", shutdown(s[0], SHUT_RD));
  state("both", s[0]);
  state("other", s[1]);
  show("send to it", send(s[1], "x", 1, 0));
  show("bad how", shutdown(s[0], 3));
  close(s[0]);
  state("alone", s[1]);
  show("send", send(s[1], "x", 1, 0));
  close(s[1]);

  puts(" closed with unread data");
  socketpair(AF_UNIX, type, 0, w);
  send(w[0], "unread", 6, 0);
  send(w[1], "kept", 4, 0);
  close(w[1]);
  state("left", w[0]);
  show("send", send(w[0], "x", 1, 0));
  data("recv", w[0], MSG_DONTWAIT, 60);
  data("recv", w[0], MSG_DONTWAIT, 60);
  data("recv", w[0], MSG_DONTWAIT, 60);
  state("left", w[0]);
  show("send", send(w[0], "x", 1, 0));
  close(w[0]);
}

int main(void) {
  struct sigaction sa = {.sa_handler = on_pipe};
  sigaction(SIGPIPE, &sa, NULL);
  puts("stream");
  with(SOCK_STREAM);
  puts("datagram");
  with(SOCK_DGRAM);
  puts("seqpacket");
  with(SOCK_SEQPACKET);
  return 0;
}
