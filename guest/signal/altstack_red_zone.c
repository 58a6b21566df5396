// A handler on the alternate stack that has less than the red zone left there is taken for one outside of it: the next
// frame goes to the top of the stack again (get_sigframe looks at it only after leaving out the red zone).
#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

static char stack[65536] __attribute__((aligned(64)));
static char *outer, *inner;

static void on_inner(int sig) {
  (void)sig;
  inner = __builtin_frame_address(0);
}

/* Sends SIGUSR2 to this thread while rsp is `sp`. */
static void send_with_stack(char *sp) {
  long process = getpid(), thread = gettid();
  register long pid __asm__("rdi") = process;
  register long tid __asm__("rsi") = thread;
  register long sig __asm__("rdx") = SIGUSR2;
  register char *at __asm__("r8") = sp;
  long number = SYS_tgkill;
  __asm__ volatile("xchg %%rsp, %%r8\n\tsyscall\n\txchg %%rsp, %%r8"
                   : "+a"(number), "+r"(at)
                   : "r"(pid), "r"(tid), "r"(sig)
                   : "rcx", "r11", "memory");
}

static void on_outer(int sig) {
  // What is written at the top must not meet what this function still needs.
  volatile char room[16384];
  room[0] = (char)sig;
  outer = __builtin_frame_address(0);
  send_with_stack(stack + 8192);
  printf("8 KiB left: below them %d\n", inner < stack + 8192);
  send_with_stack(stack + 128);
  printf("128 bytes left: at the top again %d\n", inner >= outer - 64);
  // The frame to return by is gone: another one lies where it was.
  fflush(stdout);
  _exit(0);
}

int main(void) {
  stack_t s = {.ss_sp = stack, .ss_size = sizeof stack};
  sigaltstack(&s, NULL);
  struct sigaction sa = {.sa_handler = on_outer, .sa_flags = SA_ONSTACK};
  sigaction(SIGUSR1, &sa, NULL);
  sa.sa_handler = on_inner;
  sigaction(SIGUSR2, &sa, NULL);
  raise(SIGUSR1);
  return 0;
}
