// Watching a directory (inotify(7)): create, mkdir, mkfifo, symlink, listing, rename within, in and out with one cookie for both
// halves, over another file, exchange, removal; renaming and removing the directory itself.
#define _GNU_SOURCE
#include <dirent.h>
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

static void create(const char *name) { close(open(name, O_CREAT | O_WRONLY, 0600)); }

int main(void) {
  char path[] = "/tmp/sb-inotify-XXXXXX", entries[1024];
  if (!mkdtemp(path) || chdir(path)) return 1;
  group = inotify_init1(IN_NONBLOCK);
  mkdir("a", 0700);
  mkdir("b", 0700);
  int most = IN_ALL_EVENTS & ~(IN_OPEN | IN_CLOSE | IN_ACCESS);
  inotify_add_watch(group, "a", most);
  inotify_add_watch(group, "b", most);
  create("a/file");
  show("create");
  mkdir("a/sub", 0700);
  mkfifo("a/fifo", 0600);
  if (symlink("nowhere", "a/link")) return 1;
  show("mkdir, mkfifo, symlink");
  rename("a/file", "a/a-name-of-sixteen");
  show("rename");
  rename("a/a-name-of-sixteen", "b/file");
  show("to the other");
  create("b/target");
  show("create");
  inotify_add_watch(group, "b/target", IN_ALL_EVENTS);
  rename("b/file", "b/target");
  show("over another");
  create("outside");
  rename("outside", "a/in");
  show("in");
  rename("a/in", "out");
  show("out");
  renameat2(AT_FDCWD, "out", AT_FDCWD, "a/fifo", RENAME_EXCHANGE);
  show("exchange with outside");
  rename("a/sub", "b/sub");
  show("a directory");
  inotify_add_watch(group, "b/sub", IN_ALL_EVENTS);
  int fd = open("b/sub", O_RDONLY | O_DIRECTORY);
  show("open it");
  while (getdents64(fd, entries, sizeof entries) > 0);
  show("list it");
  close(fd);
  show("close it");
  chmod("b/sub", 0500);
  show("chmod");
  rmdir("b/sub");
  show("rmdir");
  inotify_add_watch(group, "a", IN_MOVE_SELF | IN_DELETE_SELF);
  rename("a", "c");
  show("rename the watched");
  unlink("c/fifo");
  unlink("c/link");
  show("nothing of inside");
  rmdir("c");
  show("rmdir the watched");
  unlink("b/target");
  unlink("out");
  show("unlink");
  rmdir("b");
  show("rmdir");
  if (chdir("/") || rmdir(path)) return 1;
  return 0;
}
