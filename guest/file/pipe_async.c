// O_ASYNC on pipes and FIFOs: SIGIO, or another signal with siginfo, for bytes that come, for room, and for the other end's
// close; F_SETOWN, F_SETOWN_EX, F_GETOWN, F_SETSIG; FIOASYNC; nothing once the owner or the flag is taken away (fcntl(2)).
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define SHOW(x)                                                                   \
  do {                                                                            \
    errno = 0;                                                                    \
    long r_ = (long)(x);                                                          \
    if (r_ < 0) printf("%s: %s\n", #x, strerrorname_np(errno));                   \
    else printf("%s: %ld\n", #x, r_);                                             \
  } while (0)

static sigset_t set;
static int p[2];

static void told(const char *when) {
  siginfo_t info;
  struct timespec none = {0, 0};
  printf("%s:", when);
  int n = 0;
  while (sigtimedwait(&set, &info, &none) > 0) {
    n++;
    if (info.si_signo == SIGIO) printf(" SIGIO(%#x)", info.si_code);
    else
      printf(" RT(%s, band %#lx, %s)", info.si_code == POLL_IN ? "in" : info.si_code == POLL_OUT ? "out" : "?", info.si_band,
             info.si_fd == p[0] ? "reader" : info.si_fd == p[1] ? "writer" : "another");
  }
  printf("%s\n", n ? "" : " nothing");
}

int main(void) {
  char byte;
  sigemptyset(&set);
  sigaddset(&set, SIGIO);
  sigaddset(&set, SIGRTMIN);
  sigprocmask(SIG_BLOCK, &set, NULL);
  if (pipe(p)) return 1;
  printf("owner %d\n", fcntl(p[0], F_GETOWN));
  SHOW(fcntl(p[0], F_SETFL, O_ASYNC));
  if (write(p[1], "a", 1) != 1) return 1;
  told("no owner");
  SHOW(fcntl(p[0], F_SETOWN, getpid()));
  if (write(p[1], "b", 1) != 1) return 1;
  told("written");
  if (write(p[1], "c", 1) != 1) return 1;
  if (write(p[1], "d", 1) != 1) return 1;
  told("twice");
  SHOW(fcntl(p[0], F_SETSIG, SIGRTMIN));
  if (write(p[1], "e", 1) != 1) return 1;
  if (write(p[1], "f", 1) != 1) return 1;
  told("by a queued signal");
  printf("signal %d\n", fcntl(p[0], F_GETSIG) - SIGRTMIN);
  SHOW(fcntl(p[0], F_SETSIG, 65));
  SHOW(fcntl(p[0], F_SETOWN, 0x7ffffff0));
  struct f_owner_ex owner = {F_OWNER_TID, gettid()};
  SHOW(fcntl(p[0], F_SETOWN_EX, &owner));
  if (write(p[1], "g", 1) != 1) return 1;
  told("to the thread");
  owner.type = 7;
  SHOW(fcntl(p[0], F_SETOWN_EX, &owner));

  fcntl(p[1], F_SETFL, O_ASYNC);
  fcntl(p[1], F_SETOWN, getpid());
  fcntl(p[1], F_SETSIG, SIGRTMIN);
  if (read(p[0], &byte, 1) != 1) return 1;
  told("read");
  int off = 0, on = 1;
  SHOW(ioctl(p[0], FIOASYNC, &off));
  printf("flag %d\n", (fcntl(p[0], F_GETFL) & O_ASYNC) != 0);
  if (write(p[1], "h", 1) != 1) return 1;
  told("off");
  SHOW(ioctl(p[0], FIOASYNC, &on));
  int copy = dup(p[0]);
  close(p[0]);
  p[0] = copy;
  close(p[1]);
  told("writer closed");
  int regular = open("/tmp", O_TMPFILE | O_RDWR, 0600);
  SHOW(fcntl(regular, F_SETFL, O_ASYNC));
  printf("flag %d\n", (fcntl(regular, F_GETFL) & O_ASYNC) != 0);
  SHOW(ioctl(regular, FIOASYNC, &on));
  return 0;
}
