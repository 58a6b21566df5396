// Dies with a core file: at once, in a handler on an alternate stack, or beside a second thread.
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

volatile long witness = 0x5eed;

__attribute__((noinline)) static void store_to_nowhere(volatile int *where) {
  *where = 1;
  witness++;
}

__attribute__((noinline)) static void innermost(long depth) {
  // Registers that nothing else touches before the fault.
  __asm__ volatile("movq $0x1234567, %%r15\n\tmovq %0, %%xmm7" ::"r"(0x4045000000000000) : "r15", "xmm7");
  store_to_nowhere((volatile int *)(0x10 + depth));
  witness++;
}

__attribute__((noinline)) static void middle(long depth) {
  innermost(depth - 1);
  witness++;
}

static void handler(int signal) {
  (void)signal;
  middle(1);
}

static void *sleeper(void *argument) {
  for (;;) pause();
  return argument;
}

int main(int argc, char **argv) {
  const char *how = argc > 1 ? argv[1] : "";
  struct rlimit limit = {RLIM_INFINITY, RLIM_INFINITY};
  if (argc > 2) limit.rlim_cur = strtoul(argv[2], NULL, 0);
  setrlimit(RLIMIT_CORE, &limit);
  if (!strcmp(how, "handler")) {
    stack_t stack = {.ss_sp = malloc(65536), .ss_size = 65536};
    sigaltstack(&stack, NULL);
    struct sigaction action = {.sa_handler = handler, .sa_flags = SA_ONSTACK};
    sigaction(SIGUSR1, &action, NULL);
    raise(SIGUSR1);
  }
  if (!strcmp(how, "thread")) {
    pthread_t thread;
    pthread_create(&thread, NULL, sleeper, NULL);
    usleep(20000);
  }
  middle(1);
  return 0;
}
