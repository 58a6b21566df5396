// Writing to a pipe that nobody reads: EPIPE and SIGPIPE (pipe_write), for write, writev and partial writes; the signal
// is synchronous: it is there before the call returns, sent to the thread with si_code SI_USER of the writer.
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

static int calls, code, pid_self;
static void handler(int sig, siginfo_t *info, void *uc) {
  (void)sig, (void)uc;
  calls++;
  code = info->si_code;
  pid_self = info->si_pid == getpid();
}

static void show(const char *what, long r) {
  int e = errno;
  printf("%s: %ld %s, calls %d code %#x pid self %d\n", what, r, r < 0 ? strerrorname_np(e) : "", calls, code, pid_self);
  calls = code = pid_self = 0;
}

int main(void) {
  int fd[2];
  if (pipe(fd)) return 1;
  close(fd[0]);
  fflush(stdout);
  pid_t child = fork();
  if (child == 0) {
    long r = write(fd[1], "x", 1);
    _exit(r);
  }
  int status;
  waitpid(child, &status, 0);
  printf("default: killed by %d\n", WIFSIGNALED(status) ? WTERMSIG(status) : 0);

  struct sigaction sa = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO | SA_RESTART};
  sigaction(SIGPIPE, &sa, NULL);
  show("write", write(fd[1], "x", 1));
  show("write of nothing", write(fd[1], "x", 0));
  struct iovec v[2] = {{"a", 1}, {"b", 1}};
  show("writev", writev(fd[1], v, 2));
  signal(SIGPIPE, SIG_IGN);
  show("ignored", write(fd[1], "x", 1));
  sigaction(SIGPIPE, &sa, NULL);
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGPIPE);
  sigprocmask(SIG_BLOCK, &set, NULL);
  show("blocked", write(fd[1], "x", 1));
  siginfo_t info;
  int sig = sigtimedwait(&set, &info, &(struct timespec){0, 0});
  printf("pending: %d\n", sig);
  sigprocmask(SIG_UNBLOCK, &set, NULL);

  // The reader leaves while the writer sleeps: SIGPIPE, and what was moved is the result.
  int other[2], go[2];
  if (pipe(other) || pipe(go)) return 1;
  child = fork();
  if (child == 0) {
    char c;
    close(other[1]);
    if (read(other[0], &c, 1) != 1) _exit(1);  // The writer has filled the pipe by now, or will.
    usleep(3000);
    _exit(0);
  }
  close(other[0]);
  static char big[100000];
  long r = write(other[1], big, sizeof big);
  show("reader leaves", r == 65536 || r < 0 ? r : 1);
  waitpid(child, NULL, 0);
  return 0;
}
