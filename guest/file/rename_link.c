// Rename(2), link(2), symlink, readlink, unlink: replacing, directories over directories, EXCHANGE and NOREPLACE, link
// counts, hard links are one file, symlinks in paths, ELOOP after 40, all the errors.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void show(const char *what, long r) {
  int e = errno;
  printf("%s: %s\n", what, r < 0 ? strerrorname_np(e) : "ok");
}
static void put(const char *name, const char *text) {
  int fd = open(name, O_CREAT | O_WRONLY | O_TRUNC, 0600);
  if (write(fd, text, strlen(text)) < 0) _exit(9);
  close(fd);
}
static const char *get(const char *name) {
  static char buf[64];
  int fd = open(name, O_RDONLY);
  if (fd < 0) return strerrorname_np(errno);
  long n = read(fd, buf, 63);
  close(fd);
  buf[n < 0 ? 0 : n] = 0;
  return buf;
}
static int links(const char *name) {
  struct stat st;
  return lstat(name, &st) ? -1 : (int)st.st_nlink;
}

int main(void) {
  char dir[] = "/tmp/guest-XXXXXX";
  if (!mkdtemp(dir) || chdir(dir)) return 1;
  put("a", "A"), put("b", "B");
  show("rename over", rename("a", "b"));
  printf("a %s", get("a"));
  printf(", b %s\n", get("b"));
  show("rename missing", rename("a", "c"));
  show("rename to itself", rename("b", "b"));
  show("rename into nothing", rename("b", "x/y"));
  mkdir("d", 0700), mkdir("e", 0700), put("e/f", "F");
  show("file over directory", rename("b", "d"));
  show("directory over file", rename("d", "b"));
  show("directory over full one", rename("d", "e"));
  show("directory over empty one", rename("e", "d"));
  printf("moved along: %s\n", get("d/f"));
  show("into itself", rename("d", "d/sub"));
  show("dot", rename("d/.", "x"));
  put("c", "C");
  show("NOREPLACE", renameat2(AT_FDCWD, "b", AT_FDCWD, "c", RENAME_NOREPLACE));
  show("EXCHANGE", renameat2(AT_FDCWD, "b", AT_FDCWD, "c", RENAME_EXCHANGE));
  printf("b %s", get("b"));
  printf(", c %s\n", get("c"));
  int fd = open("d", O_RDONLY);
  show("renameat", renameat(AT_FDCWD, "c", fd, "g"));
  printf("%s\n", get("d/g"));

  show("link", link("b", "h"));
  printf("links %d %d\n", links("b"), links("h"));
  put("h", "changed");
  printf("one file: %s\n", get("b"));
  struct stat s1, s2;
  stat("b", &s1), stat("h", &s2);
  printf("same inode %d\n", s1.st_ino == s2.st_ino && s1.st_dev == s2.st_dev);
  show("rename onto its own hard link", rename("b", "h"));
  printf("both stay: %d %d\n", links("b"), links("h"));
  show("link over existing", link("b", "h"));
  show("link a directory", link("d", "dd"));
  show("link missing", link("x", "y"));
  show("unlink", unlink("b"));
  printf("links %d\n", links("h"));
  int open_fd = open("h", O_RDONLY);
  show("unlink open", unlink("h"));
  fstat(open_fd, &s1);
  char buf[128];
  printf("links %d, still readable %ld\n", (int)s1.st_nlink, read(open_fd, buf, 10));
  show("unlink missing", unlink("h"));

  show("symlink", symlink("d/g", "s"));
  printf("through it: %s\n", get("s"));
  long n = readlink("s", buf, sizeof buf);
  printf("readlink %ld %.*s\n", n, (int)n, buf);
  n = readlink("s", buf, 2);
  printf("cut off: %ld %.*s\n", n, (int)n, buf);
  show("readlink of a file", readlink("d/g", buf, 10));
  show("readlink of size 0", readlink("s", buf, 0));
  show("symlink over existing", symlink("x", "s"));
  show("symlink to nothing", symlink("", "t"));
  show("relative to where the link lies", symlink("g", "d/l"));
  printf("%s\n", get("d/l"));
  show("link to a directory", symlink("d", "ds"));
  printf("%s\n", get("ds/g"));
  lstat("ds", &s1);
  printf("type %o size %ld\n", s1.st_mode & S_IFMT, (long)s1.st_size);
  stat("ds", &s1);
  printf("type %o\n", s1.st_mode & S_IFMT);
  lstat("ds/", &s1);
  printf("with slash %o\n", s1.st_mode & S_IFMT);
  show("hard link to a symlink", link("s", "s2"));
  lstat("s2", &s1);
  printf("is a symlink %d\n", S_ISLNK(s1.st_mode));
  show("linkat following", linkat(AT_FDCWD, "s", AT_FDCWD, "s3", AT_SYMLINK_FOLLOW));
  lstat("s3", &s1);
  printf("is a file %d, links %d\n", S_ISREG(s1.st_mode), (int)s1.st_nlink);
  show("unlink takes the link", unlink("s"));
  printf("target stays: %s\n", get("d/g"));

  // A chain of links: 40 are followed, 41 not.
  char from[16], to[16];
  put("n0", "end");
  for (int i = 1; i <= 41; i++) {
    snprintf(to, sizeof to, "n%d", i - 1), snprintf(from, sizeof from, "n%d", i);
    if (symlink(to, from)) return 1;
  }
  printf("40 links: %s", get("n40"));
  printf(", 41: %s\n", get("n41"));
  show("loop", symlink("q", "p") + symlink("p", "q"));
  printf("%s\n", get("p"));
  for (int i = 0; i <= 41; i++) {
    snprintf(from, sizeof from, "n%d", i);
    unlink(from);
  }
  for (char **f = (char *[]){"p", "q", "s2", "s3", "ds", "d/g", "d/l", "d/f", 0}; *f; f++) unlink(*f);
  rmdir("d");
  if (chdir("/")) return 1;
  return rmdir(dir);
}
