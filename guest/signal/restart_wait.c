// Wait4(2) and waitid(2) interrupted by a handler: EINTR without SA_RESTART, restarted with it.
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static volatile int calls;
static void handler(int sig) {
  (void)sig;
  calls++;
}

static void round_of(int flags, int with_waitid) {
  int ack[2];
  if (pipe(ack)) _exit(8);
  struct sigaction sa = {.sa_handler = handler, .sa_flags = flags};
  sigaction(SIGUSR1, &sa, NULL);
  calls = 0;
  int restarts = flags & SA_RESTART;
  fflush(stdout);
  pid_t parent = getpid(), child = fork();
  if (child == 0) {
    // The parent may not be waiting yet: send several, or until it says that it came out of its wait.
    struct pollfd out = {.fd = ack[0], .events = POLLIN};
    for (int i = 0; restarts ? i < 6 : poll(&out, 1, 0) == 0; i++) {
      usleep(500);
      kill(parent, SIGUSR1);
    }
    _exit(42);
  }
  int status = -1;
  siginfo_t info = {0};
  long r = with_waitid ? waitid(P_PID, child, &info, WEXITED) : wait4(child, &status, 0, NULL);
  int e = r < 0 ? errno : 0;
  if (e) {
    signal(SIGUSR1, SIG_IGN);
    if (write(ack[1], ".", 1) != 1) _exit(9);
  }
  printf("%s flags %#x: %s, called %d\n", with_waitid ? "waitid" : "wait4", flags, e ? strerrorname_np(e) : "done", calls > 0);
  if (e) r = wait4(child, &status, 0, NULL);
  if (!with_waitid || e) {
    printf("status %d\n", WEXITSTATUS(status));
  } else {
    printf("status %d\n", info.si_status);
  }
  close(ack[0]);
  close(ack[1]);
}

int main(void) {
  round_of(0, 0);
  round_of(SA_RESTART, 0);
  round_of(0, 1);
  round_of(SA_RESTART, 1);
  return 0;
}
