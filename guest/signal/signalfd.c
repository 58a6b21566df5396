// Signals as a file (signalfd(2)): every kind of siginfo, order, several at once, poll, a blocking read, mask changes, errors.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static int fd;
static pid_t child;
static const char *result(long r) {
  static char text[32];
  if (r == -1) return strerrorname_np(errno);
  sprintf(text, "%ld", r);
  return text;
}
static const char *who(uint32_t pid) { return pid == 0 ? "0" : (pid_t)pid == getpid() ? "me" : (pid_t)pid == child ? "child" : "?"; }
static void show(struct signalfd_siginfo *i) {
  printf("signal %d code %d pid %s uid %d int %d ptr %lx tid %d overrun %d status %d addr %d\n", i->ssi_signo, i->ssi_code,
         who(i->ssi_pid), i->ssi_uid == getuid(), i->ssi_int, (long)i->ssi_ptr, i->ssi_tid, i->ssi_overrun, i->ssi_status,
         i->ssi_addr != 0);
}
static void get(void) {
  struct signalfd_siginfo i[4];
  memset(i, 0xff, sizeof i);
  long r = read(fd, i, sizeof i);
  printf("read %s\n", result(r));
  for (int n = 0; n < r / 128; n++) show(&i[n]);
}

int main(void) {
  setvbuf(stdout, 0, _IONBF, 0);
  sigset_t all, some;
  sigfillset(&all);
  sigprocmask(SIG_BLOCK, &all, 0);
  sigemptyset(&some);
  sigaddset(&some, SIGUSR1);
  sigaddset(&some, SIGKILL);
  fd = signalfd(-1, &some, SFD_NONBLOCK | SFD_CLOEXEC);
  printf("flags %x cloexec %d\n", fcntl(fd, F_GETFL), fcntl(fd, F_GETFD));
  get();
  kill(getpid(), SIGUSR2);
  get();
  kill(getpid(), SIGUSR1);
  kill(getpid(), SIGUSR1);
  struct pollfd p = {fd, POLLIN | POLLOUT, 0};
  printf("poll %d", poll(&p, 1, 0));
  printf(" %x\n", p.revents);
  get();
  printf("poll %d\n", poll(&p, 1, 0));
  // The mask can be changed.
  printf("same descriptor %d\n", signalfd(fd, &all, 0) == fd);
  get();
  // Lowest numbers first, real-time signals with their values in order; the thread's before the process's.
  union sigval v = {.sival_ptr = (void *)0x123456789abc};
  sigqueue(getpid(), SIGRTMIN + 1, v);
  v.sival_int = 7;
  sigqueue(getpid(), SIGRTMIN + 1, v);
  kill(getpid(), SIGHUP);
  syscall(SYS_tgkill, getpid(), getpid(), SIGTERM);
  sigqueue(getpid(), SIGRTMIN, v);
  get();
  get();
  // Timers and children.
  timer_t t;
  struct sigevent e = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGRTMIN + 3, .sigev_value.sival_int = 42};
  timer_create(CLOCK_MONOTONIC, &e, &t);
  struct itimerspec soon = {{0, 0}, {0, 1000}};
  timer_settime(t, 0, &soon, 0);
  poll(&p, 1, -1);
  get();
  child = fork();
  if (child == 0) _exit(9);
  while (poll(&p, 1, -1) != 1);
  get();
  waitpid(child, 0, 0);
  child = fork();
  if (child == 0) raise(SIGKILL);
  while (poll(&p, 1, -1) != 1);
  get();
  waitpid(child, 0, 0);
  // A blocking read sleeps until a signal comes, and whoever reads gets his own.
  fcntl(fd, F_SETFL, 0);
  fflush(stdout);
  child = fork();
  if (child == 0) {
    struct signalfd_siginfo i;
    printf("child reads %s", result(read(fd, &i, sizeof i)));
    printf(" signal %d\n", i.ssi_signo);
    _exit(0);
  }
  kill(child, SIGWINCH);
  waitpid(child, 0, 0);
  get();
  // A handler for a signal that is not in the mask interrupts it.
  struct signalfd_siginfo i;
  printf("short %s", result(read(fd, &i, 127)));
  printf(", write %s", result(write(fd, &i, 128)));
  printf(", bad size %s", result(syscall(SYS_signalfd4, -1, &all, 4, 0)));
  printf(", bad flags %s", result(signalfd(-1, &all, 1)));
  printf(", no such file %s", result(signalfd(99, &all, 0)));
  printf(", another file %s", result(signalfd(0, &all, 0)));
  printf(", bad set %s\n", result(syscall(SYS_signalfd4, -1, 8, 8, 0)));
  return 0;
}
