// Signals about input and output (fcntl(2): O_ASYNC, F_SETOWN, F_SETOWN_EX, F_SETSIG): whom, which signal, si_fd and si_band.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static sigset_t all;
static int p[2];
static const char *result(long r) {
  static char text[32];
  if (r == -1) return strerrorname_np(errno);
  sprintf(text, "%ld", r);
  return text;
}
static void taken(const char *what) {
  siginfo_t i;
  struct timespec no = {0, 0};
  int n = 0;
  printf("%s:", what);
  while (n++ < 9 && sigtimedwait(&all, &i, &no) > 0) {
    printf(" %s code %d", i.si_signo == SIGIO ? "SIGIO" : i.si_signo == SIGRTMIN ? "RTMIN" : sigabbrev_np(i.si_signo), i.si_code);
    if (i.si_code != SI_KERNEL && i.si_code != CLD_EXITED)
      printf(" band %lx fd %s", i.si_band, i.si_fd == p[0] ? "read" : i.si_fd == p[1] ? "write" : "other");
  }
  printf("\n");
}
static void put(void) {
  if (write(p[1], "x", 1) != 1) perror("write");
}
static void get(void) {
  char c;
  if (read(p[0], &c, 1) != 1) perror("read");
}

int main(void) {
  setvbuf(stdout, 0, _IONBF, 0);
  setpgid(0, 0);
  sigfillset(&all);
  sigprocmask(SIG_BLOCK, &all, 0);
  if (pipe(p)) return 1;
  printf("owner %s", result(fcntl(p[0], F_GETOWN)));
  printf(", signal %s\n", result(fcntl(p[0], F_GETSIG)));
  fcntl(p[0], F_SETFL, O_ASYNC);
  printf("flags %x\n", fcntl(p[0], F_GETFL));
  put();
  taken("no owner");
  fcntl(p[0], F_SETOWN, getpid());
  printf("owner %d\n", fcntl(p[0], F_GETOWN) == getpid());
  put();
  taken("SIGIO");
  put();
  put();
  taken("SIGIO coalesces");
  get();
  taken("reading is nothing to readers");
  fcntl(p[0], F_SETSIG, SIGRTMIN);
  put();
  put();
  taken("a real-time signal queues");
  fcntl(p[0], F_SETSIG, SIGIO);
  put();
  taken("SIGIO asked for has its siginfo");
  fcntl(p[0], F_SETSIG, SIGCHLD);
  put();
  taken("one with codes of its own");
  fcntl(p[0], F_SETSIG, SIGUSR1);
  put();
  taken("one without");
  // The writing end.
  fcntl(p[1], F_SETFL, O_ASYNC);
  fcntl(p[1], F_SETOWN, getpid());
  fcntl(p[1], F_SETSIG, SIGRTMIN);
  get();
  taken("room to write");
  int on = 0;
  printf("ioctl %s", result(ioctl(p[1], FIOASYNC, &on)));
  printf(" flags %x\n", fcntl(p[1], F_GETFL));
  get();
  taken("off");
  // A duplicate shares all of it, and the descriptor told of is that of F_SETFL.
  int d = dup(p[0]);
  printf("owner of the duplicate %d, signal %d\n", fcntl(d, F_GETOWN) == getpid(), fcntl(d, F_GETSIG) == SIGUSR1);
  // Groups and threads.
  printf("group %s", result(fcntl(p[0], F_SETOWN, -getpgrp())));
  printf(" %d\n", fcntl(p[0], F_GETOWN) == -getpgrp());
  struct f_owner_ex o = {F_OWNER_TID, gettid()};
  put();
  taken("to the group");
  printf("thread %s", result(fcntl(p[0], F_SETOWN_EX, &o)));
  o = (struct f_owner_ex){9, 9};
  printf(" %s", result(fcntl(p[0], F_GETOWN_EX, &o)));
  printf(" type %d id %d\n", o.type, o.pid == gettid());
  put();
  taken("to the thread");
  // The other end closes.
  close(p[1]);
  taken("closed");
  // A signal that cannot be queued becomes a plain SIGIO... and the owner may be gone.
  pid_t child = fork();
  if (child == 0) _exit(0);
  siginfo_t info;
  waitid(P_PID, child, &info, WEXITED | WNOWAIT);
  printf("a zombie may own %s", result(fcntl(p[0], F_SETOWN, child)));
  waitpid(child, 0, 0);
  printf(", gone: %s", result(fcntl(p[0], F_GETOWN)));
  printf(", new: %s\n", result(fcntl(p[0], F_SETOWN, child)));
  printf("bad signal %s", result(fcntl(p[0], F_SETSIG, 65)));
  o.type = 7;
  printf(", bad type %s", result(fcntl(p[0], F_SETOWN_EX, &o)));
  printf(", bad pointer %s\n", result(fcntl(p[0], F_GETOWN_EX, (void *)8)));
  taken("nothing more");
  return 0;
}
