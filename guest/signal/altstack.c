// Sigaltstack(2): SA_ONSTACK handlers run on it, others do not; SS_ONSTACK and EPERM while on it, a nested SA_ONSTACK
// handler stays there, uc_stack in the frame, ENOMEM below MINSIGSTKSZ, EINVAL for unknown flags, SS_DISABLE.
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <ucontext.h>

static char alt[65536] __attribute__((aligned(64)));

static int on_alt(const void *p) { return (char *)p >= alt && (char *)p < alt + sizeof alt; }

static void show(const char *what, int r) {
  int e = errno;
  stack_t now;
  sigaltstack(NULL, &now);
  printf("%s: %s; now sp=%s size=%zu flags=%#x\n", what, r ? strerrorname_np(e) : "ok",
         now.ss_sp == alt ? "alt" : now.ss_sp ? "other" : "0", now.ss_size, now.ss_flags);
}

static int inner_on_alt, inner_below;
static char *outer_local;
static void inner(int sig) {
  (void)sig;
  char here;
  inner_on_alt = on_alt(&here);
  inner_below = &here < outer_local;
}

static void handler(int sig, siginfo_t *info, void *context) {
  (void)info;
  ucontext_t *uc = context;
  char here;
  outer_local = &here;
  printf("handler %d: on alt %d, siginfo on alt %d, uc_stack sp=%s size=%zu flags=%#x\n", sig, on_alt(&here), on_alt(info),
         uc->uc_stack.ss_sp == alt ? "alt" : "0", uc->uc_stack.ss_size, uc->uc_stack.ss_flags);
  // The kernel puts the frame at the very top: the extended state ends there.
  if (on_alt(&here)) printf("near the top: %d\n", alt + sizeof alt - (char *)info < 16384);
  stack_t other = {.ss_sp = alt, .ss_size = 8192, .ss_flags = 0};
  show("change while in handler", sigaltstack(&other, NULL));
  raise(SIGUSR2);
  printf("nested: on alt %d, below us %d\n", inner_on_alt, inner_below);
}

int main(void) {
  stack_t s = {.ss_sp = alt, .ss_size = sizeof alt}, old;
  show("at start", 0);
  show("set", sigaltstack(&s, &old));
  printf("old: sp=%p size=%zu flags=%#x\n", old.ss_sp, old.ss_size, old.ss_flags);

  struct sigaction sa = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO | SA_ONSTACK};
  struct sigaction sa2 = {.sa_handler = inner, .sa_flags = SA_ONSTACK};
  sigaction(SIGUSR1, &sa, NULL);
  sigaction(SIGUSR2, &sa2, NULL);
  raise(SIGUSR1);
  show("after", 0);
  sa.sa_flags = SA_SIGINFO;
  sigaction(SIGUSR1, &sa, NULL);
  // Without SA_ONSTACK the stack may be changed from the handler; sigreturn sets it back from uc_stack.
  raise(SIGUSR1);
  show("after plain handler", 0);

  s.ss_size = 2047;
  show("size 2047", sigaltstack(&s, NULL));
  s.ss_size = 0;
  show("size 0", sigaltstack(&s, NULL));
  s.ss_size = sizeof alt;
  s.ss_flags = 4;
  show("flags 4", sigaltstack(&s, NULL));
  s.ss_flags = SS_ONSTACK | SS_DISABLE;
  show("flags 3", sigaltstack(&s, NULL));
  s.ss_flags = SS_ONSTACK;
  show("flags SS_ONSTACK", sigaltstack(&s, NULL));
  show("bad pointer", sigaltstack((void *)8, NULL));
  s.ss_flags = SS_DISABLE;
  s.ss_size = 5;
  show("disable", sigaltstack(&s, NULL));
  sa.sa_flags = SA_SIGINFO | SA_ONSTACK;
  sigaction(SIGUSR1, &sa, NULL);
  raise(SIGUSR1);  // None set: the ordinary stack.
  return 0;
}
