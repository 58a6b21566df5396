// SIGILL and SIGTRAP: ud2 gives ILL_ILLOPN at the instruction, int3 gives SI_KERNEL with rip behind it, the trap flag
// gives TRAP_TRACE with si_addr = rip of the next instruction (exc_invalid_op, do_int3, exc_debug).
#define _GNU_SOURCE
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <ucontext.h>

static int code, signo;
static uintptr_t addr, rip;
static greg_t trapno, err, flags;
static int step;

static void handler(int sig, siginfo_t *info, void *context) {
  ucontext_t *uc = context;
  greg_t *g = uc->uc_mcontext.gregs;
  signo = sig;
  code = info->si_code;
  addr = (uintptr_t)info->si_addr;
  rip = g[REG_RIP];
  trapno = g[REG_TRAPNO];
  err = g[REG_ERR];
  flags = g[REG_EFL];
  step++;
  if (sig == SIGILL) g[REG_RIP] += 2;
  if (sig == SIGTRAP) g[REG_EFL] &= ~0x100;
}

int main(void) {
  struct sigaction sa = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO};
  sigaction(SIGILL, &sa, NULL);
  sigaction(SIGTRAP, &sa, NULL);
  uintptr_t at, after;

  __asm__ volatile("lea 1f(%%rip), %0\n1: ud2" : "=&r"(at)::"memory");
  printf("ud2:  signo=%d code=%d(ILL_ILLOPN=%d) addr-at=%ld rip-at=%ld trapno=%lld err=%lld\n", signo, code, ILL_ILLOPN,
         (long)(addr - at), (long)(rip - at), trapno, err);

  __asm__ volatile("lea 1f(%%rip), %0\n1: .byte 0xf0, 0x90" : "=&r"(at)::"memory");
  printf("lock nop: signo=%d code=%d addr-at=%ld rip-at=%ld trapno=%lld err=%lld\n", signo, code, (long)(addr - at),
         (long)(rip - at), trapno, err);

  __asm__ volatile("lea 1f(%%rip), %0\n1: int3" : "=&r"(at)::"memory");
  printf("int3: signo=%d code=%#x addr=%#lx rip-at=%ld trapno=%lld err=%lld\n", signo, code, (long)addr, (long)(rip - at), trapno,
         err);

  __asm__ volatile("lea 1f(%%rip), %0\n1: .byte 0xcd, 3" : "=&r"(at)::"memory");
  printf("int $3: signo=%d code=%#x addr=%#lx rip-at=%ld trapno=%lld err=%lld\n", signo, code, (long)addr, (long)(rip - at), trapno,
         err);

  // The trap comes after the instruction that follows popf.
  step = 0;
  __asm__ volatile(
      "lea 1f(%%rip), %0\n\tlea -128(%%rsp), %%rsp\n\t"
      "pushfq\n\torl $0x100, (%%rsp)\n\tpopfq\n\tnop\n1:\tnop\n\tnop\n\tlea 128(%%rsp), %%rsp"
      : "=&r"(after)::"memory", "cc");
  printf("TF:   traps=%d signo=%d code=%d(TRAP_TRACE=%d) addr-after=%ld rip-after=%ld trapno=%lld err=%lld TF in frame=%d\n",
         step, signo, code, TRAP_TRACE, (long)(addr - after), (long)(rip - after), trapno, err, !!(flags & 0x100));
  return 0;
}
