// Siglongjmp out of a handler: sigsetjmp(1) brings the mask back, sigsetjmp(0) leaves the signal blocked; also out of
// nested handlers and off the alternate stack, which then counts as left because rsp decides (on_sig_stack).
#define _GNU_SOURCE
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

static sigjmp_buf env;
static char alt[65536];
static volatile int depth;

static void jumps(int sig) { siglongjmp(env, sig); }
static void nests(int sig) {
  if (++depth < 5) raise(sig);
  siglongjmp(env, 100 + depth);
}

static int blocked(int sig) {
  sigset_t set;
  sigprocmask(SIG_BLOCK, NULL, &set);
  return sigismember(&set, sig);
}

int main(void) {
  signal(SIGUSR1, jumps);
  for (int save = 1; save >= 0; save--) {
    int r = sigsetjmp(env, save);
    if (r == 0) {
      raise(SIGUSR1);
      printf("not reached\n");
    }
    printf("savemask %d: returned %d, blocked %d\n", save, r, blocked(SIGUSR1));
  }
  sigset_t set;
  sigemptyset(&set);
  sigprocmask(SIG_SETMASK, &set, NULL);

  struct sigaction sa = {.sa_handler = nests, .sa_flags = SA_NODEFER | SA_ONSTACK};
  sigaction(SIGUSR2, &sa, NULL);
  stack_t s = {.ss_sp = alt, .ss_size = sizeof alt};
  sigaltstack(&s, NULL);
  int r = sigsetjmp(env, 1);
  if (r == 0) raise(SIGUSR2);
  stack_t now;
  sigaltstack(NULL, &now);
  printf("nested: returned %d, alternate stack flags %#x\n", r, now.ss_flags);

  // A thousand jumps leave nothing behind.
  volatile int count = 0;
  signal(SIGUSR1, jumps);
  sigsetjmp(env, 1);
  if (count++ < 1000) raise(SIGUSR1);
  printf("count %d, blocked %d\n", count, blocked(SIGUSR1));
  return 0;
}
