// Sleeping in POSIX message queues: receivers in turn, hand-off past the queue, senders waiting for room by turn, points of
// time that are past or none, EINTR, and the call going on after a handler with SA_RESTART (mq_send(3), mq_receive(3)).
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <mqueue.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static char name[64], buffer[16];
static int out[2];
static volatile int handled;

static void sleeping(pid_t pid) {
  for (;;) {
    char path[64], text[512] = "";
    sprintf(path, "/proc/%d/stat", pid);
    int fd = open(path, O_RDONLY);
    if (read(fd, text, sizeof text - 1) < 0) exit(9);
    close(fd);
    char *state = strrchr(text, ')');
    if (state && state[2] == 'S') return;
    sched_yield();
  }
}

static pid_t receiver(mqd_t q, char who) {
  fflush(stdout);
  pid_t pid = fork();
  if (pid == 0) {
    unsigned priority = 0;
    char text[16] = "";
    long n = mq_receive(q, text, sizeof text, &priority);
    dprintf(out[1], "%c received %ld '%s' %u\n", who, n, n < 0 ? strerrorname_np(errno) : text, priority);
    _exit(0);
  }
  sleeping(pid);
  return pid;
}

static pid_t sender(mqd_t q, const char *text, int priority) {
  fflush(stdout);
  pid_t pid = fork();
  if (pid == 0) {
    int r = mq_send(q, text, strlen(text), priority);
    dprintf(out[1], "sent '%s': %s\n", text, r < 0 ? strerrorname_np(errno) : "ok");
    _exit(0);
  }
  sleeping(pid);
  return pid;
}

static void finish(pid_t pid) {
  char line[128] = "";
  waitpid(pid, NULL, 0);
  long n = read(out[0], line, sizeof line - 1);
  printf("%.*s", (int)n, line);
}

static void take(mqd_t q) {
  unsigned priority;
  memset(buffer, 0, sizeof buffer);
  long n = mq_receive(q, buffer, sizeof buffer, &priority);
  printf("took '%s' %u, %ld\n", buffer, priority, n);
}

static void expect(const char *what, long r) {
  printf("%s: %ld %s\n", what, r, r < 0 ? strerrorname_np(errno) : "");
}

static void on_alarm(int sig) {
  (void)sig;
  handled++;
}

int main(void) {
  sprintf(name, "/sb-mq-block-%d", getpid());
  struct mq_attr attr = {.mq_maxmsg = 2, .mq_msgsize = 16};
  mqd_t q = mq_open(name, O_RDWR | O_CREAT, 0600, &attr);
  mq_unlink(name);
  if (pipe(out)) return 1;

  pid_t a = receiver(q, 'a'), b = receiver(q, 'b');
  mq_send(q, "first", 6, 1);
  finish(a);
  mq_send(q, "second", 7, 2);
  finish(b);
  mq_getattr(q, &attr);
  printf("left %ld\n", attr.mq_curmsgs);

  mq_send(q, "one", 3, 0);
  mq_send(q, "two", 3, 5);
  a = sender(q, "three", 3);
  b = sender(q, "four", 9);
  take(q);
  finish(a);
  take(q);
  finish(b);
  take(q);
  take(q);

  struct timespec past = {1, 0}, wrong = {1, 1000000000}, negative = {-1, 0};
  char *const p = buffer;
  expect("past", mq_timedreceive(q, p, 16, NULL, &past));
  expect("wrong", mq_timedreceive(q, p, 16, NULL, &wrong));
  expect("negative", mq_timedreceive(q, p, 16, NULL, &negative));
  mq_send(q, "there", 5, 0);
  expect("past but there", mq_timedreceive(q, p, 16, NULL, &past));
  mq_send(q, "x", 1, 0);
  expect("wrong but room", mq_timedsend(q, "y", 1, 0, &wrong));
  mq_send(q, "y", 1, 0);
  expect("full, past", mq_timedsend(q, "z", 1, 0, &past));
  struct timespec soon, start, end;
  clock_gettime(CLOCK_REALTIME, &soon);
  clock_gettime(CLOCK_MONOTONIC, &start);
  soon.tv_nsec += 20000000;
  if (soon.tv_nsec >= 1000000000) soon.tv_sec++, soon.tv_nsec -= 1000000000;
  expect("full, soon", mq_timedsend(q, "z", 1, 0, &soon));
  clock_gettime(CLOCK_MONOTONIC, &end);
  long ms = (end.tv_sec - start.tv_sec) * 1000 + (end.tv_nsec - start.tv_nsec) / 1000000;
  printf("waited %s\n", ms >= 18 ? "long enough" : "not long enough");
  take(q);
  take(q);

  struct sigaction act = {.sa_handler = on_alarm};
  sigaction(SIGALRM, &act, NULL);
  struct itimerval every = {{0, 5000}, {0, 5000}}, never = {{0, 0}, {0, 0}};
  setitimer(ITIMER_REAL, &every, NULL);
  expect("interrupted", mq_receive(q, p, 16, NULL));
  setitimer(ITIMER_REAL, &never, NULL);

  act.sa_flags = SA_RESTART;
  sigaction(SIGALRM, &act, NULL);
  handled = 0;
  pid_t parent = getpid();
  pid_t child = fork();
  if (child == 0) {
    sleeping(parent);
    kill(parent, SIGALRM);
    sched_yield();
    sleeping(parent);
    while (mq_send(q, "after", 6, 4)) sched_yield();
    _exit(0);
  }
  memset(buffer, 0, sizeof buffer);
  long r = mq_receive(q, p, 16, NULL);
  printf("restarted: %ld '%s', handlers %d\n", r, buffer, handled);
  waitpid(child, NULL, 0);
  return 0;
}
