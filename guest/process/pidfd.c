// Descriptors of processes: pidfd_open(2), CLONE_PIDFD, poll, waitid(P_PIDFD), pidfd_send_signal(2), pidfd_getfd(2).
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *result(long r) {
  static char text[32];
  if (r == -1) return strerrorname_np(errno);
  sprintf(text, "%ld", r);
  return text;
}
static int pidfd_open(pid_t pid, unsigned flags) { return syscall(SYS_pidfd_open, pid, flags); }
static int send(int fd, int sig, siginfo_t *info, unsigned flags) { return syscall(SYS_pidfd_send_signal, fd, sig, info, flags); }
static int events(int fd, int timeout) {
  struct pollfd p = {fd, POLLIN, 0};
  poll(&p, 1, timeout);
  return p.revents;
}
static pid_t sleeper(void) {
  pid_t pid = fork();
  if (pid == 0)
    for (;;) pause();
  return pid;
}

int main(void) {
  setvbuf(stdout, 0, _IONBF, 0);
  pid_t pid = sleeper();
  int fd = pidfd_open(pid, 0);
  printf("open %d, cloexec %d, flags %x\n", fd > 2, fcntl(fd, F_GETFD), fcntl(fd, F_GETFL));
  printf("events %x\n", events(fd, 0));
  char c;
  printf("read %s\n", result(read(fd, &c, 1)));
  printf("signal 0 %s\n", result(send(fd, 0, 0, 0)));
  printf("stop %s", result(send(fd, SIGSTOP, 0, 0)));
  siginfo_t i = {0};
  printf(", waitid %s", result(waitid(P_PIDFD, fd, &i, WSTOPPED)));
  printf(" code %d status %d\n", i.si_code, i.si_status);
  printf("kill %s", result(send(fd, SIGKILL, 0, 0)));
  printf(", events %x\n", events(fd, -1));
  printf("not waited for yet: signal %s\n", result(send(fd, SIGTERM, 0, 0)));
  i.si_pid = 0;
  printf("waitid %s", result(waitid(P_PIDFD, fd, &i, WEXITED)));
  printf(" code %d status %d pid %d\n", i.si_code, i.si_status, i.si_pid == pid);
  printf("gone: signal %s", result(send(fd, 0, 0, 0)));
  printf(", waitid %s", result(waitid(P_PIDFD, fd, &i, WEXITED)));
  printf(", readable %d\n", (events(fd, 0) & POLLIN) != 0);
  printf("open %s\n", result(pidfd_open(pid, 0)));
  close(fd);

  // Nonblocking.
  pid = sleeper();
  fd = pidfd_open(pid, O_NONBLOCK);
  printf("nonblock %x", fcntl(fd, F_GETFL));
  printf(" waitid %s", result(waitid(P_PIDFD, fd, &i, WEXITED)));
  printf(", with WNOHANG %s\n", result(waitid(P_PIDFD, fd, &i, WEXITED | WNOHANG)));
  // Signals with a siginfo: only negative codes, but to oneself.
  siginfo_t info = {.si_signo = SIGTERM, .si_code = SI_QUEUE};
  info.si_value.sival_int = 5;
  printf("other signal in siginfo %s", result(send(fd, SIGUSR1, &info, 0)));
  info.si_code = SI_USER;
  printf(", forged %s", result(send(fd, SIGTERM, &info, 0)));
  info.si_code = SI_QUEUE;
  printf(", queue %s", result(send(fd, SIGTERM, &info, 0)));
  waitpid(pid, 0, 0);
  close(fd);
  sigset_t all;
  sigfillset(&all);
  sigprocmask(SIG_BLOCK, &all, 0);
  int self = pidfd_open(getpid(), 0);
  info = (siginfo_t){.si_signo = SIGUSR1, .si_code = SI_USER};
  printf(", to myself %s\n", result(send(self, SIGUSR1, &info, 0)));
  sigwaitinfo(&all, &i);
  printf("code %d\n", i.si_code);
  send(self, SIGUSR2, 0, 0);
  sigwaitinfo(&all, &i);
  printf("code %d pid %d\n", i.si_code, i.si_pid == getpid());
  printf("to the thread %s", result(send(self, SIGUSR2, 0, 1)));
  sigwaitinfo(&all, &i);
  printf(" code %d", i.si_code);
  printf(", two kinds %s", result(send(self, 0, 0, 3)));
  printf(", bad kind %s\n", result(send(self, 0, 0, 8)));

  // clone3 gives one with the child.
  int given = -1;
  struct clone_args a = {.flags = CLONE_PIDFD, .pidfd = (uintptr_t)&given, .exit_signal = SIGCHLD};
  pid = syscall(SYS_clone3, &a, sizeof a);
  if (pid == 0) _exit(7);
  printf("clone3 %d, cloexec %d", given > 2, fcntl(given, F_GETFD));
  printf(", events %x", events(given, -1));
  printf(", waitid %s", result(waitid(P_PIDFD, given, &i, WEXITED)));
  printf(" status %d\n", i.si_status);
  close(given);

  // Another process's descriptors.
  int p[2];
  if (pipe(p)) return 1;
  pid = fork();
  if (pid == 0) {
    close(p[1]);
    for (;;) pause();
  }
  fd = pidfd_open(pid, 0);
  int copy = syscall(SYS_pidfd_getfd, fd, p[0], 0);
  if (write(p[1], "y", 1) != 1) return 1;
  printf("getfd %d", read(copy, &c, 1) == 1 && c == 'y');
  printf(" cloexec %d", fcntl(copy, F_GETFD));
  printf(", not open %s", result(syscall(SYS_pidfd_getfd, fd, 77, 0)));
  printf(", flags %s\n", result(syscall(SYS_pidfd_getfd, fd, p[0], 1)));
  kill(pid, SIGKILL);
  waitpid(pid, 0, 0);

  printf("bad pid %s", result(pidfd_open(0, 0)));
  printf(", negative %s", result(pidfd_open(-1, 0)));
  printf(", bad flags %s", result(pidfd_open(getpid(), 1)));
  printf(", no pidfd %s", result(send(0, 0, 0, 0)));
  printf(", no file %s", result(send(99, 0, 0, 0)));
  printf(", waitid %s\n", result(waitid(P_PIDFD, 0, &i, WEXITED)));
  return 0;
}
