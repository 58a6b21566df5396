// Names of AF_UNIX sockets: inodes with modes and permissions, abstract names, made-up names, lengths, and every way in
// which bind(2) and connect(2) refuse (unix(7)).
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static void show(const char *what, long r) {
  int e = errno;
  if (r < 0) printf("%s: %s\n", what, strerrorname_np(e));
  else printf("%s: %ld\n", what, r);
  fflush(stdout);
}

static socklen_t un(struct sockaddr_un *a, const char *path) {
  memset(a, 0, sizeof *a);
  a->sun_family = AF_UNIX;
  strcpy(a->sun_path, path);
  return offsetof(struct sockaddr_un, sun_path) + strlen(path) + 1;
}

static void name(const char *what, int fd, int peer) {
  struct sockaddr_un a;
  memset(&a, 'x', sizeof a);
  socklen_t n = sizeof a;
  long r = peer ? getpeername(fd, (void *)&a, &n) : getsockname(fd, (void *)&a, &n);
  if (r < 0) { show(what, r); return; }
  printf("%s: family %d, length %u", what, a.sun_family, n);
  if (n > 2 && a.sun_path[0]) printf(", \"%s\"", a.sun_path);
  if (n > 2 && !a.sun_path[0]) printf(", abstract \"%.*s\"", (int)n - 3, a.sun_path + 1);
  putchar('\n');
}

int main(void) {
  char dir[] = "/tmp/unixXXXXXX";
  struct sockaddr_un a;
  struct stat st;
  socklen_t n;
  if (!mkdtemp(dir) || chdir(dir)) return 1;
  umask(027);
  int s = socket(AF_UNIX, SOCK_STREAM, 0), d = socket(AF_UNIX, SOCK_DGRAM, 0), c = socket(AF_UNIX, SOCK_STREAM, 0);
  name("unbound", s, 0);
  name("no peer", s, 1);
  n = un(&a, "sock");
  show("bind", bind(s, (void *)&a, n));
  show("lstat", lstat("sock", &st));
  printf("mode %o size %ld\n", st.st_mode, (long)st.st_size);
  DIR *list = opendir(".");
  for (struct dirent *e; (e = readdir(list));) if (e->d_name[0] != '.') printf("entry %s type %d\n", e->d_name, e->d_type);
  closedir(list);
  name("bound", s, 0);
  show("bind again", bind(s, (void *)&a, n));
  n = un(&a, "other");
  show("bind to another", bind(s, (void *)&a, n));
  show("which is not there", access("other", F_OK));
  n = un(&a, "sock");
  show("taken", bind(d, (void *)&a, n));
  show("open", open("sock", O_RDWR));
  show("connect before listen", connect(c, (void *)&a, n));
  show("listen", listen(s, 1));
  show("wrong type", connect(d, (void *)&a, n));
  show("connect", connect(c, (void *)&a, n));
  show("connect again", connect(c, (void *)&a, n));
  name("peer of client", c, 1);
  name("client", c, 0);
  int acc = accept(s, NULL, NULL);
  name("accepted", acc, 0);
  name("its peer", acc, 1);
  show("bind connected", bind(c, (void *)&a, n));
  show("listen on connected", listen(c, 1));
  show("connect a listener", connect(s, (void *)&a, n));
  show("accept on connected", accept(c, NULL, NULL));
  show("accept datagrams", accept(d, NULL, NULL));
  show("listen datagrams", listen(d, 1));
  show("listen unbound", listen(socket(AF_UNIX, SOCK_STREAM, 0), 1));
  show("rename", rename("sock", "moved"));
  int c2 = socket(AF_UNIX, SOCK_STREAM, 0);
  show("connect to old name", connect(c2, (void *)&a, n));
  n = un(&a, "moved");
  show("connect to new name", connect(c2, (void *)&a, n));
  name("peer has the first name", c2, 1);
  symlink("moved", "link");
  n = un(&a, "link");
  show("bind to a link", bind(d, (void *)&a, n));
  int c3 = socket(AF_UNIX, SOCK_STREAM, 0);
  close(accept(s, NULL, NULL));
  show("connect through a link", connect(c3, (void *)&a, n));
  close(s);
  int c4 = socket(AF_UNIX, SOCK_STREAM, 0);
  show("connect to a dead name", connect(c4, (void *)&a, n));
  creat("file", 0600);
  n = un(&a, "file");
  show("connect to a file", connect(c4, (void *)&a, n));
  n = un(&a, "none");
  show("connect to nothing", connect(c4, (void *)&a, n));
  n = un(&a, "none/none");
  show("bind in nothing", bind(c4, (void *)&a, n));
  n = un(&a, "file/none");
  show("bind below a file", bind(c4, (void *)&a, n));
  n = un(&a, "slash/");
  show("bind with a slash", bind(c4, (void *)&a, n));
  n = un(&a, ".");
  show("bind to .", bind(c4, (void *)&a, n));
  n = un(&a, "x");
  show("too short", bind(c4, (void *)&a, 1));
  show("too long", bind(c4, (void *)&a, sizeof a + 1));
  show("far too long", bind(c4, (void *)&a, 200));
  show("negative", bind(c4, (void *)&a, -1));
  show("bad pointer", bind(c4, (void *)8, 10));
  a.sun_family = AF_INET;
  show("family", bind(c4, (void *)&a, n));
  show("family of connect", connect(c4, (void *)&a, n));
  memset(a.sun_path, 'y', sizeof a.sun_path);
  a.sun_family = AF_UNIX;
  show("108 bytes without NUL", bind(c4, (void *)&a, sizeof a));
  n = sizeof a;
  char big[200];
  n = sizeof big;
  show("its name", getsockname(c4, (void *)big, &n));
  printf("length %u\n", n);
  n = 5;
  show("cut", getsockname(c4, (void *)big, &n));
  printf("length %u\n", n);
  n = -1;
  show("no room", getsockname(c4, (void *)big, &n));

  memcpy(a.sun_path, "\0abs\0tract", 10);
  int x = socket(AF_UNIX, SOCK_STREAM, 0), y = socket(AF_UNIX, SOCK_STREAM, 0), z = socket(AF_UNIX, SOCK_DGRAM, 0);
  char pid[16];
  snprintf(pid, sizeof pid, "%d", getpid());
  memset(a.sun_path, 0, sizeof a.sun_path);
  strcpy(a.sun_path + 1, pid);
  n = 3 + strlen(pid);
  show("abstract", bind(x, (void *)&a, n));
  show("taken", bind(y, (void *)&a, n));
  show("other type", bind(z, (void *)&a, n));
  show("longer", bind(y, (void *)&a, n + 1));
  show("bound already", bind(y, (void *)&a, n + 2));
  listen(x, 5);
  int k = socket(AF_UNIX, SOCK_STREAM, 0);
  show("connect", connect(k, (void *)&a, n));
  show("connect to none", connect(socket(AF_UNIX, SOCK_STREAM, 0), (void *)&a, n + 2));
  close(x);
  int again = socket(AF_UNIX, SOCK_STREAM, 0);
  show("free again", bind(again, (void *)&a, n));
  int au = socket(AF_UNIX, SOCK_DGRAM, 0);
  show("made up", bind(au, (void *)&a, 2));
  n = sizeof a;
  getsockname(au, (void *)&a, &n);
  printf("length %u, %zu digits\n", n, strspn(a.sun_path + 1, "0123456789abcdef"));
  show("again", bind(au, (void *)&a, 2));

  n = un(&a, "guarded");
  int g = socket(AF_UNIX, SOCK_DGRAM, 0);
  fchmod(g, 0700);
  show("bind with a mode", bind(g, (void *)&a, n));
  lstat("guarded", &st);
  printf("mode %o\n", st.st_mode);
  chmod(".", 0755);
  chmod("guarded", 0500);
  if (fork() == 0) {
    if (getuid() == 0) (void)!setuid(1234);
    int f = socket(AF_UNIX, SOCK_DGRAM, 0);
    long r = connect(f, (void *)&a, n);
    printf("without permission: %s\n", r < 0 ? strerrorname_np(errno) : "connected");
    struct sockaddr_un b;
    n = un(&b, "/nowhere");
    r = bind(f, (void *)&b, n);
    printf("bind in /: %s\n", r < 0 ? strerrorname_np(errno) : "bound");
    fflush(stdout);
    _exit(0);
  }
  wait(NULL);
  {
    const char *left[] = {"moved", "link", "file", "guarded"};
    for (int i = 0; i < 4; i++) unlink(left[i]);
    memset(a.sun_path, 'y', sizeof a.sun_path);
    char longest[109] = "";
    memset(longest, 'y', 108);
    unlink(longest);
    chdir("/");
    rmdir(dir);
  }
  return 0;
}
