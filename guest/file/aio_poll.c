// IOCB_CMD_POLL of io_submit(2): events that are there complete the request at once, others when they come, with the events
// that the wake-up named; files that cannot be polled so, io_cancel(2), eventfds that are told, the end of the context and of
// the process with polls pending (aio_poll of fs/aio.c).
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/aio_abi.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <unistd.h>

static aio_context_t ctx;

static long call(long result) { return result < 0 ? -errno : result; }
static long submit(long n, struct iocb **list) { return call(syscall(SYS_io_submit, ctx, n, list)); }
static long getevents(long min, long n, struct io_event *events, struct timespec *timeout) {
  return call(syscall(SYS_io_getevents, ctx, min, n, events, timeout));
}
static long cancel(struct iocb *cb) {
  struct io_event event;
  return call(syscall(SYS_io_cancel, ctx, cb, &event));
}
static const char *outcome(long result) {
  static char text[4][40];
  static int turn;
  char *into = text[turn++ % 4];
  if (result >= 0) snprintf(into, 40, "%ld", result);
  else snprintf(into, 40, "%s", strerrorname_np(-(int)result));
  return into;
}
static struct iocb polls(int fd, unsigned events) {
  struct iocb cb;
  memset(&cb, 0, sizeof cb);
  cb.aio_fildes = fd;
  cb.aio_lio_opcode = IOCB_CMD_POLL;
  cb.aio_buf = events;
  return cb;
}
/* What a poll that was just submitted says. */
static void look(void) {
  struct io_event event = {0};
  struct timespec now = {0, 0};
  const long got = getevents(0, 1, &event, &now);
  if (got == 1) printf(", at once %#llx", (long long)event.res);
  else printf(", %s event", outcome(got));
}
static void come(void) {
  struct io_event event = {0};
  const long got = getevents(1, 1, &event, NULL);
  printf(", %ld: %#llx\n", got, (long long)event.res);
}

static void ready(void) {
  int pipes[2], pair[2];
  pipe(pipes);
  socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
  const int file = open("/proc/self/exe", O_RDONLY), event = eventfd(1, 0);
  const struct {
    const char *what;
    int fd;
    unsigned events;
  } each[] = {{"write end", pipes[1], POLLOUT},     {"write end, all", pipes[1], 0xffff},
              {"file", file, POLLIN},               {"file, priority", file, POLLPRI},
              {"file, none", file, 0},              {"socket", pair[0], POLLOUT | POLLIN},
              {"eventfd", event, POLLIN | POLLOUT}, {"no file", 99, POLLIN},
              {"too many bits", event, 0x10001}};
  for (unsigned i = 0; i < sizeof each / sizeof *each; i++) {
    struct iocb cb = polls(each[i].fd, each[i].events), *list[1] = {&cb};
    printf("%s: %s", each[i].what, outcome(submit(1, list)));
    look();
    printf("\n");
  }
  struct iocb cb = polls(event, POLLIN), *list[1] = {&cb};
  cb.aio_nbytes = 1;
  printf("with a length: %s\n", outcome(submit(1, list)));
  cb.aio_nbytes = 0, cb.aio_offset = 1;
  printf("with an offset: %s\n", outcome(submit(1, list)));
  cb.aio_offset = 0, cb.aio_rw_flags = 1;
  printf("with flags: %s\n", outcome(submit(1, list)));
  close(pipes[0]);
  cb = polls(pipes[1], 0);
  printf("nobody reads: %s", outcome(submit(1, list)));
  look();
  printf("\n");
  close(pipes[1]), close(pair[0]), close(pair[1]), close(file), close(event);
}

static void later(void) {
  int pipes[2], pair[2];
  pipe(pipes);
  socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
  struct iocb cb = polls(pipes[0], POLLIN), *list[1] = {&cb};
  printf("pipe: %s", outcome(submit(1, list)));
  look();
  write(pipes[1], "x", 1);
  come();
  cb = polls(pipes[0], POLLIN | POLLHUP);
  char byte;
  read(pipes[0], &byte, 1);
  printf("pipe, closed: %s", outcome(submit(1, list)));
  look();
  close(pipes[1]);
  come();
  close(pipes[0]);
  cb = polls(pair[0], POLLIN);
  printf("socket: %s", outcome(submit(1, list)));
  look();
  write(pair[1], "x", 1);
  come();
  const int event = eventfd(0, 0), timer = timerfd_create(CLOCK_MONOTONIC, 0);
  cb = polls(event, POLLIN);
  printf("eventfd: %s", outcome(submit(1, list)));
  look();
  uint64_t value = 1;
  write(event, &value, 8);
  come();
  cb = polls(timer, POLLIN);
  printf("timerfd: %s", outcome(submit(1, list)));
  look();
  struct itimerspec soon = {{0, 0}, {0, 1000000}};
  timerfd_settime(timer, 0, &soon, NULL);
  come();
  read(event, &value, 8);
  const int epoll = epoll_create1(0);
  struct epoll_event wanted = {EPOLLIN, {0}};
  epoll_ctl(epoll, EPOLL_CTL_ADD, event, &wanted);
  cb = polls(epoll, POLLIN);
  printf("epoll: %s", outcome(submit(1, list)));
  look();
  write(event, &value, 8);
  come();
  /* The last descriptor is closed meanwhile: the request holds the file. */
  pipe(pipes);
  cb = polls(pipes[0], POLLIN);
  printf("closed meanwhile: %s", outcome(submit(1, list)));
  close(pipes[0]);
  look();
  printf(", write %s", outcome(call(write(pipes[1], "x", 1))));
  come();
  signal(SIGPIPE, SIG_IGN);
  printf("and now: %s\n", outcome(call(write(pipes[1], "x", 1))));
  close(pipes[1]);
  /* A FIFO open both ways waits on two queues, which no poll of this kind can. */
  mkfifo("fifo", 0600);
  const int both = open("fifo", O_RDWR);
  cb = polls(both, POLLIN);
  printf("two queues: %s", outcome(submit(1, list)));
  look();
  cb = polls(both, POLLIN | POLLOUT);
  printf(", one is ready: %s", outcome(submit(1, list)));
  look();
  printf("\n");
  unlink("fifo");
  close(both), close(pair[0]), close(pair[1]), close(event), close(timer), close(epoll);
}

static void cancelled(void) {
  int pipes[2];
  pipe(pipes);
  const int event = eventfd(0, EFD_NONBLOCK);
  struct iocb cb = polls(pipes[0], POLLIN), other = polls(pipes[0], POLLIN), *list[1] = {&cb};
  cb.aio_flags = IOCB_FLAG_RESFD;
  cb.aio_resfd = event;
  submit(1, list);
  printf("never submitted: %s\n", outcome(cancel(&other)));
  other.aio_key = 1;
  printf("bad key: %s\n", outcome(cancel(&other)));
  printf("bad address: %s\n", outcome(cancel((void *)8)));
  printf("bad context: %s\n", outcome(call(syscall(SYS_io_cancel, 0, &cb, &other))));
  printf("cancelled: %s", outcome(cancel(&cb)));
  come();
  uint64_t value = 0;
  struct pollfd told = {event, POLLIN, 0};
  poll(&told, 1, -1);
  read(event, &value, 8);
  printf("told %d\n", (int)value);
  printf("again: %s\n", outcome(cancel(&cb)));
  submit(1, list);
  write(pipes[1], "x", 1);
  poll(&told, 1, -1);
  read(event, &value, 8);
  printf("told %d, too late: %s", (int)value, outcome(cancel(&cb)));
  come();
  close(pipes[0]), close(pipes[1]), close(event);
}

static void *writer(void *fds) {
  write(((int *)fds)[1], "x", 1);
  return NULL;
}

/* A process that ends with a poll pending, one whose context goes, and a thread that makes the event. */
static void ends(void) {
  int pipes[2], status;
  pipe(pipes);
  fflush(stdout);
  pid_t child = fork();
  if (child == 0) {
    ctx = 0;
    if (syscall(SYS_io_setup, 4, &ctx) != 0) _exit(9);
    struct iocb cb = polls(pipes[0], POLLIN), *list[1] = {&cb};
    if (submit(1, list) != 1) _exit(8);
    close(pipes[0]);
    _exit(0);
  }
  waitpid(child, &status, 0);
  close(pipes[0]);
  printf("ended %d, the file is gone: %s\n", status, outcome(call(write(pipes[1], "x", 1))));
  close(pipes[1]);
  pipe(pipes);
  aio_context_t other = 0;
  syscall(SYS_io_setup, 4, &other);
  const int event = eventfd(0, EFD_NONBLOCK);
  struct iocb cb = polls(pipes[0], POLLIN), *list[1] = {&cb};
  cb.aio_flags = IOCB_FLAG_RESFD;
  cb.aio_resfd = event;
  printf("another context: %ld", (long)syscall(SYS_io_submit, other, 1, list));
  printf(", destroyed %ld", (long)syscall(SYS_io_destroy, other));
  uint64_t value = 0;
  struct pollfd told = {event, POLLIN, 0};
  poll(&told, 1, -1);
  read(event, &value, 8);
  printf(", told %d\n", (int)value);
  pthread_t thread;
  cb = polls(pipes[0], POLLIN);
  submit(1, list);
  pthread_create(&thread, NULL, writer, pipes);
  printf("from a thread");
  come();
  pthread_join(thread, NULL);
  close(pipes[0]), close(pipes[1]), close(event);
}

int main(void) {
  char dir[] = "/tmp/aio_poll.XXXXXX";
  if (mkdtemp(dir) == NULL || chdir(dir) != 0) return 1;
  if (syscall(SYS_io_setup, 8, &ctx) != 0) return 1;
  ready();
  later();
  cancelled();
  ends();
  syscall(SYS_io_destroy, ctx);
  chdir("/");
  rmdir(dir);
  return 0;
}
