// Limits of POSIX message queues for who is not root: /proc/sys/fs/mqueue, what RLIMIT_MSGQUEUE counts and gives back, modes
// of others' queues, root's larger ceiling left alone (mq_overview(7), mqueue_get_inode).
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <mqueue.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static char name[3][64];

static long limit(const char *what) {
  char path[64], text[32] = "";
  sprintf(path, "/proc/sys/fs/mqueue/%s", what);
  int fd = open(path, O_RDONLY);
  if (fd < 0 || read(fd, text, sizeof text - 1) < 0) return -1;
  close(fd);
  return atol(text);
}

static mqd_t make(int which, long maxmsg, long msgsize) {
  struct mq_attr attr = {.mq_maxmsg = maxmsg, .mq_msgsize = msgsize};
  return mq_open(name[which], O_RDWR | O_CREAT | O_EXCL, 0600, &attr);
}

/* Other programs of this user may have queues for a moment. */
static mqd_t patient(int which, long maxmsg, long msgsize) {
  for (int tries = 0;; tries++) {
    mqd_t q = make(which, maxmsg, msgsize);
    if (q >= 0 || errno != EMFILE || tries == 1000) return q;
    usleep(1000);
  }
}

static void fits(const char *what, int which, long maxmsg, long msgsize) {
  mqd_t q = patient(which, maxmsg, msgsize);
  printf("%s: %s\n", what, q < 0 ? strerrorname_np(errno) : "ok");
  mq_close(q);
  mq_unlink(name[which]);
}

static void attempt(const char *what, int which, long maxmsg, long msgsize) {
  mqd_t q = make(which, maxmsg, msgsize);
  printf("%s: %s\n", what, q < 0 ? strerrorname_np(errno) : "ok");
  if (q < 0) return;
  mq_close(q);
  mq_unlink(name[which]);
}

int main(void) {
  for (int i = 0; i < 3; i++) sprintf(name[i], "/sb-mq-limits-%d-%d", getpid(), i);
  if (geteuid() == 0) {
    setgroups(0, NULL);
    uid_t uid = 50000 + getpid() % 10000;
    if (setresgid(uid, uid, uid) || setresuid(uid, uid, uid)) return 1;
  }
  long max = limit("msg_max"), size = limit("msgsize_max");
  printf("defaults: %s, %s\n", limit("msg_default") > 0 ? "yes" : "no", limit("msgsize_default") >= 128 ? "yes" : "no");
  int fd = open("/proc/sys/fs/mqueue/msg_max", O_WRONLY);
  printf("write to msg_max: %s\n", fd < 0 ? strerrorname_np(errno) : "open");

  struct rlimit full = {1 << 20, 1 << 20};
  getrlimit(RLIMIT_MSGQUEUE, &full);
  attempt("most", 0, max, 64);
  attempt("one more message", 0, max + 1, 64);
  attempt("longest", 0, 1, size);
  attempt("one byte more", 0, 1, size + 1);

  // Four messages of 100 bytes: each message and each priority costs 48 bytes more.
  long need = 4 * 100 + 4 * 48 + 4 * 48;
  struct rlimit tight = {need - 1, full.rlim_max};
  setrlimit(RLIMIT_MSGQUEUE, &tight);
  attempt("a byte short", 0, 4, 100);
  tight.rlim_cur = need;
  setrlimit(RLIMIT_MSGQUEUE, &tight);
  fits("exactly", 0, 4, 100);
  mqd_t half = patient(0, 2, 50);
  printf("first half: %s\n", half < 0 ? strerrorname_np(errno) : "ok");
  fits("second, larger", 1, 2, 150);
  attempt("and a byte", 1, 2, 151);
  mq_unlink(name[0]);
  attempt("unlinked but open", 0, 4, 100);
  mq_close(half);
  fits("closed", 0, 4, 100);

  umask(0);
  struct mq_attr attr = {.mq_maxmsg = 1, .mq_msgsize = 1};
  mq_close(mq_open(name[2], O_RDWR | O_CREAT, 0400, &attr));
  mqd_t q = mq_open(name[2], O_RDONLY);
  printf("0400 to read: %s\n", q < 0 ? strerrorname_np(errno) : "ok");
  q = mq_open(name[2], O_RDWR);
  printf("0400 to write: %s\n", q < 0 ? strerrorname_np(errno) : "ok");
  q = mq_open(name[2], O_WRONLY | O_CREAT, 0600, NULL);
  printf("0400 to write, creating: %s\n", q < 0 ? strerrorname_np(errno) : "ok");
  mq_unlink(name[2]);
  return 0;
}
