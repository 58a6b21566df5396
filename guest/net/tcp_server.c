// A server with a process for each client, and one with select(2) for all: bytes in both directions, more than fits into the
// buffers, by read, write, readv, writev, stdio and sendfile (tcp(7), select(2), sendfile(2)).
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/select.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

static struct sockaddr_in a = {.sin_family = AF_INET};
static socklen_t n = sizeof a;

static int server(void) {
  int l = socket(AF_INET, SOCK_STREAM, 0);
  a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  a.sin_port = 0;
  bind(l, (void *)&a, n);
  getsockname(l, (void *)&a, &n);
  listen(l, 10);
  return l;
}
static int client(void) {
  int c = socket(AF_INET, SOCK_STREAM, 0);
  if (connect(c, (void *)&a, n)) perror("connect");
  return c;
}
static unsigned sum(const unsigned char *b, size_t len, unsigned s) {
  for (size_t i = 0; i < len; i++) s = s * 31 + b[i];
  return s;
}

int main(void) {
  int l = server(), st, status = 0;
  puts("a process for each");
  fflush(stdout);
  pid_t srv = fork();
  if (srv == 0) {
    for (int i = 0; i < 4; i++) {
      int s = accept(l, NULL, NULL);
      if (fork() == 0) {
        close(l);
        FILE *f = fdopen(s, "r+");
        char line[64];
        while (fgets(line, sizeof line, f)) {
          fseek(f, 0, SEEK_CUR);
          fprintf(f, "you said %s", line);
          fflush(f);
        }
        _exit(0);
      }
      close(s);
    }
    while (wait(&st) > 0) status |= st;
    _exit(status != 0);
  }
  int c[4];
  for (int i = 0; i < 4; i++) c[i] = client();
  for (int r = 0; r < 2; r++) {
    for (int i = 0; i < 4; i++) dprintf(c[i], "client %d round %d\n", i, r);
    for (int i = 3; i >= 0; i--) {
      char b[64];
      int len = read(c[i], b, sizeof b);
      printf("%.*s", len, b);
    }
  }
  for (int i = 0; i < 4; i++) close(c[i]);
  waitpid(srv, &st, 0);
  printf("server %d\n", st);
  close(l);

  puts("one for all");
  l = server();
  fflush(stdout);
  srv = fork();
  if (srv == 0) {
    fd_set all, ready;
    int open = 0, seen = 0, top = l;
    FD_ZERO(&all);
    FD_SET(l, &all);
    while (seen < 3 || open > 0) {
      ready = all;
      select(top + 1, &ready, NULL, NULL, NULL);
      for (int fd = 0; fd <= top; fd++) {
        if (!FD_ISSET(fd, &ready)) continue;
        if (fd == l) {
          int s = accept(l, NULL, NULL);
          FD_SET(s, &all);
          if (s > top) top = s;
          open++;
          seen++;
          continue;
        }
        char b[100];
        ssize_t len = read(fd, b, sizeof b);
        for (ssize_t i = 0; i < len; i++) b[i] ^= 0x20;
        if (len > 0) write(fd, b, len);
        else {
          FD_CLR(fd, &all);
          close(fd);
          open--;
        }
      }
    }
    _exit(0);
  }
  for (int i = 0; i < 3; i++) c[i] = client();
  const char *words[] = {"one", "TWO", "Three"};
  for (int i = 0; i < 3; i++) write(c[i], words[i], strlen(words[i]));
  for (int i = 0; i < 3; i++) {
    char b[16] = "";
    read(c[i], b, sizeof b);
    puts(b);
    shutdown(c[i], SHUT_WR);
    printf("end %zd\n", read(c[i], b, sizeof b));
    close(c[i]);
  }
  waitpid(srv, &st, 0);
  printf("server %d\n", st);

  puts("much");
  enum { SIZE = 60000 };
  static unsigned char big[SIZE];
  for (int i = 0; i < SIZE; i++) big[i] = i * 7 + (i >> 8);
  unsigned want = sum(big, SIZE, 1);
  int small = 8192;
  fflush(stdout);
  srv = fork();
  if (srv == 0) {
    int s = accept(l, NULL, NULL);
    unsigned got = 1;
    size_t total = 0;
    static unsigned char b[10000];
    struct iovec v[3] = {{b, 100}, {b + 100, 1}, {b + 101, 9000}};
    ssize_t len;
    while ((len = readv(s, v, 3)) > 0) {
      got = sum(b, len, got);
      total += len;
    }
    printf("received %zu, %s\n", total, got == want ? "the same" : "others");
    fflush(stdout);
    write(s, "thanks", 6);
    _exit(0);
  }
  int k = client();
  setsockopt(k, SOL_SOCKET, SO_SNDBUF, &small, sizeof small);
  printf("sent %zd\n", send(k, big, SIZE / 2, 0));
  struct iovec v[2] = {{big + SIZE / 2, SIZE / 4}, {big + SIZE / 2 + SIZE / 4, SIZE / 4}};
  printf("written %zd\n", writev(k, v, 2));
  fflush(stdout);
  shutdown(k, SHUT_WR);
  char t[8] = "";
  printf("reply %zd: ", read(k, t, 8));
  puts(t);
  waitpid(srv, &st, 0);
  close(k);

  puts("from a file");
  char name[] = "/tmp/sendfileXXXXXX";
  int f = mkstemp(name);
  unlink(name);
  write(f, big, 20000);
  fflush(stdout);
  srv = fork();
  if (srv == 0) {
    int s = accept(l, NULL, NULL);
    static unsigned char b[20000];
    printf("received %zd, ", recv(s, b, sizeof b, MSG_WAITALL));
    puts(memcmp(b, big, sizeof b) ? "others" : "the same");
    printf("end %zd\n", recv(s, b, 1, 0));
    fflush(stdout);
    _exit(0);
  }
  k = client();
  off_t off = 0;
  size_t done = 0;
  while (done < 20000) {
    ssize_t x = sendfile(k, f, &off, 20000 - done);
    if (x <= 0) { perror("sendfile"); break; }
    done += x;
  }
  close(k);
  waitpid(srv, &st, 0);
  printf("sent %zu, offset %ld\n", done, (long)off);
  int p[2];
  socketpair(AF_UNIX, SOCK_STREAM, 0, p);
  printf("from a socket: %s\n", sendfile(p[0], p[1], NULL, 10) < 0 ? strerrorname_np(errno) : "sent");
  return 0;
}
