// What a handler runs with (sigaction(2)): the old mask plus sa_mask plus its own signal unless SA_NODEFER; the frame's
// uc_sigmask is the old mask; nested handlers add up; everything is undone on return.
#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

static unsigned long now(void) {
  unsigned long m;
  syscall(SYS_rt_sigprocmask, SIG_BLOCK, NULL, &m, 8);
  return m;
}

static int depth;
static void handler(int sig, siginfo_t *info, void *context) {
  (void)info;
  unsigned long saved;
  memcpy(&saved, &((ucontext_t *)context)->uc_sigmask, 8);
  printf("%*ssignal %d: mask %#lx, frame %#lx\n", 2 * ++depth, "", sig, now(), saved);
  static int once;
  if (sig == SIGUSR1 && !once++) {
    raise(SIGUSR2);
    raise(SIGTERM);  // Blocked by sa_mask until this handler returns.
    raise(SIGUSR1);  // Blocked by itself.
  }
  if (sig == SIGINT && depth < 4) raise(SIGINT);
  printf("%*sleaves %d: mask %#lx\n", 2 * depth--, "", sig, now());
}

static void install(int sig, int flags, int also) {
  struct sigaction sa = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO | flags};
  if (also) sigaddset(&sa.sa_mask, also);
  sigaction(sig, &sa, NULL);
}

int main(void) {
  install(SIGUSR1, 0, SIGTERM);
  install(SIGUSR2, 0, SIGALRM);
  install(SIGTERM, 0, 0);
  install(SIGINT, SA_NODEFER, SIGPIPE);
  sigset_t hup;
  sigemptyset(&hup);
  sigaddset(&hup, SIGHUP);
  sigprocmask(SIG_BLOCK, &hup, NULL);
  printf("before: %#lx\n", now());
  raise(SIGUSR1);
  printf("NODEFER\n");
  raise(SIGINT);
  // A signal in its own sa_mask is blocked even with SA_NODEFER.
  install(SIGINT, SA_NODEFER, SIGINT);
  depth = 3;
  raise(SIGINT);
  printf("after: %#lx\n", now());
  return 0;
}
