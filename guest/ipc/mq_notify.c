// Notification by POSIX message queues: SI_MESGQ with sender and value, once, only for an empty queue without receivers, EBUSY,
// SIGEV_NONE, taken back by NULL and by close, not for who is no owner (mq_notify(3)).
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <mqueue.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static char name[64], buffer[16];
static mqd_t q;
static sigset_t set;

static const char *result(int r) { return r < 0 ? strerrorname_np(errno) : "ok"; }

static void want(int how, int signo, int value) {
  struct sigevent event = {.sigev_notify = how, .sigev_signo = signo, .sigev_value.sival_int = value};
  printf("notify %d by signal %d: ", how, signo ? signo - SIGRTMIN : -1);
  printf("%s\n", result(mq_notify(q, &event)));
}

static void told(pid_t from) {
  siginfo_t info = {0};
  struct timespec none = {0, 0};
  int r = sigtimedwait(&set, &info, &none);
  if (r < 0) printf("  not told\n");
  else
    printf("  told by RT+%d: code %d, value %d, from %s, uid %s\n", info.si_signo - SIGRTMIN, info.si_code,
           info.si_value.sival_int, info.si_pid == from ? "sender" : "another", info.si_uid == getuid() ? "own" : "another");
}

static void drain(void) {
  int flags = fcntl(q, F_GETFL);
  fcntl(q, F_SETFL, flags | O_NONBLOCK);
  while (mq_receive(q, buffer, sizeof buffer, NULL) >= 0);
  fcntl(q, F_SETFL, flags);
}

static void show(void) {
  char text[128] = "";
  long n = pread(q, text, sizeof text - 1, 0);
  text[n > 0 ? n : 0] = 0;
  char *end = strstr(text, "NOTIFY_PID:");
  printf("  %.*sowner %s\n", (int)(end - text), text, atoi(end + 11) == getpid() ? "me" : atoi(end + 11) ? "another" : "none");
}

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

int main(void) {
  sprintf(name, "/sb-mq-notify-%d", getpid());
  struct mq_attr attr = {.mq_maxmsg = 4, .mq_msgsize = 16};
  q = mq_open(name, O_RDWR | O_CREAT, 0600, &attr);
  sigemptyset(&set);
  for (int i = 0; i < 4; i++) sigaddset(&set, SIGRTMIN + i);
  sigprocmask(SIG_BLOCK, &set, NULL);

  show();
  want(SIGEV_SIGNAL, SIGRTMIN, 42);
  show();
  want(SIGEV_SIGNAL, SIGRTMIN + 1, 43);
  told(getpid());
  mq_send(q, "hello", 5, 0);
  show();
  told(getpid());
  mq_send(q, "again", 5, 0);
  told(getpid());

  printf("not empty\n");
  want(SIGEV_SIGNAL, SIGRTMIN + 1, 44);
  mq_send(q, "third", 5, 0);
  told(getpid());
  drain();
  fflush(stdout);
  pid_t pid = fork();
  if (pid == 0) {
    printf("child: take back %s, ", result(mq_notify(q, NULL)));
    struct sigevent event = {.sigev_notify = SIGEV_NONE};
    printf("ask %s\n", result(mq_notify(q, &event)));
    mq_close(q);
    mqd_t again = mq_open(name, O_RDWR);
    mq_send(again, "from child", 10, 0);
    fflush(stdout);
    _exit(0);
  }
  waitpid(pid, NULL, 0);
  told(pid);
  drain();

  printf("receiver waits\n");
  want(SIGEV_SIGNAL, SIGRTMIN + 2, 45);
  fflush(stdout);
  pid = fork();
  if (pid == 0) _exit(mq_receive(q, buffer, sizeof buffer, NULL) == 2 ? 0 : 1);
  sleeping(pid);
  mq_send(q, "to", 2, 0);
  int status;
  waitpid(pid, &status, 0);
  printf("  receiver %d\n", status);
  told(getpid());
  printf("take back: %s\n", result(mq_notify(q, NULL)));
  printf("twice: %s\n", result(mq_notify(q, NULL)));
  mq_send(q, "x", 1, 0);
  told(getpid());
  drain();

  printf("by close\n");
  want(SIGEV_SIGNAL, SIGRTMIN + 3, 46);
  close(dup(q));
  mq_send(q, "x", 1, 0);
  told(getpid());
  drain();

  printf("none\n");
  want(SIGEV_NONE, 0, 0);
  want(SIGEV_SIGNAL, SIGRTMIN, 1);
  mq_send(q, "x", 1, 0);
  want(SIGEV_SIGNAL, SIGRTMIN, 47);
  drain();
  mq_send(q, "x", 1, 0);
  told(getpid());

  struct sigevent bad = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = 65};
  printf("signal 65: %s\n", result(syscall(SYS_mq_notify, q, &bad)));
  bad.sigev_signo = 0;
  printf("signal 0: %s\n", result(syscall(SYS_mq_notify, q, &bad)));
  mq_notify(q, NULL);
  bad.sigev_notify = 9;
  printf("how 9: %s\n", result(syscall(SYS_mq_notify, q, &bad)));
  printf("address 8: %s\n", result(syscall(SYS_mq_notify, q, 8)));
  bad.sigev_notify = SIGEV_NONE;
  printf("no queue: %s\n", result(syscall(SYS_mq_notify, 0, &bad)));
  mq_unlink(name);
  return 0;
}
