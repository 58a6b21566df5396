/* nest N: handlers nest N deep and return, then nest until the stack ends, which a handler on an alternate stack is told of. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/auxv.h>
#include <sys/resource.h>
#include <unistd.h>

static volatile int depth, limit, deepest;
static sigjmp_buf back;

static void nest(int signo) {
  depth++;
  if (depth > deepest) deepest = depth;
  if (depth != limit) raise(signo);
  depth--;
}
static void on_end(int signo) { siglongjmp(back, signo); }

int main(int argc, char **argv) {
  struct rlimit stack;
  limit = argc > 1 ? atoi(argv[1]) : 100;
  /* So large that frames of any processor fit, which count for a new program only. */
  rlim_t wanted = limit * 8192ul + (1 << 20);
  getrlimit(RLIMIT_STACK, &stack);
  if (stack.rlim_cur != wanted) {
    stack.rlim_cur = wanted;
    setrlimit(RLIMIT_STACK, &stack);
    return execv((char *)getauxval(AT_EXECFN), argv);
  }
  static char memory[65536];
  stack_t alternate = {.ss_sp = memory, .ss_size = sizeof memory};
  sigaltstack(&alternate, NULL);
  struct sigaction end = {.sa_handler = on_end, .sa_flags = SA_ONSTACK}, nesting = {.sa_handler = nest, .sa_flags = SA_NODEFER};
  sigaction(SIGSEGV, &end, NULL);
  sigaction(SIGUSR1, &nesting, NULL);
  raise(SIGUSR1);
  printf("%d deep and back to %d\n", deepest, depth);
  int before = limit;
  limit = -1;
  int signo = sigsetjmp(back, 1);
  if (signo == 0) raise(SIGUSR1);
  printf("the stack ended: signal %d, deeper than before %d\n", signo, deepest > before);
  return 0;
}
