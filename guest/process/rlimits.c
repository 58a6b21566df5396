// Getrlimit(2), setrlimit, prlimit: soft at most hard, inheritance over fork, RLIMIT_NOFILE, RLIMIT_FSIZE with SIGXFSZ and
// EFBIG, RLIMIT_AS, RLIMIT_CORE; errors.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static void show(const char *what, long r) {
  int e = errno;
  printf("%s: %s\n", what, r < 0 ? strerrorname_np(e) : "ok");
}
static volatile int xfsz;
static void handler(int sig) { xfsz = sig; }

int main(void) {
  struct rlimit l, old;
  getrlimit(RLIMIT_STACK, &l);
  printf("stack: %ld KiB soft\n", (long)(l.rlim_cur >> 10));
  getrlimit(RLIMIT_CORE, &l);
  printf("core: %ld soft\n", (long)l.rlim_cur);
  getrlimit(RLIMIT_NOFILE, &l);
  printf("nofile: %ld soft\n", (long)l.rlim_cur);
  struct rlimit wrong = {10, 5};
  show("soft above hard", setrlimit(RLIMIT_NOFILE, &wrong));
  show("no such limit", getrlimit(99, &l));
  show("bad pointer", getrlimit(RLIMIT_CORE, (void *)8));

  getrlimit(RLIMIT_NOFILE, &l);
  l.rlim_cur = 5;
  show("five descriptors", setrlimit(RLIMIT_NOFILE, &l));
  int fd[8];
  for (int i = 0; i < 3; i++) {
    fd[i] = open("/dev/null", O_RDONLY);
    printf("%d ", fd[i]);
  }
  printf("%s\n", strerrorname_np(errno));
  show("dup2 beyond", dup2(0, 5));
  show("fcntl beyond", fcntl(0, F_DUPFD, 5));
  int p[2];
  show("pipe", pipe(p));
  l.rlim_cur = 64;
  prlimit(0, RLIMIT_NOFILE, &l, &old);
  printf("prlimit: old %ld\n", (long)old.rlim_cur);
  show("now there is room", pipe(p));

  char name[] = "/tmp/guest-XXXXXX";
  int file = mkstemp(name);
  unlink(name);
  signal(SIGXFSZ, handler);
  getrlimit(RLIMIT_FSIZE, &l);
  l.rlim_cur = 10;
  setrlimit(RLIMIT_FSIZE, &l);
  long r = write(file, "0123456", 7);
  printf("write 7: %ld\n", r);
  r = write(file, "0123456", 7);
  printf("up to the limit: %ld, signal %d\n", r, xfsz);
  r = write(file, "x", 1);
  printf("beyond: %ld %s, signal %d\n", r, strerrorname_np(errno), xfsz);
  xfsz = 0;
  r = ftruncate(file, 100);
  printf("ftruncate: %ld %s, signal %d\n", r, strerrorname_np(errno), xfsz);
  l.rlim_cur = RLIM_INFINITY;
  setrlimit(RLIMIT_FSIZE, &l);
  show("without the limit", write(file, "x", 1));

  fflush(stdout);
  pid_t child = fork();
  if (child == 0) {
    getrlimit(RLIMIT_NOFILE, &l);
    if (l.rlim_cur != 64) _exit(1);
    getrlimit(RLIMIT_AS, &l);
    l.rlim_cur = 64 << 20;
    setrlimit(RLIMIT_AS, &l);
    void *m = mmap(NULL, 1 << 20, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (m == MAP_FAILED) _exit(2);
    m = mmap(NULL, 65 << 20, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    _exit(m == MAP_FAILED && errno == ENOMEM ? 0 : 3);
  }
  int status;
  waitpid(child, &status, 0);
  printf("child: %d\n", WEXITSTATUS(status));
  return 0;
}
