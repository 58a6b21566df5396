// sigaltstack(2): which stacks and flags it takes, what it says of the old one, and that it is refused on the stack itself.
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef SS_AUTODISARM
#define SS_AUTODISARM (1u << 31)
#endif

static char memory[65536];

static void try(const char *what, void *sp, unsigned flags, size_t size) {
  stack_t stack = {.ss_sp = sp, .ss_flags = flags, .ss_size = size}, old = {.ss_sp = "x", .ss_flags = 77, .ss_size = 77};
  errno = 0;
  long result = syscall(SYS_sigaltstack, &stack, &old);
  printf("%s: %ld, errno %d; before: at %td, flags %#x, size %zu\n", what, result, errno, old.ss_sp ? (char *)old.ss_sp - memory : 0, (unsigned)old.ss_flags, old.ss_size);
}

static void handler(int signo) {
  printf("in the handler of %d\n", signo);
  try("another", memory + 32768, 0, 16384);
  try("the same", memory, 0, 16384);
  try("none", NULL, SS_DISABLE, 0);
  stack_t now;
  printf("only asking: %d, flags %#x\n", sigaltstack(NULL, &now), (unsigned)now.ss_flags);
}

int main(void) {
  struct sigaction sa = {.sa_handler = handler, .sa_flags = SA_ONSTACK};
  sigaction(SIGUSR1, &sa, NULL);
  try("too small", memory, 0, 2047);
  try("just large enough", memory, 0, 2048);
  try("SS_ONSTACK", memory, SS_ONSTACK, 16384);
  try("two modes", memory, SS_ONSTACK | SS_DISABLE, 16384);
  try("unknown flag", memory, 4, 16384);
  try("none, with a size too small", memory, SS_DISABLE, 10);
  try("none again", NULL, SS_DISABLE, 0);
  try("autodisarm", memory, SS_AUTODISARM, 16384);
  try("autodisarm and onstack", memory, SS_AUTODISARM | SS_ONSTACK, 16384);
  try("autodisarm of none", memory, SS_AUTODISARM | SS_DISABLE, 16384);
  try("at nowhere", (void *)16, 0, 1 << 20);
  try("ordinary", memory, 0, 16384);
  errno = 0;
  printf("bad pointers: %ld", syscall(SYS_sigaltstack, (void *)8, NULL));
  printf(" %d, ", errno);
  printf("%ld", syscall(SYS_sigaltstack, NULL, (void *)8));
  printf(" %d\n", errno);
  raise(SIGUSR1);
  try("afterwards", memory, 0, 16384);
  return 0;
}
