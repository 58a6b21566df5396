// Mkfifo(3), mknod(2), mknodat(2): types and modes under the umask, EEXIST, ENOENT, ENOTDIR, EINVAL, EPERM for devices without
// privilege, relative to a directory; FIFOs have no size and cannot be mapped, sought or truncated.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#define SHOW(x)                                                                   \
  do {                                                                            \
    errno = 0;                                                                    \
    long r_ = (long)(x);                                                          \
    if (r_ < 0) printf("%s: %s\n", #x, strerrorname_np(errno));                   \
    else printf("%s: %ld\n", #x, r_);                                             \
  } while (0)

static void show(const char *name) {
  struct stat st;
  if (lstat(name, &st)) printf("  %s: %s\n", name, strerrorname_np(errno));
  else printf("  %s: mode %o, links %ld, size %ld, device %d\n", name, st.st_mode, (long)st.st_nlink, (long)st.st_size, (int)st.st_rdev);
}

int main(void) {
  if (geteuid() == 0) {
    setgroups(0, NULL);
    if (setresgid(54321, 54321, 54321) || setresuid(54321, 54321, 54321)) return 1;
  }
  char directory[] = "/tmp/sb-mknod-XXXXXX", text[16];
  if (!mkdtemp(directory) || chdir(directory)) return 1;
  umask(027);
  SHOW(mkfifo("fifo", 0666));
  show("fifo");
  SHOW(mkfifo("fifo", 0666));
  SHOW(mkfifo("", 0666));
  SHOW(mkfifo("no/where", 0666));
  SHOW(mkfifo("fifo/x", 0666));
  SHOW(mkfifo("slash/", 0666));
  SHOW(mknod("plain", S_IFREG | 0644, 0));
  show("plain");
  SHOW(mknod("untyped", 0604, makedev(1, 3)));
  show("untyped");
  SHOW(mknod("socket", S_IFSOCK | 0777, 0));
  show("socket");
  SHOW(mknod("device", S_IFCHR | 0666, makedev(1, 3)));
  SHOW(mknod("block", S_IFBLK | 0666, makedev(7, 0)));
  SHOW(mknod("directory", S_IFDIR | 0777, 0));
  SHOW(mknod("link", S_IFLNK | 0777, 0));
  SHOW(mknod("odd", 0150000 | 0666, 0));
  int at = open(".", O_RDONLY | O_DIRECTORY);
  SHOW(mkdirat(at, "sub", 0777));
  int sub = open("sub", O_RDONLY);
  SHOW(mknodat(sub, "fifo", S_IFIFO | 01777, 0));
  show("sub/fifo");
  SHOW(mkfifoat(999, "fifo", 0600));
  SHOW(mkfifoat(open("plain", O_RDONLY), "fifo", 0600));
  SHOW(open("socket", O_RDWR) < 0 ? -1 : 0);

  int fifo = open("fifo", O_RDWR);
  SHOW(lseek(fifo, 0, SEEK_SET));
  SHOW(ftruncate(fifo, 10));
  SHOW(truncate("fifo", 10));
  SHOW(pread(fifo, text, 1, 0));
  SHOW(mmap(NULL, 4096, PROT_READ, MAP_SHARED, fifo, 0) == MAP_FAILED ? -1 : 0);
  SHOW(fsync(fifo));
  SHOW(posix_fadvise(fifo, 0, 0, POSIX_FADV_NORMAL));
  if (write(fifo, "kept", 4) != 4) return 1;
  show("fifo");
  SHOW(link("fifo", "again"));
  SHOW(rename("fifo", "moved"));
  int other = open("again", O_RDONLY | O_NONBLOCK);
  SHOW(read(other, text, 1));
  close(fifo);
  SHOW(read(other, text, 10));
  close(other);
  other = open("moved", O_RDONLY | O_NONBLOCK);
  SHOW(read(other, text, 10));
  SHOW(access("moved", X_OK));
  int gone = chdir("/tmp");
  const char *names[] = {"moved", "again", "plain", "untyped", "socket", "sub/fifo"};
  for (int i = 0; i < 6; i++) gone |= unlinkat(at, names[i], 0);
  gone |= unlinkat(at, "sub", AT_REMOVEDIR);
  gone |= rmdir(directory);
  printf("gone: %d\n", gone);
  return 0;
}
