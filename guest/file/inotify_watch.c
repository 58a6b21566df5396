// Watches of inotify(7): descriptors in order and never again, replaced and added masks, IN_MASK_CREATE, IN_ONESHOT, IN_ONLYDIR,
// IN_DONT_FOLLOW, IN_EXCL_UNLINK, removal with IN_IGNORED, and the errors of each call.
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

#define SHOW(x)                                                                   \
  do {                                                                            \
    errno = 0;                                                                    \
    long r_ = (long)(x);                                                          \
    if (r_ < 0) printf("%s: %s\n", #x, strerrorname_np(errno));                   \
    else printf("%s: %ld\n", #x, r_);                                             \
  } while (0)

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
  char path[] = "/tmp/sb-inotify-XXXXXX";
  if (!mkdtemp(path) || chdir(path)) return 1;
  int fd = open("file", O_CREAT | O_RDWR, 0600);
  SHOW(symlink("file", "link"));
  group = inotify_init1(IN_NONBLOCK);
  SHOW(inotify_add_watch(group, "file", IN_OPEN));
  SHOW(inotify_add_watch(group, ".", IN_CREATE));
  SHOW(inotify_add_watch(group, "link", IN_ATTRIB));
  close(open("file", O_RDONLY));
  fchmod(fd, 0640);
  show("replaced");
  SHOW(inotify_add_watch(group, "file", IN_OPEN | IN_MASK_ADD));
  close(open("file", O_RDONLY));
  fchmod(fd, 0600);
  show("added");
  SHOW(inotify_add_watch(group, "file", IN_OPEN | IN_MASK_CREATE));
  SHOW(inotify_add_watch(group, "file", IN_OPEN | IN_MASK_CREATE | IN_MASK_ADD));
  SHOW(inotify_add_watch(group, "link", IN_ATTRIB | IN_DONT_FOLLOW));
  SHOW(inotify_rm_watch(group, 3));
  show("removed");
  SHOW(inotify_rm_watch(group, 3));
  SHOW(inotify_rm_watch(group, -1));
  SHOW(inotify_add_watch(group, "link", IN_ATTRIB | IN_DONT_FOLLOW | IN_MASK_CREATE));
  SHOW(inotify_rm_watch(group, 4));
  SHOW(inotify_rm_watch(group, 1));
  show("removed");

  SHOW(inotify_add_watch(group, "file", IN_ATTRIB | IN_ONESHOT));
  fchmod(fd, 0640);
  fchmod(fd, 0600);
  show("once");
  SHOW(inotify_rm_watch(group, 5));
  SHOW(inotify_add_watch(group, "file", IN_ATTRIB | IN_ONLYDIR));
  SHOW(inotify_add_watch(group, ".", IN_ATTRIB | IN_MODIFY | IN_DELETE | IN_ONLYDIR));
  SHOW(unlink("link"));
  if (write(fd, "x", 1) != 1) return 1;
  SHOW(unlink("file"));
  if (write(fd, "x", 1) != 1) return 1;
  show("unlinked and written");
  close(fd);
  fd = open("file", O_CREAT | O_RDWR, 0600);
  SHOW(inotify_add_watch(group, ".", IN_MODIFY | IN_DELETE | IN_EXCL_UNLINK));
  if (write(fd, "x", 1) != 1) return 1;
  SHOW(unlink("file"));
  if (write(fd, "x", 1) != 1) return 1;
  show("without what has no name");

  SHOW(inotify_add_watch(group, "missing", IN_OPEN));
  SHOW(inotify_add_watch(group, ".", 0));
  SHOW(inotify_add_watch(group, ".", 0x00100000));
  SHOW(inotify_add_watch(group, (char *)8, IN_OPEN));
  SHOW(inotify_add_watch(999, ".", IN_OPEN));
  SHOW(inotify_add_watch(fd, ".", IN_OPEN));
  SHOW(inotify_rm_watch(999, 1));
  SHOW(inotify_rm_watch(fd, 1));
  SHOW(inotify_init1(4));
  int other = inotify_init();
  printf("flags %#x %d, %#x %d\n", fcntl(other, F_GETFL), fcntl(other, F_GETFD), fcntl(group, F_GETFL), fcntl(group, F_GETFD));
  SHOW(write(group, "x", 1));
  SHOW(lseek(group, 0, SEEK_SET));
  char target[64] = "";
  char link[64];
  sprintf(link, "/proc/self/fd/%d", group);
  SHOW(readlink(link, target, sizeof target - 1));
  printf("%s\n", target);
  chmod(".", 0500);
  show("self");
  close(group);
  SHOW(inotify_add_watch(other, ".", IN_DELETE_SELF));
  close(fd);
  if (chdir("/")) return 1;
  SHOW(rmdir(path));
  group = other;
  show("the directory");
  return 0;
}
