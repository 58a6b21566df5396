// RLIMIT_FSIZE (setrlimit(2)): a write that begins at the limit gets SIGXFSZ and EFBIG, one that crosses it is cut short without
// a signal, and so for truncate and for files that are mapped; the signal looks as if the thread had sent it.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static struct rlimit limit, unlimited;

static void on_signal(int signo, siginfo_t *info, void *context) {
  (void)context;
  char text[64];
  setrlimit(RLIMIT_FSIZE, &unlimited);
  write(1, text, sprintf(text, "signal %d, code %d, pid %d\n", signo, info->si_code, info->si_pid == getpid()));
}

#define SHOW(expression)                                               \
  do {                                                                 \
    setrlimit(RLIMIT_FSIZE, &limit);                                   \
    errno = 0;                                                         \
    long result = expression;                                          \
    int error = errno;                                                 \
    setrlimit(RLIMIT_FSIZE, &unlimited);                               \
    printf("%s: %ld, errno %d\n", #expression, result, error);         \
  } while (0)

int main(void) {
  getrlimit(RLIMIT_FSIZE, &unlimited);
  limit = unlimited;
  char name[] = "/tmp/xfsz-XXXXXX", text[64] = "";
  int fd = mkstemp(name);
  unlink(name);
  limit.rlim_cur = 100;
  struct sigaction sa = {.sa_sigaction = on_signal, .sa_flags = SA_SIGINFO};
  sigaction(SIGXFSZ, &sa, NULL);
  setvbuf(stdout, NULL, _IOLBF, 0);
  SHOW(write(fd, text, 64));
  SHOW(write(fd, text, 64));
  SHOW(write(fd, text, 1));
  SHOW(write(fd, text, 0));
  SHOW(pwrite(fd, text, 10, 50));
  SHOW(pwrite(fd, text, 10, 95));
  SHOW(pwrite(fd, text, 10, 100));
  SHOW(ftruncate(fd, 100));
  SHOW(ftruncate(fd, 101));
  SHOW(ftruncate(fd, 10));
  SHOW(posix_fallocate(fd, 0, 101));
  SHOW(lseek(fd, 1000, SEEK_SET));
  SHOW(write(fd, text, 1));
  /* Pipes have no size. */
  int ends[2];
  pipe(ends);
  char many[150] = "";
  SHOW(write(ends[1], many, 150));
  fflush(stdout);
  pid_t child = fork();
  if (child == 0) {
    signal(SIGXFSZ, SIG_DFL);
    setrlimit(RLIMIT_FSIZE, &limit);
    struct rlimit no_core = {0, 0};
    setrlimit(RLIMIT_CORE, &no_core);
    pwrite(fd, text, 1, 100);
    _exit(1);
  }
  int status;
  waitpid(child, &status, 0);
  printf("by default: signal %d\n", WTERMSIG(status));
  signal(SIGXFSZ, SIG_IGN);
  SHOW(pwrite(fd, text, 1, 100));
  return 0;
}
