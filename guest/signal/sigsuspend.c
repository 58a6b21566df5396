// Sigsuspend(2): swaps the mask, waits for a handler, puts the old mask back; the frame shows the mask from before the
// call, the handler runs with the temporary one plus its own (restore_sigmask, sigset_to_save).
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

static unsigned long now(void) {
  unsigned long m;
  syscall(SYS_rt_sigprocmask, SIG_BLOCK, NULL, &m, 8);
  return m;
}

static unsigned long inside, saved;
static int last;

static void handler(int sig, siginfo_t *info, void *context) {
  (void)info;
  last = sig;
  inside = now();
  memcpy(&saved, &((ucontext_t *)context)->uc_sigmask, 8);
}

int main(void) {
  struct sigaction sa = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO};
  sigaddset(&sa.sa_mask, SIGTERM);
  sigaction(SIGUSR1, &sa, NULL);
  sigaction(SIGUSR2, &sa, NULL);

  unsigned long block = 1ul << (SIGUSR1 - 1) | 1ul << (SIGUSR2 - 1) | 1ul << (SIGHUP - 1);
  syscall(SYS_rt_sigprocmask, SIG_SETMASK, &block, NULL, 8);
  kill(getpid(), SIGUSR1);

  unsigned long wait = 1ul << (SIGINT - 1);
  long r = syscall(SYS_rt_sigsuspend, &wait, 8);
  printf("already pending: %ld %s, signal %d, mask inside %#lx, in frame %#lx, after %#lx\n", r, strerrorname_np(errno), last,
         inside, saved, now());

  // Only the signals let through end the wait.
  fflush(stdout);
  pid_t parent = getpid();
  if (fork() == 0) {
    kill(parent, SIGUSR2);
    kill(parent, SIGUSR1);
    _exit(0);
  }
  wait = 1ul << (SIGUSR2 - 1);
  r = syscall(SYS_rt_sigsuspend, &wait, 8);
  printf("let USR1 through: %ld %s, signal %d, mask inside %#lx, in frame %#lx, after %#lx\n", r, strerrorname_np(errno), last,
         inside, saved, now());
  unsigned long pending;
  syscall(SYS_rt_sigpending, &pending, 8);
  printf("USR2 still waits: %d\n", !!(pending & 1ul << (SIGUSR2 - 1)));
  int status;
  waitpid(-1, &status, 0);

  r = syscall(SYS_rt_sigsuspend, &wait, 4);
  printf("size 4: %s\n", strerrorname_np(errno));
  r = syscall(SYS_rt_sigsuspend, (void *)1, 8);
  printf("bad pointer: %s, mask %#lx\n", strerrorname_np(errno), now());
  return 0;
}
