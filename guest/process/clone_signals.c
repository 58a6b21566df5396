// Children with other signals than SIGCHLD at their end (clone(2)): which one comes with what siginfo, which of wait's options sees them,
// and waitid(2) with a pidfd.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static const char *result(long r) {
  static char text[4][32];
  static int turn;
  turn = (turn + 1) & 3;
  if (r == -1) return strerrorname_np(errno);
  sprintf(text[turn], "%ld", r);
  return text[turn];
}
static const char *child(long got, pid_t pid) { return got == pid ? "the child" : result(got); }

static void cloned(int signo) {
  sigset_t all, old;
  siginfo_t info = {0};
  struct timespec now = {0};
  int status;
  sigfillset(&all);
  sigprocmask(SIG_SETMASK, &all, &old);
  fflush(stdout);
  long pid = syscall(SYS_clone, signo, 0, 0, 0, 0);
  if (pid == 0) _exit(3);
  long r = waitid(P_PID, pid, &info, WEXITED | WNOWAIT | __WALL);
  printf("%d: waitid %s, signal %d, code %d, status %d;", signo, result(r), info.si_signo, info.si_code, info.si_status);
  printf(" wait4 %s,", child(waitpid(pid, &status, WNOHANG), pid));
  printf(" __WCLONE %s;", child(waitpid(pid, &status, WNOHANG | __WCLONE), pid));
  int got = sigtimedwait(&all, &info, &now);
  printf(" comes %d", got);
  if (got > 0) printf(" code %d, status %d, of the child %d", info.si_code, info.si_status, info.si_pid == pid);
  printf("\n");
  sigprocmask(SIG_SETMASK, &old, NULL);
}

int main(void) {
  static const int signals[] = {0, SIGUSR1, SIGCHLD, 64, 65, SIGWINCH, SIGCONT, SIGCHLD};
  for (unsigned i = 0; i < sizeof signals / sizeof *signals; i++) cloned(signals[i]);
  siginfo_t info;
  pid_t pid = fork();
  if (pid == 0) for (;;) pause();
  int fd = syscall(SYS_pidfd_open, pid, 0), now = syscall(SYS_pidfd_open, pid, O_NONBLOCK);
  printf("a pidfd: nothing yet %s", result(waitid(P_PIDFD, fd, &info, WEXITED | WNOHANG)));
  printf(", O_NONBLOCK %s\n", result(waitid(P_PIDFD, now, &info, WEXITED)));
  printf("refused: %s %s", result(waitid(P_PIDFD, -1, &info, WEXITED)), result(waitid(P_PIDFD, 1, &info, WEXITED)));
  printf(" %s %s", result(waitid(9, pid, &info, WEXITED)), result(waitid(P_PID, 0, &info, WEXITED)));
  printf(" %s %s", result(waitid(P_PID, pid, &info, 0)), result(waitid(P_PID, pid, &info, WEXITED | 0x100)));
  printf(" %s %s\n", result(syscall(SYS_wait4, -1, 0, 0x100, 0)), result(syscall(SYS_wait4, 0x80000000, 0, 0, 0)));
  kill(pid, SIGSTOP);
  printf("stopped: %s", result(waitid(P_PIDFD, fd, &info, WSTOPPED | WNOWAIT)));
  printf(" code %d, status %d,", info.si_code, info.si_status);
  printf(" again %s,", result(waitid(P_PIDFD, fd, &info, WSTOPPED)));
  printf(" then %s", result(waitid(P_PIDFD, fd, &info, WSTOPPED | WNOHANG)));
  printf(" signal %d\n", info.si_signo);
  kill(pid, SIGCONT);
  printf("continued: %s", result(waitid(P_PIDFD, fd, &info, WCONTINUED | WNOWAIT)));
  printf(" code %d, status %d,", info.si_code, info.si_status);
  printf(" again %s,", result(waitid(P_PIDFD, fd, &info, WCONTINUED)));
  printf(" then %s\n", result(waitid(P_PIDFD, fd, &info, WCONTINUED | WNOHANG)));
  kill(pid, SIGTERM);
  struct rusage usage;
  memset(&usage, 0xff, sizeof usage);
  printf("killed, no siginfo wanted: %s", result(syscall(SYS_waitid, P_PIDFD, fd, 0, WEXITED, &usage)));
  printf(", its times %d\n", usage.ru_utime.tv_sec >= 0 && usage.ru_stime.tv_sec >= 0);
  printf("afterwards: %s", result(waitid(P_PIDFD, fd, &info, WEXITED)));
  printf(" %s\n", result(syscall(SYS_pidfd_send_signal, fd, 0, 0, 0)));
  return 0;
}
