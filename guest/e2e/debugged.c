// For strace and gdb, here and natively: handlers, faults, restarted and interrupted calls, a child; the same at every run.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

volatile long counter = 0x100;
static sigjmp_buf back;

__attribute__((noinline)) static void count(int by) {
  counter += by;
}

static void handler(int signo, siginfo_t *info, void *context) {
  (void)context;
  count(signo);
  if (info->si_code == SI_QUEUE) count(info->si_value.sival_int);
}

static void fault(int signo) {
  siglongjmp(back, signo);
}

__attribute__((noinline)) static void raises(long depth) {
  union sigval value = {.sival_int = 42};
  if (depth > 0) raises(depth - 1);
  else sigqueue(getpid(), SIGUSR1, value);
  counter++;
}

int main(void) {
  struct sigaction action = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO | SA_RESTART};
  sigaction(SIGUSR1, &action, NULL);
  sigaction(SIGALRM, &action, NULL);
  signal(SIGSEGV, fault);
  raises(2);
  if (sigsetjmp(back, 1) == 0) *(volatile int *)16 = 1;
  struct itimerval timer = {{0, 0}, {0, 20000}};
  setitimer(ITIMER_REAL, &timer, NULL);
  struct timespec time = {3600, 0};
  if (nanosleep(&time, NULL) == 0 || errno != EINTR) return 1;
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGCHLD);
  sigprocmask(SIG_BLOCK, &set, NULL);
  int fds[2];
  if (pipe2(fds, O_CLOEXEC) != 0) return 1;
  if (open("/no/such/file", O_RDONLY | O_CLOEXEC) >= 0) return 1;
  pid_t child = fork();
  if (child == 0) {
    close(fds[1]);
    char text[8];
    ssize_t length = read(fds[0], text, sizeof text);
    kill(getpid(), SIGUSR1);
    _exit((int)length);
  }
  close(fds[0]);
  if (write(fds[1], "hello", 5) != 5) return 1;
  int status;
  if (waitpid(child, &status, 0) != child || WEXITSTATUS(status) != 5) return 1;
  void *page = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  munmap(page, 4096);
  return 3;
}
