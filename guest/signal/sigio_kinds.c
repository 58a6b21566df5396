// O_ASYNC by kind of file: which have it, and whom it tells of what where that is not a pipe, a socket or a terminal: inotify(7);
// writes that are to make no SIGPIPE (RWF_NOSIGNAL of pwritev2(2)).
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <unistd.h>

enum { NOSIGNAL = 0x100 };

static volatile sig_atomic_t count;
static siginfo_t last;
static void onSignal(int signo, siginfo_t *info, void *context) { count++, last = *info; }
static const char *outcome(long result) { return result < 0 ? strerrorname_np(errno) : "0"; }

static void kind(const char *what, int fd) {
  int on = 1;
  printf("%s: set %s", what, outcome(fcntl(fd, F_SETFL, O_ASYNC)));
  printf(", is %d", (fcntl(fd, F_GETFL) & O_ASYNC) != 0);
  printf(", FIOASYNC %s", outcome(ioctl(fd, FIOASYNC, &on)));
  on = 0;
  printf(" %s", outcome(ioctl(fd, FIOASYNC, &on)));
  printf(", is %d", (fcntl(fd, F_GETFL) & O_ASYNC) != 0);
  printf(", owner %s, signal %s\n", outcome(fcntl(fd, F_SETOWN, getpid())), outcome(fcntl(fd, F_SETSIG, SIGUSR1)));
  close(fd);
}

static void told(const char *what) {
  printf("%s: %d", what, count);
  if (count) printf(" SIG%s code %d", sigabbrev_np(last.si_signo), last.si_code);
  if (count && last.si_code == POLL_IN) printf(" band %#lx", last.si_band);
  printf("\n");
  count = 0;
}

int main(void) {
  struct sigaction action = {.sa_sigaction = onSignal, .sa_flags = SA_SIGINFO};
  sigaction(SIGIO, &action, NULL), sigaction(SIGUSR1, &action, NULL), sigaction(SIGPIPE, &action, NULL);
  char dir[] = "/tmp/sigio_kinds.XXXXXX";
  if (mkdtemp(dir) == NULL || chdir(dir) != 0) return 1;
  int pipes[2], pair[2];
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGUSR2);
  pipe(pipes), socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
  kind("pipe", pipes[0]), kind("its other end", pipes[1]), kind("socket", pair[0]), close(pair[1]);
  kind("eventfd", eventfd(0, 0)), kind("timerfd", timerfd_create(CLOCK_MONOTONIC, 0));
  kind("signalfd", signalfd(-1, &set, 0)), kind("inotify", inotify_init()), kind("epoll", epoll_create1(0));
  kind("file", open("file", O_RDWR | O_CREAT, 0600)), kind("directory", open(".", O_DIRECTORY));
  kind("memfd", memfd_create("m", 0)), kind("null", open("/dev/null", O_RDWR)), kind("zero", open("/dev/zero", O_RDWR));
  kind("random", open("/dev/urandom", O_RDONLY)), kind("proc", open("/proc/self/status", O_RDONLY));
  kind("pidfd", syscall(SYS_pidfd_open, getpid(), 0));
  mkfifo("fifo", 0600);
  kind("FIFO", open("fifo", O_RDWR)), kind("terminal", open("/dev/ptmx", O_RDWR | O_NOCTTY));
  unlink("fifo");

  unsigned ids[2] = {7, 7};
  enum { GETOWNER_UIDS = 17 };
  pipe(pipes);
  printf("owner's ids: %s", outcome(fcntl(pipes[0], GETOWNER_UIDS, ids)));
  printf(" %u %u", ids[0], ids[1]);
  fcntl(pipes[0], F_SETOWN, getpid());
  fcntl(pipes[0], GETOWNER_UIDS, ids);
  printf(", set %d %d", ids[0] == getuid(), ids[1] == geteuid());
  fcntl(pipes[0], F_SETOWN, 0);
  fcntl(pipes[0], GETOWNER_UIDS, ids);
  printf(", taken away %d %d", ids[0] == getuid(), ids[1] == geteuid());
  printf(", nowhere %s\n", outcome(fcntl(pipes[0], GETOWNER_UIDS, 8)));
  close(pipes[0]), close(pipes[1]);

  const int notify = inotify_init1(IN_NONBLOCK);
  inotify_add_watch(notify, ".", IN_CREATE | IN_DELETE);
  close(open("before", O_CREAT | O_WRONLY, 0600));
  told("nobody asked");
  fcntl(notify, F_SETOWN, getpid());
  fcntl(notify, F_SETFL, O_ASYNC | O_NONBLOCK);
  close(open("one", O_CREAT | O_WRONLY, 0600));
  told("created");
  unlink("one");
  told("removed");
  fcntl(notify, F_SETSIG, SIGUSR1);
  unlink("before");
  told("by another signal");
  printf("descriptor %d\n", last.si_fd == notify);
  chmod("file", 0644);
  told("not watched for");
  char buffer[4096];
  const long length = read(notify, buffer, sizeof buffer);
  told("read");
  printf("events: %d\n", length > 0);
  fcntl(notify, F_SETFL, O_NONBLOCK);
  unlink("file");
  told("not any more");
  close(notify);

  struct iovec one = {"x", 1};
  char bytes[8];
  struct iovec into = {bytes, 1};
  pipe(pipes), socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
  printf("pipe: write %s", outcome(pwritev2(pipes[1], &one, 1, -1, NOSIGNAL)));
  printf(", read %s\n", outcome(preadv2(pipes[0], &into, 1, -1, NOSIGNAL)));
  close(pipes[0]), close(pair[1]);
  printf("broken pipe: %s", outcome(pwritev2(pipes[1], &one, 1, -1, NOSIGNAL)));
  told("");
  printf("broken pipe, with a signal: %s", outcome(pwritev2(pipes[1], &one, 1, -1, 0)));
  told("");
  printf("broken socket: %s", outcome(pwritev2(pair[0], &one, 1, -1, NOSIGNAL)));
  told("");
  printf("broken socket, with a signal: %s", outcome(write(pair[0], "x", 1)));
  told("");
  chdir("/");
  rmdir(dir);
  return 0;
}
