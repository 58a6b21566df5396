// Waitid(2) and wait4(2): P_ALL, P_PID, P_PGID, WNOHANG with nothing to report, WNOWAIT leaves the zombie, siginfo fields,
// EINVAL and ECHILD, waiting for groups by negative pid, order of several zombies, rusage.
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static pid_t start(int exits, pid_t group) {
  fflush(stdout);
  pid_t child = fork();
  if (child == 0) {
    if (group >= 0) setpgid(0, group);
    if (exits >= 0) _exit(exits);
    for (;;) pause();
  }
  if (group >= 0) setpgid(child, group);
  return child;
}

static siginfo_t info;
static void show(const char *what, long r, pid_t child) {
  int e = errno;
  printf("%s: ", what);
  if (r < 0) printf("%s\n", strerrorname_np(e));
  else if (info.si_pid == 0) printf("nothing, signo %d\n", info.si_signo);
  else printf("signo %d code %d pid %s uid %d status %d\n", info.si_signo, info.si_code, info.si_pid == child ? "child" : "other",
              info.si_uid == getuid(), info.si_status);
  memset(&info, 0xff, sizeof info);
}

int main(void) {
  show("no children", waitid(P_ALL, 0, &info, WEXITED), 0);
  pid_t a = start(7, -1);
  show("WNOWAIT", waitid(P_PID, a, &info, WEXITED | WNOWAIT), a);
  show("still there", waitid(P_ALL, 0, &info, WEXITED | WNOWAIT), a);
  show("reaped", waitid(P_PID, a, &info, WEXITED), a);
  show("gone", waitid(P_PID, a, &info, WEXITED), a);

  a = start(-1, 0);
  show("WNOHANG", waitid(P_PID, a, &info, WEXITED | WSTOPPED | WCONTINUED | WNOHANG), a);
  show("our own group has none", waitid(P_PGID, getpgrp(), &info, WEXITED | WNOHANG), a);
  show("group 0 is ours", waitid(P_PGID, 0, &info, WEXITED | WNOHANG), a);
  show("its group", waitid(P_PGID, a, &info, WEXITED | WNOHANG), a);
  kill(a, SIGSTOP);
  show("stopped", waitid(P_PGID, a, &info, WSTOPPED), a);
  kill(a, SIGCONT);
  show("continued, WNOWAIT", waitid(P_PID, a, &info, WCONTINUED | WNOWAIT), a);
  show("continued", waitid(P_PID, a, &info, WCONTINUED), a);
  show("once only", waitid(P_PID, a, &info, WCONTINUED | WNOHANG), a);
  kill(a, SIGTERM);
  waitid(P_PID, a, &info, WEXITED | WNOWAIT);
  show("only stops asked for", waitid(P_PID, a, &info, WSTOPPED | WNOHANG), a);
  show("killed", waitid(P_PID, a, &info, WEXITED), a);

  show("no options", waitid(P_ALL, 0, &info, 0), 0);
  show("unknown option", waitid(P_ALL, 0, &info, WEXITED | 0x100), 0);
  show("bad type", waitid(99, 0, &info, WEXITED), 0);
  show("P_PID 0", waitid(P_PID, 0, &info, WEXITED), 0);
  show("P_PID -1", waitid(P_PID, -1, &info, WEXITED), 0);
  show("no such child", waitid(P_PID, 1, &info, WEXITED), 0);
  long r = wait4(-1, NULL, 0x100, NULL);
  printf("wait4 unknown option: %ld %s\n", r, strerrorname_np(errno));
  r = syscall(SYS_wait4, (int)0x80000000, NULL, 0, NULL);
  printf("wait4 INT_MIN: %ld %s\n", r, strerrorname_np(errno));
  r = wait4(-0x3fffffff, NULL, 0, NULL);
  printf("wait4 no such group: %ld %s\n", r, strerrorname_np(errno));

  // Two groups; the older zombie of a group is reported first.
  pid_t x1 = start(1, 0), y1 = start(2, 0), x2 = start(3, x1), y2 = start(4, y1);
  for (pid_t *p = (pid_t[]){x1, y1, x2, y2, 0}; *p; p++) waitid(P_PID, *p, &info, WEXITED | WNOWAIT);
  int status;
  struct rusage usage;
  memset(&usage, 0xff, sizeof usage);
  r = wait4(-y1, &status, 0, &usage);
  printf("group y: first %d, status %d, rusage filled %d\n", r == y1, WEXITSTATUS(status), usage.ru_utime.tv_sec == 0 && usage.ru_utime.tv_usec >= 0);
  r = waitpid(-1, &status, 0);
  printf("any: first %d, status %d\n", r == x1, WEXITSTATUS(status));
  r = waitpid(y2, &status, 0);
  printf("by pid: %d, status %d\n", r == y2, WEXITSTATUS(status));
  r = waitpid(0, &status, WNOHANG);
  printf("pid 0 means our group: %ld %s\n", r, strerrorname_np(errno));
  r = waitpid(-x1, &status, 0);
  printf("group x: %d, status %d\n", r == x2, WEXITSTATUS(status));
  return 0;
}
