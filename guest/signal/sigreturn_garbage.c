// Rt_sigreturn called without a frame (sigreturn(2)): with rsp at unmapped memory, at garbage, or misaligned it is
// SIGSEGV with SI_KERNEL; with a hand-made frame it works like a jump that loads all registers.
#define _GNU_SOURCE
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

static char alt[65536];
static void segv(int sig, siginfo_t *info, void *uc) {
  (void)uc;
  printf("signal %d code %#x addr %#lx\n", sig, info->si_code, (unsigned long)info->si_addr);
  fflush(stdout);
  _exit(9);
}

static void sigreturn_at(uint64_t rsp) {
  __asm__ volatile("mov %0, %%rsp\n\tmov $15, %%eax\n\tsyscall\n\tud2" ::"r"(rsp) : "memory");
}

static uint64_t page[16384] __attribute__((aligned(64)));

static void report(pid_t child) {
  int status;
  waitpid(child, &status, 0);
  printf("-> %s %d\n", WIFSIGNALED(status) ? "killed by" : "exit", WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
  fflush(stdout);
}

static int landed(void) {
  uint64_t mask;
  syscall(SYS_rt_sigprocmask, SIG_BLOCK, NULL, &mask, 8);
  printf("landed, mask %#lx\n", mask);
  fflush(stdout);
  _exit(0);
}

int main(void) {
  stack_t s = {.ss_sp = alt, .ss_size = sizeof alt};
  sigaltstack(&s, NULL);
  struct sigaction sa = {.sa_sigaction = segv, .sa_flags = SA_SIGINFO | SA_ONSTACK};
  sigaction(SIGSEGV, &sa, NULL);
  fflush(stdout);
  pid_t child;
  if ((child = fork()) == 0) sigreturn_at(0x30000);
  report(child);
  if ((child = fork()) == 0) sigreturn_at(0xffff888000000000);
  report(child);
  // A frame of zeros: rip 0, cs 0 is forced to ring 3 and is a null selector.
  if ((child = fork()) == 0) sigreturn_at((uint64_t)(page + 64));
  report(child);
  // A made frame: rsp is 8 above its start, as after the handler's ret.
  if ((child = fork()) == 0) {
    uint64_t frame = (uint64_t)page + 64;
    ucontext_t *uc = (ucontext_t *)(frame + 8);
    uc->uc_flags = 6;
    uc->uc_mcontext.gregs[REG_RIP] = (greg_t)(uintptr_t)landed;
    uc->uc_mcontext.gregs[REG_RSP] = (greg_t)(uintptr_t)(page + 16000) - 8;
    uc->uc_mcontext.gregs[REG_CSGSFS] = 0x33 | 0x2bll << 48;
    memcpy(&uc->uc_sigmask, &(uint64_t){0x4200}, 8);
    uc->uc_stack = s;
    sigreturn_at(frame + 8);
  }
  report(child);
  if ((child = fork()) == 0) {
    // Not even the alignment of the frame matters; flags 0 means that ss is repaired if need be.
    uint64_t frame = (uint64_t)page + 67;
    ucontext_t *uc = (ucontext_t *)(frame + 8);
    uc->uc_mcontext.gregs[REG_RIP] = (greg_t)(uintptr_t)landed;
    uc->uc_mcontext.gregs[REG_RSP] = (greg_t)(uintptr_t)(page + 16000) - 8;
    uc->uc_mcontext.gregs[REG_CSGSFS] = 0x33;
    uc->uc_stack = s;
    sigreturn_at(frame + 8);
  }
  report(child);
  return 0;
}
