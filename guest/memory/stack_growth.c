// The stack grows on demand down to RLIMIT_STACK (expand_stack): deep recursion works, a jump far below is allowed within
// the limit, beyond it SIGSEGV; memory below rsp within the limit can be touched directly.
#define _GNU_SOURCE
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static sigjmp_buf back;
static char alt[32768];
static void handler(int sig) { siglongjmp(back, sig); }

__attribute__((noinline)) static int depth(int n, volatile char *above) {
  volatile char pad[1000];
  pad[0] = n, pad[999] = 1;
  return n == 0 ? 0 : depth(n - 1, above) + pad[999];
}

static const char *touch(volatile char *p) {
  if (sigsetjmp(back, 1)) return "SIGSEGV";
  *p = 1;
  return "ok";
}

int main(void) {
  struct rlimit limit;
  getrlimit(RLIMIT_STACK, &limit);
  limit.rlim_cur = 1 << 20;
  setrlimit(RLIMIT_STACK, &limit);
  stack_t s = {.ss_sp = alt, .ss_size = sizeof alt};
  sigaltstack(&s, NULL);
  struct sigaction sa = {.sa_handler = handler, .sa_flags = SA_ONSTACK};
  sigaction(SIGSEGV, &sa, NULL);
  volatile char here = 0;
  printf("recursion: %d\n", depth(700, &here));
  printf("600 KiB below: %s\n", touch(&here - (600 << 10)));
  printf("900 KiB below: %s\n", touch(&here - (900 << 10)));
  printf("1100 KiB below: %s\n", touch(&here - (1100 << 10)));
  if (!sigsetjmp(back, 1)) printf("recursion: %d\n", depth(5000, &here));
  else printf("too deep: SIGSEGV\n");
  // The limit is looked at when the stack grows, so a larger one helps at once.
  limit.rlim_cur = 4 << 20;
  setrlimit(RLIMIT_STACK, &limit);
  printf("with 4 MiB: %s\n", touch(&here - (1100 << 10)));
  printf("recursion: %d\n", depth(2000, &here));
  // A child inherits the grown stack and grows its own.
  fflush(stdout);
  pid_t child = fork();
  if (child == 0) _exit(depth(3000, &here) / 100);
  int status;
  waitpid(child, &status, 0);
  printf("child: %d\n", WEXITSTATUS(status));
  return 0;
}
