// Notification of changes in a directory by signal: F_NOTIFY with each DN_ flag, once and DN_MULTISHOT, F_SETSIG; fcntl(2), fs/notify/dnotify.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
static void show(const char *what, long r) {
  if (r == -1) printf("%s: %s\n", what, strerrorname_np(errno));
  else printf("%s: %ld\n", what, r);
}
#define SHOW(call) show(#call, call)
static int plain, queued;
static int fds[50], codes[50];
static long bands[50];
static void on_io(int s) {
  plain++;
}

static void on_rt(int s, siginfo_t *i, void *u) {
  fds[queued]=i->si_fd;
  codes[queued]=i->si_code;
  bands[queued++]=i->si_band;
}

static int d;
static void told(const char*what) {
  printf("%s: SIGIO %d, queued %d", what, plain, queued);
  for(int i=0;i<queued;i++) printf(" [own fd %d code %d band %lx]", fds[i]==d, codes[i], bands[i]);
  printf("\n");
  plain=queued=0;
}

static void all(void) {
  char b[10];
  int f=open("in/f", O_CREAT|O_RDWR, 0600);
  told(" create");
  write(f, "x", 1);
  told(" write");
  pread(f, b, 1, 0);
  told(" read");
  fchmod(f, 0640);
  told(" chmod");
  ftruncate(f, 0);
  told(" truncate");
  close(f);
  told(" close");
  rename("in/f", "in/g");
  told(" rename inside");
  rename("in/g", "out/g");
  told(" rename out");
  rename("out/g", "in/h");
  told(" rename in");
  link("in/h", "in/i");
  told(" link");
  unlink("in/h");
  told(" unlink");
  unlink("in/i");
  mkdir("in/sub", 0700);
  told(" mkdir");
  mkdir("in/sub/x", 0700);
  told(" below");
  rmdir("in/sub/x");
  rmdir("in/sub");
  told(" rmdir");
  chmod("in", 0755);
  told(" the directory itself");
  close(open("in", O_RDONLY));
  told(" open it");
  symlink("x", "in/l");
  unlink("in/l");
  told(" symlink, unlink");
  mkfifo("in/p", 0600);
  unlink("in/p");
  told(" fifo");
}

int main() {
  setvbuf(stdout, 0, _IOLBF, 0);
  char dir[]="/tmp/sb-dnotify-XXXXXX";
  if(!mkdtemp(dir)||chdir(dir)) return 1;
  mkdir("in", 0700);
  mkdir("out", 0700);
  signal(SIGIO, on_io);
  struct sigaction a={.sa_sigaction=on_rt, .sa_flags=SA_SIGINFO};
  sigaction(SIGRTMIN, &a, 0);
  int f=open("file", O_CREAT|O_RDWR, 0600);
  SHOW(fcntl(f, F_NOTIFY, DN_CREATE));
  SHOW(fcntl(f, F_NOTIFY, 0));
  SHOW(fcntl(99, F_NOTIFY, DN_CREATE));
  close(f);
  d=open("in", O_RDONLY);
  SHOW(fcntl(d, F_NOTIFY, 0));
  SHOW(fcntl(d, F_GETOWN)==getpid());
  SHOW(fcntl(d, F_NOTIFY, DN_CREATE));
  SHOW(fcntl(d, F_GETOWN)==getpid());
  puts("once");
  all();
  static const struct {
    const char*n;
    unsigned m;
  } flags[]={{"access",DN_ACCESS},{"modify",DN_MODIFY},{"create",DN_CREATE},{"delete",DN_DELETE},{"rename",DN_RENAME},{"attrib",DN_ATTRIB}};
  for(int i=0;i<6;i++){ puts(flags[i].n); fcntl(d, F_NOTIFY, flags[i].m|DN_MULTISHOT); all(); fcntl(d, F_NOTIFY, 0);
      } puts("F_SETSIG");
  fcntl(d, F_SETSIG, SIGRTMIN);
  fcntl(d, F_NOTIFY, DN_CREATE|DN_MULTISHOT);
  SHOW(fcntl(d, F_NOTIFY, DN_DELETE));
  close(open("in/a", O_CREAT|O_RDWR, 0600));
  told("create");
  unlink("in/a");
  told("delete");
  int e=dup(d);
  fcntl(e, F_NOTIFY, DN_CREATE|DN_MULTISHOT);
  close(open("in/a", O_CREAT|O_RDWR, 0600));
  told("asked by a copy");
  unlink("in/a");
  queued=0;
  close(e);
  close(open("in/a", O_CREAT|O_RDWR, 0600));
  told("the copy was closed");
  unlink("in/a");
  fcntl(d, F_NOTIFY, DN_CREATE|DN_MULTISHOT);
  int d2=open("in", O_RDONLY);
  fcntl(d2, F_NOTIFY, DN_CREATE|DN_MULTISHOT);
  close(open("in/a", O_CREAT|O_RDWR, 0600));
  told("two open files");
  close(d2);
  unlink("in/a");
  queued=0;
  rename("in", "moved");
  told("renamed itself");
  close(open("moved/a", O_CREAT|O_RDWR, 0600));
  told("in it");
  unlink("moved/a");
  queued=0;
  rmdir("moved");
  told("removed");
  close(d);
  rmdir("out");
  unlink("file");
  chdir("/");
  rmdir(dir);
  return 0;
}
