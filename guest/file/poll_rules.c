// Poll(2) and ppoll(2): invalid and negative descriptors, events that are always told, limits and errors, results of pipes, FIFOs,
// eventfds and files in every state, ppoll's mask and timeout that is written back (do_sys_poll).
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/select.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define SHOW(x)                                                                   \
  do {                                                                            \
    errno = 0;                                                                    \
    long r_ = (long)(x);                                                          \
    if (r_ < 0) printf("%s: %s\n", #x, strerrorname_np(errno));                   \
    else printf("%s: %ld\n", #x, r_);                                             \
  } while (0)

static void show(const char *what, int fd) {
  struct pollfd p = {.fd = fd, .events = POLLIN | POLLOUT | POLLPRI | POLLRDNORM | POLLWRNORM | POLLRDBAND | POLLWRBAND | POLLRDHUP};
  int r = poll(&p, 1, 0);
  struct pollfd nothing = {.fd = fd};
  int always = poll(&nothing, 1, 0);
  printf("%s: %d %#x, asked for nothing %d %#x\n", what, r, p.revents, always, nothing.revents);
}

static void on_signal(int sig) { (void)sig; }

int main(void) {
  int p[2];
  if (pipe2(p, O_NONBLOCK)) return 1;
  show("empty, to read", p[0]);
  show("empty, to write", p[1]);
  static char page[65536];
  if (write(p[1], page, 65536) != 65536) return 1;
  show("full, to read", p[0]);
  show("full, to write", p[1]);
  if (read(p[0], page, 4095) != 4095) return 1;
  show("all but a byte of a page read", p[1]);
  if (read(p[0], page, 1) != 1) return 1;
  show("a page read", p[1]);
  int copy = dup(p[1]);
  close(p[1]);
  show("a copy is left", p[0]);
  close(copy);
  show("no writer, something left", p[0]);
  while (read(p[0], page, sizeof page) > 0);
  show("no writer, nothing left", p[0]);
  if (pipe(p)) return 1;
  close(p[0]);
  show("no reader", p[1]);
  char directory[] = "/tmp/sb-poll-XXXXXX", path[64];
  if (!mkdtemp(directory)) return 1;
  sprintf(path, "%s/fifo", directory);
  mkfifo(path, 0600);
  int reader = open(path, O_RDONLY | O_NONBLOCK);
  show("FIFO never written", reader);
  int writer = open(path, O_WRONLY);
  show("FIFO with a writer", reader);
  close(writer);
  show("FIFO left by it", reader);
  int both = open(path, O_RDWR);
  show("FIFO for both", both);
  int file = open(directory, O_TMPFILE | O_RDWR, 0600), dir = open(directory, O_RDONLY);
  show("file", file);
  show("directory", dir);
  show("by path only", open(path, O_PATH));
  show("closed", 999);
  show("negative", -5);
  int e = eventfd(0, 0);
  show("eventfd 0", e);
  eventfd_write(e, 1);
  show("eventfd 1", e);
  eventfd_write(e, 0xfffffffffffffffdull);
  show("eventfd at its most", e);

  struct pollfd two[3] = {{.fd = file, .events = POLLIN}, {.fd = 999, .events = POLLIN}, {.fd = -1, .events = POLLIN, .revents = 7}};
  SHOW(poll(two, 3, -1));
  printf("%#x %#x %#x\n", two[0].revents, two[1].revents, two[2].revents);
  SHOW(poll(NULL, 0, 1));
  SHOW(syscall(SYS_poll, 8, 1, 0));
  SHOW(syscall(SYS_poll, two, 1 << 20, 0));
  struct timespec ts = {50, 7}, wrong = {0, -1};
  SHOW(syscall(SYS_ppoll, two, 1, &ts, NULL, 8));
  printf("left %s\n", ts.tv_sec == 49 || ts.tv_sec == 50 ? "most" : "less");
  SHOW(ppoll(two, 1, &wrong, NULL));
  sigset_t set, empty;
  sigemptyset(&empty);
  sigfillset(&set);
  SHOW(syscall(SYS_ppoll, two, 1, NULL, &set, 4));
  signal(SIGUSR1, on_signal);
  sigprocmask(SIG_BLOCK, &set, NULL);
  raise(SIGUSR1);
  struct pollfd quiet = {.fd = e, .events = POLLPRI};
  SHOW(ppoll(&quiet, 1, NULL, &empty));
  printf("revents %#x\n", quiet.revents);
  unlink(path);
  rmdir(directory);
  return 0;
}
