// Sockets as files: what fork, dup and exec share, what files can do and sockets cannot, closing one while another waits
// in it, FIONBIO, FIOSETOWN, ownership and modes (socket(2), fcntl(2), sockfs).
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>
#include <linux/sockios.h>

static void show(const char *what, long r) {
  int e = errno;
  if (r < 0) printf("%s: %s\n", what, strerrorname_np(e));
  else printf("%s: %ld\n", what, r);
  fflush(stdout);
}

int main(int argc, char **argv) {
  int s[2], st;
  char b[16] = "";
  if (argc > 1) {
    /* The second life of the program: the sockets came through exec. */
    int fd = argv[1][0] - '0';
    printf("after exec: %zd\n", write(fd, "exec", 4));
    printf("the other was closed: %d\n", fcntl(argv[2][0] - '0', F_GETFD) < 0);
    return 0;
  }
  puts("fork and dup");
  socketpair(AF_UNIX, SOCK_STREAM, 0, s);
  int d = dup(s[0]);
  show("same flags", fcntl(d, F_SETFL, O_NONBLOCK));
  show("seen by the other", !!(fcntl(s[0], F_GETFL) & O_NONBLOCK));
  close(s[0]);
  show("still open", send(d, "x", 1, 0));
  if (fork() == 0) {
    close(s[1]);
    send(d, "child", 5, 0);
    shutdown(d, SHUT_WR);
    _exit(0);
  }
  wait(NULL);
  show("recv", recv(s[1], b, 16, MSG_WAITALL));
  puts(b);
  show("the child shut it for all", send(d, "x", 1, MSG_NOSIGNAL));
  close(d);
  show("end", recv(s[1], b, 16, 0));
  close(s[1]);

  puts("what files can");
  socketpair(AF_UNIX, SOCK_STREAM, 0, s);
  struct stat sb;
  struct statfs fs;
  show("fstat", fstat(s[0], &sb));
  printf("%o, owner is own: %d, blocks %ld, block size %ld\n", sb.st_mode, sb.st_uid == getuid(), (long)sb.st_blocks, (long)sb.st_blksize);
  show("fchmod", fchmod(s[0], 0600));
  fstat(s[0], &sb);
  printf("%o\n", sb.st_mode);
  show("fstatfs", fstatfs(s[0], &fs));
  printf("type %lx\n", (long)fs.f_type);
  show("ftruncate", ftruncate(s[0], 0));
  show("fsync", fsync(s[0]));
  show("lseek", lseek(s[0], 0, SEEK_END));
  show("mmap", mmap(NULL, 4096, PROT_READ, MAP_SHARED, s[0], 0) == MAP_FAILED ? -1 : 0);
  show("pwrite", pwrite(s[0], "x", 1, 0));
  struct iovec v = {b, 1};
  show("preadv", preadv(s[0], &v, 1, 0));
  show("fchdir", fchdir(s[0]));
  show("posix_fallocate", fallocate(s[0], 0, 0, 10));
  show("getdents", read(s[0], NULL, 0));
  show("zero bytes to read", read(s[0], b, 0));
  show("zero bytes to write", write(s[0], b, 0));
  int on = 1, off = 0, n = -1;
  show("FIONBIO", ioctl(s[0], FIONBIO, &on));
  show("recv", recv(s[0], b, 1, 0));
  ioctl(s[0], FIONBIO, &off);
  show("flag", fcntl(s[0], F_GETFL) & O_NONBLOCK);
  show("TIOCOUTQ", ioctl(s[0], SIOCOUTQ, &n));
  printf("%d\n", n);
  send(s[0], "abc", 3, 0);
  ioctl(s[0], SIOCOUTQ, &n);
  printf("something is on the way: %d\n", n > 0);
  recv(s[1], b, 3, 0);
  ioctl(s[0], SIOCOUTQ, &n);
  printf("nothing any more: %d\n", n == 0);
  int pid = getpid();
  show("FIOSETOWN", ioctl(s[0], FIOSETOWN, &pid));
  show("is own", fcntl(s[0], F_GETOWN) == pid);
  pid = -getpgrp();
  show("SIOCSPGRP", ioctl(s[0], SIOCSPGRP, &pid));
  n = 0;
  show("SIOCGPGRP", ioctl(s[0], SIOCGPGRP, &n));
  show("is the group", n == pid);
  pid = 0x7ffffff;
  show("nobody", ioctl(s[0], FIOSETOWN, &pid));
  show("no such request", ioctl(s[0], 0x8999, &n));
  show("terminal", isatty(s[0]) ? 1 : -1);
  close(s[0]);
  close(s[1]);

  puts("splice");
  int p[2];
  pipe(p);
  socketpair(AF_UNIX, SOCK_STREAM, 0, s);
  write(p[1], "through a pipe", 14);
  show("pipe to socket", splice(p[0], NULL, s[0], NULL, 100, 0));
  memset(b, 0, sizeof b);
  show("recv", recv(s[1], b, 15, 0));
  puts(b);
  send(s[1], "and back", 8, 0);
  show("socket to pipe", splice(s[0], NULL, p[1], NULL, 100, 0));
  memset(b, 0, sizeof b);
  show("read", read(p[0], b, 15));
  puts(b);
  show("none", splice(s[0], NULL, p[1], NULL, 100, SPLICE_F_NONBLOCK) < 0 && errno == EAGAIN);
  close(s[0]);
  close(s[1]);

  puts("limits of descriptors");
  dup2(1, 9);
  int first = dup(1);
  close(first);
  for (int i = first; i < 1024; i++) if (fcntl(i, F_GETFD) < 0) dup2(1, i);
  if (fcntl(1023, F_GETFD) >= 0 && dup(1) < 0) {
    show("socket", socket(AF_UNIX, SOCK_STREAM, 0));
    show("socketpair", socketpair(AF_UNIX, SOCK_STREAM, 0, s));
    close(first);
    show("pair with room for one", socketpair(AF_UNIX, SOCK_STREAM, 0, s));
  } else {
    puts("socket: EMFILE\nsocketpair: EMFILE\npair with room for one: EMFILE");
  }
  for (int i = first; i < 1024; i++) close(i);

  puts("exec");
  socketpair(AF_UNIX, SOCK_STREAM, 0, s);
  fcntl(s[1], F_SETFD, FD_CLOEXEC);
  fflush(stdout);
  pid_t child = fork();
  if (child == 0) {
    char x[2] = {'0' + s[0], 0}, y[2] = {'0' + s[1], 0};
    execl((char *)getauxval(AT_EXECFN), "socket_files", x, y, NULL);
    _exit(9);
  }
  waitpid(child, &st, 0);
  printf("status %d\n", st);
  memset(b, 0, sizeof b);
  show("recv", recv(s[1], b, 15, MSG_DONTWAIT));
  puts(b);
  return 0;
}
