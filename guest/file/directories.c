// Directories: mkdir, rmdir, getdents64 with all types, rewinding, names seen exactly once, "." and "..", chdir, fchdir,
// getcwd, removal while open; ENOTEMPTY, EEXIST, ENOTDIR, EINVAL, EBUSY.
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static void show(const char *what, long r) {
  int e = errno;
  printf("%s: %s\n", what, r < 0 ? strerrorname_np(e) : "ok");
}
static int by_name(const void *a, const void *b) { return strcmp(*(char **)a, *(char **)b); }

static void list(const char *dir) {
  DIR *d = opendir(dir);
  char *names[300];
  int n = 0;
  struct dirent *e;
  while ((e = readdir(d))) {
    names[n] = malloc(300);
    snprintf(names[n++], 300, "%s:%d", e->d_name, e->d_type);
  }
  closedir(d);
  qsort(names, n, sizeof *names, by_name);
  printf("%d entries:", n);
  for (int i = 0; i < n && i < 12; i++) printf(" %s", names[i]);
  printf("\n");
}

int main(void) {
  char dir[] = "/tmp/guest-XXXXXX";
  if (!mkdtemp(dir) || chdir(dir)) return 1;
  show("mkdir", mkdir("d", 0755));
  show("mkdir again", mkdir("d", 0755));
  show("mkdir in nothing", mkdir("x/y", 0755));
  show("mkdir with slash", mkdir("d/e/", 0700));
  show("mkdir dot", mkdir(".", 0700));
  close(open("file", O_CREAT | O_WRONLY, 0600));
  show("mkdir below a file", mkdir("file/x", 0700));
  show("symlink", symlink("d", "link"));
  show("mkfifo", mkfifo("fifo", 0600));
  show("mkdir over a link", mkdir("link", 0700));
  list(".");
  list("link");
  list("d/e");
  struct stat st;
  stat("d", &st);
  printf("mode %o\n", st.st_mode);

  show("rmdir not empty", rmdir("d"));
  show("rmdir a file", rmdir("file"));
  show("rmdir a link", rmdir("link"));
  show("rmdir dot", rmdir("d/e/."));
  show("rmdir dot dot", rmdir("d/e/.."));
  show("rmdir missing", rmdir("d/x"));
  show("rmdir root", rmdir("/"));
  show("unlink a directory", unlink("d"));
  show("unlinkat without flag", unlinkat(AT_FDCWD, "d/e", 0));
  int fd = open("d/e", O_RDONLY);
  show("unlinkat AT_REMOVEDIR", unlinkat(AT_FDCWD, "d/e", AT_REMOVEDIR));
  show("create in a removed one", openat(fd, "f", O_CREAT | O_WRONLY, 0600));
  char raw[4096];
  show("list a removed one", syscall(SYS_getdents64, fd, raw, sizeof raw));
  close(fd);

  // Many names, read with a small buffer: each exactly once.
  for (int i = 0; i < 200; i++) {
    char name[64];
    snprintf(name, sizeof name, "d/%03d-%.*s", i, i % 40, "........................................");
    close(open(name, O_CREAT | O_WRONLY, 0600));
  }
  fd = open("d", O_RDONLY | O_DIRECTORY);
  for (int pass = 0; pass < 2; pass++) {
    char seen[200] = {0};
    long n, total = 0, twice = 0, dots = 0, aligned = 1;
    while ((n = syscall(SYS_getdents64, fd, raw, 300)) > 0)
      for (long at = 0; at < n;) {
        struct dirent64 *e = (struct dirent64 *)(raw + at);
        if (e->d_name[0] == '.') dots++;
        else twice += seen[atoi(e->d_name)]++;
        total++;
        aligned &= e->d_reclen % 8 == 0;
        at += e->d_reclen;
      }
    printf("total %ld dots %ld twice %ld aligned %ld end %ld\n", total, dots, twice, aligned, n);
    lseek(fd, 0, SEEK_SET);
  }
  show("buffer too small", syscall(SYS_getdents64, fd, raw, 10));
  int file = open("file", O_RDONLY);
  show("getdents of a file", syscall(SYS_getdents64, file, raw, sizeof raw));

  show("chdir", chdir("d"));
  char cwd[4096];
  printf("getcwd: %s\n", getcwd(cwd, sizeof cwd) ? cwd + strlen(dir) : "?");
  show("chdir ..", chdir(".."));
  show("chdir a link", chdir("link"));
  printf("real name: %s\n", getcwd(cwd, sizeof cwd) ? cwd + strlen(dir) : "?");
  if (chdir(dir)) return 1;
  show("fchdir", fchdir(fd));
  printf("getcwd: %s\n", getcwd(cwd, sizeof cwd) ? cwd + strlen(dir) : "?");
  show("fchdir of a file", fchdir(file));
  show("chdir to a file", chdir("../file"));
  show("chdir to nothing", chdir("missing"));
  long r = syscall(SYS_getcwd, cwd, 5);
  show("getcwd, small buffer", r);
  for (int i = 0; i < 200; i++) {
    char name[64];
    snprintf(name, sizeof name, "%03d-%.*s", i, i % 40, "........................................");
    unlink(name);
  }
  if (chdir(dir)) return 1;
  mkdir("gone", 0700);
  if (chdir("gone")) return 1;
  rmdir("../gone");
  show("getcwd in a removed one", syscall(SYS_getcwd, cwd, sizeof cwd));
  show("open . there", open(".", O_RDONLY) < 0 ? -1 : 0);
  show(".. still works", chdir(".."));
  unlink("file"), unlink("link"), unlink("fifo"), rmdir("d");
  if (chdir("/")) return 1;
  return rmdir(dir);
}
