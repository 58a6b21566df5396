// Stepping through code with the trap flag: a handler that leaves TF set in the frame gets one SIGTRAP per
// instruction. A rep string instruction traps after each iteration; a syscall does not trap by itself, because Linux
// returns to a set TF with iret, which lets one more instruction pass (do_syscall_64).
#define _GNU_SOURCE
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <ucontext.h>

static uintptr_t seen[64];
static int count;
extern char begin[], end[];

static void handler(int sig, siginfo_t *info, void *context) {
  (void)sig, (void)info;
  greg_t *g = ((ucontext_t *)context)->uc_mcontext.gregs;
  uintptr_t rip = g[REG_RIP];
  if (count < 64) seen[count++] = rip;
  if (rip == (uintptr_t)end) g[REG_EFL] &= ~0x100;
}

int main(void) {
  struct sigaction sa = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO};
  sigaction(SIGTRAP, &sa, NULL);
  char from[4] = "abc", to[4] = "";
  uint64_t ax = 39, cx = 4;
  char *si = from, *di = to;
  __asm__ volatile(
      "lea -128(%%rsp), %%rsp\n\t"
      "pushfq\n\torl $0x100, (%%rsp)\n\tpopfq\n"
      "begin:\tnop\n\t"
      "call 2f\n\t"
      "jmp 3f\n"
      "2:\tret\n"
      "3:\tpush %%rcx\n\tsyscall\n\tpop %%rcx\n\t"
      "rep movsb\n\t"
      "xor %%eax, %%eax\n"
      "end:\tlea 128(%%rsp), %%rsp"
      : "+a"(ax), "+c"(cx), "+S"(si), "+D"(di)::"r11", "memory", "cc");
  printf("copied %s, %d traps at:", to, count);
  for (int i = 0; i < count; i++) printf(" +%ld", (long)(seen[i] - (uintptr_t)begin));
  printf("\n");
  return 0;
}
