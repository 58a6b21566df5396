// Requests of io_submit(2) one by one: what each kind of file makes of reads, writes, vectors, syncs; which errors refuse the
// request and which are its result; how many are submitted before one that is wrong; the flags of a request, eventfds that
// are told, RLIMIT_FSIZE, contexts that are full, and io_destroy(2) (fs/aio.c).
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/aio_abi.h>
#include <linux/fs.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <unistd.h>

static aio_context_t ctx;

static const char *outcome(long result) {
  static char text[4][40];
  static int turn;
  char *into = text[turn++ % 4];
  if (result >= 0) snprintf(into, 40, "%ld", result);
  else snprintf(into, 40, "%s", strerrorname_np(-(int)result));
  return into;
}
static long call(long result) { return result < 0 ? -errno : result; }
static long setup(unsigned n, aio_context_t *c) { return call(syscall(SYS_io_setup, n, c)); }
static long destroy(aio_context_t c) { return call(syscall(SYS_io_destroy, c)); }
static long submit(aio_context_t c, long n, struct iocb **list) { return call(syscall(SYS_io_submit, c, n, list)); }
static long getevents(aio_context_t c, long min, long n, struct io_event *events, struct timespec *timeout) {
  return call(syscall(SYS_io_getevents, c, min, n, events, timeout));
}

/* Submits one request and shows what came of it. */
static void one(const char *what, struct iocb *cb) {
  struct iocb *list[1] = {cb};
  struct io_event event = {0};
  struct timespec now = {0, 0}, *timeout = &now;
  cb->aio_data = 0x1234;
  cb->aio_key = 77;
  const long submitted = submit(ctx, 1, list);
  if (cb->aio_lio_opcode == IOCB_CMD_FSYNC || cb->aio_lio_opcode == IOCB_CMD_FDSYNC) timeout = NULL;
  printf("%s: submit %s", what, outcome(submitted));
  if (submitted == 1) {
    const long got = getevents(ctx, 1, 1, &event, timeout);
    printf(", %ld event, result %s %lld, data %#llx, object %s", got, outcome(event.res), (long long)event.res2,
           (unsigned long long)event.data, event.obj == (uintptr_t)cb ? "same" : "other");
  }
  printf(", key %u\n", cb->aio_key);
}

static struct iocb request(int fd, int opcode, void *buffer, size_t length, long long offset) {
  struct iocb cb;
  memset(&cb, 0, sizeof cb);
  cb.aio_fildes = fd;
  cb.aio_lio_opcode = opcode;
  cb.aio_buf = (uintptr_t)buffer;
  cb.aio_nbytes = length;
  cb.aio_offset = offset;
  return cb;
}
#define ONE(what, ...)                        \
  do {                                        \
    struct iocb cb_ = request(__VA_ARGS__);   \
    one(what, &cb_);                          \
  } while (0)

static void files(void) {
  char buffer[64] = {0};
  const int fd = open("data", O_RDWR | O_CREAT | O_TRUNC, 0600);
  ONE("write", fd, IOCB_CMD_PWRITE, "hello, world", 12, 0);
  ONE("write far", fd, IOCB_CMD_PWRITE, "end", 3, 100);
  printf("position %ld, size %ld\n", (long)lseek(fd, 0, SEEK_CUR), (long)lseek(fd, 0, SEEK_END));
  lseek(fd, 0, SEEK_SET);
  ONE("read", fd, IOCB_CMD_PREAD, buffer, 5, 7);
  printf("'%s'\n", buffer);
  ONE("read at the end", fd, IOCB_CMD_PREAD, buffer, 5, 103);
  ONE("read nothing", fd, IOCB_CMD_PREAD, buffer, 0, 0);
  ONE("negative offset", fd, IOCB_CMD_PREAD, buffer, 5, -1);
  ONE("negative length", fd, IOCB_CMD_PREAD, buffer, -1, 0);
  ONE("overflow", fd, IOCB_CMD_PREAD, buffer, 5, INT64_MAX - 2);
  ONE("read to nowhere", fd, IOCB_CMD_PREAD, (void *)8, 5, 0);
  ONE("write from nowhere", fd, IOCB_CMD_PWRITE, (void *)8, 5, 0);
  ONE("read to the kernel", fd, IOCB_CMD_PREAD, (void *)(1ul << 63), 5, 0);
  struct iovec vector[2] = {{"ab", 2}, {"cde", 3}};
  ONE("writev", fd, IOCB_CMD_PWRITEV, vector, 2, 10);
  char a[3] = {0}, b[4] = {0};
  struct iovec into[2] = {{a, 2}, {b, 3}};
  ONE("readv", fd, IOCB_CMD_PREADV, into, 2, 10);
  printf("'%s' '%s'\n", a, b);
  ONE("too many", fd, IOCB_CMD_PREADV, into, 1025, 10);
  ONE("bad vector", fd, IOCB_CMD_PREADV, (void *)8, 2, 10);
  ONE("fsync", fd, IOCB_CMD_FSYNC, NULL, 0, 0);
  ONE("fdsync", fd, IOCB_CMD_FDSYNC, NULL, 0, 0);
  ONE("fsync with a buffer", fd, IOCB_CMD_FSYNC, buffer, 0, 0);
  ONE("fsync with an offset", fd, IOCB_CMD_FSYNC, NULL, 0, 1);
  ONE("noop", fd, IOCB_CMD_NOOP, NULL, 0, 0);
  ONE("opcode 4", fd, 4, NULL, 0, 0);
  ONE("opcode 99", fd, 99, NULL, 0, 0);
  ONE("no file", 99, IOCB_CMD_PREAD, buffer, 5, 0);
  ONE("no file, bad opcode", 99, 99, buffer, 5, 0);
  const int readonly = open("data", O_RDONLY), writeonly = open("data", O_WRONLY), path = open("data", O_PATH);
  ONE("write to a read-only file", readonly, IOCB_CMD_PWRITE, "x", 1, 0);
  ONE("read of a write-only file", writeonly, IOCB_CMD_PREAD, buffer, 1, 0);
  ONE("read of a path", path, IOCB_CMD_PREAD, buffer, 1, 0);
  const int append = open("data", O_WRONLY | O_APPEND);
  ONE("append", append, IOCB_CMD_PWRITE, "tail", 4, 1);
  printf("size %ld\n", (long)lseek(fd, 0, SEEK_END));
  struct iocb cb = request(fd, IOCB_CMD_PWRITE, "flag", 4, 0);
  cb.aio_rw_flags = RWF_APPEND;
  one("RWF_APPEND", &cb);
  printf("size %ld\n", (long)lseek(fd, 0, SEEK_END));
  cb = request(fd, IOCB_CMD_PREAD, buffer, 4, 0);
  cb.aio_rw_flags = RWF_NOWAIT;
  one("RWF_NOWAIT", &cb);
  cb.aio_rw_flags = RWF_DSYNC;
  one("read with RWF_DSYNC", &cb);
  cb.aio_rw_flags = RWF_APPEND;
  one("read with RWF_APPEND", &cb);
  cb.aio_rw_flags = RWF_HIPRI;
  one("RWF_HIPRI", &cb);
  cb.aio_rw_flags = 0x40000000;
  one("unknown flag", &cb);
  cb.aio_rw_flags = 0;
  cb.aio_reserved2 = 1;
  one("reserved", &cb);
  cb.aio_reserved2 = 0;
  cb.aio_flags = IOCB_FLAG_IOPRIO;
  cb.aio_reqprio = 2 << 13 | 4;
  one("priority", &cb);
  cb.aio_reqprio = 5 << 13;
  one("bad priority", &cb);
  cb.aio_flags = 1 << 7;
  one("unknown request flag", &cb);
  close(fd), close(readonly), close(writeonly), close(path), close(append);
}

static void kinds(void) {
  char buffer[256];
  int pipes[2], pair[2];
  pipe(pipes);
  socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
  ONE("pipe, write", pipes[1], IOCB_CMD_PWRITE, "pipe", 4, 1000);
  ONE("pipe, read", pipes[0], IOCB_CMD_PREAD, buffer, 9, 2000);
  ONE("pipe, negative offset", pipes[0], IOCB_CMD_PREAD, buffer, 9, -1);
  ONE("pipe, fsync", pipes[0], IOCB_CMD_FSYNC, NULL, 0, 0);
  ONE("socket, write", pair[1], IOCB_CMD_PWRITE, "sock", 4, 0);
  ONE("socket, read", pair[0], IOCB_CMD_PREAD, buffer, 9, 0);
  ONE("socket, read at an offset", pair[0], IOCB_CMD_PREAD, buffer, 9, 5);
  fcntl(pipes[0], F_SETFL, O_NONBLOCK);
  ONE("pipe, nothing to read", pipes[0], IOCB_CMD_PREAD, buffer, 9, 0);
  signal(SIGPIPE, SIG_IGN);
  close(pipes[0]);
  ONE("pipe, nobody reads", pipes[1], IOCB_CMD_PWRITE, "pipe", 4, 0);
  close(pipes[1]), close(pair[0]), close(pair[1]);
  const int event = eventfd(3, EFD_NONBLOCK), timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
  const int notify = inotify_init1(IN_NONBLOCK), epoll = epoll_create1(0), memory = memfd_create("m", 0);
  uint64_t value = 1;
  ONE("eventfd, read", event, IOCB_CMD_PREAD, buffer, 8, 0);
  ONE("eventfd, read again", event, IOCB_CMD_PREAD, buffer, 8, 0);
  ONE("eventfd, write", event, IOCB_CMD_PWRITE, &value, 8, 0);
  ONE("timerfd", timer, IOCB_CMD_PREAD, buffer, 8, 0);
  ONE("inotify", notify, IOCB_CMD_PREAD, buffer, 8, 0);
  ONE("epoll", epoll, IOCB_CMD_PREAD, buffer, 8, 0);
  ONE("memfd, write", memory, IOCB_CMD_PWRITE, "memory", 6, 0);
  ONE("memfd, read", memory, IOCB_CMD_PREAD, buffer, 20, 0);
  close(event), close(timer), close(notify), close(epoll), close(memory);
  const int null = open("/dev/null", O_RDWR), zero = open("/dev/zero", O_RDWR), dir = open(".", O_RDONLY);
  ONE("null, write", null, IOCB_CMD_PWRITE, "x", 1, 0);
  ONE("null, read", null, IOCB_CMD_PREAD, buffer, 1, 0);
  ONE("zero, read", zero, IOCB_CMD_PREAD, buffer, 9, 0);
  ONE("directory, read", dir, IOCB_CMD_PREAD, buffer, 9, 0);
  ONE("directory, fsync", dir, IOCB_CMD_FSYNC, NULL, 0, 0);
  ONE("null, fsync", null, IOCB_CMD_FSYNC, NULL, 0, 0);
  close(null), close(zero), close(dir);
}

static void many(void) {
  char buffer[4][8] = {0};
  struct iocb cbs[4];
  struct iocb *list[5] = {&cbs[0], &cbs[1], &cbs[2], &cbs[3], NULL};
  struct io_event events[8];
  struct timespec now = {0, 0};
  const int fd = open("data", O_RDWR | O_CREAT | O_TRUNC, 0600);
  pwrite(fd, "abcdefghijklmnop", 16, 0);
  for (int i = 0; i < 4; i++) {
    cbs[i] = request(fd, IOCB_CMD_PREAD, buffer[i], 4, 4 * i);
    cbs[i].aio_data = i + 1;
  }
  printf("four: %s\n", outcome(submit(ctx, 4, list)));
  printf("three of them: %s\n", outcome(getevents(ctx, 1, 3, events, NULL)));
  for (int i = 0; i < 3; i++) printf("%lld %lld '%s'\n", (long long)events[i].data, (long long)events[i].res, buffer[i]);
  printf("the rest: %s\n", outcome(getevents(ctx, 1, 3, events, NULL)));
  printf("%lld %lld '%s'\n", (long long)events[0].data, (long long)events[0].res, buffer[3]);
  cbs[2].aio_fildes = 99;
  printf("the third is wrong: %s\n", outcome(submit(ctx, 4, list)));
  printf("from it on: %s\n", outcome(submit(ctx, 2, list + 2)));
  printf("events: %s\n", outcome(getevents(ctx, 0, 8, events, &now)));
  cbs[2].aio_fildes = fd;
  printf("bad pointer at the end: %s\n", outcome(submit(ctx, 5, list)));
  printf("events: %s\n", outcome(getevents(ctx, 0, 8, events, &now)));
  printf("bad pointer first: %s\n", outcome(submit(ctx, 1, list + 4)));
  printf("bad list: %s\n", outcome(submit(ctx, 1, (void *)8)));
  printf("none: %s\n", outcome(submit(ctx, 0, list)));
  printf("fewer than none: %s\n", outcome(submit(ctx, -1, list)));
  printf("bad context: %s %s\n", outcome(submit(0, 1, list)), outcome(submit(ctx + 8, 1, list)));
  printf("none to a bad context: %s\n", outcome(submit(0, 0, list)));
  printf("events of a bad context: %s\n", outcome(getevents(0, 0, 8, events, &now)));
  printf("min > nr: %s\n", outcome(getevents(ctx, 2, 1, events, &now)));
  printf("min < 0: %s\n", outcome(getevents(ctx, -1, 1, events, &now)));
  printf("nr 0: %s\n", outcome(getevents(ctx, 0, 0, events, &now)));
  printf("nr < 0: %s\n", outcome(getevents(ctx, -2, -1, events, &now)));
  printf("bad timeout: %s\n", outcome(getevents(ctx, 0, 1, events, (void *)8)));
  submit(ctx, 2, list);
  printf("bad events: %s\n", outcome(getevents(ctx, 1, 2, (void *)8, &now)));
  printf("still there: %s\n", outcome(getevents(ctx, 1, 2, events, &now)));
  close(fd);
}

static void told(void) {
  const int fd = open("data", O_RDWR), event = eventfd(0, EFD_NONBLOCK);
  char buffer[8];
  uint64_t value = 0;
  struct io_event events[2];
  struct iocb cbs[2] = {request(fd, IOCB_CMD_PREAD, buffer, 4, 0), request(fd, IOCB_CMD_PREAD, buffer, 4, 4)};
  struct iocb *list[2] = {&cbs[0], &cbs[1]};
  for (int i = 0; i < 2; i++) cbs[i].aio_flags = IOCB_FLAG_RESFD, cbs[i].aio_resfd = event;
  printf("told: %s", outcome(submit(ctx, 2, list)));
  read(event, &value, 8);
  printf(", the counter is %d", (int)value);
  printf(", events %s\n", outcome(getevents(ctx, 2, 2, events, NULL)));
  cbs[0].aio_resfd = fd;
  one("not an eventfd", &cbs[0]);
  cbs[0].aio_resfd = 99;
  one("no eventfd", &cbs[0]);
  cbs[0].aio_fildes = 98;
  one("neither file", &cbs[0]);
  close(fd), close(event);
}

static volatile int exceeded;
static void onXfsz(int signo) { exceeded += signo == SIGXFSZ; }

static void limits(void) {
  const int fd = open("data", O_RDWR | O_TRUNC);
  const struct rlimit limit = {10, RLIM_INFINITY}, none = {RLIM_INFINITY, RLIM_INFINITY};
  signal(SIGXFSZ, onXfsz);
  setrlimit(RLIMIT_FSIZE, &limit);
  ONE("up to the limit", fd, IOCB_CMD_PWRITE, "0123456789abc", 13, 0);
  ONE("beyond the limit", fd, IOCB_CMD_PWRITE, "0123456789abc", 13, 10);
  printf("SIGXFSZ %d\n", exceeded);
  setrlimit(RLIMIT_FSIZE, &none);
  close(fd);
}

static void contexts(void) {
  aio_context_t c = 0, other = 0;
  printf("no requests: %s\n", outcome(setup(0, &c)));
  printf("too many: %s, %s\n", outcome(setup(100000, &c)), outcome(setup(10000000, &c)));
  printf("far too many: %s\n", outcome(setup(0x90000000, &c)));
  c = 1;
  printf("a context already: %s\n", outcome(setup(1, &c)));
  printf("nowhere: %s\n", outcome(setup(1, (void *)8)));
  c = 0;
  printf("one: %s\n", outcome(setup(1, &c)));
  printf("another: %s, %s\n", outcome(setup(300, &other)), c == other ? "same" : "different");
  /* It holds at least what was asked for, and then is full until events are taken. */
  const int null = open("/dev/null", O_RDWR);
  struct iocb cb = request(null, IOCB_CMD_PWRITE, "x", 1, 0), *list[1] = {&cb};
  struct io_event events[64];
  int count = 0;
  long result;
  while ((result = submit(other, 1, list)) == 1) count++;
  printf("full: %d, %s\n", count >= 300, outcome(result));
  cb.aio_fildes = 99;
  printf("full, and a bad file: %s\n", outcome(submit(other, 1, list)));
  cb.aio_fildes = null;
  printf("some taken: %s\n", outcome(getevents(other, 64, 64, events, NULL)));
  printf("room again: %s\n", outcome(submit(other, 1, list)));
  printf("destroyed: %s\n", outcome(destroy(other)));
  printf("again: %s\n", outcome(destroy(other)));
  printf("submit: %s\n", outcome(submit(other, 1, list)));
  printf("one, destroyed: %s\n", outcome(destroy(c)));
  printf("none: %s\n", outcome(destroy(0)));
  close(null);
}

int main(void) {
  char dir[] = "/tmp/aio.XXXXXX";
  if (mkdtemp(dir) == NULL || chdir(dir) != 0) return 1;
  printf("setup: %s\n", outcome(setup(8, &ctx)));
  files();
  kinds();
  many();
  told();
  limits();
  contexts();
  printf("destroy: %s\n", outcome(destroy(ctx)));
  unlink("data");
  chdir("/");
  rmdir(dir);
  return 0;
}
