// Renames under watched and open files: events have the present names, /proc/self/fd and the working directory follow, deleted ones are marked; inotify(7), d_path.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>
#include <dirent.h>
#include <ftw.h>
#include <signal.h>
static int in;
static char dir[]="/tmp/sb-ren-XXXXXX";
static void ev(const char*w) {
  char b[4096];
  printf("%s:\n", w);
  for(;;) {
    int n=read(in, b, sizeof b);
    if(n<=0) break;
    for(char*p=b;p<b+n;){ struct inotify_event*e=(void*)p; printf("   wd %d mask %x %s%s\n", e->wd, e->mask,
        e->len?e->name:"-", e->cookie?" c":""); p+=sizeof*e+e->len; }
  }
}

static void lnk(const char*w, int fd) {
  char p[40], b[300];
  sprintf(p, "/proc/self/fd/%d", fd);
  int n=readlink(p, b, 299);
  b[n>0?n:0]=0;
  printf("%s: %s\n", w, strncmp(b, dir, strlen(dir))?b:b+strlen(dir));
}

static void cwd(const char*w) {
  char b[300]="";
  errno=0;
  if(!getcwd(b, 300)) printf("%s cwd %s\n", w, strerrorname_np(errno));
  else printf("%s cwd %s\n", w, strncmp(b, dir, strlen(dir))?b:b+strlen(dir));
}

static int one(const char*path, const struct stat*s, int flag, struct FTW*f) {
  return remove(path);
}

static void remove_all(const char*path) {
  nftw(path, one, 8, FTW_DEPTH|FTW_PHYS);
}

int main() {
  setvbuf(stdout, 0, _IOLBF, 0);
  mkdtemp(dir);
  chdir(dir);
  in=inotify_init1(IN_NONBLOCK);
  mkdir("d", 0755);
  mkdir("d/s", 0755);
  mkdir("o", 0755);
  int f=open("d/f", O_CREAT|O_RDWR, 0644), g=open("d/s/g", O_CREAT|O_RDWR, 0644);
  int dfd=open("d", O_RDONLY), sfd=open("d/s", O_RDONLY|O_DIRECTORY);
  int wd=inotify_add_watch(in, "d", IN_ALL_EVENTS), ws=inotify_add_watch(in, "d/s", IN_ALL_EVENTS),
      wf=inotify_add_watch(in, "d/f", IN_ALL_EVENTS), wp=inotify_add_watch(in, ".", IN_ALL_EVENTS);
  rename("d", "e");
  ev("rename d e");
  lnk("f", f);
  lnk("g", g);
  lnk("d", dfd);
  lnk("s", sfd);
  write(f, "x", 1);
  ev("write f");
  write(g, "x", 1);
  ev("write g");
  close(open("e/f", O_RDONLY));
  ev("open e/f");
  close(openat(dfd, "n", O_CREAT|O_RDWR, 0644));
  ev("openat n");
  fchmod(f, 0600);
  ev("fchmod f");
  ftruncate(g, 10);
  ev("ftruncate g");
  rename("e/f", "e/f2");
  ev("rename f");
  write(f, "x", 1);
  ev("write");
  lnk("f", f);
  rename("e/f2", "o/f3");
  ev("moved out");
  write(f, "x", 1);
  ev("write");
  lnk("f", f);
  link("o/f3", "e/h");
  ev("link");
  write(f, "x", 1);
  ev("write");
  unlink("o/f3");
  ev("unlink");
  lnk("f", f);
  write(f, "x", 1);
  ev("write");
  close(open("e/h", O_RDONLY));
  ev("open h");
  unlink("e/h");
  ev("unlink h");
  write(f, "y", 1);
  ev("write");
  close(f);
  ev("close");
  chdir("e/s");
  ev("chdir");
  cwd("in e/s");
  rename("../../e", "../../o/e2");
  ev("move e");
  cwd("moved");
  lnk("s", sfd);
  lnk("d", dfd);
  close(open("../../../x", O_CREAT|O_RDWR, 0644));
  ev("x");
  chdir("..");
  cwd("..");
  close(openat(sfd, "../y", O_CREAT|O_RDWR, 0600));
  ev("y");
  int y=openat(sfd, "../y", O_RDONLY);
  lnk("y", y);
  {
    char other[60];
    sprintf(other, "%s-renamed", dir);
    rename(dir, other);
    cwd("top renamed");
    lnk("y", y);
    char b[100];
    read(y, b, 10);
    ev("read y");
    rename(other, dir);
    ev("back");
  }
  rename("n", "y");
  ev("replace y");
  lnk("y", y);
  close(y);
  ev("close y");
  mkdir("del", 0700);
  chdir("del");
  ev("mkdir");
  rmdir("../del");
  ev("rmdir");
  cwd("removed");
  lnk("cwd", open(".", O_RDONLY));
  printf("open in removed: %s\n", open("q", O_CREAT|O_RDWR, 0600)<0?strerrorname_np(errno):"ok");
  printf("..: %s\n", open("..", O_RDONLY)<0?strerrorname_np(errno):"ok");
  chdir(dir);
  DIR*D=opendir("o");
  rename("o", "p");
  struct dirent*e;
  int c=0;
  while((e=readdir(D))) c++;
  printf("%d entries\n", c);
  lnk("D", dirfd(D));
  closedir(D);
  ev("dir");
  // exchange
  mkdir("A", 0755);
  mkdir("B", 0755);
  close(open("A/1", O_CREAT|O_RDWR, 0600));
  int a1=open("A/1", O_RDWR);
  inotify_add_watch(in, "A", IN_ALL_EVENTS);
  inotify_add_watch(in, "B", IN_ALL_EVENTS);
  ev("setup");
  renameat2(AT_FDCWD, "A", AT_FDCWD, "B", RENAME_EXCHANGE);
  ev("exchange");
  lnk("a1", a1);
  write(a1, "1", 1);
  ev("write a1");
  renameat2(AT_FDCWD, "A", AT_FDCWD, "B", RENAME_NOREPLACE);
  ev("noreplace");
  symlink("B", "L");
  close(open("L/1", O_RDONLY));
  ev("by link");
  inotify_add_watch(in, "L", IN_ALL_EVENTS|IN_DONT_FOLLOW);
  rename("L", "M");
  ev("link renamed");
  unlink("M");
  ev("link gone");
  chdir("/");
  remove_all(dir);
  return 0;
}
