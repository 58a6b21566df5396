// Watching one file and its directory (inotify(7)): open, read, write, truncate, chmod, times, link, close, unlink while open and
// the end of the watch; the directory hears first, with the name.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static int group;

static void show(const char *when) {
  static const char *names[] = {"ACCESS", "MODIFY",      "ATTRIB",    "CLOSE_WRITE", "CLOSE_NOWRITE", "OPEN", "MOVED_FROM", "MOVED_TO",
                                "CREATE", "DELETE",      "DELETE_SELF", "MOVE_SELF", "?",             "UNMOUNT", "Q_OVERFLOW", "IGNORED"};
  static _Alignas(8) char buffer[65536];
  long n = read(group, buffer, sizeof buffer);
  static unsigned first;
  printf("%s:%s\n", when, n < 0 ? " nothing" : "");
  for (long at = 0; at < n;) {
    struct inotify_event *e = (struct inotify_event *)(buffer + at);
    printf("  %d", e->wd);
    for (int i = 0; i < 16; i++)
      if (e->mask >> i & 1) printf(" %s", names[i]);
    if (e->mask & IN_ISDIR) printf(" ISDIR");
    if (e->cookie && !first) first = e->cookie;
    if (e->cookie) printf(" cookie %u", e->cookie - first);
    if (e->len) printf(" %s (%u)", e->name, e->len);
    printf("\n");
    at += sizeof *e + e->len;
  }
}

int main(void) {
  char path[] = "/tmp/sb-inotify-XXXXXX", byte;
  if (!mkdtemp(path) || chdir(path)) return 1;
  group = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
  int fd = open("file", O_CREAT | O_RDWR, 0644);
  close(fd);
  printf("watches %d %d\n", inotify_add_watch(group, ".", IN_ALL_EVENTS), inotify_add_watch(group, "file", IN_ALL_EVENTS));
  fd = open("file", O_RDWR);
  show("open");
  if (write(fd, "12", 2) != 2 || write(fd, "34", 2) != 2) return 1;
  show("write twice");
  if (write(fd, "", 0) || pread(fd, &byte, 1, 0) != 1 || pread(fd, &byte, 1, 100) != 0) return 1;
  show("write nothing, read one, read at the end");
  if (ftruncate(fd, 1) || truncate("file", 10)) return 1;
  show("truncate twice");
  if (posix_fallocate(fd, 0, 20)) return 1;
  show("fallocate");
  if (fchmod(fd, 0600) || chmod("file", 0644) || chown("file", -1, -1)) return 1;
  show("chmod, chown");
  struct timespec both[2] = {{1, 0}, {2, 0}}, access[2] = {{3, 0}, {0, UTIME_OMIT}}, change[2] = {{0, UTIME_OMIT}, {4, 0}};
  if (futimens(fd, both)) return 1;
  show("both times");
  if (utimensat(AT_FDCWD, "file", access, 0)) return 1;
  show("time of access");
  if (utimensat(AT_FDCWD, "file", change, 0)) return 1;
  show("time of change");
  close(dup(fd));
  show("a copy closed");
  close(fd);
  show("closed");
  close(open("file", O_RDONLY));
  show("open and close");
  close(open("file", O_WRONLY | O_TRUNC));
  show("truncated by open");
  close(open("file", O_PATH));
  show("by path only");
  if (link("file", "again")) return 1;
  show("link");
  if (unlink("again")) return 1;
  show("one name gone");
  fd = open("file", O_RDWR);
  if (unlink("file")) return 1;
  show("the other");
  if (write(fd, "x", 1) != 1) return 1;
  show("written without a name");
  close(fd);
  show("closed, gone");
  close(open("file", O_CREAT | O_EXCL | O_WRONLY, 0600));
  show("another of that name");
  unlink("file");
  show("gone too");
  close(group);
  if (chdir("/") || rmdir(path)) return 1;
  return 0;
}
