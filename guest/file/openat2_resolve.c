// What openat2(2) asks of a walk: RESOLVE_BENEATH, RESOLVE_IN_ROOT, RESOLVE_NO_SYMLINKS, RESOLVE_NO_MAGICLINKS, RESOLVE_NO_XDEV and
// RESOLVE_CACHED over plain names, "..", symbolic links of all kinds, the links of /proc and mounts, also of what is created; and what
// the call refuses (build_open_flags in fs/open.c, fs/namei.c).
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static int root;

static long open_how(int dirfd, const char *path, unsigned long long flags, unsigned long long mode, unsigned long long resolve) {
  struct open_how how = {.flags = flags, .mode = mode, .resolve = resolve};
  return syscall(SYS_openat2, dirfd, path, &how, sizeof how);
}

static const char *const names[] = {".", "top", "in", "in/file", "in/deep", "in/deep/file", "/", "/proc", "/dev"};

/* Which of the places an open file is. */
static const char *place(int fd) {
  struct stat a, b;
  if (fstat(fd, &a)) return "?";
  for (unsigned i = 0; i < sizeof names / sizeof *names; i++)
    if (!fstatat(root, names[i], &b, 0) && a.st_dev == b.st_dev && a.st_ino == b.st_ino) return names[i];
  return "elsewhere";
}

static const struct { const char *name; unsigned long long bits; } resolves[] = {
    {"all", 0},
    {"beneath", RESOLVE_BENEATH},
    {"in root", RESOLVE_IN_ROOT},
    {"no symlinks", RESOLVE_NO_SYMLINKS},
    {"no magic", RESOLVE_NO_MAGICLINKS},
    {"no xdev", RESOLVE_NO_XDEV},
    {"beneath, no magic", RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS},
    {"in root, no xdev", RESOLVE_IN_ROOT | RESOLVE_NO_XDEV},
};

static void each(int dirfd, const char *path, unsigned long long flags) {
  printf("%s%s:", path, flags & O_NOFOLLOW ? " not followed" : flags & O_CREAT ? " created" : "");
  for (unsigned i = 0; i < sizeof resolves / sizeof *resolves; i++) {
    long fd = open_how(dirfd, path, flags, flags & O_CREAT ? 0600 : 0, resolves[i].bits);
    printf("%s %s %s", i ? "," : "", resolves[i].name, fd < 0 ? strerrorname_np(errno) : place(fd));
    if (fd >= 0) close(fd);
  }
  puts("");
}

static void is(const char *what, long r) {
  printf("%s: %s\n", what, r < 0 ? strerrorname_np(errno) : "fine");
  if (r > 0) close(r);
}

int main(void) {
  char dir[] = "/tmp/guest-XXXXXX";
  if (!mkdtemp(dir) || chdir(dir)) return 1;
  root = open(".", O_PATH | O_DIRECTORY);
  mkdir("in", 0700);
  mkdir("in/deep", 0700);
  close(open("top", O_CREAT | O_WRONLY, 0600));
  close(open("in/file", O_CREAT | O_WRONLY, 0600));
  close(open("in/deep/file", O_CREAT | O_WRONLY, 0600));
  symlink("file", "in/link");
  symlink("deep", "in/directory");
  symlink("../in/file", "in/out and in");
  symlink("../top", "in/out");
  symlink("deep/../file", "in/through");
  symlink("/", "in/slash");
  symlink("/file", "in/absolute");
  symlink("/", "in/deep/slash");
  symlink("/deep/file", "in/absolute deep");
  symlink("/proc", "in/mount");
  symlink("/proc/self/cwd", "in/cwd");
  symlink("around", "in/around");
  symlink("nowhere", "in/dangling");
  int in = open("in", O_PATH | O_DIRECTORY);

  static const char *const paths[] = {
      "file", ".", "..", "deep/..", "deep/../..", "../top", "../in/file", "deep/../../in/file", "/", "/file", "/deep/../../file",
      "//deep//file", "/..", "link", "directory/file", "out and in", "out", "through", "slash", "slash/file", "absolute",
      "absolute deep", "deep/slash", "mount", "cwd", "cwd/top", "around", "dangling", "nothing", "file/x", "deep/", "link/", "directory/",
  };
  for (unsigned i = 0; i < sizeof paths / sizeof *paths; i++) each(in, paths[i], O_PATH);
  each(in, "link", O_PATH | O_NOFOLLOW);
  each(in, "directory/", O_PATH | O_NOFOLLOW);
  each(in, "cwd", O_PATH | O_NOFOLLOW);

  puts("from the root");
  int slash = open("/", O_PATH | O_DIRECTORY);
  static const char *const across[] = {"proc", "proc/..", "dev", "proc/self/cwd", "proc/self/root/proc", "proc/self/fd/0", "proc/self/exe"};
  dup2(in, 0);
  for (unsigned i = 0; i < sizeof across / sizeof *across; i++) each(slash, across[i], O_PATH);
  int proc = open("/proc", O_PATH | O_DIRECTORY);
  each(proc, "..", O_PATH);
  each(proc, "self/..", O_PATH);
  each(proc, "/self/..", O_PATH);

  puts("created");
  static const char *const created[] = {"new", "../new", "dangling", "out", "deep/../new"};
  for (unsigned i = 0; i < sizeof created / sizeof *created; i++) {
    each(in, created[i], O_CREAT | O_WRONLY);
    unlink("in/new");
    unlink("new");
    unlink("in/nowhere");
    unlink("in/top");
  }
  is("absolute, in its root", open_how(in, "/new", O_CREAT | O_WRONLY, 0600, RESOLVE_IN_ROOT));
  is("and there it is", unlink("in/new"));
  is("an absolute link, in its root", open_how(in, "absolute", O_CREAT | O_WRONLY, 0600, RESOLVE_IN_ROOT));
  is("absolute, beneath", open_how(in, "/new", O_CREAT | O_WRONLY, 0600, RESOLVE_BENEATH));

  puts("refused");
  is("both", open_how(in, "file", O_PATH, 0, RESOLVE_BENEATH | RESOLVE_IN_ROOT));
  is("unknown", open_how(in, "file", O_PATH, 0, 0x40));
  is("unknown, high", open_how(in, "file", O_PATH, 0, 1ull << 40));
  is("a mode for a directory", open_how(in, "deep", O_DIRECTORY, 0600, 0));
  is("a mode without creation", open_how(in, "file", O_RDONLY, 0600, 0));
  is("a mode of other bits", open_how(in, "new", O_CREAT | O_WRONLY, 0100600, 0));
  is("unknown flags", open_how(in, "file", 1ull << 40, 0, 0));
  is("O_PATH to write", open_how(in, "file", O_PATH | O_WRONLY, 0, 0));
  is("cached and created", open_how(in, "new", O_CREAT | O_WRONLY, 0600, RESOLVE_CACHED));
  is("cached and truncated", open_how(in, "file", O_WRONLY | O_TRUNC, 0, RESOLVE_CACHED));
  is("cached without a name", open_how(in, ".", O_TMPFILE | O_WRONLY, 0600, RESOLVE_CACHED));
  is("cached", open_how(in, "file", O_RDONLY, 0, RESOLVE_CACHED));
  is("no descriptor, absolute, in its root", open_how(99, "/file", O_PATH, 0, RESOLVE_IN_ROOT));
  is("no descriptor, absolute, beneath", open_how(99, "/file", O_PATH, 0, RESOLVE_BENEATH));
  is("no descriptor, absolute", open_how(99, "/proc", O_PATH, 0, RESOLVE_NO_XDEV));
  is("a file as the root", open_how(open("in/file", O_PATH), "x", O_PATH, 0, RESOLVE_IN_ROOT));
  chdir("in");
  is("of the working directory, beneath", open_how(AT_FDCWD, "deep/file", O_PATH, 0, RESOLVE_BENEATH));
  is("of the working directory, above", open_how(AT_FDCWD, "../top", O_PATH, 0, RESOLVE_BENEATH));

  const char *const all[] = {"link", "directory", "out and in", "out", "through", "slash", "absolute", "absolute deep", "mount", "cwd", "around", "dangling", "deep/file", "file"};
  for (unsigned i = 0; i < sizeof all / sizeof *all; i++) unlink(all[i]);
  unlink("deep/slash");
  rmdir("deep");
  chdir("..");
  unlink("top");
  rmdir("in");
  return rmdir(dir);
}
