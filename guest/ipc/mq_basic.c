// POSIX message queues: what mq_open(3) takes and refuses, priorities and order, attributes, EMSGSIZE, EAGAIN, EBADF, and a
// queue that lives on without its name (mq_overview(7), ipc/mqueue.c).
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <mqueue.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define SHOW(x)                                                                   \
  do {                                                                            \
    long r_ = (long)(x);                                                          \
    if (r_ < 0) printf("%s: %s\n", #x, strerrorname_np(errno));                   \
    else printf("%s: %ld\n", #x, r_);                                             \
  } while (0)
#define OPENS(x)                                                                  \
  do {                                                                            \
    int r_ = (x);                                                                 \
    printf("%s: %s\n", #x, r_ < 0 ? strerrorname_np(errno) : "opened");           \
    if (r_ >= 0) close(r_);                                                       \
  } while (0)

static char name[64], buffer[64];

static void attributes(mqd_t q) {
  struct mq_attr a;
  mq_getattr(q, &a);
  printf("flags %#lx, %ld of %ld messages of %ld bytes\n", a.mq_flags, a.mq_curmsgs, a.mq_maxmsg, a.mq_msgsize);
}

static void take(mqd_t q) {
  unsigned priority = 99;
  memset(buffer, 0, sizeof buffer);
  long n = mq_receive(q, buffer, sizeof buffer, &priority);
  if (n < 0) printf("receive: %s\n", strerrorname_np(errno));
  else printf("received '%s', %ld bytes, priority %u\n", buffer, n, priority);
}

int main(void) {
  sprintf(name, "/sb-mq-basic-%d", getpid());
  struct mq_attr attr = {.mq_maxmsg = 5, .mq_msgsize = 32, .mq_flags = O_NONBLOCK};
  umask(022);

  OPENS(mq_open(name, O_RDWR));
  OPENS(mq_open("noslash", O_RDWR | O_CREAT, 0600, NULL));
  OPENS(mq_open("/", O_RDWR | O_CREAT, 0600, NULL));
  OPENS(mq_open("/a/b", O_RDWR | O_CREAT, 0600, NULL));
  OPENS(mq_open("/..", O_RDWR | O_CREAT, 0600, NULL));
  char long_name[300] = "/";
  memset(long_name + 1, 'x', 256);
  OPENS(mq_open(long_name, O_RDWR | O_CREAT, 0600, NULL));
  OPENS(syscall(SYS_mq_open, "", O_RDWR | O_CREAT, 0600, NULL));
  OPENS(syscall(SYS_mq_open, "/x", O_RDWR | O_CREAT, 0600, NULL));
  OPENS(syscall(SYS_mq_open, (char *)8, O_RDWR | O_CREAT, 0600, NULL));
  OPENS(syscall(SYS_mq_open, name + 1, O_RDWR | O_CREAT, 0600, (void *)8));
  for (int i = 0; i < 4; i++) {
    struct mq_attr bad = {.mq_maxmsg = (long[]){0, -1, 5, 5}[i], .mq_msgsize = (long[]){32, 32, 0, -7}[i]};
    printf("%ld messages of %ld: ", bad.mq_maxmsg, bad.mq_msgsize);
    OPENS(mq_open(name, O_RDWR | O_CREAT, 0600, &bad));
  }
  OPENS(mq_open(name, O_RDWR));

  mqd_t q = mq_open(name, O_RDWR | O_CREAT, 0666, &attr);
  attributes(q);
  OPENS(mq_open(name, O_RDWR | O_CREAT | O_EXCL, 0600, &attr));
  OPENS(mq_open(name, O_RDWR | O_CREAT, 0600, NULL));
  OPENS(mq_open(name, O_ACCMODE));
  printf("close-on-exec %d, status flags %#x\n", fcntl(q, F_GETFD), fcntl(q, F_GETFL));
  struct stat st;
  fstat(q, &st);
  printf("mode %o, size %ld, links %ld\n", st.st_mode, (long)st.st_size, (long)st.st_nlink);

  SHOW(mq_send(q, "low", 3, 1));
  SHOW(mq_send(q, "high", 4, 7));
  SHOW(mq_send(q, "low again", 9, 1));
  SHOW(mq_send(q, "", 0, 7));
  SHOW(mq_send(q, "highest", 7, 32767));
  SHOW(mq_send(q, "too high", 8, 32768));
  attributes(q);
  static char big[33];
  SHOW(mq_send(q, big, 33, 0));
  SHOW(mq_receive(q, buffer, 31, NULL));
  struct mq_attr set = {.mq_flags = O_NONBLOCK, .mq_maxmsg = 1}, old;
  SHOW(mq_setattr(q, &set, &old));
  printf("was %#lx\n", old.mq_flags);
  attributes(q);
  SHOW(mq_send(q, "full", 4, 0));
  set.mq_flags = O_NONBLOCK | O_APPEND;
  SHOW(mq_setattr(q, &set, NULL));
  for (int i = 0; i < 6; i++) take(q);

  mqd_t in = mq_open(name, O_RDONLY | O_NONBLOCK), out = mq_open(name, O_WRONLY);
  SHOW(mq_send(in, "x", 1, 0));
  SHOW(mq_receive(out, buffer, sizeof buffer, NULL));
  SHOW(mq_send(0, "x", 1, 0));
  SHOW(mq_receive(999, buffer, sizeof buffer, NULL));
  SHOW(mq_getattr(1, &old));
  SHOW(write(out, "x", 1));
  SHOW(syscall(SYS_mq_timedsend, out, (char *)8, 4, 0, NULL));
  attributes(in);

  SHOW(mq_unlink(name));
  SHOW(mq_unlink(name));
  SHOW(mq_unlink("x"));
  OPENS(mq_open(name, O_RDWR));
  SHOW(mq_send(out, "still", 5, 3));
  take(in);
  fstat(in, &st);
  printf("links %ld\n", (long)st.st_nlink);
  SHOW(mq_close(in));
  SHOW(mq_close(in));
  return 0;
}
