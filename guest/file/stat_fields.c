// Stat(2), fstat, lstat, fstatat, statx: types, sizes, modes, links, blocks, umask and chmod, access(2), utimensat; times
// that move in the right direction.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static void show(const char *what, long r) {
  int e = errno;
  printf("%s: %s\n", what, r < 0 ? strerrorname_np(e) : "ok");
}
static int mode(const char *name) {
  struct stat st;
  return lstat(name, &st) ? -1 : (int)st.st_mode;
}
static long long ns(struct timespec t) { return t.tv_sec * 1000000000ll + t.tv_nsec; }

int main(void) {
  char dir[] = "/tmp/guest-XXXXXX";
  if (!mkdtemp(dir) || chdir(dir)) return 1;
  struct stat st, st2;
  int fd = open("f", O_CREAT | O_RDWR, 0666);
  printf("mode %o\n", mode("f"));
  printf("umask %o\n", umask(0));
  close(open("g", O_CREAT | O_RDWR, 06777));
  mkdir("d", 01777);
  printf("without umask: %o %o\n", mode("g"), mode("d"));
  umask(077);
  mkdir("e", 0777);
  printf("with 077: %o\n", mode("e"));
  show("chmod", chmod("f", 0604));
  printf("%o\n", mode("f"));
  show("fchmod", fchmod(fd, 04755));
  printf("%o\n", mode("f"));
  show("fchmodat", fchmodat(AT_FDCWD, "f", 0640, 0));
  show("chmod missing", chmod("x", 0));
  printf("%o\n", mode("f"));

  if (write(fd, "twenty bytes of text", 20) != 20) return 1;
  fstat(fd, &st);
  printf("size %ld links %ld owner %d group %d regular %d\n", (long)st.st_size, (long)st.st_nlink, st.st_uid == geteuid(), st.st_gid == getegid(),
         S_ISREG(st.st_mode));
  printf("blksize %d, blocks cover the size %d\n", st.st_blksize >= 512, st.st_blocks * 512 >= st.st_size);
  stat("f", &st2);
  printf("same by name: inode %d dev %d size %d\n", st.st_ino == st2.st_ino, st.st_dev == st2.st_dev, st.st_size == st2.st_size);
  stat("/dev/null", &st);
  printf("/dev/null: char %d, device %u:%u\n", S_ISCHR(st.st_mode), major(st.st_rdev), minor(st.st_rdev));
  stat("/", &st);
  stat("/..", &st2);
  printf("root: directory %d, its own parent %d\n", S_ISDIR(st.st_mode), st.st_ino == st2.st_ino);
  int p[2];
  if (pipe(p)) return 1;
  fstat(p[0], &st);
  printf("pipe: fifo %d mode %o size %ld\n", S_ISFIFO(st.st_mode), st.st_mode & 0777, (long)st.st_size);
  show("stat missing", stat("x", &st));
  show("stat below a file", stat("f/x", &st));
  show("fstat bad", fstat(99, &st));
  show("fstatat empty", fstatat(fd, "", &st, AT_EMPTY_PATH));
  show("fstatat empty without flag", fstatat(fd, "", &st, 0));
  show("fstatat bad flag", fstatat(AT_FDCWD, "f", &st, 0x40000000));

  struct statx x;
  memset(&x, 0xff, sizeof x);
  show("statx", statx(AT_FDCWD, "f", 0, STATX_BASIC_STATS, &x));
  printf("mask %d mode %o size %lld links %d\n", (x.stx_mask & STATX_BASIC_STATS) == STATX_BASIC_STATS, x.stx_mode, (long long)x.stx_size, x.stx_nlink);
  show("statx missing", statx(AT_FDCWD, "x", 0, STATX_BASIC_STATS, &x));
  show("statx by descriptor", statx(fd, "", AT_EMPTY_PATH, STATX_SIZE, &x));

  show("access F_OK", access("f", F_OK));
  show("access R_OK", access("f", R_OK));
  show("access missing", access("x", F_OK));
  show("access bad mode", access("f", 8));
  chmod("f", 0644);
  // Not even root may execute what nobody may.
  show("access X_OK", access("f", X_OK));
  chmod("f", 0755);
  show("access X_OK", faccessat(AT_FDCWD, "f", X_OK, AT_EACCESS));

  struct timespec t[2] = {{1000000000, 123456789}, {999999999, 5}};
  show("utimensat", utimensat(AT_FDCWD, "f", t, 0));
  stat("f", &st);
  printf("atime %lld mtime %lld\n", ns(st.st_atim), ns(st.st_mtim));
  printf("ctime is later: %d\n", ns(st.st_ctim) > ns(st.st_mtim));
  t[0].tv_nsec = UTIME_OMIT;
  t[1] = (struct timespec){-5, 999999999};
  show("omit one, before 1970", utimensat(AT_FDCWD, "f", t, 0));
  stat("f", &st);
  printf("atime %lld mtime %lld\n", ns(st.st_atim), ns(st.st_mtim));
  t[1].tv_nsec = UTIME_NOW;
  futimens(fd, t);
  fstat(fd, &st);
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  printf("now: within a minute %d\n", llabs(ns(now) - ns(st.st_mtim)) < 60000000000ll);
  t[0].tv_nsec = -7;
  show("bad nanoseconds", utimensat(AT_FDCWD, "f", t, 0));
  show("utimensat missing", utimensat(AT_FDCWD, "x", NULL, 0));
  long long before = ns(st.st_mtim);
  usleep(15000);
  if (write(fd, "x", 1) != 1) return 1;
  fstat(fd, &st);
  printf("a write moves mtime: %d\n", ns(st.st_mtim) > before);
  before = ns(st.st_ctim);
  usleep(15000);
  fchmod(fd, 0600);
  fstat(fd, &st2);
  printf("chmod moves only ctime: %d %d\n", ns(st2.st_ctim) > before, ns(st2.st_mtim) == ns(st.st_mtim));
  unlink("f"), unlink("g"), rmdir("d"), rmdir("e");
  if (chdir("/")) return 1;
  return rmdir(dir);
}
