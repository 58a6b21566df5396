// The si_code of the debug exception: TRAP_TRACE after a single step, also after the POPF that ends stepping, when TF is clear
// already. get_si_code in arch/x86/kernel/traps.c goes by DR6; SDM volume 3, 17.3.1.4.
#define _GNU_SOURCE
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <ucontext.h>

extern char begin[], end[];
static struct {
  int code;
  long at;
  int stepping;
} seen[32];
static int count;

static void handler(int signo, siginfo_t *info, void *context) {
  const ucontext_t *uc = context;
  (void)signo;
  if (count >= 32) return;
  seen[count].code = info->si_code;
  seen[count].at = uc->uc_mcontext.gregs[REG_RIP] - (long)begin;
  seen[count].stepping = (uc->uc_mcontext.gregs[REG_EFL] & 0x100) != 0;
  count++;
}

int main(void) {
  struct sigaction action = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO};
  sigaction(SIGTRAP, &action, 0);
  __asm__ volatile(
      "begin: pushf\n"
      "orl $0x100, (%%rsp)\n"
      "popf\n"
      "nop\n"
      "nop\n"
      "pushf\n"
      "andl $~0x100, (%%rsp)\n"
      "popf\n"
      "nop\n"
      "nop\n"
      "end:" : : : "memory", "cc");
  for (int i = 0; i < count; i++) printf("+%ld: %s%s\n", seen[i].at, seen[i].code == TRAP_TRACE ? "TRACE" : seen[i].code == TRAP_BRKPT ? "BRKPT" : "?", seen[i].stepping ? ", TF" : "");
  return 0;
}
