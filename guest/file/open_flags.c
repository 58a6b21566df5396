// Open(2) and openat(2): O_CREAT, O_EXCL, O_TRUNC, O_APPEND, O_DIRECTORY, O_NOFOLLOW, O_PATH, access modes, relative to a
// directory descriptor, lowest free number, F_GETFL; ENOENT, EEXIST, EISDIR, ENOTDIR, ELOOP, ENAMETOOLONG, EBADF, ENXIO.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static long show(const char *what, long r) {
  int e = errno;
  if (r < 0) printf("%s: %s\n", what, strerrorname_np(e));
  else printf("%s: %ld\n", what, r);
  return r;
}

int main(void) {
  char dir[] = "/tmp/guest-XXXXXX";
  if (!mkdtemp(dir) || chdir(dir)) return 1;
  show("missing", open("f", O_RDWR));
  show("create", open("f", O_RDWR | O_CREAT, 0640));
  show("exclusive", open("f", O_RDWR | O_CREAT | O_EXCL, 0640));
  struct stat st;
  stat("f", &st);
  printf("mode %o size %ld\n", st.st_mode, (long)st.st_size);
  show("write", write(3, "0123456789", 10));
  int ro = show("read only", open("f", O_RDONLY));
  show("write to it", write(ro, "x", 1));
  int wo = show("write only", open("f", O_WRONLY));
  char buf[32];
  show("read from it", read(wo, buf, 5));
  close(ro);
  show("lowest free number", open("f", O_RDONLY | O_CLOEXEC));
  printf("F_GETFD %d, F_GETFL access %d\n", fcntl(4, F_GETFD), fcntl(wo, F_GETFL) & O_ACCMODE);
  int app = open("f", O_WRONLY | O_APPEND);
  lseek(app, 0, SEEK_SET);
  show("append", write(app, "AB", 2));
  printf("position after it %ld, flag %d\n", (long)lseek(app, 0, SEEK_CUR), !!(fcntl(app, F_GETFL) & O_APPEND));
  fcntl(app, F_SETFL, 0);
  lseek(app, 1, SEEK_SET);
  show("no longer appending", write(app, "x", 1));
  show("pread", pread(3, buf, 12, 0));
  printf("%.12s\n", buf);
  close(open("f", O_WRONLY | O_TRUNC));
  stat("f", &st);
  printf("truncated to %ld\n", (long)st.st_size);

  mkdir("d", 0755);
  show("directory for reading", open("d", O_RDONLY));
  show("directory for writing", open("d", O_WRONLY));
  show("create over a directory", open("d", O_RDONLY | O_CREAT, 0600));
  show("O_DIRECTORY of a file", open("f", O_RDONLY | O_DIRECTORY));
  show("file as directory", open("f/x", O_RDONLY));
  show("slash behind a file", open("f/", O_RDONLY));
  show("create with slash", open("new/", O_WRONLY | O_CREAT, 0600));
  show("empty name", open("", O_RDONLY));
  int d = open("d", O_RDONLY | O_DIRECTORY);
  show("read a directory", read(d, buf, 10));
  show("openat", openat(d, "inner", O_CREAT | O_WRONLY, 0600));
  show("openat ..", openat(d, "../f", O_RDONLY));
  show("openat absolute", openat(-7, "/dev/null", O_RDONLY));
  show("openat bad descriptor", openat(-7, "f", O_RDONLY));
  show("openat of a file", openat(3, "f", O_RDONLY));
  if (symlink("f", "link") || symlink("self", "self") || symlink("nowhere", "dangling")) return 1;
  show("through a link", open("link", O_RDONLY));
  show("O_NOFOLLOW", open("link", O_RDONLY | O_NOFOLLOW));
  show("link to itself", open("self", O_RDONLY));
  show("dangling", open("dangling", O_RDONLY));
  show("create through it", open("dangling", O_WRONLY | O_CREAT, 0600));
  show("so there is", access("nowhere", F_OK));
  show("exclusive through a link", open("link", O_WRONLY | O_CREAT | O_EXCL, 0600));
  char name[5000];
  memset(name, 'n', sizeof name);
  name[255] = 0;
  show("name of 255", open(name, O_WRONLY | O_CREAT, 0600));
  unlink(name);
  name[255] = 'n', name[256] = 0;
  show("name of 256", open(name, O_WRONLY | O_CREAT, 0600));
  for (int i = 0; i < 4095; i++) name[i] = i % 2 ? '/' : '.';
  name[4095] = 0;
  show("path of 4095", open(name, O_RDONLY));
  name[4095] = '/', name[4096] = 0;
  show("path of 4096", open(name, O_RDONLY));
  int path = show("O_PATH", open("f", O_PATH));
  show("read of O_PATH", read(path, buf, 1));
  show("fstat of it", fstat(path, &st));
  show("close", close(path));
  show("close again", close(path));
  show("dots", access("d/../d/./inner", F_OK));
  show("odd access mode", open("f", 3) >= 0 ? 0 : -1);
  for (char **n = (char *[]){"f", "link", "self", "dangling", "nowhere", "d/inner", 0}; *n; n++) unlink(*n);
  rmdir("d");
  if (chdir("/")) return 1;
  return rmdir(dir);
}
