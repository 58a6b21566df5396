// Leases: who may have which (F_SETLEASE, F_GETLEASE), the holder is told of an open that is in the way, by SIGIO or with
// siginfo, and the open waits until the lease is lowered or given up, or fails with O_NONBLOCK (fcntl(2), __break_lease).
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static char path[] = "/tmp/sb-lease-XXXXXX";
static int out[2], ro = -1;

static const char *result(int r) { return r < 0 ? strerrorname_np(errno) : "ok"; }
static const char *kind(int r) { return r == F_RDLCK ? "read" : r == F_WRLCK ? "write" : r == F_UNLCK ? "none" : strerrorname_np(errno); }

static void lease(const char *what, int fd, int type) {
  printf("%s %s: ", what, kind(type));
  printf("%s\n", result(fcntl(fd, F_SETLEASE, type)));
}

static pid_t opener(int flags) {
  fflush(stdout);
  pid_t pid = fork();
  if (pid == 0) {
    close(ro);
    int fd = open(path, flags);
    dprintf(out[1], "  opened %#o: %s\n", flags, result(fd));
    _exit(0);
  }
  return pid;
}

static void finish(pid_t pid) {
  char line[64];
  waitpid(pid, NULL, 0);
  printf("%.*s", (int)read(out[0], line, sizeof line), line);
}

int main(void) {
  int rw = mkstemp(path);
  if (pipe(out)) return 1;
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGIO);
  sigaddset(&set, SIGRTMIN);
  sigprocmask(SIG_BLOCK, &set, NULL);

  lease("read and write", rw, F_RDLCK);
  lease("read and write", rw, F_WRLCK);
  printf("have %s\n", kind(fcntl(rw, F_GETLEASE)));
  lease("again", rw, F_WRLCK);
  lease("give up", rw, F_UNLCK);
  lease("twice", rw, F_UNLCK);
  lease("what", rw, 7);
  ro = open(path, O_RDONLY);
  lease("two opens", rw, F_WRLCK);
  lease("while written", ro, F_RDLCK);
  close(rw);
  lease("read only", ro, F_RDLCK);
  int other = open(path, O_RDONLY);
  printf("another reader: %s, has %s\n", result(other), kind(fcntl(other, F_GETLEASE)));
  lease("its own", other, F_RDLCK);
  lease("raise", ro, F_WRLCK);
  close(other);
  lease("raise", ro, F_WRLCK);
  printf("have %s\n", kind(fcntl(ro, F_GETLEASE)));
  lease("a pipe", out[0], F_RDLCK);
  lease("nothing", 999, F_RDLCK);

  printf("at once\n");
  int r = open(path, O_RDONLY | O_NONBLOCK);
  printf("  %s\n", result(r));
  siginfo_t info;
  struct timespec none = {0, 0};
  printf("  signal %s\n", sigtimedwait(&set, &info, &none) == SIGIO ? "SIGIO" : "none");
  printf("  code %#x, have %s\n", info.si_code, kind(fcntl(ro, F_GETLEASE)));
  lease("  lower", ro, F_RDLCK);
  printf("  have %s\n", kind(fcntl(ro, F_GETLEASE)));
  r = open(path, O_RDONLY | O_NONBLOCK);
  printf("  %s\n", result(r));
  close(r);

  printf("wait for a writer\n");
  fcntl(ro, F_SETSIG, SIGRTMIN);
  pid_t pid = opener(O_WRONLY);
  int s = sigwaitinfo(&set, &info);
  printf("  RT+%d, code %s, fd %s, band %#lx\n", s - SIGRTMIN, info.si_code == POLL_MSG ? "POLL_MSG" : "another",
         info.si_fd == ro ? "right" : "wrong", info.si_band);
  printf("  have %s\n", kind(fcntl(ro, F_GETLEASE)));
  lease("  lower", ro, F_RDLCK);
  lease("  give up", ro, F_UNLCK);
  finish(pid);

  printf("close gives up\n");
  lease("  take", ro, F_RDLCK);
  fcntl(ro, F_SETSIG, SIGRTMIN);
  pid = opener(O_RDWR);
  s = sigwaitinfo(&set, &info);
  printf("  RT+%d\n", s - SIGRTMIN);
  close(ro);
  finish(pid);

  printf("truncate\n");
  ro = open(path, O_RDONLY);
  lease("  take", ro, F_RDLCK);
  fcntl(ro, F_SETSIG, SIGRTMIN);
  fflush(stdout);
  pid = fork();
  if (pid == 0) {
    int t = truncate(path, 100);
    dprintf(out[1], "  truncated: %s\n", result(t));
    _exit(0);
  }
  s = sigwaitinfo(&set, &info);
  printf("  RT+%d\n", s - SIGRTMIN);
  lease("  give up", ro, F_UNLCK);
  finish(pid);
  unlink(path);
  return 0;
}
