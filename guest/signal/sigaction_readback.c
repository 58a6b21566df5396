// Sigaction(2): the old action is handed back exactly as it was stored, SIGKILL and SIGSTOP are dropped from sa_mask,
// unknown sa_flags bits vanish (do_sigaction clears everything outside UAPI_SA_FLAGS), errors leave the action alone.
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

struct ksigaction {
  void *handler;
  unsigned long flags;
  void *restorer;
  unsigned long mask;
};

static int set(int sig, const struct ksigaction *act, struct ksigaction *old) {
  return syscall(SYS_rt_sigaction, sig, act, old, 8) < 0 ? errno : 0;
}

static void handler(int sig) { (void)sig; }
static void restorer(void) {}

static void show(const char *what, const struct ksigaction *a) {
  const char *h = a->handler == SIG_DFL ? "SIG_DFL" : a->handler == SIG_IGN ? "SIG_IGN" : a->handler == handler ? "handler" : "?";
  printf("%-10s %s flags=%#lx restorer=%s mask=%#lx\n", what, h, a->flags,
         a->restorer == restorer ? "ours" : a->restorer ? "other" : "none", a->mask);
}

int main(void) {
  struct ksigaction old, act = {handler, SA_SIGINFO | SA_RESTART | 0x04000000, restorer, ~0ul};
  memset(&old, 0xee, sizeof old);
  printf("first set: %d\n", set(SIGUSR1, &act, &old));
  show("old", &old);
  printf("read only: %d\n", set(SIGUSR1, NULL, &old));
  show("stored", &old);

  act = (struct ksigaction){SIG_IGN, 0, NULL, 0};
  set(SIGUSR1, &act, &old);
  show("replaced", &old);
  set(SIGUSR1, NULL, &old);
  show("now", &old);

  // SA_UNSUPPORTED and bits nobody knows do not stick; SA_EXPOSE_TAGBITS and the others do.
  unsigned long all = 0;
  for (int bit = 0; bit < 32; bit++) {
    act = (struct ksigaction){SIG_IGN, 1ul << bit, restorer, 0};
    set(SIGUSR2, &act, NULL);
    set(SIGUSR2, NULL, &old);
    all |= old.flags;
  }
  printf("flags kept: %#lx\n", all);

  act = (struct ksigaction){SIG_IGN, 0, NULL, 0};
  printf("SIGKILL set: %s\n", strerrorname_np(set(SIGKILL, &act, NULL)));
  printf("SIGSTOP set: %s\n", strerrorname_np(set(SIGSTOP, &act, NULL)));
  printf("SIGKILL get: %d\n", set(SIGKILL, NULL, &old));
  show("SIGKILL", &old);
  printf("signal 0: %s\n", strerrorname_np(set(0, NULL, &old)));
  printf("signal 65: %s\n", strerrorname_np(set(65, NULL, &old)));
  printf("signal -1: %s\n", strerrorname_np(set(-1, &act, NULL)));
  printf("signal 64: %d\n", set(64, &act, &old));
  printf("bad act: %s\n", strerrorname_np(set(SIGUSR1, (void *)8, NULL)));
  // The kernel changes the action before it finds that it cannot report the old one.
  act.handler = SIG_DFL;
  printf("bad old: %s\n", strerrorname_np(set(SIGUSR1, &act, (void *)8)));
  set(SIGUSR1, NULL, &old);
  show("after it", &old);
  long r = syscall(SYS_rt_sigaction, SIGUSR1, NULL, &old, 16);
  printf("size 16: %s\n", r < 0 ? strerrorname_np(errno) : "ok");
  r = syscall(SYS_rt_sigaction, SIGUSR1, NULL, &old, 4);
  printf("size 4: %s\n", r < 0 ? strerrorname_np(errno) : "ok");
  return 0;
}
