// SS_AUTODISARM (sigaltstack(2)): while the handler runs the alternate stack is off, so that it may be changed or the
// context switched away; the frame remembers it and rt_sigreturn arms it again.
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <ucontext.h>

#ifndef SS_AUTODISARM
#define SS_AUTODISARM (1u << 31)
#endif

static char alt[65536], alt2[65536];

static void show(const char *what) {
  stack_t now;
  sigaltstack(NULL, &now);
  printf("%s: sp=%s size=%zu flags=%#x\n", what, now.ss_sp == alt ? "alt" : now.ss_sp == alt2 ? "alt2" : now.ss_sp ? "other" : "0",
         now.ss_size, (unsigned)now.ss_flags);
}

static int depth;
static void handler(int sig, siginfo_t *info, void *context) {
  (void)sig, (void)info;
  char here;
  ucontext_t *uc = context;
  depth++;
  printf("depth %d on %s, uc_stack flags=%#x\n", depth, &here >= alt && &here < alt + sizeof alt ? "alt"
         : &here >= alt2 && &here < alt2 + sizeof alt2 ? "alt2" : "main", (unsigned)uc->uc_stack.ss_flags);
  show("inside");
  if (depth == 1) {
    stack_t other = {.ss_sp = alt2, .ss_size = sizeof alt2, .ss_flags = (int)SS_AUTODISARM};
    printf("change inside: %d\n", sigaltstack(&other, NULL));
    raise(SIGUSR1);
    show("after nested one");
  }
  depth--;
}

int main(void) {
  stack_t s = {.ss_sp = alt, .ss_size = sizeof alt, .ss_flags = (int)SS_AUTODISARM};
  printf("set: %d\n", sigaltstack(&s, NULL));
  show("set");
  struct sigaction sa = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER};
  sigaction(SIGUSR1, &sa, NULL);
  raise(SIGUSR1);
  show("after");
  return 0;
}
